"""Regression of accuracy: a head on an encoder, trained on sources and fine-tuned on few labels.

Sources: Han et al., "A General-Purpose Transferable Predictor for NAS", Sections 5.1 and 7.3;
epochs, batch size and learning rate are those that Mills et al. state in "GENNAPE", AAAI 2023,
https://arxiv.org/abs/2211.17226. Labels are scaled within each family, as accuracies of different
spaces are not comparable.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.errors import lookup
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.label_scales import LABEL_SCALES, scaled_labels
from nasutils.methods.transferable.encoder import Encoder, GNNEncoder, mlp, regression_head
from nasutils.threads import deterministic_cpu

_CHUNK_NODES = 65_536


@dataclass(frozen=True, slots=True)
class FitRecipe:
    """How to train on labels, with Adam on squared errors.

    Raises:
        UnknownNameError: If there is no such scale.
    """

    epochs: int = 40  #: passes over all labels
    batch_size: int = 32  #: graphs a step
    learning_rate: float = 1e-4  #: of Adam
    labels: str = "z_score"  #: how the labels of each family are scaled, one of ``LABEL_SCALES``

    def __post_init__(self) -> None:
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
