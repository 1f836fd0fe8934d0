"""The same cell measured more than once: how noisy a benchmark's accuracies are."""

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from nasutils.data import load_table
from nasutils.errors import lookup
from nasutils.metrics import kendall_tau, seed_reliability
from nasutils.metrics.kendall import ceiling_from_reliability, reliability_of_mean
from nasutils.spaces.nasbench201 import NASBench201Cell

_TRAININGS = 3  # behind a label where single ones are public


def seeds_of_digits() -> np.ndarray:
    """Return NB201-Digits' test accuracies (%), of shape (N, S): N cells under S seeds."""
    runs = load_table("nb201_digits_runs")
    return runs.pivot(index="index", columns="seed", values="test").to_numpy(dtype=float)


def twins_of_nasbench201(column: str, rng: np.random.Generator) -> np.ndarray:
    """Return the accuracies (%) of isomorphic cells, which were trained one by one, (N, 2).

    Of each class of two or more cells, two random ones. Both are means over the benchmark's seeds,
    so that they differ as two labels of the table do.
    """
    table = load_table("nasbench201").sample(frac=1, random_state=rng)
    classes = table["arch"].map(lambda arch: NASBench201Cell.from_string(arch).isomorphism_class())
    return _first_two(table[column], classes)


def trainings_of(table: str) -> np.ndarray:
    """Return the test accuracies (%) of the cells of which three trainings are public, (N, 3).

    Args:
        table: ``nasbench101_runs`` or ``nasbench201_runs``.
    """
    return load_table(table)[["test_1", "test_2", "test_3"]].dropna().to_numpy(dtype=float)


def _first_two(values: pd.Series, groups: pd.Series) -> np.ndarray:
    grouped = values.groupby(groups, sort=False)
    pairs = [group.to_numpy()[:2] for _, group in grouped if len(group) > 1]
    return np.array(pairs, dtype=float)


#: Benchmark -> its pairs of isomorphic cells, the only repetitions that are drawn at random.
TWINS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    f"nb201-{data}": partial(twins_of_nasbench201, f"test_{data}") for data in ("c100", "in16")
}
#: Benchmark -> what it lets one see of its noise.
REPEATED = {
    "nb201-digits": lambda rng: seeds_of_digits(),
    "nb101-test": lambda rng: trainings_of("nasbench101_runs"),
    "nb201-c10": lambda rng: trainings_of("nasbench201_runs"),
    **TWINS,
}


def repeated_measurements(id: str, rng: np.random.Generator) -> np.ndarray:
    """Return what a benchmark shows of its noise, (N, repeats); UnknownNameError if nothing."""
    return lookup("benchmark with repeated measurements", id, REPEATED)(rng)


def noise_taus(id: str, repeats: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Return Kendall's taus that say how far the labels of a benchmark can be trusted.

    The repeats are what ``repeated_measurements`` returns; ``rng`` is the source of the noise that
    is simulated for NB201-Digits, whose noise is alike for all.

    Returns:
        ``reliability``: of two measurements; ``better half``: of those whose mean is at or above
        the median; ``ceiling``: the highest that a score can reach on the table's labels.
    """
    means = repeats.mean(1)
    better = repeats[means >= np.median(means), :2]
    taus = {"better half": kendall_tau(*better.T)}
    if id == "nb201-digits":
        estimate = seed_reliability(repeats, rng=rng)
        return taus | {"reliability": estimate.seed_tau, "ceiling": estimate.ceiling}
    pairs = itertools.combinations(repeats.T, 2)
    reliability = float(np.mean([kendall_tau(*pair) for pair in pairs]))
    # A label is one of the twins, but the mean of several trainings elsewhere.
    of_labels = reliability_of_mean(reliability, 1 if id in TWINS else _TRAININGS)
    return taus | {"reliability": reliability, "ceiling": ceiling_from_reliability(of_labels)}
