"""Which cells a super-net is judged on, and what they reach when each is trained alone."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pandas as pd

from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import lookup
from nasutils.spaces.nasbench201 import NASBench201Cell, all_cells

#: Data set -> id of the benchmark that says what its cells reach.
TRUTHS = {"digits": "nb201-digits", "cifar10": "nb201-c10", "cifar100": "nb201-c100"}

_SEED, _SAMPLE, _OF_DIGITS, _BEST, _OF_BEST = 201, 1_000, 200, 1_000, 300


@cache
def sample_of_cells() -> tuple[NASBench201Cell, ...]:
    """Return 1,000 of the 15,625 cells, drawn once and for all."""
    cells = list(all_cells())
    draw = np.random.default_rng(_SEED).permutation(len(cells))[:_SAMPLE]
    return tuple(cells[i] for i in draw)


@cache
def true_accuracies(task: str) -> pd.Series:
    """Return the test accuracies (%) of a data set's benchmark, by the cell's string."""
    benchmark = get_benchmark(TRUTHS[task])
    return pd.Series(benchmark.test_accuracy, index=benchmark.table["arch"])


def best_cells(task: str, n: int = _BEST) -> tuple[NASBench201Cell, ...]:
    """Return the n cells of the highest true test accuracy on a data set."""
    best = true_accuracies(task).nlargest(n).index
    return tuple(map(NASBench201Cell.from_string, best))


def _sample(task: str) -> Sequence[NASBench201Cell]:
    if task != "digits":
        return sample_of_cells()
    # The benchmark's order is random, and it has no other cells.
    return tuple(map(NASBench201Cell.from_string, true_accuracies(task).index[:_OF_DIGITS]))


def _best_sample(task: str) -> Sequence[NASBench201Cell]:
    best = best_cells(task)
    draw = np.random.default_rng(_SEED).permutation(len(best))[:_OF_BEST]
    return tuple(best[i] for i in sorted(draw))


#: Which cells are judged -> those cells, for a data set.
JUDGED: dict[str, Callable[[str], Sequence[NASBench201Cell]]] = {
    "sample": _sample,
    "best": _best_sample,
    "all": lambda task: tuple(all_cells()),
}


def judged_cells(judged: str, task: str) -> Sequence[NASBench201Cell]:
    """Return a set of cells of ``JUDGED`` for a data set: a random sample, of the best, or all.

    Raises:
        UnknownNameError: If there is no such set.
    """
    return lookup("set of cells to judge", judged, JUDGED)(task)
