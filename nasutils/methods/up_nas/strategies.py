"""Ways to search under the same estimated unified proxy (Table 6)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nasutils.errors import lookup
from nasutils.methods.up_nas.ascent import gradient_ascent
from nasutils.methods.up_nas.model import UnifiedEstimator
from nasutils.search import evolutionary_search, random_search
from nasutils.spaces.registry import Architecture

# How many architectures an ascent passes, so that all strategies score about as many: one that
# ends where it leaves the space, and one of so many steps that cannot leave it.
_PASSED_UNTIL_INVALID, _PASSED, _STEPS = 4, 25, 300


@dataclass(frozen=True, slots=True)
class Found:
    """What one search found.

    Attributes:
        best: The architecture of the highest estimated unified proxy.
        score: Its estimate.
        queries: Architectures that were scored; an ascent counts each once.
        rows: Rows asked of the estimator, those of the gradients included.
        seconds: Wall time.
    """

    best: Architecture
    score: float
    queries: int
    rows: int
    seconds: float


def search(
    strategy: str,
    estimator: UnifiedEstimator,
    space: type[Architecture],
    *,
    seed: int,
    budget: int = 1500,
) -> Found:
    """Search a space by one strategy.

    Args:
        strategy: One of ``STRATEGIES``; evolution keeps 100 architectures, as the paper's, and the
            ascents climb from many random ones at once.
        estimator: Scores architectures and their embeddings.
        space: Class of its architectures.
        seed: Of all draws.
        budget: Architectures to score; an ascent keeps to it but roughly.

    Raises:
        UnknownNameError: If there is no such strategy.
        NasutilsError: If the budget is too small to search.
    """
    run = lookup("strategy", strategy, STRATEGIES)
    began = time.perf_counter()
    found = run(estimator, space, np.random.default_rng(seed), budget)
    return Found(*found, time.perf_counter() - began)


_Found = tuple[Architecture, float, int, int]
_Strategy = Callable[[UnifiedEstimator, type[Architecture], np.random.Generator, int], _Found]


def _random(
    estimator: UnifiedEstimator, space: type[Architecture], rng: np.random.Generator, budget: int
) -> _Found:
    result = random_search(space.random, estimator.score, budget=budget, rng=rng)
    return result.best, result.score, budget, budget


def _evolutionary(
    estimator: UnifiedEstimator, space: type[Architecture], rng: np.random.Generator, budget: int
) -> _Found:
    # Ten children at once: an estimator asked for one at a time mostly waits.
    result = evolutionary_search(
        space.random, space.mutate, estimator.score, budget=budget, rng=rng, children=10
    )
    return result.best, result.score, budget, budget


def _ascent(*, nearest: bool, passed: int, max_steps: int = 2000) -> _Strategy:
    def climb(
        estimator: UnifiedEstimator,
        space: type[Architecture],
        rng: np.random.Generator,
        budget: int,
    ) -> _Found:
        starts = [space.random(rng) for _ in range(budget // passed)]
        decoding = replace(estimator, nearest=nearest)
        result = gradient_ascent(decoding, starts, max_steps=max_steps)
        return result.best, result.score, len(result.scores), result.rows

    return climb


#: The paper's name of a strategy -> searches. The last stops as the paper's text says; the one
#: before it decodes to the nearest architecture of the space and so need not stop.
STRATEGIES: dict[str, _Strategy] = {
    "Random": _random,
    "Evolutionary": _evolutionary,
    "Gradient Ascent": _ascent(nearest=True, passed=_PASSED, max_steps=_STEPS),
    "Gradient Ascent until invalid": _ascent(nearest=False, passed=_PASSED_UNTIL_INVALID),
}
