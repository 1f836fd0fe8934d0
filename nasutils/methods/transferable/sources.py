"""What a transfer predictor sees before the labels of its target."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.common.architecture_graphs import (
    Labelled,
    benchmark_graphs,
    labelled_graphs,
    random_graphs,
)
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.transfer_predictor import (
    TransferPredictor,
    TransferRecipe,
    pretrained_predictor,
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Graphs without labels for the encoder, and labelled sets for the head."""

    #: their graphs train the encoder, the target's too, and the labels of those of other search
    #: spaces than the target's train the head
    benchmarks: tuple[str, ...]
    graphs: int | None = None  #: how many of each benchmark, the first of its table; all where None
    labels: int = 0  #: how many of each, the first
    #: search spaces of which 120 random networks train the encoder, too
    random: tuple[str, ...] = ()
    epochs: int = 3  #: of contrastive training
    seed: int = 0  #: of weights, batches and the order of the labels
    device: str = "cpu"  #: where predictors learn and predict
    progress: bool = field(default=False, compare=False)  #: whether to draw a bar

    def unlabelled(self) -> list[GraphSet]:
        """Return the graphs of each family: random networks first, then the benchmarks'."""
        found = [random_graphs(space, RANDOM_NETWORKS) for space in self.random]
        for graphs in map(benchmark_graphs, map(get_benchmark, self.benchmarks)):
            found.append(graphs if self.graphs is None else graphs.take(range(self.graphs)))
        return found

    def labelled(self, id: str) -> Labelled:
        """Return the labelled set of one benchmark."""
        benchmark = get_benchmark(id)
        return labelled_graphs(benchmark, np.arange(min(self.labels, len(benchmark))))

    def others(self, space: str) -> tuple[str, ...]:
        """Return the benchmarks whose labels help a target of a search space."""
        known = self.benchmarks if self.labels else ()
        return tuple(id for id in known if get_benchmark(id).space != space)


#: Random networks of a space, where a benchmark's are not at hand.
RANDOM_NETWORKS = 120

#: Scale -> sources. Sizes at ``paper`` follow Section 5.1: 50,000 cells of NAS-Bench-101, the 4,096
#: of NAS-Bench-201 without zeroize, 10,000 of NAS-Bench-301, with all of their labels.
SOURCES = {
    "demo": Sources(("nb201-digits",), graphs=600, random=("nasbench101", "darts")),
    "bench": Sources(("nb101-test-5k", "nb201-c10-4096", "nb301-approx-2k"), labels=2000),
    "paper": Sources(
        ("nb101-test-50k", "nb201-c10-4096", "nb301-approx-10k"), labels=50_000, epochs=10
    ),
}


def default_sources(benchmark: Benchmark) -> Sources:
    """Return the sources of a target, where nothing else is said: public files or none."""
    return SOURCES["demo" if benchmark.embedded else "bench"]


@lru_cache(maxsize=16)
def unfitted(recipe: TransferRecipe, sources: Sources) -> TransferPredictor:
    """Return a predictor that has seen the sources' graphs, but no label; made once."""
    return pretrained_predictor(
        recipe,
        sources.unlabelled,
        seed=sources.seed,
        epochs=sources.epochs,
        device=sources.device,
        progress=sources.progress,
    )


@lru_cache(maxsize=16)
def fitted_to_sources(
    recipe: TransferRecipe, sources: Sources, labelled: tuple[str, ...]
) -> TransferPredictor:
    """Return a predictor that has learnt the labels of some of the sources, ids, made once."""
    predictor = unfitted(recipe, sources)
    if not labelled:
        return predictor
    return predictor.fit_sources([sources.labelled(id) for id in labelled], sources.seed)
