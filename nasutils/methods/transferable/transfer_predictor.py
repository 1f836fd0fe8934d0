"""A predictor of accuracy that is carried from source benchmarks to a target.

A head on an encoder is trained on the labels of sources, and fine-tuned on few of the target.
Sources: Han et al., "A General-Purpose Transferable Predictor for NAS", Sections 5.1 and 7.3;
epochs, batch size and learning rate are those that Mills et al. state in "GENNAPE", AAAI 2023,
https://arxiv.org/abs/2211.17226. Labels are scaled within each family, as accuracies of different
spaces are not comparable.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.errors import lookup
from nasutils.methods.common.architecture_graphs import Labelled
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.label_scales import LABEL_SCALES, scaled_labels
from nasutils.methods.transferable.encoder import (
    CLEncoder,
    Encoder,
    GNNEncoder,
    mlp,
    regression_head,
)
from nasutils.methods.transferable.pretraining import ContrastiveRecipe, pretrained
from nasutils.settings import Count, Positive, check_ranges
from nasutils.threads import deterministic_cpu

_REMEMBERED = 64  # sets of graphs whose embeddings a frozen encoder keeps

#: From N graphs to their embeddings, (N, m).
Embed = Callable[[GraphSet], np.ndarray]
_CHUNK_NODES = 65_536


@dataclass(frozen=True, slots=True)
class FitRecipe:
    """How to train on labels, with Adam on squared errors.

    Raises:
        UnknownNameError: If there is no such scale.
    """

    epochs: Count = 40  #: passes over all labels
    batch_size: Count = 32  #: graphs a step
    learning_rate: Positive = 1e-4  #: of Adam
    labels: str = "z_score"  #: how the labels of each family are scaled, one of ``LABEL_SCALES``

    def __post_init__(self) -> None:
        check_ranges(self)
        lookup("scale of the labels", self.labels, LABEL_SCALES)


#: On the sources, and on the few labels of the target.
FIT_RECIPES = {"source": FitRecipe(), "fine_tune": FitRecipe(epochs=100)}


class GraphPredictor(nn.Module):
    """An encoder, from a batch to embeddings (B, m), with a head from these to (B, 1).

    The head is the paper's MLP of 5 layers if left out.
    """

    def __init__(self, encoder: Encoder, head: nn.Module | None = None) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head or regression_head(encoder.embedding)

    def predict(self, graphs: GraphSet) -> np.ndarray:
        """Predict accuracies, on the scale of z-scores; float32 of shape (N,)."""
        return predict_from(self.head, embed(self.encoder, graphs))


def gnn_baseline(layers: int = 6, hidden: int = 32, activation: str = "tanh") -> GraphPredictor:
    """Return the GNN baseline, with its MLP of 4 hidden layers (Section 7.3), untrained.

    Message passing has so many layers, all layers are so wide; arguments as of ``GNNEncoder``.
    """
    return GraphPredictor(GNNEncoder(layers, hidden, activation), mlp(hidden, hidden, 1, 5))


@torch.no_grad()
def embed(encoder: Encoder, graphs: GraphSet, *, chunk_nodes: int = _CHUNK_NODES) -> np.ndarray:
    """Return the embeddings of many graphs, float32 of shape (N, m), on the encoder's device.

    The encoder is put into evaluation mode. So many padded nodes are encoded at once.
    """
    encoder.eval()
    device = _device(encoder)
    found = np.empty((len(graphs), encoder.embedding), dtype=np.float32)
    with deterministic_cpu():
        for part in graphs.split(np.arange(len(graphs)), chunk_nodes):
            found[part] = encoder(graphs.batch(part).to(device)).cpu().numpy()
    return found


@torch.no_grad()
def predict_from(head: nn.Module, embeddings: np.ndarray) -> np.ndarray:
    """Predict from embeddings (N, m): float32 of shape (N,)."""
    with deterministic_cpu():
        return head(torch.from_numpy(embeddings).to(_device(head)))[:, 0].cpu().numpy()


def _device(module: nn.Module) -> torch.device:
    return next(module.parameters()).device


def fit_head(
    head: nn.Module,
    sources: Sequence[tuple[np.ndarray, ArrayLike]],
    recipe: FitRecipe,
    *,
    seed: int,
) -> tuple[nn.Module, np.ndarray]:
    """Train a copy of a head, (B, m) to (B, 1), on frozen embeddings; its weights are the start.

    ``sources`` are of each family the embeddings, (n, m), and labels, (n,); the seed is that of
    their order.

    Returns:
        The trained copy and the mean loss of each epoch, (epochs,).

    Raises:
        NasutilsError: If labels do not fit, are not finite or all alike.
    """
    targets = scaled_labels(sources, recipe.labels)
    head = copy.deepcopy(head)
    x = torch.from_numpy(np.concatenate([x for x, _ in sources])).to(_device(head))

    def forward(rows: Tensor) -> Tensor:
        return head(x[rows.to(x.device)])[:, 0]

    return head, _descend(head, forward, targets, recipe, seed)


def fit(
    predictor: GraphPredictor,
    sources: Sequence[tuple[GraphSet, ArrayLike]],
    recipe: FitRecipe,
    *,
    seed: int,
) -> tuple[GraphPredictor, np.ndarray]:
    """Train a copy of a whole predictor, encoder included, on the device of its weights.

    As ``fit_head``; ``sources`` are the graphs and labels of each family, and the seed is that of
    the eigenvectors' signs, too. The copy is in evaluation mode.
    """
    targets = scaled_labels(sources, recipe.labels)
    predictor = copy.deepcopy(predictor)
    graphs = GraphSet.concatenate([graphs for graphs, _ in sources])
    signs = torch.Generator().manual_seed(seed)

    def forward(rows: Tensor) -> Tensor:
        batch = graphs.batch(rows.numpy()).with_random_signs(signs).to(_device(predictor))
        return predictor.head(predictor.encoder(batch))[:, 0]

    return predictor, _descend(predictor, forward, targets, recipe, seed)


def _descend(
    module: nn.Module,
    forward: Callable[[Tensor], Tensor],
    targets: Tensor,
    recipe: FitRecipe,
    seed: int,
) -> np.ndarray:
    """Train a module in place, by ``forward`` from rows, (B,), to predictions; losses by epoch."""
    order, targets = torch.Generator().manual_seed(seed), targets.to(_device(module))
    optimiser = torch.optim.Adam(module.parameters(), lr=recipe.learning_rate)
    losses = torch.zeros(recipe.epochs, device=targets.device)
    module.train().requires_grad_(True)
    with deterministic_cpu():
        for epoch in range(recipe.epochs):
            batches = torch.randperm(len(targets), generator=order).split(recipe.batch_size)
            for rows in batches:
                loss = F.mse_loss(forward(rows), targets[rows.to(targets.device)])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                losses[epoch] += loss.detach() * len(rows) / len(targets)
    module.eval().requires_grad_(False)
    return losses.cpu().numpy()


@dataclass(frozen=True, slots=True)
class TransferRecipe:
    """How a transfer predictor is made."""

    #: how the encoder is pre-trained; its weights stay as drawn where None
    contrastive: ContrastiveRecipe | None = None
    #: layers, width and activation of the baseline, in the place of the contrastive encoder
    gnn: tuple[int, int, str] | None = None
    whole: bool = False  #: whether labels train the encoder, too; the paper's trains the head alone
    source: FitRecipe = FIT_RECIPES["source"]  #: how it learns the sources' labels
    fine_tune: FitRecipe = FIT_RECIPES["fine_tune"]  #: how it learns the target's
    members: Count = 1  #: predictors, from different weights, whose predictions are averaged
    #: another recipe, whose predictions are averaged with this one's
    beside: "TransferRecipe | None" = None

    def __post_init__(self) -> None:
        check_ranges(self)


def frozen(encoder: Encoder) -> Embed:
    """Return what embeds each set of graphs once, by weights that do not change any more."""
    # A set is equal to itself alone, and the cache keeps it alive: no other takes its place.
    return lru_cache(maxsize=_REMEMBERED)(partial(embed, encoder))


@dataclass(frozen=True, slots=True, eq=False)
class TransferPredictor:
    """A predictor between two labelled sets; fitting makes another, and this one stays as it is."""

    recipe: TransferRecipe  #: how it was made
    members: list[GraphPredictor] = field(repr=False)  #: predictors whose mean it is
    #: by the encoder, where labels do not train it; all members and successors share it
    embed: Embed | None = field(repr=False, default=None)
    #: the predictor of the recipe beside it, which is fitted to the same labels
    beside: "TransferPredictor | None" = None

    @property
    def encoder(self) -> Encoder:
        """The encoder of the first member."""
        return self.members[0].encoder

    def fit_sources(self, labelled: Sequence[Labelled], seed: int) -> "TransferPredictor":
        """Return a predictor that has trained on graphs and labels, (n,), of each source benchmark.

        Raises:
            NasutilsError: If labels do not fit, are not finite or all alike.
        """
        return self._fitted(labelled, "source", seed)

    def fine_tune(self, labelled: Labelled, seed: int) -> "TransferPredictor":
        """Return a predictor that has trained on few labels of the target; as ``fit_sources``."""
        return self._fitted([labelled], "fine_tune", seed)

    def _fitted(self, labelled: Sequence[Labelled], stage: str, seed: int) -> "TransferPredictor":
        recipe, members = getattr(self.recipe, stage), []
        for number, member in enumerate(self.members):
            order = seed + 1000 * number
            if self.embed is None:
                members.append(fit(member, labelled, recipe, seed=order)[0])
            else:
                embedded = [(self.embed(graphs), labels) for graphs, labels in labelled]
                head, _ = fit_head(member.head, embedded, recipe, seed=order)
                members.append(GraphPredictor(member.encoder, head))
        beside = self.beside and self.beside._fitted(labelled, stage, seed)
        return replace(self, members=members, beside=beside)

    def predict(self, graphs: GraphSet) -> np.ndarray:
        """Predict accuracies, on the scale that labels were brought to; (N,)."""
        if self.embed is None:
            found = [predictor.predict(graphs) for predictor in self.members]
        else:
            found = [predict_from(each.head, self.embed(graphs)) for each in self.members]
        own = np.mean(found, axis=0)
        return (own + self.beside.predict(graphs)) / 2 if self.beside else own


def pretrained_predictor(
    recipe: TransferRecipe,
    unlabelled: Callable[[], Sequence[GraphSet]],
    *,
    seed: int,
    epochs: int | None = None,
    device: str = "cpu",
    progress: bool = False,
) -> TransferPredictor:
    """Return a predictor that has seen graphs of families, but no label; raises as ``pretrain``.

    Contrastive training, for other epochs than the recipe's where they are given, asks for the
    graphs. The seed is that of weights and batches; it learns and predicts on the device.
    """
    members = []
    for number in range(recipe.members):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1000 * number)
            made = gnn_baseline(*recipe.gnn) if recipe.gnn else GraphPredictor(CLEncoder())
            members.append(made)
    options = {"seed": seed, "device": device, "progress": progress}
    if contrastive := recipe.contrastive:
        contrastive = replace(contrastive, epochs=epochs or contrastive.epochs)
        encoder = pretrained(unlabelled(), contrastive, **options).encoder
        members = [GraphPredictor(encoder, each.head) for each in members]
    members = [each.to(device) for each in members]
    embedding = None if recipe.whole else frozen(members[0].encoder)
    options["epochs"] = epochs
    beside = recipe.beside and pretrained_predictor(recipe.beside, unlabelled, **options)
    return TransferPredictor(recipe, members, embedding, beside)
