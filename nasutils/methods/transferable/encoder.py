"""From computation graphs to embeddings: message passing beside attention.

Sources: Han et al., "A General-Purpose Transferable Predictor for NAS", Figure 2 and Section 7.3,
and, for how a node's sizes are scaled and for the baseline's sizes, Mills et al., "GENNAPE: Towards
Generalized Neural Architecture Performance Estimators", AAAI 2023,
https://arxiv.org/abs/2211.17226.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.errors import NasutilsError, lookup
from nasutils.graphs import FEATURES, OPERATORS
from nasutils.methods.common.graph_set import Batch
from nasutils.methods.common.spectrum import NUM_POSITIONS
from nasutils.settings import Count, CountOrZero, check_ranges

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "tanh": torch.tanh}

_CHANNELS, _RESOLUTION = 512, 256  # what GENNAPE divides sizes by
_LARGEST_KERNEL = 8  # larger ones share its embedding

_COLUMN = {name: 1 + i for i, name in enumerate(FEATURES)}  # column 0 is the type


class NodeEmbedding(nn.Module):
    """The sum of what is known of a node: its type, its sizes and, with weights, their shape.

    Channels over 512 and height and width over 256 pass a linear map each to H = ``hidden``; the
    height and the width of a kernel and whether there is a bias have embeddings, zero where an
    operator has no weights.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.op = nn.Embedding(len(OPERATORS), hidden)
        self.channels = nn.Linear(2, hidden)
        self.resolution = nn.Linear(4, hidden)
        self.weight = nn.Linear(2, hidden, bias=False)
        self.kernel_h = nn.Embedding(_LARGEST_KERNEL + 1, hidden, padding_idx=0)
        self.kernel_w = nn.Embedding(_LARGEST_KERNEL + 1, hidden, padding_idx=0)
        self.bias = nn.Embedding(3, hidden, padding_idx=0)

    def forward(self, kinds: Tensor) -> Tensor:
        """Embed nodes by type and features, as of a ``Batch``: int64 of shape (K, 12) to (K, H)."""
        sizes = kinds.to(self.channels.weight.dtype)
        kernel_h, kernel_w, bias = _columns(kinds, "kernel_h", "kernel_w", "bias").unbind(1)
        return (
            self.op(kinds[:, 0])
            + self.channels(_columns(sizes, "c_in", "c_out") / _CHANNELS)
            + self.resolution(_columns(sizes, "h_in", "h_out", "w_in", "w_out") / _RESOLUTION)
            + self.weight(_columns(sizes, "weight_out", "weight_in") / _CHANNELS)
            + self.kernel_h(kernel_h.clamp(max=_LARGEST_KERNEL))
            + self.kernel_w(kernel_w.clamp(max=_LARGEST_KERNEL))
            + self.bias(torch.where(kernel_h > 0, 1 + bias, 0))
        )


def _columns(kinds: Tensor, *names: str) -> Tensor:
    return kinds[:, [_COLUMN[name] for name in names]]


class MessagePassing(nn.Module):
    """Layers of the k-GNN of Morris et al. (AAAI 2019), k = 1: PyTorch Geometric's ``GraphConv``.

    Messages pass edges both ways, as in the undirected graph that spectra are of. After each layer
    comes one of ``ACTIVATIONS``.

    Raises:
        UnknownNameError: If there is no such activation.
    """

    def __init__(self, inputs: int, hidden: int, layers: int, activation: str) -> None:
        from torch_geometric.nn import GraphConv  # takes seconds

        super().__init__()
        self.activation = lookup("activation", activation, ACTIVATIONS)
        widths = [inputs, *[hidden] * layers]
        self.layers = nn.ModuleList(GraphConv(*pair) for pair in pairwise(widths))

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Pass messages between nodes: (V, inputs) to (V, H)."""
        both_ways = torch.cat((batch.edges, batch.edges.flip(0)), dim=1)
        for layer in self.layers:
            x = self.activation(layer(x, both_ways))
        return x


class AttentionLayer(nn.Module):
    """A layer of a transformer encoder: attention within each graph, then an MLP for each node.

    Each part is added to what comes in, and normalises it first, which trains without a warm-up of
    the learning rate. The heads share the width, H = ``hidden``. Source: Vaswani et al., "Attention
    Is All You Need", NeurIPS 2017.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(hidden)
        self.query_key_value = nn.Linear(hidden, 3 * hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden),
            nn.Linear(hidden, 2 * hidden),
            nn.ReLU(),
            nn.Linear(2 * hidden, hidden),
        )

    def forward(self, x: Tensor, batch: Batch, present: Tensor) -> Tensor:
        """Update the nodes' features, (V, H); ``present``: whether graph b has node n, (B, N)."""
        # Graphs are padded for the attention alone: all else works on the nodes that there are.
        projected = self.query_key_value(self.norm(x))
        padded = projected.new_zeros(*present.shape, projected.shape[1])
        padded[batch.graph, batch.place] = projected
        query, key, value = padded.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mask = present[:, None, None]
        attended = F.scaled_dot_product_attention(query, key, value, mask)  # (B, heads, N, H/heads)
        x = x + self.mix(attended.transpose(1, 2).flatten(2)[batch.graph, batch.place])
        return x + self.mlp(x)


class Attention(nn.Module):
    """A transformer encoder over all nodes of a graph, which know their place by eigenvectors.

    The paper has "up to 2" layers.
    """

    def __init__(self, inputs: int, hidden: int, layers: int, heads: int) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, hidden)
        self.place = nn.Linear(NUM_POSITIONS, hidden, bias=False)
        self.layers = nn.ModuleList(AttentionLayer(hidden, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Let each node attend to all of its graph: (V, inputs) to (V, H)."""
        x = self.enter(x) + self.place(batch.positions.to(x.dtype))
        present = torch.arange(int(batch.sizes.max()), device=x.device) < batch.sizes[:, None]
        for layer in self.layers:
            x = layer(x, batch, present)
        return self.norm(x)


def mean_pool(x: Tensor, batch: Batch) -> Tensor:
    """Average the features of each graph's nodes: (V, H) to (B, H)."""
    total = x.new_zeros(len(batch.sizes), x.shape[1]).index_add(0, batch.graph, x)
    return total / batch.sizes[:, None]


@dataclass(frozen=True, slots=True)
class GraphEncoderSettings:
    """Sizes of the encoder (Section 7.3); where one branch has no layers, the other is as wide.

    Raises:
        NasutilsError: If both branches have no layers, or the widths cannot be divided.
    """

    embedding: Count = 128  #: dimensions of a graph's embedding, m; the branches share them evenly
    node: Count = 64  #: dimensions of a node's embedding
    gnn_layers: CountOrZero = 4  #: Layers of message passing. The paper does not state them.
    transformer_layers: CountOrZero = 2  #: layers of attention
    heads: Count = 2  #: heads of each

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.gnn_layers < 0 or self.transformer_layers < 0 or not self.branches:
            raise NasutilsError("an encoder needs layers of message passing, of attention or both.")
        if self.embedding % (self.branches * self.heads):
            raise NasutilsError(
                f"an embedding of {self.embedding} cannot be divided among {self.branches} "
                f"branches with {self.heads} heads."
            )

    @property
    def branches(self) -> int:
        """Number of branches that have layers."""
        return (self.gnn_layers > 0) + (self.transformer_layers > 0)


class CLEncoder(nn.Module):
    """The graph encoder of contrastive learning: both branches, concatenated, and a mean."""

    def __init__(self, settings: GraphEncoderSettings | None = None) -> None:
        super().__init__()
        settings = settings or GraphEncoderSettings()
        self.embedding = settings.embedding
        width = settings.embedding // settings.branches
        self.nodes = NodeEmbedding(settings.node)
        self.branches = nn.ModuleList()
        if settings.gnn_layers:
            self.branches.append(MessagePassing(settings.node, width, settings.gnn_layers, "relu"))
        if settings.transformer_layers:
            self.branches.append(
                Attention(settings.node, width, settings.transformer_layers, settings.heads)
            )

    def forward(self, batch: Batch) -> Tensor:
        """Embed graphs, (B, embedding)."""
        x = self.nodes(batch.kinds)[batch.node]
        return mean_pool(torch.cat([branch(x, batch) for branch in self.branches], dim=1), batch)


class GNNEncoder(nn.Module):
    """The encoder of the GNN baseline: message passing and a mean; raises as ``MessagePassing``.

    GENNAPE states 6 layers of 32 with tanh; this paper 4 or 6 layers of 64. At least one is needed.
    """

    def __init__(self, layers: int = 6, hidden: int = 32, activation: str = "tanh") -> None:
        super().__init__()
        if layers < 1:
            raise NasutilsError(f"the GNN needs at least one layer, not {layers}.")
        self.embedding = hidden
        self.nodes = NodeEmbedding(hidden)
        self.layers = MessagePassing(hidden, hidden, layers, activation)

    def forward(self, batch: Batch) -> Tensor:
        """Embed graphs, (B, hidden)."""
        return mean_pool(self.layers(self.nodes(batch.kinds)[batch.node], batch), batch)


Encoder = CLEncoder | GNNEncoder


def mlp(inputs: int, hidden: int, outputs: int, layers: int) -> nn.Sequential:
    """Return so many linear layers with ReLUs between them."""
    widths = [inputs, *[hidden] * (layers - 1), outputs]
    parts: list[nn.Module] = []
    for before, after in pairwise(widths):
        parts += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def projection_head(embedding: int = 128, outputs: int = 64) -> nn.Sequential:
    """Return the MLP of 4 layers between embedding and contrastive loss; it is thrown away later.

    It maps (B, embedding) to (B, outputs), p in the paper; the width of its layers is ours.
    """
    return mlp(embedding, embedding, outputs, 4)


def regression_head(embedding: int = 128) -> nn.Sequential:
    """Return the MLP of 5 layers, 200 wide, from an embedding to an accuracy."""
    return mlp(embedding, 200, 1, 5)
