"""Algorithm 1: evolution that asks a predictor about many children and the benchmark about few.

Source: Han et al., "A General-Purpose Transferable Predictor for NAS", Section 7.2 and Table 6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.oracle import QueryOracle
from nasutils.errors import NasutilsError
from nasutils.methods.common.architecture_graphs import GRAPHS, Labelled, rank_by_graphs
from nasutils.methods.common.benchmark_sequences import network_of
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.transfer_predictor import TransferPredictor
from nasutils.search import Score, SearchResult, ask
from nasutils.settings import Count, Share, check_ranges
from nasutils.spaces.crossover import crossover
from nasutils.spaces.registry import Architecture

#: From what was queried and its accuracies to what ranks the next children.
Learn = Callable[[Sequence[Architecture], np.ndarray], Score]

# Children that were asked about before are thrown away; in a small space they are most of them.
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class EvolutionSettings:
    """Sizes of a search. The paper states the first four (Table 6), the others are ours.

    Raises:
        NasutilsError: If a size is not positive, or the share is none.
    """

    top: Count  #: the best architectures so far, which become parents; k
    budget: Count  #: queries a round, B
    population: Count  #: random architectures to begin with, all queried
    rounds: Count  #: rounds, T
    children: Count = 10  #: children that the predictor ranks for each query
    crossover: Share = 0.5  #: share of children with two parents
    max_edits: Count = 2  #: mutations of a child, one to so many, all as likely

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def queries(self) -> int:
        """Architectures asked of the benchmark, unless the space runs out of them."""
        return self.population + self.rounds * self.budget


#: Benchmark -> settings of Table 6 under the contrastive predictor, and under random or zero-cost
#: ones. They differ since the labels for fine-tuning count as queries, too.
PUBLISHED: dict[str, dict[str, EvolutionSettings]] = {
    id: {"predictor": EvolutionSettings(*predictor), "baseline": EvolutionSettings(*baseline)}
    for id, predictor, baseline in (
        ("nb101-test", (20, 100, 50, 6), (20, 100, 100, 6)),
        ("nb201-c10", (10, 10, 10, 5), (10, 20, 10, 4)),
        ("nb301-approx", (20, 100, 50, 7), (20, 100, 100, 7)),
    )
}


def evolve(
    oracle: QueryOracle,
    rank: Score,
    settings: EvolutionSettings,
    *,
    rng: np.random.Generator,
    learn: Learn | None = None,
) -> SearchResult:
    """Search a space; no network is queried twice, by whatever name.

    Args:
        oracle: The benchmark, which knows its space and what may be asked.
        rank: The predictor: from a list of architectures to scores, higher is better. Not asked
            where ``learn`` makes others.
        settings: Sizes of the search.
        rng: Source of all draws.
        learn: From all that was queried and its accuracies to another predictor, before each round.
            The paper's predictor, if left out, keeps to what it has learnt before the search.

    Returns:
        All that was queried, in order; fewer than ``settings.queries`` where the space ran out.

    Raises:
        NasutilsError: If scores are NaN or too few, or there is nothing to begin with.
        UnknownNameError: If children with two parents are asked for in a space without crossover.
    """
    first = _fresh(lambda: oracle.space.random(rng), settings.population, oracle.accepts, set())
    if not first:
        raise NasutilsError(f"no architecture that {oracle.id} knows was found to begin with.")
    known, seen = [*first.values()], set(first)
    scores = oracle(known)
    for _ in range(settings.rounds):
        best = [known[i] for i in np.argsort(-scores, kind="stable")[: settings.top]]
        size, bear = settings.budget * settings.children, partial(_child, best, settings, rng)
        born = [*_fresh(bear, size, oracle.accepts, seen).values()]
        if not born:
            break
        if learn:
            rank = learn(known, scores)
        order = np.argsort(-ask(rank, born), kind="stable")[: settings.budget]
        chosen = [born[i] for i in order]
        seen.update(each.isomorphism_class() for each in chosen)
        scores = np.concatenate((scores, oracle(chosen)))
        known = known + chosen
    return SearchResult(known, scores)


def _fresh(
    make: Callable[[], Architecture],
    size: int,
    accepts: Callable[[Architecture], bool],
    seen: set[str],
) -> dict[str, Architecture]:
    """Make architectures, by class, until so many are valid and new or there seem to be no more."""
    found: dict[str, Architecture] = {}
    for _ in range(_ATTEMPTS * size):
        if len(found) == size:
            break
        architecture = make()
        name = architecture.isomorphism_class()
        if name not in seen and name not in found and accepts(architecture):
            found[name] = architecture
    return found


def learn_answers(
    predictor: TransferPredictor, benchmark: Benchmark, labelled: Labelled, *, seed: int
) -> Learn:
    """Return what fine-tunes a predictor on all answers so far, as ``evolve`` asks for it.

    The predictor has learnt the sources, and every time is fine-tuned anew: on graphs and labels
    of its own, and on the answers, whose architectures the benchmark's networks are made of.
    """
    graphs, labels = labelled
    graph = GRAPHS[network_of(benchmark)]

    def learn(known: Sequence[Architecture], accuracies: np.ndarray) -> Score:
        together = GraphSet.concatenate([graphs, GraphSet.of(map(graph, known))])
        both = together, np.concatenate([labels, accuracies])
        return rank_by_graphs(benchmark, predictor.fine_tune(both, seed).predict)

    return learn


def _child(
    best: list[Architecture], settings: EvolutionSettings, rng: np.random.Generator
) -> Architecture:
    """Return a child of one or two of the best, mutated at least once."""
    child = best[rng.integers(len(best))]
    if rng.random() < settings.crossover:
        child = crossover(child, best[rng.integers(len(best))], rng)
    for _ in range(rng.integers(1, settings.max_edits + 1)):
        child = child.mutate(rng)
    return child
