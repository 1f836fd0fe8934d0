"""The networks that DARTS trains around a genotype, for CIFAR and for ImageNet.

A stack of cells: normal ones, with a reduction cell after one third and two thirds, where the
resolution halves and the channels double. Each cell reads the outputs of the two before it.
For the published second-order genotype: 3.349 M parameters on CIFAR-10 (36 channels, 20 cells),
4.719 M on ImageNet (48 channels, 14 cells), both without the auxiliary head.

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


def drop_path(x: Tensor, probability: float) -> Tensor:
    """Zero whole samples of x, (B, C, H, W), and scale the others to keep the mean."""
    keep = 1 - probability
    mask = torch.empty(x.shape[0], 1, 1, 1, dtype=x.dtype, device=x.device).bernoulli_(keep)
    return x / keep * mask


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

    def forward(self, first: Tensor, second: Tensor, drop_probability: float = 0.0) -> Tensor:
        """Map (B, C_first, H', W') and (B, C_second, H, W) to (B, 4C, H / stride, W / stride)."""
        nodes = [self.preprocess_first(first), self.preprocess_second(second)]  # (B, C, H, W)
        for i in range(0, len(self.ops), 2):
            a, b = (
                self._run(op, nodes[source], drop_probability)
                for op, source in zip(self.ops[i : i + 2], self.sources[i : i + 2], strict=True)
            )
            nodes.append(a + b)
        return torch.cat([nodes[i] for i in CONCAT], dim=1)

    def _run(self, op: nn.Module, x: Tensor, drop_probability: float) -> Tensor:
        x = op(x)
        if self.training and drop_probability and not isinstance(op, nn.Identity):
            x = drop_path(x, drop_probability)
        return x


class CIFARStem(nn.Module):
    """A 3x3 convolution to 3C channels: both inputs of the first cell, at full resolution."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.c_first = self.c_second = 3 * channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, self.c_first, 3, padding=1, bias=False),
            nn.BatchNorm2d(self.c_first),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, C_in, H, W) to twice the same (B, 3C, H, W)."""
        x = self.stem(x)
        return x, x


class ImageNetStem(nn.Module):
    """Three 3x3 convolutions with stride 2: the first cell reads the last two."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.c_first = self.c_second = channels
        self.first = nn.Sequential(
            nn.Conv2d(in_channels, channels // 2, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels // 2),
            nn.ReLU(),
            nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.second = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, C_in, H, W) to (B, C, H / 4, W / 4) and (B, C, H / 8, W / 8)."""
        first = self.first(x)
        return first, self.second(first)


class AuxiliaryHead(nn.Sequential):
    """A second classifier, on the output of the second reduction cell, that training uses.

    That output is 8x8 on CIFAR, 7x7 on ImageNet. The authors' ImageNet head lacks the last batch
    norm: an oversight that they kept.
    """

    def __init__(self, channels: int, num_classes: int, *, imagenet: bool) -> None:
        super().__init__(
            nn.ReLU(),
            nn.AvgPool2d(5, stride=2 if imagenet else 3, count_include_pad=False),  # 2 x 2
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 768, 2, bias=False),  # 1 x 1
            nn.Identity() if imagenet else nn.BatchNorm2d(768),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(768, num_classes),
        )


def check_size(channels: int, num_cells: int) -> None:
    """Raise ArchitectureError unless channels are even and positive, and cells three or more."""
    if channels < 2 or channels % 2:
        raise ArchitectureError(f"channels must be a positive even number, not {channels}")
    if num_cells < 3:
        raise ArchitectureError(f"a DARTS network has at least 3 cells, not {num_cells}")


class DARTSNetwork(nn.Module):
    """The whole network around one genotype.

    There are 20 cells on CIFAR, 14 on ImageNet, three at least; their first nodes have C =
    ``channels``, an even number. With ``imagenet``, the stem divides the resolution by 8. The
    auxiliary head takes images of 32x32, or 224x224 on ImageNet.

    ``drop_path_probability`` is an attribute that training may raise from epoch to epoch; it has no
    effect in evaluation mode. The authors raise it linearly to 0.2 on CIFAR.
    """

    def __init__(
        self,
        genotype: DARTSGenotype,
        num_classes: int = 10,
        *,
        channels: int = 36,
        num_cells: int = 20,
        imagenet: bool = False,
        auxiliary: bool = False,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_size(channels, num_cells)
        self.drop_path_probability = 0.0
        self.reductions = num_cells // 3, 2 * num_cells // 3
        self.stem = (ImageNetStem if imagenet else CIFARStem)(in_channels, channels)
        c_first, c_second, c = self.stem.c_first, self.stem.c_second, channels
        first_is_larger = imagenet
        self.cells = nn.ModuleList()
        for i in range(num_cells):
            is_reduction = i in self.reductions
            c *= 2 if is_reduction else 1
            cell, stride = (genotype.reduce, 2) if is_reduction else (genotype.normal, 1)
            sizes = {"stride": stride, "first_is_larger": first_is_larger}
            self.cells.append(Cell(cell, c_first, c_second, c, **sizes))
            c_first, c_second = c_second, len(CONCAT) * c
            first_is_larger = is_reduction
        # Channels double only at the reductions: after the second one they stay as they are.
        self.auxiliary = (
            AuxiliaryHead(c_second, num_classes, imagenet=imagenet) if auxiliary else None
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(c_second, num_classes)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Classify images (B, in_channels, H, W), whose sides divide by 4, or 32 on ImageNet.

        Returns logits (B, num_classes); in training with the auxiliary head, a pair: the logits and
        the auxiliary logits.
        """
        auxiliary_logits = None
        first, second = self.stem(x)
        for i, cell in enumerate(self.cells):
            first, second = second, cell(first, second, self.drop_path_probability)
            if i == self.reductions[1] and self.auxiliary is not None and self.training:
                auxiliary_logits = self.auxiliary(second)
        logits = self.classifier(self.pool(second).flatten(1))  # from (B, 16C)
        return logits if auxiliary_logits is None else (logits, auxiliary_logits)
