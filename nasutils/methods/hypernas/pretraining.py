"""What an encoder learns before any label, by ``proxy_task``, and of which architectures."""

import time
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.methods.common.benchmark_sequences import (
    benchmark_sequences,
    network_of,
    read_sequences,
)
from nasutils.methods.common.cell_sequences import NETWORKS, CellSequences
from nasutils.methods.hypernas.auxiliary import load_auxiliary
from nasutils.methods.hypernas.encoder import PredictorNetwork
from nasutils.methods.hypernas.predictor import Recipe
from nasutils.methods.hypernas.proxy_task import ProxySchedule, learn_proxies
from nasutils.methods.hypernas.teacher import TeacherSettings, generated_networks


def sequences_of(recipe: Recipe, benchmark: Benchmark) -> CellSequences:
    """Return all M architectures of a benchmark as a predictor of a recipe reads them."""
    return benchmark_sequences(benchmark, recipe.reduction, prune=recipe.prune_dead)


@dataclass(frozen=True)
class Pretraining:
    """What an encoder learns of cells before it learns labels: figures that take none.

    Attributes:
        schedule: How it learns them.
        teacher: How a hypernetwork makes the figures of random cells; None where they are the
            public proxies of the benchmark's.
        seed: Of that hypernetwork, one for all training sets.
    """

    schedule: ProxySchedule = field(default_factory=ProxySchedule)
    teacher: TeacherSettings | None = None
    seed: int = 0

    def figures(
        self, benchmark: Benchmark, recipe: Recipe, *, progress: bool
    ) -> tuple[CellSequences, pd.DataFrame]:
        """Return architectures as the recipe reads them, and their figures, a row each."""
        if self.teacher is None:
            return sequences_of(recipe, benchmark), benchmark.proxies.dropna(axis=1)
        network = network_of(benchmark)
        made = generated_networks(
            network, load_auxiliary(network), self.teacher, self.seed, progress=progress
        )
        parse = NETWORKS[network].architecture.from_string
        options = {"reduction": recipe.reduction, "prune": recipe.prune_dead}
        cells = [parse(arch) for arch in made.pop("arch")]
        return read_sequences(network, cells, **options), made


@lru_cache(maxsize=4)
def pretrain(
    pretraining: Pretraining,
    benchmark: Benchmark,
    recipe: Recipe,
    seeds: tuple[int, ...],
    progress: bool,
) -> tuple[PredictorNetwork, float]:
    """Pretrain an encoder a seed, once for all numbers of labels; and the seconds."""
    began = time.perf_counter()
    sequences, figures = pretraining.figures(benchmark, recipe, progress=progress)
    network = learn_proxies(
        sequences, figures, recipe.encoder, pretraining.schedule, seeds, progress=progress
    )
    return network, time.perf_counter() - began
