"""GraphNet's networks: a sequence of cells becomes a torch module; its size needs none.

Source: "Towards Neural Architecture Search through Hierarchical Generative Modeling", Section 3 and
Appendix B. What the paper leaves open, and our choice, mostly that of the authors' code (HGENNAS):

- **Operations** start with a ReLU and end with a batch norm, as the paper says of ``conv``; the
  depthwise and the pointwise convolution of ``sep_conv`` and ``dil_conv`` (dilation 2) have nothing
  in between, and run once; ``mbconv`` and ``bconv`` are alike: pointwise, depthwise, pointwise,
  each with its ReLU and batch norm. Pooling has a batch norm without weights, and leaves the border
  out of its mean. Convolutions have no biases.
- **Projection**: ReLU, 1x1 convolution with the cell's stride, batch norm, once before the cell and
  only where channels or stride ask for it. (The authors' code lets operations that read the cell's
  input alone project themselves; the paper says before the cell.)
- **Around the cells**: a 3x3 convolution to the first cell's channels and a batch norm, as in
  NAS-Bench-201; after the last one batch norm, ReLU, global average pooling, linear classifier.

Every stride halves the resolution and rounds up: images may have any size.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from torch import Tensor, nn

from nasutils.spaces.graphnet import SKIP, GraphNetCell, kind_and_kernel
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell

#: Channels of the inner convolution over those of the cell.
_EXPANSIONS = {"mbconv2": 2, "mbconv3": 3, "mbconv6": 6, "bconv2": 1 / 2, "bconv4": 1 / 4}


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution, a batch norm, a ReLU or an average pooling, which keep the resolution.

    Attributes:
        kind: ``conv``, ``norm``, ``relu`` or ``pool``.
        channels: Of its output.
        c_in: Of its input, for a convolution.
        kernel: Side of its window.
        depthwise: Whether a convolution works channel by channel.
        dilation: Of a convolution.
        affine: Whether a batch norm has weights.
        stride: Of a convolution of 1x1.
    """

    kind: str
    channels: int
    c_in: int = 0
    kernel: int = 1
    depthwise: bool = False
    dilation: int = 1
    affine: bool = True
    stride: int = 1

    def build(self) -> nn.Module:
        """Return the module."""
        k = self.kernel
        padding = self.dilation * (k // 2)
        make = {
            "conv": lambda: nn.Conv2d(
                self.c_in,
                self.channels,
                k,
                self.stride,
                padding,
                self.dilation,
                groups=self.c_in if self.depthwise else 1,
                bias=False,
            ),
            "norm": lambda: nn.BatchNorm2d(self.channels, affine=self.affine),
            "relu": nn.ReLU,
            "pool": lambda: nn.AvgPool2d(k, 1, padding, count_include_pad=False),
        }
        return make[self.kind]()

    @property
    def params(self) -> int:
        """Its number of parameters."""
        if self.kind == "norm":
            return 2 * self.channels * self.affine
        return self.channels * self._fan_in if self.kind == "conv" else 0

    @property
    def flops(self) -> int:
        """Its FLOPs at one position of the output, as ``count_flops`` has them."""
        each = {"conv": self._fan_in, "norm": 2, "relu": 1, "pool": self.kernel**2}
        return self.channels * each[self.kind]

    @property
    def _fan_in(self) -> int:
        return (1 if self.depthwise else self.c_in) * self.kernel**2


def operation_layers(op: str, channels: int) -> list[Layer]:
    """Return the layers of an operation, from (B, C, H, W) to the same shape; a skip has none."""
    kind, kernel = kind_and_kernel(op)
    c, relu, norm = channels, Layer("relu", channels), Layer("norm", channels)
    if kind == SKIP:
        return []
    if kind == "avg_pool":
        return [Layer("pool", c, kernel=kernel), Layer("norm", c, affine=False)]
    if kind == "conv":
        return [relu, Layer("conv", c, c, kernel), norm]
    if kind in ("sep_conv", "dil_conv"):
        dilation = 2 if kind == "dil_conv" else 1
        depthwise = Layer("conv", c, c, kernel, depthwise=True, dilation=dilation)
        return [relu, depthwise, Layer("conv", c, c), norm]
    inner = int(c * _EXPANSIONS[kind])
    widened = [Layer("norm", inner), Layer("relu", inner)]
    depthwise = Layer("conv", inner, inner, kernel, depthwise=True)
    return [
        *(relu, Layer("conv", inner, c), *widened),
        *(depthwise, *widened),
        *(Layer("conv", c, inner), norm),
    ]


@cache
def _operation_cost(op: str, channels: int) -> tuple[int, int]:
    """Return the parameters of an operation, and its FLOPs at one position."""
    layers = operation_layers(op, channels)
    return sum(layer.params for layer in layers), sum(layer.flops for layer in layers)


def projection_layers(c_in: int, sized: SizedCell) -> list[Layer]:
    """Return what comes before a cell: nothing where neither channels nor resolution change."""
    if (c_in, 1) == (sized.channels, sized.stride):
        return []
    projection = Layer("conv", sized.channels, c_in, stride=sized.stride)
    return [Layer("relu", c_in), projection, Layer("norm", sized.channels)]


def stem_layers(in_channels: int, channels: int) -> list[Layer]:
    """Return what comes before the first cell."""
    return [Layer("conv", channels, in_channels, kernel=3), Layer("norm", channels)]


def _sequential(layers: list[Layer]) -> nn.Sequential:
    return nn.Sequential(*(layer.build() for layer in layers))


class Cell(nn.Module):
    """A graph of operations; each adds up its inputs, and so does the output."""

    def __init__(self, cell: GraphNetCell, channels: int) -> None:
        super().__init__()
        self.cell = cell
        self.ops = nn.ModuleList(_sequential(operation_layers(op, channels)) for op in cell.ops)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        vertices = [x]
        for vertex, op in enumerate(self.ops, start=1):
            vertices.append(op(self._incoming(vertices, vertex)))
        return self._incoming(vertices, len(vertices))

    def _incoming(self, vertices: list[Tensor], vertex: int) -> Tensor:
        first, *rest = (vertices[source] for source in self.cell.predecessors(vertex))
        return sum(rest, start=first)


class GraphNetNetwork(nn.Module):
    """The network of a sequence of cells, with torch's initial weights.

    Args:
        sequence: The cells, their channels and strides.
        num_classes: Width of the classifier.
        in_channels: Channels of the images.
    """

    replicas = 1  # networks in one, as training asks

    def __init__(
        self, sequence: GraphNetSequence, num_classes: int = 10, *, in_channels: int = 3
    ) -> None:
        super().__init__()
        c = sequence.cells[0].channels
        self.stem = _sequential(stem_layers(in_channels, c))
        blocks: list[nn.Module] = []
        for sized in sequence.cells:
            blocks.append(_sequential(projection_layers(c, sized)))
            c = sized.channels
            blocks.append(Cell(sized.cell, c))
        self.blocks = nn.Sequential(*blocks)
        self.last_act = nn.Sequential(nn.BatchNorm2d(c), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(c, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images of shape (B, in_channels, H, W): logits of shape (B, num_classes)."""
        x = self.last_act(self.blocks(self.stem(x)))  # (B, C, H / strides, W / strides)
        return self.classifier(self.pool(x).flatten(1))


class Size(NamedTuple):
    """What a network costs.

    Attributes:
        params: Trainable parameters, in millions.
        flops: FLOPs of one image's forward pass, in millions.
    """

    params: float
    flops: float


def network_size(
    sequence: GraphNetSequence,
    image_shape: tuple[int, int, int] = (3, 32, 32),
    num_classes: int = 10,
) -> Size:
    """Return the size of a sequence's network without building it.

    Equal to ``count_params`` and ``count_flops`` of ``GraphNetNetwork``, in a thousandth of the
    time.

    Args:
        sequence: The cells, their channels and strides.
        image_shape: One image's (C, H, W).
        num_classes: Width of the classifier.
    """
    in_channels, height, width = image_shape
    c, params, flops = sequence.cells[0].channels, 0, 0

    def add(layers: list[Layer]) -> None:
        nonlocal height, width, params, flops
        for layer in layers:
            height, width = (math.ceil(side / layer.stride) for side in (height, width))
            params += layer.params
            flops += layer.flops * height * width

    add(stem_layers(in_channels, c))
    for sized in sequence.cells:
        add(projection_layers(c, sized))
        c = sized.channels
        for op in sized.cell.ops:
            own_params, flops_a_position = _operation_cost(op, c)
            params += own_params
            flops += flops_a_position * height * width
    add([Layer("norm", c), Layer("relu", c)])
    params += (c + 1) * num_classes
    flops += c * ((height + 1) * (width + 1) + num_classes)
    return Size(params / 1e6, flops / 1e6)
