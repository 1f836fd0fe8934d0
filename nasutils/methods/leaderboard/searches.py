"""Searches of a table that ask its oracle for one accuracy after the other."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.oracle import QueryOracle
from nasutils.errors import NasutilsError
from nasutils.methods.base import get_method
from nasutils.methods.leaderboard.methods import Ensemble
from nasutils.search import evolutionary_search
from nasutils.spaces.registry import Architecture

#: From positions that were asked, those that may be, and a seed, to the scores of the latter.
Rank = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
#: From a benchmark, its oracle, the number of queries and a seed to the positions asked, in order.
Search = Callable[[Benchmark, QueryOracle, int, int], np.ndarray]

_FIRST = 10  # random architectures that a predictor learns first
_ROUNDS = 14  # at most so many times a predictor is trained
_CANDIDATES = 20_000  # architectures that it ranks each time
_POPULATION, _TOURNAMENT = 20, 5
_ATTEMPTS = 500  # mutations, before a parent counts as without a child that the table knows


def random_search(benchmark: Benchmark, oracle: QueryOracle, queries: int, seed: int) -> np.ndarray:
    """Ask for different random architectures of the table."""
    drawn = np.random.default_rng(seed).choice(_pool(benchmark), queries, replace=False)
    _ask(benchmark, oracle, drawn)
    return drawn


def evolution(benchmark: Benchmark, oracle: QueryOracle, queries: int, seed: int) -> np.ndarray:
    """Ask by regularised evolution; what is asked twice counts twice."""
    pool = _pool(benchmark)

    def sample(rng: np.random.Generator) -> Architecture:
        return benchmark.architecture(int(rng.choice(pool)))

    def mutate(parent: Architecture, rng: np.random.Generator) -> Architecture:
        for _ in range(_ATTEMPTS):
            if oracle.accepts(child := parent.mutate(rng)):
                return child
        return sample(rng)

    found = evolutionary_search(
        sample, mutate, oracle, budget=queries, rng=np.random.default_rng(seed),
        population=_POPULATION, tournament=_TOURNAMENT,
    )  # fmt: skip
    return positions_of(benchmark, found.architectures)


def guided(rank: Callable[[Benchmark], Rank]) -> Search:
    """Return a search that asks for what a predictor, trained on all answers so far, ranks first.

    It begins with a few random architectures.
    """

    def search(benchmark: Benchmark, oracle: QueryOracle, queries: int, seed: int) -> np.ndarray:
        rng, pool = np.random.default_rng(seed), _pool(benchmark)
        asked = rng.choice(pool, min(_FIRST, queries), replace=False)
        _ask(benchmark, oracle, asked)
        batch = max(5, -(-(queries - _FIRST) // _ROUNDS))
        while len(asked) < queries:
            free = np.setdiff1d(pool, asked)
            free = rng.choice(free, min(_CANDIDATES, len(free)), replace=False)
            scores = rank(benchmark)(asked, free, seed)
            best = free[np.argsort(-scores, kind="stable")][: min(batch, queries - len(asked))]
            _ask(benchmark, oracle, best)
            asked = np.append(asked, best)
        return asked

    return search


def _by_ours(benchmark: Benchmark) -> Rank:
    return lambda asked, free, seed: Ensemble().scores(benchmark, asked, seed, free)


def _by_method(id: str) -> Callable[[Benchmark], Rank]:
    def rank(benchmark: Benchmark) -> Rank:
        return lambda asked, free, seed: (
            get_method(id).predict(benchmark, [Split(seed, asked, free)]).scores[0, free]
        )

    return rank


#: Row -> the search.
SEARCHES: dict[str, Search] = {
    "Random": random_search,
    "Evolution": evolution,
    "Guided by Trees": guided(_by_method("baselines/Trees")),
    "Guided by Ours": guided(_by_ours),
}


def _ask(benchmark: Benchmark, oracle: QueryOracle, positions: np.ndarray) -> None:
    oracle(benchmark.architectures_at(positions))


def _pool(benchmark: Benchmark) -> np.ndarray:
    """Return the positions that may be asked for."""
    pool = benchmark.labelled_indices
    if benchmark.space != "nasbench201":
        return pool
    return pool[[benchmark.architectures[i].is_connected for i in pool]]


def positions_of(benchmark: Benchmark, architectures: Sequence[Architecture]) -> np.ndarray:
    """Return the rows of architectures in a benchmark's table; NasutilsError if one has none."""
    by_hash = "hash" in benchmark.table
    names = [each.hash if by_hash else str(each) for each in architectures]
    found = pd.Index(benchmark.table["hash" if by_hash else "arch"]).get_indexer(names)
    if (found < 0).any():
        raise NasutilsError(f"{names[int(found.argmin())]} is not in the table of {benchmark.id}.")
    return found


def regrets(benchmark: Benchmark, asked: np.ndarray, marks: Sequence[int]) -> dict[int, float]:
    """Return, after some numbers of queries, by how much the best asked is below the best of all.

    In points of the accuracy that is learnt.
    """
    best = np.maximum.accumulate(benchmark.labels[asked])
    top = benchmark.labels[benchmark.labelled_indices].max()
    return {mark: float(top - best[mark - 1]) for mark in marks if mark <= len(asked)}
