"""Training predictors, and predicting by them: NP, HyperNAS-P and whatever lies between.

Protocol: labels are validation accuracies; each replica has its own training cells, whose labels
alone set its scale.

Sources: Lv et al., "HyperNAS", Section 4.1 and Appendix A; Wen et al., "Neural Predictor for Neural
Architecture Search", ECCV 2020, https://arxiv.org/abs/1912.00848.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from nasutils.errors import DataError, UnknownNameError, lookup
from nasutils.methods.common.cell_sequences import REDUCTIONS, CellSequences
from nasutils.methods.common.label_scales import LABEL_SCALES, checked_labels
from nasutils.methods.hypernas.encoder import NP, EncoderSettings, PredictorNetwork
from nasutils.methods.hypernas.graphs import graphs_of, take_all
from nasutils.settings import Count, NonNegative, check_ranges
from nasutils.threads import deterministic_cpu


def pairwise_loss(predicted: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(p_i - p_j) over pairs with y_i > y_j, of each replica.

    Source: Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009;
    the ranking loss of CAP.
    """
    margins = predicted[:, :, None] - predicted[:, None]  # (R, B, B)
    better = (targets[:, :, None] > targets[:, None]).float()
    losses = -F.logsigmoid(margins) * better
    return losses.sum((1, 2)) / better.sum((1, 2)).clamp(min=1)


#: Name -> from predictions and targets, both (R, B), to the losses, (R,).
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared": lambda predicted, targets: (predicted - targets).square().mean(1),
    "pairwise": pairwise_loss,
}


def cosine(rate: float, progress: float) -> float:
    """Return a rate that falls to zero along a cosine, after a share of the training."""
    return rate * (1 + np.cos(np.pi * progress)) / 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build and train a predictor; the defaults are HyperNAS-P (Appendix A).

    The paper takes one architecture a step and accumulates gradients over 10 steps: batches of 10.

    Raises:
        UnknownNameError: If there is no such scale, loss or reduction.
        NasutilsError: If there is no epoch or an empty batch.
    """

    #: sizes and variants of the network
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    epochs: Count = 200  #: passes over the training cells
    batch_size: Count = 10  #: architectures a step
    learning_rate: NonNegative = 1e-3  #: of Adam
    #: the encoder's learning rate, as a share of the regressor's
    encoder_rate: NonNegative = 1.0
    weight_decay: NonNegative = 0.0  #: L2 penalty in Adam's gradient
    #: whether the learning rate follows a cosine to zero, as NP's; else it is halved after one half
    #: and after three quarters of the epochs
    cosine: bool = False
    labels: str = "z_score"  #: one of ``label_scales.LABEL_SCALES``
    loss: str = "squared"  #: one of ``LOSSES``
    #: how the sequences that it reads show fixed reductions, one of ``cell_sequences.REDUCTIONS``
    reduction: str = "block"
    prune_dead: bool = False  #: whether it reads them without the vertices that lie on no path

    def __post_init__(self) -> None:
        check_ranges(self)
        lookup("label scale", self.labels, LABEL_SCALES)
        lookup("loss", self.loss, LOSSES)
        if self.reduction not in REDUCTIONS:
            raise UnknownNameError("reduction", self.reduction, REDUCTIONS)

    def rate(self, progress: float) -> float:
        """Return the learning rate after a share of the training, from 0 to 1."""
        if self.cosine:
            return cosine(self.learning_rate, progress)
        return self.learning_rate * 0.5 ** ((progress >= 0.5) + (progress >= 0.75))


#: Name -> recipe. ``np`` is the baseline's and reads nothing but the searched cell, ``hypernas_p``
#: the paper's. ``tuned`` is ours; ``selection.cross_validate`` among training labels chose it, and
#: its chapter shows the candidates. Cells are read for themselves, because no context helped.
RECIPES: dict[str, Recipe] = {
    "np": Recipe(
        NP, epochs=300, learning_rate=1e-4, weight_decay=1e-3, cosine=True, reduction="none"
    ),
    "hypernas_p": Recipe(),
    "tuned": Recipe(
        EncoderSettings(context="none", gain=2.0),
        epochs=100,
        weight_decay=1e-3,
        labels="normal_score",
        reduction="none",
        prune_dead=True,
    ),
}


# So many that what a layer makes of them stays in the processor's cache.
_CELLS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Predictor:
    """R trained predictors of one space."""

    network: PredictorNetwork  #: frozen and in evaluation mode
    recipe: Recipe  #: what it was built and trained by
    order: tuple[int, ...]  #: of the sequences that it reads
    vocabulary: tuple[str, ...]  #: of the sequences that it reads
    vertices: tuple[int, ...]  #: of each of their distinct cells
    losses: np.ndarray  #: mean training loss of each epoch, (R, epochs)

    def predict(self, sequences: CellSequences, *, threads: int = 2) -> np.ndarray:
        """Predict accuracies on the scale of the training targets, of every replica: (R, B).

        Replicas of the same training cells are an ensemble: their mean ranks better than one.
        So many ``threads`` encode a part of the B sequences at a time.

        Raises:
            DataError: If the sequences are not of the kind that the predictor was trained on.
        """
        return self._over_parts(sequences, self.network, threads)

    def features(self, sequences: CellSequences, *, threads: int = 2) -> np.ndarray:
        """Return the global features h that predictions are made of (Eq. 5), (R, B, d).

        Arguments and errors are those of ``predict``.
        """
        return self._over_parts(sequences, self.network.encoder, threads)

    def member(self, replica: int) -> "Predictor":
        """Return one of the R predictors alone; IndexError if there is no such one."""
        if not 0 <= replica < len(self.losses):
            raise IndexError(f"predictors are numbered 0 to {len(self.losses) - 1}, not {replica}.")
        alone, network = slice(replica, replica + 1), copy.deepcopy(self.network)
        for parameter in network.parameters():  # all of them have the replicas in front
            parameter.data = parameter.data[alone]
        return replace(self, network=network, losses=self.losses[alone])

    def _over_parts(self, sequences: CellSequences, module: nn.Module, threads: int) -> np.ndarray:
        self._check(sequences)
        step = max(1, _CELLS_AT_ONCE // len(self.losses))
        parts = [sequences[start : start + step] for start in range(0, len(sequences), step)]
        # Small matrices: two parts beside each other gain more than two threads in one product.
        with deterministic_cpu(), ThreadPoolExecutor(threads) as pool:
            made = pool.map(partial(self._of_part, module), parts)
            return np.concatenate(list(made), axis=1)

    @torch.inference_mode()
    def _of_part(self, module: nn.Module, sequences: CellSequences) -> np.ndarray:
        rows = torch.arange(len(sequences)).expand(len(self.losses), -1)
        graphs = graphs_of(sequences, self.recipe.encoder.normalisation)
        return module(take_all(graphs, rows)).numpy()

    def _check(self, sequences: CellSequences) -> None:
        if not len(sequences):
            raise DataError("there is no architecture to predict.")
        if (sequences.order, sequences.vocabulary) != (self.order, self.vocabulary):
            raise DataError(
                f"the predictor reads {len(self.order)} cells with the operations "
                f"{', '.join(self.vocabulary)}; these sequences have {len(sequences.order)} with "
                f"{', '.join(sequences.vocabulary)}"
            )
        vertices = _vertices(sequences)
        if any(got > built for got, built in zip(vertices, self.vertices, strict=True)):
            raise DataError(
                f"the predictor was built for cells of {self.vertices} vertices, not {vertices}"
            )


def fit(
    sequences: CellSequences,
    accuracy: ArrayLike,
    rows: ArrayLike,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    start: PredictorNetwork | None = None,
    progress: bool = False,
) -> Predictor:
    """Train R predictors side by side, each on its own n cells.

    A replica draws its weights, batches and dropout from its own seed: but for rounding it learns
    what it would have learnt alone.

    Args:
        sequences: M architectures.
        accuracy: Their labels, (M,); only those of ``rows`` are read.
        rows: The training cells of each replica, positions of shape (R, n).
        recipe: One of ``RECIPES``, or another.
        seeds: One a replica.
        start: A network of R replicas that has learnt other figures, ``pretraining.learn_proxies``:
            all but its last layer are where training starts.
        progress: Whether to draw a bar.

    Raises:
        NasutilsError: If the shapes do not fit together, a replica has fewer than two cells, a row
            does not exist, or labels are not finite or all alike.
    """
    labels, rows = checked_labels(len(sequences), accuracy, rows, seeds)
    targets = LABEL_SCALES[recipe.labels](labels)  # (R, n)
    vocabulary = len(sequences.vocabulary)
    with deterministic_cpu():
        network = PredictorNetwork(vocabulary, sequences.order, recipe.encoder, seeds)
        if start:
            network.encoder.load_state_dict(start.encoder.state_dict())
            network.regressor[0].load_state_dict(start.regressor[0].state_dict())
        losses = _train(network, sequences, rows, targets, recipe, seeds, progress)
    return predictor_of(network, recipe, sequences, losses.numpy())


def predictor_of(
    network: PredictorNetwork, recipe: Recipe, sequences: CellSequences, losses: np.ndarray
) -> Predictor:
    """Freeze a trained network as the predictor of sequences like those that it was trained on."""
    network.eval().requires_grad_(False)
    return Predictor(
        network, recipe, sequences.order, sequences.vocabulary, _vertices(sequences), losses
    )


def _train(
    network: PredictorNetwork,
    sequences: CellSequences,
    rows: Tensor,
    targets: Tensor,
    recipe: Recipe,
    seeds: Sequence[int],
    progress: bool,
) -> Tensor:
    used, rows = rows.unique(return_inverse=True)
    graphs = graphs_of(sequences[used], recipe.encoder.normalisation)
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    loss_of = LOSSES[recipe.loss]
    optimiser = torch.optim.Adam(
        [{"params": part.parameters()} for part in (network.encoder, network.regressor)],
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    losses = torch.zeros(rows.shape[0], recipe.epochs)
    for epoch in tqdm(range(recipe.epochs), desc="predictor", unit="epoch", disable=not progress):
        order = torch.stack([torch.randperm(rows.shape[1], generator=g) for g in orders])  # (R, n)
        rate = recipe.rate(epoch / recipe.epochs)
        for group, share in zip(optimiser.param_groups, (recipe.encoder_rate, 1.0), strict=True):
            group["lr"] = share * rate
        for batch in order.split(recipe.batch_size, dim=1):
            predicted = network(take_all(graphs, rows.gather(1, batch)))
            loss = loss_of(predicted, targets.gather(1, batch))  # (R,)
            optimiser.zero_grad(set_to_none=True)
            loss.sum().backward()  # no weight is shared
            optimiser.step()
            losses[:, epoch] += loss.detach() * batch.shape[1] / rows.shape[1]
    return losses


def _vertices(sequences: CellSequences) -> tuple[int, ...]:
    return tuple(cell.labels.shape[1] for cell in sequences.cells)
