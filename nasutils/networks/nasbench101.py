"""The network that NAS-Bench-101 trains around a cell.

Stem, three stacks of three cells, a 2x2 max-pooling and twice the channels from stack to stack,
global average pooling, linear classifier. The benchmark has 128 channels in the first stack.

Source: Ying et al., "NAS-Bench-101", ICML 2019, https://arxiv.org/abs/1902.09635, Figure 1, and the
authors' ``model_builder.py`` and ``base_ops.py``.
"""

import math

import torch
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function

from nasutils.spaces.nasbench101 import CONV1, CONV3, POOL, NASBench101Cell

# TensorFlow's momentum of .997 is the weight of the past, torch's that of the present.
BN_MOMENTUM, BN_EPSILON = 1 - 0.997, 1e-5


class ConvBNReLU(nn.Sequential):
    """Convolution without bias, batch norm, ReLU: the benchmark's only operation with weights."""

    def __init__(self, c_in: int, c_out: int, kernel: int) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(c_out, eps=BN_EPSILON, momentum=BN_MOMENTUM),
            nn.ReLU(),
        )


def make_op(name: str, channels: int) -> nn.Module:
    """Return a vertex's operation, from (B, C, H, W) to the same shape."""
    make = {
        CONV3: lambda: ConvBNReLU(channels, channels, 3),
        CONV1: lambda: ConvBNReLU(channels, channels, 1),
        POOL: lambda: nn.MaxPool2d(3, stride=1, padding=1),
    }
    return make[name]()


def add_n(terms: list[Tensor]) -> Tensor:
    """Sum two or more tensors of the same shape: one operator, and one node of a traced graph."""
    if has_torch_function(terms):
        return handle_torch_function(add_n, terms, terms)
    return sum(terms[1:], start=terms[0])


def vertex_channels(cell: NASBench101Cell, c_in: int, c_out: int) -> list[int]:
    """Return the number of channels at each vertex, input and output included.

    The output concatenates its interior predecessors, so they share its channels, lower vertices
    taking one more where the division is not even; any other vertex has as many as the widest of
    its successors.
    """
    edges, last = cell.adjacency, cell.num_vertices - 1
    channels = [c_in] + [0] * (last - 1) + [c_out]
    to_output = [v for v in range(1, last) if edges[v][last]]
    for rank, v in enumerate(to_output):
        channels[v] = c_out // len(to_output) + (rank < c_out % len(to_output))
    for v in reversed(range(1, last)):
        if v not in to_output:
            channels[v] = max(channels[w] for w in range(v + 1, last) if edges[v][w])
    return channels


class Cell(nn.Module):
    """A graph of operations; each adds up its inputs, the output concatenates them.

    What comes from the cell's input passes a 1x1 projection; an interior vertex that is wider than
    its successor (by one channel, after an uneven division) loses its last channel.
    """

    def __init__(self, cell: NASBench101Cell, c_in: int, c_out: int) -> None:
        super().__init__()
        self.cell = cell
        self.channels = vertex_channels(cell, c_in, c_out)
        self.ops = nn.ModuleList(
            make_op(op, channels)
            for op, channels in zip(cell.ops[1:-1], self.channels[1:-1], strict=True)
        )
        self.projections = nn.ModuleDict(
            {
                str(v): ConvBNReLU(c_in, self.channels[v], 1)
                for v in range(1, cell.num_vertices)
                if cell.adjacency[0][v]
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H, W)."""
        vertices = [x]
        for v, op in enumerate(self.ops, start=1):
            incoming = [self._truncated(vertices, u, v) for u in self._predecessors(v)]
            vertices.append(op(self._plus_projection(incoming, x, v)))  # (B, channels[v], H, W)

        last = self.cell.num_vertices - 1
        outgoing = [vertices[u] for u in self._predecessors(last)]
        if len(outgoing) > 1:
            outgoing = [torch.cat(outgoing, dim=1)]  # (B, C_out, H, W)
        return self._plus_projection(outgoing, x, last)

    def _predecessors(self, v: int) -> list[int]:
        """Return the interior vertices that feed vertex v."""
        return [u for u in range(1, v) if self.cell.adjacency[u][v]]

    def _truncated(self, vertices: list[Tensor], u: int, v: int) -> Tensor:
        width = self.channels[v]
        return vertices[u] if self.channels[u] == width else vertices[u][:, :width]

    def _plus_projection(self, terms: list[Tensor], x: Tensor, v: int) -> Tensor:
        """Sum the terms and, where the input feeds vertex v, its projection."""
        if self.cell.adjacency[0][v]:
            terms = [*terms, self.projections[str(v)](x)]
        return terms[0] if len(terms) == 1 else add_n(terms)


class NASBench101Network(nn.Module):
    """The whole network around one cell, with the benchmark's initial weights.

    ``channels`` are those of the stem and of the first stack; the sizes left out, the benchmark's.
    """

    def __init__(
        self,
        cell: NASBench101Cell,
        num_classes: int = 10,
        *,
        channels: int = 128,
        stacks: int = 3,
        cells_per_stack: int = 3,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.stem = ConvBNReLU(in_channels, channels, 3)
        layers: list[nn.Module] = []
        c_in = c_out = channels
        for stack in range(stacks):
            if stack:
                # TensorFlow's "same": an odd last row or column gets a window of its own.
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
                c_out *= 2
            for _ in range(cells_per_stack):
                layers.append(Cell(cell, c_in, c_out))
                c_in = c_out
        self.stacks = nn.Sequential(*layers)
        self.classifier = nn.Linear(c_out, num_classes)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images of shape (B, in_channels, H, W): logits of shape (B, num_classes)."""
        x = self.stacks(self.stem(x))  # (B, 4 * channels, H / 4, W / 4)
        return self.classifier(x.mean((2, 3)))


def _initialise(module: nn.Module) -> None:
    """Draw TensorFlow's default weights, which differ from torch's."""
    if isinstance(module, nn.Conv2d):
        # Variance scaling: the variance is 1 / fan-in after the normal is cut at two deviations.
        std = math.sqrt(1 / module.weight[0].numel()) / 0.87962566103423978
        nn.init.trunc_normal_(module.weight, std=std, a=-2 * std, b=2 * std)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
