"""The super-net of NAS-Bench-201: all five operations on every edge, any of them chosen.

The kernels of its convolutions come from a provider, which may make them for the architecture at
hand; batch norms and classifier are the super-net's own. A convolution of an edge has its own
batch norm, with weight and bias.

Source: Zhuge et al., "Single Train Multi Deploy on Topology Search Spaces using Kshot-Hypernet",
WANT@ICML 2024, Section 3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.networks.nasbench201 import Cell, NASBench201Network
from nasutils.networks.ops import ResidualReduction
from nasutils.spaces.nasbench201 import CONV1, CONV3, EDGES, NONE, OPS, POOL, SKIP, NASBench201Cell

_KERNEL_SIZES = {CONV1: 1, CONV3: 3}
_NODES = 4


@dataclass(frozen=True, slots=True)
class KernelShape:
    """The kernel of one convolution: (c_out, c_in, size, size)."""

    c_out: int
    c_in: int
    size: int

    @property
    def he_std(self) -> float:
        """Standard deviation of He's normal initialisation (fan in)."""
        return (2 / (self.c_in * self.size**2)) ** 0.5

    def __iter__(self):  # noqa: ANN204
        """Iterate over the four dimensions."""
        return iter((self.c_out, self.c_in, self.size, self.size))


class KernelProvider(nn.Module):
    """Where the kernels of a super-net's convolutions, known by position, come from."""

    #: Whether all coefficients are the same for now (Algorithm 1's warm-up).
    uniform: bool = False

    def __init__(self, shapes: Sequence[KernelShape]) -> None:
        super().__init__()
        self.shapes = tuple(shapes)

    def forward(self, alpha: Tensor, convolutions: Sequence[int]) -> list[Tensor]:
        """Return a kernel (c_out, c_in, k, k) for each of some convolutions.

        ``alpha`` is the architecture, (6, 5): edges by operations, each row sums to one.
        """
        raise NotImplementedError


class SharedKernels(KernelProvider):
    """Plain weight sharing: one kernel a convolution, whatever the architecture."""

    def __init__(self, shapes: Sequence[KernelShape]) -> None:
        super().__init__(shapes)
        self.kernels = nn.ParameterList(torch.randn(*s) * s.he_std for s in shapes)

    def forward(self, alpha: Tensor, convolutions: Sequence[int]) -> list[Tensor]:
        """Return the kernels; ``alpha`` does not matter."""
        return [self.kernels[i] for i in convolutions]


def effective(cell: NASBench201Cell) -> NASBench201Cell:
    """Return the cell with ``none`` for each operation that is on no path from input to output.

    The 15,625 cells become 9,445. Nothing is lost but constants: what leads nowhere has no effect,
    and what starts from zeros gives zeros, or the bias of its batch norm.
    """
    edges = [edge for edge, op in zip(EDGES, cell.ops, strict=True) if op != NONE]
    after, before = {0}, {_NODES - 1}
    for node in range(1, _NODES):
        after |= {node for s, t in edges if t == node and s in after}
    for node in reversed(range(_NODES - 1)):
        before |= {node for s, t in edges if s == node and t in before}
    live = after & before
    return NASBench201Cell(
        tuple(op if {s, t} <= live else NONE for (s, t), op in zip(EDGES, cell.ops, strict=True))
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a super-net is used.

    On each edge there are operations, but for ``none``; ``alpha`` is the architecture as the
    kernels' provider sees it, (6, 5); the weights are factors of the operations, (6, 5), or None
    for a plain sum.
    """

    ops: tuple[tuple[str, ...], ...]
    alpha: Tensor
    weights: Tensor | None = None

    @classmethod
    def cell(cls, cell: NASBench201Cell) -> "Choice":
        """Choose one sub-net, encoded without its operations that have no effect."""
        cell = effective(cell)
        ops = tuple((op,) if op != NONE else () for op in cell.ops)
        return cls(ops, torch.from_numpy(cell.one_hot()))

    @classmethod
    def mixture(cls, alpha: Tensor, *, weighted: bool = True) -> "Choice":
        """Choose all operations at once, weighted by ``alpha`` (Eq. 6) or simply added up."""
        everything = tuple(op for op in OPS if op != NONE)
        return cls((everything,) * len(EDGES), alpha, alpha if weighted else None)


class _Convolution(nn.Module):
    """A convolution whose kernel is handed in, followed by batch norm unless ``norm`` is False."""

    def __init__(self, position: int, *, stride: int = 1, c_norm: int | None = None) -> None:
        super().__init__()
        self.position, self.stride = position, stride
        self.norm = nn.BatchNorm2d(c_norm) if c_norm else nn.Identity()

    def forward(self, x: Tensor, kernels: Mapping[int, Tensor]) -> Tensor:
        kernel = kernels[self.position]
        return self.norm(F.conv2d(x, kernel, stride=self.stride, padding=kernel.shape[-1] // 2))


class _Node:
    """The value of a cell's node, with what several edges make of it computed once."""

    def __init__(self, value: Tensor) -> None:
        self.value = value

    @cached_property
    def rectified(self) -> Tensor:
        return F.relu(self.value)

    @cached_property
    def pooled(self) -> Tensor:
        return F.avg_pool2d(self.value, 3, stride=1, padding=1, count_include_pad=False)


Declare = Callable[[int, int, int], int]  # (c_out, c_in, size) -> position


class _MixedCell(nn.Module):
    def __init__(self, channels: int, declare: Declare) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            nn.ModuleDict(
                {
                    op: _Convolution(declare(channels, channels, size), c_norm=channels)
                    for op, size in _KERNEL_SIZES.items()
                }
            )
            for _ in EDGES
        )

    def forward(self, x: Tensor, kernels: Mapping[int, Tensor], choice: Choice) -> Tensor:
        nodes: list[_Node | None] = [_Node(x)]
        for node in range(1, _NODES):
            terms = [
                self._term(edge, op, nodes[source], kernels, choice.weights)
                for edge, (source, target) in enumerate(EDGES)
                if target == node and nodes[source] is not None
                for op in choice.ops[edge]
            ]
            nodes.append(_Node(sum(terms[1:], start=terms[0])) if terms else None)
        return torch.zeros_like(x) if nodes[-1] is None else nodes[-1].value

    def _term(
        self, edge: int, op: str, node: _Node, kernels: Mapping[int, Tensor], weights: Tensor | None
    ) -> Tensor:
        if op == SKIP:
            y = node.value
        elif op == POOL:
            y = node.pooled
        else:
            y = self.edges[edge][op](node.rectified, kernels)
        return y if weights is None else weights[edge, OPS.index(op)] * y

    def used(self, choice: Choice) -> list[int]:
        """Return the positions of the convolutions that a choice needs."""
        return [
            self.edges[edge][op].position
            for edge, ops in enumerate(choice.ops)
            for op in ops
            if op in _KERNEL_SIZES
        ]

    def bake(self, plain: Cell, cell: NASBench201Cell, kernels: Mapping[int, Tensor]) -> None:
        for edge, op in enumerate(cell.ops):
            if op in _KERNEL_SIZES:
                _bake(plain.edges[edge][1], plain.edges[edge][2], self.edges[edge][op], kernels)


class _Reduction(nn.Module):
    """``ResidualReduction`` with kernels handed in."""

    def __init__(self, c_in: int, c_out: int, declare: Declare) -> None:
        super().__init__()
        self.conv_a = _Convolution(declare(c_out, c_in, 3), stride=2, c_norm=c_out)
        self.conv_b = _Convolution(declare(c_out, c_out, 3), c_norm=c_out)
        self.shortcut = _Convolution(declare(c_out, c_in, 1))

    def forward(self, x: Tensor, kernels: Mapping[int, Tensor], choice: Choice) -> Tensor:
        y = self.conv_b(F.relu(self.conv_a(F.relu(x), kernels)), kernels)
        return self.shortcut(F.avg_pool2d(x, 2), kernels) + y

    def used(self, choice: Choice) -> list[int]:
        return [self.conv_a.position, self.conv_b.position, self.shortcut.position]

    def bake(
        self, plain: ResidualReduction, cell: NASBench201Cell, kernels: Mapping[int, Tensor]
    ) -> None:
        _bake(plain.conv_a[1], plain.conv_a[2], self.conv_a, kernels)
        _bake(plain.conv_b[1], plain.conv_b[2], self.conv_b, kernels)
        plain.shortcut[1].weight.copy_(kernels[self.shortcut.position])


def _bake(
    conv: nn.Conv2d, norm: nn.Module, source: _Convolution, kernels: Mapping[int, Tensor]
) -> None:
    conv.weight.copy_(kernels[source.position])
    norm.load_state_dict(source.norm.state_dict())


class NASBench201SuperNet(nn.Module):
    """The network of ``NASBench201Network`` with all operations on every edge.

    ``make_provider`` makes what provides the kernels of every convolution from their shapes.

    Attributes:
        beta: Architecture parameters (6, 5) of the mixture, shared by all cells (Eq. 6).
    """

    def __init__(
        self,
        make_provider: Callable[[Sequence[KernelShape]], KernelProvider] = SharedKernels,
        num_classes: int = 10,
        *,
        channels: int = 16,
        cells_per_stage: int = 5,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.num_classes, self.channels = num_classes, channels
        self.cells_per_stage, self.in_channels = cells_per_stage, in_channels
        shapes: list[KernelShape] = []

        def declare(c_out: int, c_in: int, size: int) -> int:
            shapes.append(KernelShape(c_out, c_in, size))
            return len(shapes) - 1

        self.stem = _Convolution(declare(channels, in_channels, 3), c_norm=channels)
        self.stages = nn.ModuleList()
        c = channels
        for stage in range(3):
            if stage:
                self.stages.append(_Reduction(c, 2 * c, declare))
                c *= 2
            self.stages.extend(_MixedCell(c, declare) for _ in range(cells_per_stage))
        self.last_norm = nn.BatchNorm2d(c)
        self.classifier = nn.Linear(c, num_classes)
        self.beta = nn.Parameter(torch.zeros(len(EDGES), len(OPS)))
        self.provider = make_provider(shapes)

    def kernels(self, choice: Choice) -> dict[int, Tensor]:
        """Return the kernels that a choice needs, by the convolution's position."""
        used = [self.stem.position, *(i for stage in self.stages for i in stage.used(choice))]
        alpha = choice.alpha.to(self.beta)  # its device and precision
        return dict(zip(used, self.provider(alpha, used), strict=True))

    def forward(self, x: Tensor, choice: Choice) -> Tensor:
        """Classify images (B, C, H, W) by what is chosen; returns logits (B, classes)."""
        kernels = self.kernels(choice)
        x = self.stem(x.contiguous(memory_format=torch.channels_last), kernels)
        for stage in self.stages:
            x = stage(x, kernels, choice)
        return self.classifier(F.relu(self.last_norm(x)).mean((2, 3)))

    def mixture(self) -> Choice:
        """Choose the whole super-net under softmax(beta), the teacher."""
        return Choice.mixture(self.beta.softmax(1))

    @torch.no_grad()
    def export(self, cell: NASBench201Cell) -> NASBench201Network:
        """Return the cell's plain network with this super-net's weights and statistics baked in."""
        cell = effective(cell)
        plain = NASBench201Network(
            cell,
            self.num_classes,
            channels=self.channels,
            cells_per_stage=self.cells_per_stage,
            in_channels=self.in_channels,
        ).to(self.beta.device)
        kernels = self.kernels(Choice.cell(cell))
        _bake(plain.stem[0], plain.stem[1], self.stem, kernels)
        for source, target in zip(self.stages, plain.stages, strict=True):
            source.bake(target, cell, kernels)
        plain.last_act[0].load_state_dict(self.last_norm.state_dict())
        plain.classifier.weight.copy_(self.classifier.weight[:, :, None, None])
        plain.classifier.bias.copy_(self.classifier.bias)
        return plain.train(self.training)
