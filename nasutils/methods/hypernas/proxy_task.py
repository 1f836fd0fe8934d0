"""Zero-cost proxies as the auxiliary task: what an encoder may learn of cells before any label.

HyperNAS has a hypernetwork teach the encoder what networks do, which takes images and hours. The
proxies of cells that nobody has trained are another teacher, and a cheap one: the encoder learns to
predict them all, then a few labels tune it. The task is ours, not the paper's; the closest work is
Akhauri & Abdelfattah, "Encodings for Prediction-based Neural Architecture Search", ICML 2024,
https://arxiv.org/abs/2403.02484, which gives proxies to a predictor as its input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from tqdm import tqdm

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.common.cell_sequences import CellSequences
from nasutils.methods.common.label_scales import LABEL_SCALES
from nasutils.methods.hypernas.encoder import EncoderSettings, PredictorNetwork
from nasutils.methods.hypernas.graphs import graphs_of, take_all
from nasutils.methods.hypernas.predictor import cosine
from nasutils.threads import deterministic_cpu


@dataclass(frozen=True, slots=True)
class ProxySchedule:
    """How to learn the proxies, with Adam on squared errors.

    Attributes:
        steps: Batches.
        batch_size: Architectures a step, drawn at random.
        learning_rate: At the first step; it follows a cosine to zero.

    Raises:
        NasutilsError: If there is no step or an empty batch.
    """

    steps: int = 3000
    batch_size: int = 64
    learning_rate: float = 2e-3

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1:
            raise NasutilsError(f"{self.steps} steps of batches of {self.batch_size}: no step.")


def learn_proxies(
    sequences: CellSequences,
    proxies: pd.DataFrame,
    encoder: EncoderSettings,
    schedule: ProxySchedule,
    seeds: Sequence[int],
    *,
    progress: bool = False,
) -> PredictorNetwork:
    """Train R networks side by side to predict the proxies of architectures.

    Every proxy is learnt as normal scores: its ranks, mapped to the quantiles of a normal
    distribution, so that scores without bounds do no harm.

    Args:
        sequences: M architectures.
        proxies: A row an architecture, a column a proxy; infinite values rank as the largest and
            the smallest.
        encoder: Sizes and variants of the network.
        schedule: How to train.
        seeds: One a replica, of its weights and batches.
        progress: Whether to draw a bar.

    Raises:
        NasutilsError: If the numbers of rows differ.
        DataError: If there is no proxy, or one is missing somewhere or the same everywhere.
    """
    targets = _normal_scores(sequences, proxies)
    graphs = graphs_of(sequences, encoder.normalisation)
    batches = [torch.Generator().manual_seed(seed) for seed in seeds]
    shape = (schedule.batch_size,)
    with deterministic_cpu():
        network = PredictorNetwork(
            len(sequences.vocabulary), sequences.order, encoder, seeds, outputs=targets.shape[1]
        )
        optimiser = torch.optim.Adam(network.parameters(), fused=True)
        for step in tqdm(range(schedule.steps), "proxies", unit="step", disable=not progress):
            optimiser.param_groups[0]["lr"] = cosine(schedule.learning_rate, step / schedule.steps)
            rows = torch.stack([torch.randint(len(sequences), shape, generator=g) for g in batches])
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
