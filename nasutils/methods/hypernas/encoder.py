"""The encoders of HyperNAS and of its baselines NP and GHN, on a cell sequence (Section 3.3).

All but that of GHN run R independent networks at once, the replicas, each with its own weights: the
seeds of an experiment train side by side, which on a processor costs little more than one alone.

Sources: Lv et al., "HyperNAS", Eqs. 1 to 6; Wen et al., "Neural Predictor for Neural Architecture
Search", ECCV 2020, https://arxiv.org/abs/1912.00848, whose GCN and baseline it takes; Zhang et al.,
"Graph HyperNetworks for Neural Architecture Search", ICLR 2019, https://arxiv.org/abs/1810.05749.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import KINDS
from nasutils.methods.hypernas.graphs import Graphs
from nasutils.settings import Count, Positive, ShareBelowOne, check_ranges

#: How a cell learns of those before it: their feature added to its vertices (Eq. 2), concatenated
#: with them, an embedding of its position in place of it, or not at all.
CONTEXTS = ("sum", "concatenate", "position", "none")


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Sizes and variants of an encoder.

    Raises:
        UnknownNameError: If there is no such context.
        NasutilsError: If context is wanted of operations that are not embedded.
    """

    hidden: Count = 72  #: features of a vertex, d
    layers: Count = 6  #: GCN layers, L
    context: str = "sum"  #: one of ``CONTEXTS``
    #: whether operations are embedded in d features before the first layer; without, the layer
    #: reads their one-hot codes, and no context can be added to them
    embed: bool = True
    normalisation: str = "row"  #: of the adjacency, one of ``graphs.NORMALISATIONS``
    #: Factor of the encoder's initial weights. Eq. 1 halves the second moment twice, by the ReLU
    #: and by the mean of two directions, so that 2 keeps it from layer to layer.
    gain: Positive = 1.0
    regressor: Count = 128  #: hidden features of the regressor
    activation: bool = True  #: whether the regressor has a ReLU between its two linear maps
    #: share of the regressor's hidden features that are dropped in training
    dropout: ShareBelowOne = 0.0

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.context not in CONTEXTS:
            raise UnknownNameError("context", self.context, CONTEXTS)
        if self.context != "none" and not self.embed:
            raise NasutilsError(f"context {self.context!r} needs embedded operations.")


#: The baseline of NP: each cell for itself, one-hot operations, two linear maps behind the mean.
NP = EncoderSettings(
    hidden=144, layers=3, context="none", embed=False, activation=False, dropout=0.1
)


class EnsembleLinear(nn.Module):
    """R linear maps side by side.

    For the initial weights, ``parts`` matrices stand beside each other in each of them.
    """

    def __init__(
        self, inputs: int, outputs: int, replicas: int, *, bias: bool = True, parts: int = 1
    ) -> None:
        super().__init__()
        self.parts = parts
        self.weight = nn.Parameter(torch.empty(replicas, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(replicas, 1, outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (R, B, inputs) to (R, B, outputs)."""
        if self.bias is None:
            return torch.bmm(x, self.weight)
        return torch.baddbmm(self.bias, x, self.weight)


class DirectedGCN(nn.Module):
    """L layers of Eq. 1: V <- ReLU(E V W+) / 2 + ReLU(E^T V W-) / 2, without bias.

    The weights W+ and W- of a layer stand beside each other in one matrix. The first layer reads
    ``inputs`` features of a vertex, and each returns d = ``hidden``.
    """

    def __init__(self, inputs: int, hidden: int, layers: int, replicas: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EnsembleLinear(hidden if layer else inputs, 2 * hidden, replicas, bias=False, parts=2)
            for layer in range(layers)
        )

    def forward(self, graphs: Graphs, product: Tensor) -> Tensor:
        """Pass messages: from the first product, (R, B, F, 2 d), to features (R, B, F, d).

        The first product comes from outside because it is linear: of v + z, the vertices' part is
        the same at every position of a cell. Features are zero at absent vertices.
        """
        features = _messages(graphs, product)
        for layer in self.layers[1:]:
            features = _messages(graphs, _product(layer, features))
        return features


def _product(layer: nn.Module, features: Tensor) -> Tensor:
    """Map the features of all vertices: (R, B, F, inputs) to (R, B, F, outputs)."""
    return layer(features.flatten(1, 2)).unflatten(1, features.shape[1:3])


def _messages(graphs: Graphs, product: Tensor) -> Tensor:
    """Send the products along the edges and against them: (R, B, F, 2 d) to (R, B, F, d)."""
    along, against = product.flatten(0, 1).chunk(2, dim=-1)  # (R * B, F, d)
    sent = torch.bmm(graphs.along, along).relu_() + torch.bmm(graphs.against, against).relu_()
    return sent.unflatten(0, product.shape[:2])


class CellSequenceEncoder(nn.Module):
    """From cell sequences to the features of cells, z, and of architectures, h (Eqs. 2 to 5).

    R = ``replicas`` networks read K = ``vocabulary`` labels; ``order`` says which distinct cell
    stands at each of the N positions.
    """

    def __init__(
        self, vocabulary: int, order: tuple[int, ...], settings: EncoderSettings, replicas: int
    ) -> None:
        super().__init__()
        self.order, self.context = order, settings.context
        d, inputs = settings.hidden, settings.hidden if settings.embed else vocabulary

        def linear(inputs: int, outputs: int, parts: int = 1) -> nn.Module:
            return EnsembleLinear(inputs, outputs, replicas, bias=False, parts=parts)

        # One of each for normal cells, one for reductions.
        self.gcns = nn.ModuleList(DirectedGCN(inputs, d, settings.layers, replicas) for _ in KINDS)
        self.embeddings = nn.ModuleList(
            linear(vocabulary, d) if settings.embed else nn.Identity() for _ in KINDS
        )
        if settings.context == "concatenate":
            # What multiplies z in the first layer; with the sum, the vertices' own weights do.
            self.joins = nn.ModuleList(linear(d, 2 * d, parts=2) for _ in KINDS)
        if settings.context == "position":
            self.positions = linear(len(order), d)

    def forward(self, cells: Sequence[Graphs]) -> Tensor:
        """Return the global features h of Eq. 5, the mean of z over all positions: (R, B, d)."""
        return sum(z for _, z in self.walk(cells)) / len(self.order)

    def walk(self, cells: Sequence[Graphs]) -> Iterator[tuple[Tensor, Tensor]]:
        """Encode the cells in their order.

        Yields:
            At each position the features of the vertices, (R, B, F, d), and their mean, (R, B, d).
        """
        products = [self._vertices(cell) for cell in cells]
        encoded: dict[int, tuple[Tensor, Tensor]] = {}
        z = None  # z(0) = 0
        for position, which in enumerate(self.order):
            # Without a context, a cell is the same wherever it stands.
            if self.context != "none" or which not in encoded:
                product = products[which]
                context = self._context(cells[which].kind, position, z)
                if context is not None:
                    product = product + context[:, :, None]
                features = self.gcns[cells[which].kind](cells[which], product)
                encoded[which] = features, features.sum(2) * cells[which].inverse_size
            z = encoded[which][1]
            yield encoded[which]

    def _vertices(self, cell: Graphs) -> Tensor:
        """Return the vertices' part of the first product, (R, B, F, 2 d)."""
        embedded = _product(self.embeddings[cell.kind], cell.one_hot)
        return _product(self.gcns[cell.kind].layers[0], embedded)

    def _context(self, kind: int, position: int, z: Tensor | None) -> Tensor | None:
        """Return what a cell's position or predecessor adds to the first product, (R, B, 2 d)."""
        first = self.gcns[kind].layers[0]
        if self.context == "position":
            return first(self.positions.weight[:, position, None])
        if self.context == "none" or z is None:
            return None
        return self.joins[kind](z) if self.context == "concatenate" else first(z)


class GHNEncoder(nn.Module):
    """The encoder of HyperNAS-H's baseline (Figure 2b), in the style of graph hypernetworks.

    Gated updates of the vertices in the order of the computation, forwards and then backwards, make
    d = ``hidden`` features of each. Each cell is read for itself.
    Arguments as of ``CellSequenceEncoder``; messages pass so many rounds forwards and backwards.
    """

    def __init__(
        self, vocabulary: int, order: tuple[int, ...], *, hidden: int = 72, rounds: int = 1
    ) -> None:
        super().__init__()
        self.order, self.rounds = order, rounds
        self.embedding = nn.Linear(vocabulary, hidden, bias=False)
        self.message = nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.update = nn.GRUCell(hidden, hidden)

    def walk(self, cells: Sequence[Graphs]) -> Iterator[tuple[Tensor, Tensor]]:
        """Encode the cells of one replica under the normalisation ``raw``, each once.

        Yields:
            At each position the features of the vertices, (1, B, F, d), and their mean, (1, B, d).
        """
        encoded = [self._encode(cell) for cell in cells]
        for which in self.order:
            features = encoded[which]
            yield features, features.sum(2) * cells[which].inverse_size

    def _encode(self, cell: Graphs) -> Tensor:
        states = list(self.embedding(cell.one_hot[0]).unbind(1))  # F of (B, d)
        along, against = (cell.along > 0).float(), (cell.against > 0).float()
        for _ in range(self.rounds):
            for edges, order in (
                (against, range(len(states))),
                (along, reversed(range(len(states)))),
            ):
                for vertex in order:
                    sent = self.message(torch.stack(states, dim=1))  # (B, F, d)
                    received = (edges[:, vertex, :, None] * sent).sum(1)
                    states[vertex] = self.update(received, states[vertex])
        present = cell.one_hot.sum(-1, keepdim=True)  # (1, B, F, 1)
        return torch.stack(states, dim=1)[None] * present


class Dropout(nn.Module):
    """Dropout of a share, whose masks come from a generator a replica, so that none interferes."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generators: list[torch.Generator] = []

    def forward(self, x: Tensor) -> Tensor:
        """Drop features of x, (R, B, d), and scale the others up; in training only."""
        if not self.training or not self.share:
            return x
        draws = torch.stack([torch.rand(x.shape[1:], generator=g) for g in self.generators])
        return x * (draws >= self.share) / (1 - self.share)


class PredictorNetwork(nn.Module):
    """Encoder and regressor: from cell sequences to accuracies (Eq. 6), or to other figures.

    As of ``CellSequenceEncoder``; a replica draws its initial weights and its dropout from its
    seed, and predicts so many outputs of an architecture.
    """

    def __init__(
        self,
        vocabulary: int,
        order: tuple[int, ...],
        settings: EncoderSettings,
        seeds: Sequence[int],
        *,
        outputs: int = 1,
    ) -> None:
        super().__init__()
        self.encoder = CellSequenceEncoder(vocabulary, order, settings, len(seeds))
        self.dropout = Dropout(settings.dropout)
        self.regressor = nn.Sequential(
            EnsembleLinear(settings.hidden, settings.regressor, len(seeds)),
            nn.ReLU() if settings.activation else nn.Identity(),
            self.dropout,
            EnsembleLinear(settings.regressor, outputs, len(seeds)),
        )
        self.dropout.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        initialise(self.encoder, self.dropout.generators, settings.gain)
        initialise(self.regressor, self.dropout.generators)

    def forward(self, cells: Sequence[Graphs]) -> Tensor:
        """Predict B accuracies, on the scale of the training labels: (R, B), or (R, B, outputs)."""
        return self.regressor(self.encoder(cells)).squeeze(-1)


@torch.no_grad()
def initialise(
    network: nn.Module, generators: Sequence[torch.Generator], gain: float = 1.0
) -> None:
    """Draw each replica's weights from its own generator: Glorot-uniform times a gain."""
    for module in network.modules():
        if isinstance(module, EnsembleLinear):
            _, inputs, outputs = module.weight.shape
            bound = gain * (6 / (inputs + outputs // module.parts)) ** 0.5
            for weight, generator in zip(module.weight, generators, strict=True):
                weight.uniform_(-bound, bound, generator=generator)
