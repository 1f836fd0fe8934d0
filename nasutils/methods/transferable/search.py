"""Algorithm 1: evolution that asks a predictor about many children and the benchmark about few.

Source: Han et al., "A General-Purpose Transferable Predictor for NAS", Section 7.2 and Table 6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasutils.errors import NasutilsError
from nasutils.search import Score, SearchResult, ask
from nasutils.spaces.crossover import crossover

# Children that were asked about before are thrown away; in a small space they are most of them.
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class EvolutionSettings:
    """Sizes of a search. The paper states the first four (Table 6), the others are ours.

    Attributes:
        top: The best architectures so far, which become parents; k.
        budget: Queries a round, B.
        population: Random architectures to begin with, all queried.
        rounds: Rounds, T.
        children: Children that the predictor ranks for each query.
        crossover: Share of children with two parents.
        max_edits: Mutations of a child, one to so many, all as likely.

    Raises:
        NasutilsError: If a size is not positive, or the share is none.
    """

    top: int
    budget: int
    population: int
    rounds: int
    children: int = 10
    crossover: float = 0.5
    max_edits: int = 2

    def __post_init__(self) -> None:
        for name in ("top", "budget", "population", "rounds", "children", "max_edits"):
            if getattr(self, name) < 1:
                raise NasutilsError(f"{name} of a search is at least 1, not {getattr(self, name)}.")
        if not 0 <= self.crossover <= 1:
            raise NasutilsError(f"the share of crossover is 0 to 1, not {self.crossover}.")

    @property
    def queries(self) -> int:
        """Architectures asked of the benchmark, unless the space runs out of them."""
        return self.population + self.rounds * self.budget


#: Space -> settings of Table 6 under the contrastive predictor, and under random or zero-cost ones.
#: They differ since the labels for fine-tuning count as queries, too.
PUBLISHED: dict[str, dict[str, EvolutionSettings]] = {
    "nasbench101": {
        "predictor": EvolutionSettings(20, 100, 50, 6),
        "baseline": EvolutionSettings(20, 100, 100, 6),
    },
    "nasbench201": {
        "predictor": EvolutionSettings(10, 10, 10, 5),
        "baseline": EvolutionSettings(10, 20, 10, 4),
    },
    "nasbench301": {
        "predictor": EvolutionSettings(20, 100, 50, 7),
        "baseline": EvolutionSettings(20, 100, 100, 7),
    },
}


def evolve(
    space: type,
    rank: Score,
    query: Score,
    settings: EvolutionSettings,
    *,
    rng: np.random.Generator,
    start: Sequence[Any] = (),
    accept: Callable[[Any], bool] = lambda architecture: True,
    learn: Callable[[list[Any], np.ndarray], Score] | None = None,
) -> SearchResult:
    """Search a space; no network is queried twice, by whatever name.

    Args:
        space: Class of its architectures, with ``random``, ``mutate`` and ``isomorphism_class``.
        rank: The predictor: from a list of architectures to scores, higher is better. Not asked
            where ``learn`` makes others.
        query: The benchmark: to accuracies, likewise.
        settings: Sizes of the search.
        rng: Source of all draws.
        start: Architectures that the population begins with; random ones fill it up.
        accept: Whether an architecture may be ranked and queried, for spaces with invalid ones.
        learn: From all that was queried and its accuracies to another predictor, before each round.
            The paper's predictor, if left out, keeps to what it has learnt before the search.

    Returns:
        Everything that was queried, in order; fewer than ``settings.queries`` where no new
        architectures were found.

    Raises:
        NasutilsError: If ``start`` exceeds the population, or scores are NaN or too few.
        UnknownNameError: If children with two parents are asked for in a space without crossover.
    """
    if len(start) > settings.population:
        raise NasutilsError(
            f"{len(start)} architectures exceed a population of {settings.population}."
        )
    fresh = _Fresh(accept)
    first = fresh.keep(start)
    first += fresh.draw(lambda: space.random(rng), settings.population - len(first))
    known = first
    scores = ask(query, first)
    for _ in range(settings.rounds):
        best = [known[i] for i in np.argsort(-scores, kind="stable")[: settings.top]]
        born = fresh.copy().draw(
            lambda best=best: _child(best, settings, rng), settings.budget * settings.children
        )
        if not born:
            break
        if learn:
            rank = learn(known, scores)
        order = np.argsort(-ask(rank, born), kind="stable")[: settings.budget]
        chosen = fresh.keep([born[i] for i in order])
        scores = np.concatenate((scores, ask(query, chosen)))
        known = known + chosen
    return SearchResult(known, scores)


def _child(best: list[Any], settings: EvolutionSettings, rng: np.random.Generator) -> Any:
    """Return a child of one or two of the best, mutated at least once."""
    child = best[rng.integers(len(best))]
    if rng.random() < settings.crossover:
        child = crossover(child, best[rng.integers(len(best))], rng)
    for _ in range(rng.integers(1, settings.max_edits + 1)):
        child = child.mutate(rng)
    return child


class _Fresh:
    """Lets through what is valid and new."""

    def __init__(self, accept: Callable[[Any], bool], seen: frozenset[str] = frozenset()) -> None:
        self._accept, self._seen = accept, set(seen)

    def copy(self) -> "_Fresh":
        return _Fresh(self._accept, frozenset(self._seen))

    def keep(self, architectures: Sequence[Any]) -> list[Any]:
        """Return those that are valid and new, and remember them."""
        kept = []
        for architecture in architectures:
            name = architecture.isomorphism_class()
            if name not in self._seen and self._accept(architecture):
                self._seen.add(name)
                kept.append(architecture)
        return kept

    def draw(self, make: Callable[[], Any], size: int) -> list[Any]:
        """Make architectures until so many are valid and new, or there seem to be no more."""
        kept: list[Any] = []
        for _ in range(_ATTEMPTS * size):
            if len(kept) == size:
                break
            kept += self.keep([make()])
        return kept
