"""What a search may ask, with every question counted."""

import itertools
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.data.nasbench301 import Surrogate
from nasutils.errors import NasutilsError
from nasutils.search import Score, ask
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.registry import Architecture, get_space

A = TypeVar("A", bound=Architecture)


class CountedScore(Generic[A]):
    """A score that counts what it is asked, repetitions included, in ``rows``."""

    def __init__(self, score: Score[A]) -> None:
        self._score = score
        self._seen: set[str] = set()
        self.rows = 0

    @property
    def distinct(self) -> int:
        """Different architectures that were asked for; isomorphic ones are one."""
        return len(self._seen)

    def __call__(self, architectures: Sequence[A]) -> np.ndarray:
        """Return the scores, float64 of shape (N,)."""
        architectures = list(architectures)
        scores = ask(self._score, architectures)
        self.rows += len(architectures)
        self._seen.update(each.isomorphism_class() for each in architectures)
        return scores


class QueryOracle(CountedScore[A]):
    """A benchmark that is asked for accuracies (%), one architecture of a space after the other.

    ``accepts`` says whether the benchmark knows an architecture; ``accuracies`` are all that there
    are, to rank what is found, None where nobody has counted.
    """

    def __init__(
        self,
        id: str,
        space: type[A],
        answer: Score[A],
        accepts: Callable[[A], bool] = lambda architecture: True,
        accuracies: np.ndarray | None = None,
    ) -> None:
        super().__init__(answer)
        self.id, self.space, self.accepts, self.accuracies = id, space, accepts, accuracies

    @property
    def queries(self) -> int:
        """Trainings that the answers would have taken: different architectures."""
        return self.distinct

    def rank(self, accuracy: float) -> int:
        """Return the place of an accuracy among all, 1 the best; NasutilsError if unknown."""
        if self.accuracies is None:
            raise NasutilsError(f"nobody knows all accuracies of {self.id}: there is no rank.")
        return 1 + int((self.accuracies > accuracy + 1e-9).sum())


def table_oracle(
    benchmark: Benchmark, *, connected: bool = False, learnt: bool = False
) -> QueryOracle:
    """Return the oracle of a table: its accuracies that judge, by isomorphism class.

    If ``learnt``, it answers by those that are learnt, and knows the architectures that have one.

    The table may be of a whole space, or of a part, which the oracle then accepts. If
    ``connected``, NAS-Bench-201 cells that pass no signal, and have no computation graph, are left
    out; every other cell is then known by its own string.
    """
    space = get_space(benchmark.space)
    name = str if connected else space.isomorphism_class
    answers = benchmark.labels if learnt else benchmark.test_accuracy
    kept = np.isfinite(answers)
    if "hash" in benchmark.table:  # NAS-Bench-101, whose classes are the hashes of its table
        names = benchmark.table["hash"][kept]
    else:
        if connected:
            kept &= [each.is_connected for each in benchmark.architectures]
        names = [name(each) for each in itertools.compress(benchmark.architectures, kept)]
    known = dict(zip(names, answers[kept], strict=True))
    return QueryOracle(
        benchmark.id,
        space,
        lambda asked: np.array([known[name(each)] for each in asked]),
        lambda architecture: name(architecture) in known,
        np.array(list(known.values())),
    )


def surrogate_oracle() -> QueryOracle[DARTSGenotype]:
    """Return the oracle of any DARTS genotype: the approximation of NAS-Bench-301's surrogate."""
    return QueryOracle("nb301-approx", DARTSGenotype, Surrogate().predict)
