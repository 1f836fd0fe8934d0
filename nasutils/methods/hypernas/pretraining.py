"""What an encoder learns before any label: zero-cost proxies, or what generated networks can do.

HyperNAS has a hypernetwork teach the encoder what networks do, which takes images and hours. The
proxies of cells that nobody has trained are another teacher, and a cheap one: the encoder learns to
predict them all, then a few labels tune it. The task is ours, not the paper's; the closest work is
Akhauri & Abdelfattah, "Encodings for Prediction-based Neural Architecture Search", ICML 2024,
https://arxiv.org/abs/2403.02484, which gives proxies to a predictor as its input.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
import torch
from tqdm import tqdm

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.errors import DataError, NasutilsError
from nasutils.methods.common.benchmark_sequences import (
    benchmark_sequences,
    network_of,
    read_sequences,
)
from nasutils.methods.common.cell_sequences import NETWORKS, CellSequences
from nasutils.methods.common.label_scales import LABEL_SCALES
from nasutils.methods.hypernas.auxiliary import load_auxiliary
from nasutils.methods.hypernas.encoder import EncoderSettings, PredictorNetwork
from nasutils.methods.hypernas.graphs import graphs_of, take_all
from nasutils.methods.hypernas.predictor import Recipe, cosine
from nasutils.methods.hypernas.teacher import TeacherSettings, generated_networks
from nasutils.settings import Count, check_ranges
from nasutils.threads import deterministic_cpu


def sequences_of(recipe: Recipe, benchmark: Benchmark) -> CellSequences:
    """Return all M architectures of a benchmark as a predictor of a recipe reads them."""
    return benchmark_sequences(benchmark, recipe.reduction, prune=recipe.prune_dead)


@dataclass(frozen=True)
class Pretraining:
    """What an encoder learns of cells before it learns labels: figures that take none."""

    #: how a hypernetwork makes the figures of random cells; None where they are the public proxies
    #: of the benchmark's
    teacher: TeacherSettings | None = None
    seed: int = 0  #: of that hypernetwork, one for all training sets
    steps: Count = 3000  #: batches from which the figures are learnt

    def __post_init__(self) -> None:
        check_ranges(self)

    def figures(
        self, benchmark: Benchmark, recipe: Recipe, *, progress: bool
    ) -> tuple[CellSequences, pd.DataFrame]:
        """Return architectures as the recipe reads them, and their figures, a row each."""
        if self.teacher is None:
            return sequences_of(recipe, benchmark), benchmark.proxies.dropna(axis=1)
        network = network_of(benchmark)
        task = network, load_auxiliary(network), self.teacher, self.seed
        made = generated_networks(*task, progress=progress)
        cells = map(NETWORKS[network].architecture.from_string, made.pop("arch"))
        options = {"reduction": recipe.reduction, "prune": recipe.prune_dead}
        return read_sequences(network, list(cells), **options), made


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
    task = *pretraining.figures(benchmark, recipe, progress=progress), recipe.encoder
    network = learn_proxies(*task, seeds, steps=pretraining.steps, progress=progress)
    return network, time.perf_counter() - began


def learn_proxies(
    sequences: CellSequences,
    proxies: pd.DataFrame,
    encoder: EncoderSettings,
    seeds: Sequence[int],
    *,
    steps: int = 3000,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    progress: bool = False,
) -> PredictorNetwork:
    """Train R networks side by side to predict the proxies of M architectures.

    Every proxy, a column, is learnt as normal scores: its ranks, mapped to the quantiles of a
    normal distribution, so that scores without bounds do no harm. Adam takes steps on the squared
    errors of random batches, at a rate that follows a cosine to zero; a replica draws its weights
    and batches from its seed.

    Raises:
        NasutilsError: If the numbers of rows differ, or there is no step or an empty batch.
        DataError: If there is no proxy, or one is missing somewhere or the same everywhere.
    """
    if steps < 1 or batch_size < 1:
        raise NasutilsError(f"{steps} steps of batches of {batch_size}: no step.")
    targets = _normal_scores(sequences, proxies)
    graphs = graphs_of(sequences, encoder.normalisation)
    draws = [torch.Generator().manual_seed(seed) for seed in seeds]
    size, shape = len(sequences), (batch_size,)
    task = len(sequences.vocabulary), sequences.order, encoder, seeds
    with deterministic_cpu():
        network = PredictorNetwork(*task, outputs=targets.shape[1])
        optimiser = torch.optim.Adam(network.parameters(), fused=True)
        for step in tqdm(range(steps), "proxies", unit="step", disable=not progress):
            optimiser.param_groups[0]["lr"] = cosine(learning_rate, step / steps)
            rows = torch.stack([torch.randint(size, shape, generator=draw) for draw in draws])
            # Not the whole network, which drops the last dimension where there is one proxy.
            predicted = network.regressor(network.encoder(take_all(graphs, rows)))
            errors = predicted - targets[rows]  # (R, B, proxies)
            optimiser.zero_grad(set_to_none=True)
            errors.square().mean((1, 2)).sum().backward()  # no weight is shared
            optimiser.step()
    return network.eval().requires_grad_(False)


def _normal_scores(sequences: CellSequences, proxies: pd.DataFrame) -> torch.Tensor:
    """Check the proxies and return their normal scores, float32 of shape (M, proxies)."""
    if len(proxies) != len(sequences):
        raise NasutilsError(f"{len(sequences)} architectures, but proxies of {len(proxies)}.")
    if proxies.empty:
        raise DataError("there is no proxy to learn.")
    if len(missing := proxies.columns[proxies.isna().any()]):
        raise DataError(f"proxies are missing (NaN) in {', '.join(map(str, missing))}")
    if len(constant := proxies.columns[proxies.nunique() < 2]):
        raise DataError(f"{', '.join(map(str, constant))} has one value: nothing to learn")
    return LABEL_SCALES["normal_score"](torch.tensor(proxies.to_numpy(float).T)).T.contiguous()
