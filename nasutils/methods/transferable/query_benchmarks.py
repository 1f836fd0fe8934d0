"""Where the searches of Table 2 take place: what may be asked, and what the benchmark answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasutils.data import load_table
from nasutils.data.nasbench301 import Surrogate
from nasutils.errors import UnknownNameError
from nasutils.graphs import ComputationGraph
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.evaluation import Labelled, Learner
from nasutils.methods.transferable.families import FAMILIES
from nasutils.search import Score
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell


@dataclass(frozen=True, slots=True, eq=False)
class Arena:
    """A space with a benchmark that answers.

    Attributes:
        space: Class of its architectures.
        graph: From an architecture to its computation graph.
        query: From architectures to accuracies (%).
        accept: Whether the benchmark knows an architecture.
        accuracies: All that there are, to rank what is found; None where nobody has counted.
    """

    space: type
    graph: Callable[[Any], ComputationGraph] = field(repr=False)
    query: Score = field(repr=False)
    accept: Callable[[Any], bool] = field(repr=False, default=lambda architecture: True)
    accuracies: np.ndarray | None = field(repr=False, default=None)

    def ranked_by(self, learner: Learner) -> Score:
        """Return what asks a learner about architectures."""
        return lambda asked: learner.predict(GraphSet.of(map(self.graph, asked)))

    def lessons_for(
        self, learner: Learner, labelled: Labelled, *, seed: int
    ) -> Callable[[Sequence[Any], np.ndarray], Score]:
        """Return what teaches a learner all answers so far, as ``evolve`` asks for it.

        Args:
            learner: One that has learnt the sources; every time it is fine-tuned anew.
            labelled: What else it is fine-tuned on, graphs and labels.
            seed: Of the order of the labels.
        """
        graphs, labels = labelled

        def learn(known: Sequence[Any], accuracies: np.ndarray) -> Score:
            together = GraphSet.concatenate([graphs, GraphSet.of(map(self.graph, known))])
            lesson = together, np.concatenate([labels, accuracies])
            return self.ranked_by(learner.fine_tune(lesson, seed))

        return learn

    def rank(self, accuracy: float) -> int:
        """Return the place of an accuracy among all, 1 for the best.

        Only where ``accuracies`` are known.
        """
        return 1 + int((self.accuracies > accuracy + 1e-9).sum())


def _of_table(family: str, space: type, known: dict[str, float], name: Callable) -> Arena:
    """Return the arena of a benchmark that is a table, from names to accuracies."""

    def query(architectures: Sequence[Any]) -> np.ndarray:
        return np.array([known[name(each)] for each in architectures])

    return Arena(
        space,
        FAMILIES[family].graph,
        query,
        lambda architecture: name(architecture) in known,
        np.array(list(known.values())),
    )


def _nasbench101() -> Arena:
    table = load_table("nasbench101")
    known = dict(zip(table["hash"], table["test"], strict=True))
    return _of_table("nasbench101", NASBench101Cell, known, NASBench101Cell.isomorphism_class)


def _connected(table: str, column: str) -> dict[str, float]:
    frame = load_table(table)
    # A cell that passes no signal has no graph.
    passes = [NASBench201Cell.from_string(text).is_connected for text in frame["arch"]]
    frame = frame[passes]
    return dict(zip(frame["arch"], frame[column], strict=True))


def _nasbench201() -> Arena:
    return _of_table("nasbench201", NASBench201Cell, _connected("nasbench201", "test_c10"), str)


def _nasbench301() -> Arena:
    return Arena(DARTSGenotype, FAMILIES["nasbench301"].graph, Surrogate().predict)


def _digits() -> Arena:
    return _of_table("nb201_digits", NASBench201Cell, _connected("nb201_digits", "test"), str)


#: Name of a family -> its arena.
ARENAS: dict[str, Callable[[], Arena]] = {
    "nasbench101": _nasbench101,
    "nasbench201": _nasbench201,
    "nasbench301": _nasbench301,
    "nb201_digits": _digits,
}


def load_arena(name: str) -> Arena:
    """Read a benchmark to search.

    Args:
        name: One of ``ARENAS``.

    Raises:
        UnknownNameError: If there is no such arena.
        DataError: If a file that it needs cannot be had.
    """
    if name not in ARENAS:
        raise UnknownNameError("benchmark to search", name, ARENAS)
    return ARENAS[name]()
