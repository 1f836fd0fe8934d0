"""What a method is: something that learns the labels of a split and ranks architectures.

A method is an entry of a registry. Whoever adds one, in a few lines, finds it in the tables and
plots of its chapter and on the leaderboard:

    >>> @method("baselines", "Cheapest first")
    ... def cheapest_first(benchmark, split):
    ...     return lambda architectures: [-count_params(each) for each in architectures]
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.errors import NasutilsError, lookup
from nasutils.search import ask
from nasutils.spaces.registry import Architecture

#: From N architectures to their scores, (N,); higher is better, on any scale.
Predict = Callable[[Sequence[Architecture]], ArrayLike]


class Need(StrEnum):
    """What a method needs beside architectures."""

    LABELS = "labels"
    PROXIES = "public zero-cost proxies"
    IMAGES = "images to train on"
    GPU = "a GPU"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What R predictors, one a split, make of a benchmark."""

    scores: np.ndarray  #: of all M architectures, float64 of shape (R, M)
    seconds: float  #: wall time to train all R, as far as it can be told from the predicting
    #: what was trained, where a chapter looks inside; else None
    model: Any = field(default=None, repr=False)


FitPredict = Callable[..., Prediction]


@dataclass(frozen=True, eq=False)
class Method:
    """A row of a chapter's tables."""

    chapter: str  #: the chapter that it belongs to; ``baselines`` for methods that all may show
    name: str  #: its row
    #: from a benchmark and a split to what ranks architectures; the split carries the seed
    fit: Callable[[Benchmark, Split], Predict] = field(repr=False)
    needs: frozenset[Need] = frozenset({Need.LABELS})  #: what it needs
    #: the public proxies that it cannot do without; any will do where empty
    proxies: frozenset[str] = frozenset()
    spaces: frozenset[str] = frozenset()  #: the search spaces that it can read; all where empty
    description: str = ""  #: what it is, in a line
    #: For methods that train the predictors of several splits side by side: from a benchmark,
    #: splits and ``progress`` to a prediction. Where left out, each split is fitted and asked in
    #: turn.
    fit_predict: FitPredict | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """Chapter and name, which no other method has."""
        return f"{self.chapter}/{self.name}"

    def obstacle(self, benchmark: Benchmark) -> str:
        """Return why the method cannot be run on a benchmark; "" where it can."""
        if self.spaces and benchmark.space not in self.spaces:
            return f"does not read {benchmark.space}"
        if Need.PROXIES in self.needs and benchmark.proxies.dropna(axis=1).empty:
            return "no public proxies"
        if missing := sorted(self.proxies.difference(benchmark.proxies)):
            return f"no public scores of {', '.join(missing)}"
        return ""

    def predict(
        self, benchmark: Benchmark, splits: Sequence[Split], *, progress: bool = False
    ) -> Prediction:
        """Train a predictor a split, and let each score all architectures.

        Raises:
            NasutilsError: If the method cannot be run on the benchmark, or a score is NaN.
        """
        if obstacle := self.obstacle(benchmark):
            raise NasutilsError(f"{self.name} on {benchmark.id}: {obstacle}.")
        if self.fit_predict is not None:
            return self.fit_predict(benchmark, splits, progress=progress)
        scores, seconds = [], 0.0
        for split in splits:
            began = time.perf_counter()
            predict = self.fit(benchmark, split)
            seconds += time.perf_counter() - began
            scores.append(ask(predict, benchmark.architectures))
        return Prediction(np.array(scores), seconds)


#: Id -> method, in the order of their registration, which is that of the tables.
METHODS: dict[str, Method] = {}


def register(entry: Method) -> Method:
    """Add a method to the registry.

    Raises:
        NasutilsError: If its chapter has a method of this name.
    """
    if entry.id in METHODS:
        raise NasutilsError(f"method {entry.id!r} exists already: choose another name.")
    METHODS[entry.id] = entry
    return entry


def method(chapter: str, name: str, **attributes: Any) -> Callable[[Callable], Method]:
    """Register the decorated function as the ``fit`` of a method; as ``Method`` otherwise."""
    return lambda fit: register(Method(chapter, name, fit, **attributes))


def methods_of(*chapters: str) -> dict[str, Method]:
    """Return the methods of some chapters by name, in the order of the chapters."""
    return {
        entry.name: entry
        for chapter in chapters
        for entry in METHODS.values()
        if entry.chapter == chapter
    }


def look_up(benchmark: Benchmark, scores: ArrayLike) -> Predict:
    """Return what knows the scores of a benchmark's M architectures, (M,), and of no others."""
    known = dict(zip(benchmark.architectures, np.asarray(scores, dtype=float), strict=True))

    def predict(architectures: Sequence[Architecture]) -> list[float]:
        if foreign := [each for each in architectures if each not in known]:
            raise NasutilsError(f"{foreign[0]} is no architecture of {benchmark.id}.")
        return [known[each] for each in architectures]

    return predict


def get_method(id: str) -> Method:
    """Return a method by chapter and name, like ``hypernas/NP``.

    Raises:
        UnknownNameError: If there is no such method.
    """
    return lookup("method", id, METHODS)
