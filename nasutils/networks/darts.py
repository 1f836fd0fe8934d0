"""The network that DARTS trains around a genotype on CIFAR.

A stack of cells: normal ones, with a reduction cell after one third and two thirds, where the
resolution halves and the channels double. Each cell reads the outputs of the two before it. For the
published second-order genotype: 3.349 M parameters (36 channels, 20 cells), without the auxiliary
head and the paths dropped in training.

Source: Liu et al., "DARTS: Differentiable Architecture Search", ICLR 2019,
https://arxiv.org/abs/1806.09055, Sections 3 and A; the authors' training code.
"""

import torch
from torch import Tensor, nn

from nasutils.errors import ArchitectureError
from nasutils.networks.ops import ReLUConvBN
from nasutils.spaces import darts
from nasutils.spaces.darts import CONCAT, DARTSGenotype


def _depthwise_separable(channels: int, kernel: int, stride: int, dilation: int) -> list[nn.Module]:
    """ReLU, one kernel a channel, then a 1x1 convolution across channels, batch norm."""
    padding = dilation * (kernel - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(
            channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False
        ),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    ]


class DilatedConv(nn.Sequential):
    """One depthwise separable convolution, dilated by 2."""

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__(*_depthwise_separable(channels, kernel, stride, dilation=2))


class SeparableConv(nn.Sequential):
    """A depthwise separable convolution, applied twice; only the first has the stride."""

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__(
            *_depthwise_separable(channels, kernel, stride, dilation=1),
            *_depthwise_separable(channels, kernel, 1, dilation=1),
        )


class FactorizedReduce(nn.Module):
    """Halve the resolution with two 1x1 convolutions, one on a grid shifted by a pixel."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv_even = nn.Conv2d(c_in, c_out // 2, 1, stride=2, bias=False)
        self.conv_odd = nn.Conv2d(c_in, c_out // 2, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H / 2, W / 2); H and W are even."""
        x = self.relu(x)
        halves = self.conv_even(x), self.conv_odd(x[:, :, 1:, 1:])
        return self.norm(torch.cat(halves, dim=1))


def make_op(name: str, channels: int, stride: int) -> nn.Module:
    """Return an operation of a cell, from (B, C, H, W) to (B, C, H / stride, W / stride)."""
    make = {
        darts.MAX_POOL: lambda: nn.MaxPool2d(3, stride, padding=1),
        # Zero padding does not count into the average.
        darts.AVG_POOL: lambda: nn.AvgPool2d(3, stride, padding=1, count_include_pad=False),
        darts.SKIP: lambda: nn.Identity() if stride == 1 else FactorizedReduce(channels, channels),
        darts.SEP_CONV_3: lambda: SeparableConv(channels, 3, stride),
        darts.SEP_CONV_5: lambda: SeparableConv(channels, 5, stride),
        darts.DIL_CONV_3: lambda: DilatedConv(channels, 3, stride),
        darts.DIL_CONV_5: lambda: DilatedConv(channels, 5, stride),
    }
    return make[name]()


class Cell(nn.Module):
    """One cell: two inputs, four nodes that each sum two operations, concatenated.

    The inputs are what the cell before last gave, of ``c_first`` channels and perhaps twice the
    resolution, and the last cell, of ``c_second``; each node has ``channels``. The operations on
    the inputs have the stride: 2 in a reduction cell.
    """

    def __init__(
        self,
        cell: darts.Cell,
        c_first: int,
        c_second: int,
        channels: int,
        *,
        stride: int,
        first_is_larger: bool,
    ) -> None:
        super().__init__()
        self.preprocess_first = (
            FactorizedReduce(c_first, channels)
            if first_is_larger
            else ReLUConvBN(c_first, channels, 1)
        )
        self.preprocess_second = ReLUConvBN(c_second, channels, 1)
        self.sources = [source for _, source in cell]
        self.ops = nn.ModuleList(
            make_op(op, channels, stride if source < 2 else 1) for op, source in cell
        )

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Map (B, C_first, H', W') and (B, C_second, H, W) to (B, 4C, H / stride, W / stride)."""
        nodes = [self.preprocess_first(first), self.preprocess_second(second)]  # (B, C, H, W)
        for i in range(0, len(self.ops), 2):
            first, second = self.sources[i : i + 2]
            nodes.append(self.ops[i](nodes[first]) + self.ops[i + 1](nodes[second]))
        return torch.cat([nodes[i] for i in CONCAT], dim=1)


def check_size(channels: int, num_cells: int) -> None:
    """Raise ArchitectureError unless channels are even and positive, and cells three or more."""
    if channels < 2 or channels % 2:
        raise ArchitectureError(f"channels must be a positive even number, not {channels}")
    if num_cells < 3:
        raise ArchitectureError(f"a DARTS network has at least 3 cells, not {num_cells}")


class DARTSNetwork(nn.Module):
    """The whole network around one genotype.

    The nodes of the first cells have C = ``channels``, an even number; there are three cells or
    more. A 3x3 convolution to 3C channels is both inputs of the first cell.
    """

    def __init__(
        self,
        genotype: DARTSGenotype,
        num_classes: int = 10,
        *,
        channels: int = 36,
        num_cells: int = 20,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_size(channels, num_cells)
        c, c_first, c_second = channels, 3 * channels, 3 * channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, c_first, 3, padding=1, bias=False), nn.BatchNorm2d(c_first)
        )
        self.cells = nn.ModuleList()
        first_is_larger = False
        for i in range(num_cells):
            reduces = i in (num_cells // 3, 2 * num_cells // 3)
            c *= 2 if reduces else 1
            cell, stride = (genotype.reduce, 2) if reduces else (genotype.normal, 1)
            sizes = {"stride": stride, "first_is_larger": first_is_larger}
            self.cells.append(Cell(cell, c_first, c_second, c, **sizes))
            c_first, c_second = c_second, len(CONCAT) * c
            first_is_larger = reduces
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(c_second, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images (B, in_channels, H, W), whose sides divide by 4: logits (B, classes)."""
        first = second = self.stem(x)
        for cell in self.cells:
            first, second = second, cell(first, second)
        return self.classifier(self.pool(second).flatten(1))  # from (B, 16C)
