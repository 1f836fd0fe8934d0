"""Ways to search under the same estimated unified proxy (Table 6)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nasutils.errors import UnknownNameError
from nasutils.methods.common.codecs import Architecture
from nasutils.methods.up_nas.ascent import gradient_ascent
from nasutils.methods.up_nas.model import UnifiedEstimator
from nasutils.search import evolutionary_search, random_search

# How many architectures a walk passes, so that all strategies have about as many queries: one that
# ends where it leaves the space, and one of so many steps that cannot leave it.
_PASSED_UNTIL_INVALID, _PASSED, _STEPS = 4, 25, 300


@dataclass(frozen=True, slots=True)
class Found:
    """What one search found.

    Attributes:
        best: The architecture of the highest estimated unified proxy.
        score: Its estimate.
        queries: Architectures that were scored.
        seconds: Wall time.
    """

    best: Architecture
    score: float
    queries: int
    seconds: float


def search(
    strategy: str, landscape: UnifiedEstimator, space: type, *, seed: int, budget: int = 1500
) -> Found:
    """Search a space by one strategy.

    Args:
        strategy: One of ``STRATEGIES``; evolution keeps 100 architectures, as the paper's, and the
            ascents climb from many random ones at once.
        landscape: Scores architectures and their embeddings.
        space: Class of its architectures, with ``random(rng)`` and ``mutate(rng)``.
        seed: Of all draws.
        budget: Architectures to score; the ascent keeps to it but roughly.

    Raises:
        UnknownNameError: If there is no such strategy.
        NasutilsError: If the budget is too small to search.
    """
    if strategy not in STRATEGIES:
        raise UnknownNameError("strategy", strategy, STRATEGIES)
    began = time.perf_counter()
    best, score, queries = STRATEGIES[strategy](
        landscape, space, np.random.default_rng(seed), budget
    )
    return Found(best, score, queries, time.perf_counter() - began)


_Outcome = tuple[Architecture, float, int]


def _random(
    landscape: UnifiedEstimator, space: type, rng: np.random.Generator, budget: int
) -> _Outcome:
    result = random_search(space.random, landscape.score, budget=budget, rng=rng)
    return result.best, result.score, budget


def _evolutionary(
    landscape: UnifiedEstimator, space: type, rng: np.random.Generator, budget: int
) -> _Outcome:
    # Ten children at once: an estimator asked for one at a time mostly waits.
    result = evolutionary_search(
        space.random, space.mutate, landscape.score, budget=budget, rng=rng, children=10
    )
    return result.best, result.score, budget


def _gradient_ascent(
    landscape: UnifiedEstimator, space: type, rng: np.random.Generator, budget: int
) -> _Outcome:
    starts = [space.random(rng) for _ in range(budget // _PASSED)]
    result = gradient_ascent(replace(landscape, nearest=True), starts, max_steps=_STEPS)
    return result.best, result.score, len(result.scores)


def _ascent_until_invalid(
    landscape: UnifiedEstimator, space: type, rng: np.random.Generator, budget: int
) -> _Outcome:
    starts = [space.random(rng) for _ in range(budget // _PASSED_UNTIL_INVALID)]
    result = gradient_ascent(replace(landscape, nearest=False), starts)
    return result.best, result.score, len(result.scores)


#: The paper's name of a strategy -> searches. The last stops as the paper's text says; the one
#: before it decodes to the nearest architecture of the space and so need not stop.
STRATEGIES: dict[str, Callable[[UnifiedEstimator, type, np.random.Generator, int], _Outcome]] = {
    "Random": _random,
    "Evolutionary": _evolutionary,
    "Gradient Ascent": _gradient_ascent,
    "Gradient Ascent until invalid": _ascent_until_invalid,
}
