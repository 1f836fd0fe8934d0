"""Training predictor and hypernetwork together: HyperNAS, and each of the two alone.

Source: Lv et al., "HyperNAS", Sections 3.4 and 3.5, Appendix A. One network at a time: the cost is
that of running the target networks, which have nothing to share between seeds.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from nasutils.errors import NasutilsError, UnknownNameError, lookup
from nasutils.methods.common.cell_sequences import CellSequences
from nasutils.methods.common.label_scales import LABEL_SCALES, checked_labels
from nasutils.methods.common.target_networks import Target
from nasutils.methods.hypernas.encoder import GHNEncoder, PredictorNetwork
from nasutils.methods.hypernas.graphs import graphs_of, take_all
from nasutils.methods.hypernas.hypernetwork import Hypernetwork, HypernetworkSettings
from nasutils.methods.hypernas.loss import AdaptiveLoss
from nasutils.methods.hypernas.predictor import Predictor, Recipe, predictor_of
from nasutils.settings import Count, Range, check_ranges
from nasutils.threads import deterministic_cpu

#: What is trained: both tasks, the hypernetwork alone, or that behind the encoder of GHN.
VARIANTS = ("hypernas", "hypernas_h", "ghn")

#: How a generated network is evaluated: percent, and nats.
EVALUATION = ["accuracy", "cross_entropy"]

#: Of the target networks' convolutions; weights, losses and the encoder are float32 in either.
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class JointRecipe:
    """How to train with a hypernetwork (Appendix A).

    Raises:
        UnknownNameError: If there is no such variant or precision.
        NasutilsError: If a number is outside its range.
    """

    #: encoder, regressor and schedule; its labels are the targets of the prediction
    predictor: Recipe = field(default_factory=Recipe)
    #: sizes of the hypernetwork
    hypernetwork: HypernetworkSettings = field(default_factory=HypernetworkSettings)
    variant: str = "hypernas"  #: one of ``VARIANTS``
    q: Annotated[float, Range(1, open_high=True)] = 1.5  #: Preference coefficient of Eq. 11.
    images: Count = 128  #: images a target network sees at once
    #: Target networks a step: as many of its architectures, a random part, are run; all where None,
    #: as in the paper. The prediction sees all of them in any case.
    networks: Count | None = None
    precision: str = "float32"  #: in which target networks compute, one of ``PRECISIONS``

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.variant not in VARIANTS:
            raise UnknownNameError("variant of HyperNAS", self.variant, VARIANTS)
        lookup("precision", self.precision, PRECISIONS)


@dataclass(frozen=True, slots=True)
class HyperNAS:
    """A trained encoder with hypernetwork and, in HyperNAS itself, predictor."""

    predictor: Predictor | None  #: predicts accuracies; None where the prediction was not trained
    encoder: nn.Module  #: shared by both, or alone
    hypernetwork: Hypernetwork  #: makes the weights of target networks
    normalisation: str  #: of the adjacency that the encoder reads
    #: mean loss of each task and epoch: squared error of the prediction (NaN where not trained),
    #: cross-entropy of the target networks in nats; shape (2, epochs)
    losses: np.ndarray
    weights: np.ndarray  #: the u of the tasks after training; empty where one task needs none

    @torch.no_grad()
    def evaluate(
        self,
        sequences: CellSequences,
        targets: Sequence[Target],
        images: "Images",
        *,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Let B networks classify images under generated weights, on the images' device.

        Batch norm takes the statistics of these images. A row a network: its ``accuracy`` in
        percent and its ``cross_entropy`` in nats.
        """
        device, found = images.labels.device, []
        batch = images.images.to(memory_format=torch.channels_last)
        encoder, hypernetwork = (
            copy.deepcopy(part).to(device) for part in (self.encoder, self.hypernetwork)
        )
        # One by one: the weights of many would fill the memory.
        for row, target in enumerate(tqdm(targets, "generated networks", disable=not progress)):
            cells = graphs_of(sequences[row : row + 1], self.normalisation, device)
            features = [vertices[0] for vertices, _ in encoder.walk(cells)]
            (weights,) = hypernetwork(features, [target.places])
            logits = target(weights, batch)
            hits = (logits.argmax(1) == images.labels).float().mean().item()
            found.append((100 * hits, F.cross_entropy(logits, images.labels).item()))
        return pd.DataFrame(found, columns=EVALUATION)


@dataclass(frozen=True, slots=True)
class Images:
    """The auxiliary data of the hypernetwork: images (M, C, H, W) and their classes, (M,)."""

    images: Tensor
    labels: Tensor

    def __getitem__(self, rows: slice) -> "Images":
        """Return some of the images."""
        return Images(self.images[rows], self.labels[rows])

    def draw(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return a random batch, without repetition."""
        rows = torch.randperm(len(self.labels), generator=generator)[:size].to(self.labels.device)
        batch = self.images[rows].to(memory_format=torch.channels_last)
        return batch, self.labels[rows]


def fit_jointly(
    sequences: CellSequences,
    accuracy: ArrayLike | None,
    target_of: Callable[[int], Target],
    images: Images,
    recipe: JointRecipe,
    seed: int,
    *,
    progress: bool = False,
) -> HyperNAS:
    """Train encoder, regressor and hypernetwork on labelled architectures and images.

    As in the paper each architecture meets one batch of images, and gradients are averaged over
    the architectures of a step. The device is that of the images. There they lie channels-last,
    which halves the time of small convolutions.

    Args:
        sequences: The n training architectures.
        accuracy: Their labels, (n,); None for a variant that predicts nothing.
        target_of: From the number of an architecture to its target network.
        images: The auxiliary data.
        recipe: Variant, sizes and schedule.
        seed: Of all weights, batches and images.
        progress: Whether to draw a bar.

    Raises:
        NasutilsError: If labels are missing or unfit, as in ``predictor.fit``, a target is of
            another space than the sequences, or there are too few images for a batch.
    """
    scaled = _scaled(len(sequences), accuracy, recipe, seed)
    if recipe.images > len(images.labels):
        raise NasutilsError(f"{len(images.labels)} images do not fill a batch of {recipe.images}.")
    targets = [target_of(row) for row in range(len(sequences))]
    for target in targets:
        target.check(sequences)
    with deterministic_cpu(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _Model(sequences, targets[0], recipe, seed).to(images.labels.device)
        losses = _train(model, sequences, scaled, targets, images, seed, progress)
    return model.finished(sequences, losses)


def _scaled(count: int, accuracy: ArrayLike | None, recipe: JointRecipe, seed: int) -> Tensor:
    """Check the labels and return the targets of the prediction, (n,); zeros without any."""
    if accuracy is None:
        if recipe.variant == "hypernas":
            raise NasutilsError("labels are missing: the variant hypernas learns to predict them.")
        return torch.zeros(count)
    labels, _ = checked_labels(count, accuracy, [range(count)], [seed])
    return LABEL_SCALES[recipe.predictor.labels](labels)[0]


class _Model(nn.Module):
    """All that is trained, under one optimiser."""

    def __init__(
        self, sequences: CellSequences, target: Target, recipe: JointRecipe, seed: int
    ) -> None:
        super().__init__()
        self.recipe = recipe
        settings = recipe.predictor.encoder
        self.normalisation = settings.normalisation
        vocabulary, order = len(sequences.vocabulary), sequences.order
        self.network = self.adaptive = None
        if recipe.variant == "ghn":
            self.encoder: nn.Module = GHNEncoder(vocabulary, order, hidden=settings.hidden)
            self.normalisation = "raw"
        else:
            network = PredictorNetwork(vocabulary, order, settings, [seed])
            self.encoder = network.encoder
            if recipe.variant == "hypernas":
                self.network, self.adaptive = network, AdaptiveLoss(2, recipe.q)
        self.hypernetwork = Hypernetwork(settings.hidden, target.shared, recipe.hypernetwork)

    def losses(
        self,
        cells: list,
        scaled: Tensor,
        targets: Sequence[Target],
        batches: Sequence[tuple[Tensor, Tensor]],
    ) -> tuple[Tensor, Tensor]:
        """Return squared errors, (B,), and cross-entropies of the targets of the first T, (T,)."""
        walk = list(self.encoder.walk(cells))
        vertices = [features[0] for features, _ in walk]
        networks = self.hypernetwork(vertices, [target.places for target in targets])
        device, precision = scaled.device, PRECISIONS[self.recipe.precision]
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            entropies = [
                F.cross_entropy(target(weights, x).float(), y)
                for target, weights, (x, y) in zip(targets, networks, batches, strict=True)
            ]
        if self.network is None:
            errors = torch.full_like(scaled, torch.nan)
        else:
            h = sum(z for _, z in walk) / len(walk)
            errors = (self.network.regressor(h)[0, :, 0] - scaled).square()
        return errors, torch.stack(entropies)

    def total(self, errors: Tensor, entropies: Tensor) -> Tensor:
        """Combine the losses by Eq. 11, or take the one that there is."""
        return self.adaptive([errors, entropies]) if self.adaptive else entropies.mean()

    def finished(self, sequences: CellSequences, losses: np.ndarray) -> HyperNAS:
        """Freeze everything and hand it out, on the CPU."""
        self.cpu().eval().requires_grad_(False)
        parts = self.recipe.predictor, sequences, losses[:1]
        predictor = self.network and predictor_of(self.network, *parts)
        u = self.adaptive.u.numpy() if self.adaptive else np.array([])
        return HyperNAS(predictor, self.encoder, self.hypernetwork, self.normalisation, losses, u)


def _train(
    model: _Model,
    sequences: CellSequences,
    scaled: Tensor,
    targets: Sequence[Target],
    images: Images,
    seed: int,
    progress: bool,
) -> np.ndarray:
    recipe, networks = model.recipe.predictor, model.recipe.networks
    device = images.labels.device
    graphs, scaled = graphs_of(sequences, model.normalisation, device), scaled.to(device)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), weight_decay=recipe.weight_decay, fused=True)
    losses = torch.zeros(2, recipe.epochs, device=device)
    for epoch in tqdm(range(recipe.epochs), desc="HyperNAS", unit="epoch", disable=not progress):
        optimiser.param_groups[0]["lr"] = recipe.rate(epoch / recipe.epochs)
        steps = torch.randperm(len(sequences), generator=generator).split(recipe.batch_size)
        for rows in steps:
            batches = [images.draw(model.recipe.images, generator) for _ in rows[:networks]]
            cells = take_all(graphs, rows[None])
            chosen = [targets[row] for row in rows[:networks]]
            found = model.losses(cells, scaled[rows.to(device)], chosen, batches)
            optimiser.zero_grad(set_to_none=True)
            model.total(*found).backward()
            optimiser.step()
            shares = len(rows) / len(sequences), 1 / len(steps)
            for task, (loss, share) in enumerate(zip(found, shares, strict=True)):
                losses[task, epoch] += loss.detach().mean() * share
    return losses.cpu().numpy()
