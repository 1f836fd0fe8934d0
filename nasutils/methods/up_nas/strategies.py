"""Ways to search under the same estimated unified proxy (Table 6)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from numpy.random import Generator, default_rng

from nasutils.errors import lookup
from nasutils.methods.up_nas.ascent import gradient_ascent
from nasutils.methods.up_nas.estimator import UnifiedEstimator
from nasutils.search import evolutionary_search, random_search
from nasutils.spaces.registry import Architecture


@dataclass(frozen=True, slots=True)
class Found:
    """What one search found."""

    best: Architecture  #: the architecture of the highest estimated unified proxy
    score: float  #: its estimate
    queries: int  #: architectures that were scored; an ascent counts each once
    rows: int  #: rows asked of the estimator, those of the gradients included
    seconds: float  #: wall time


def search(
    strategy: str,
    estimator: UnifiedEstimator,
    space: type[Architecture],
    *,
    seed: int,
    budget: int = 1500,
) -> Found:
    """Search a space, a class of architectures, by one of ``STRATEGIES`` under a seed.

    Evolution keeps 100 architectures, as the paper's; the ascents climb from many random ones at
    once, and keep to the budget of architectures to score but roughly.

    Raises:
        UnknownNameError: If there is no such strategy.
        NasutilsError: If the budget is too small to search.
    """
    run = lookup("strategy", strategy, STRATEGIES)
    began = time.perf_counter()
    found = run(estimator, space, budget, default_rng(seed))
    return Found(*found, time.perf_counter() - began)


_Space = type[Architecture]
_Found = tuple[Architecture, float, int, int]
_Strategy = Callable[[UnifiedEstimator, _Space, int, Generator], _Found]


def _random(estimator: UnifiedEstimator, space: _Space, budget: int, rng: Generator) -> _Found:
    result = random_search(space.random, estimator.score, budget=budget, rng=rng)
    return result.best, result.score, budget, budget


def _evolve(estimator: UnifiedEstimator, space: _Space, budget: int, rng: Generator) -> _Found:
    # Ten children at once: an estimator asked for one at a time mostly waits.
    options = {"budget": budget, "rng": rng, "children": 10}
    result = evolutionary_search(space.random, space.mutate, estimator.score, **options)
    return result.best, result.score, budget, budget


def _ascent(*, nearest: bool, passed: int, max_steps: int) -> _Strategy:
    """Climb from so many starts that with about ``passed`` each the budget is scored."""

    def climb(estimator: UnifiedEstimator, space: _Space, budget: int, rng: Generator) -> _Found:
        starts = [space.random(rng) for _ in range(budget // passed)]
        decoding = replace(estimator, nearest=nearest)
        result = gradient_ascent(decoding, starts, max_steps=max_steps)
        return result.best, result.score, len(result.scores), result.rows

    return climb


#: The paper's name of a strategy -> searches. The last stops as the paper's text says; the one
#: before it decodes to the nearest architecture of the space and so need not stop.
STRATEGIES: dict[str, _Strategy] = {
    "Random": _random,
    "Evolutionary": _evolve,
    "Gradient Ascent": _ascent(nearest=True, passed=25, max_steps=300),
    "Gradient Ascent until invalid": _ascent(nearest=False, passed=4, max_steps=2000),
}
