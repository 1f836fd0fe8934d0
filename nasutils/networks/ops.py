"""The operations of NAS-Bench-201, each a module from (B, C_in, H, W) to (B, C_out, H', W').

``replicas`` runs several independent copies of an operation at once, side by side in the channel
dimension: a convolution becomes a grouped one, everything else works channel by channel anyway.
"""

import torch
from torch import Tensor, nn

from nasutils.spaces.nasbench201 import CONV1, CONV3, NONE, POOL, SKIP


class ReLUConvBN(nn.Sequential):
    """ReLU, convolution without bias, batch norm: the benchmark's convolution."""

    def __init__(
        self, c_in: int, c_out: int, kernel: int, stride: int = 1, *, replicas: int = 1
    ) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(
                c_in * replicas,
                c_out * replicas,
                kernel,
                stride,
                padding=kernel // 2,
                groups=replicas,
                bias=False,
            ),
            nn.BatchNorm2d(c_out * replicas),
        )


class Zero(nn.Module):
    """Cut the edge: a tensor of zeros, through which no gradient flows."""

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros of the shape of x."""
        return torch.zeros_like(x)


class ResidualReduction(nn.Module):
    """The stride-2 residual block between stages: halves the resolution, widens the channels."""

    def __init__(self, c_in: int, c_out: int, *, replicas: int = 1) -> None:
        super().__init__()
        self.conv_a = ReLUConvBN(c_in, c_out, 3, stride=2, replicas=replicas)
        self.conv_b = ReLUConvBN(c_out, c_out, 3, replicas=replicas)
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2),
            nn.Conv2d(c_in * replicas, c_out * replicas, 1, groups=replicas, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H / 2, W / 2)."""
        return self.shortcut(x) + self.conv_b(self.conv_a(x))


def make_op(name: str, channels: int, *, replicas: int = 1) -> nn.Module:
    """Return the stride-1 operation of a cell's edge."""
    make = {
        NONE: Zero,
        SKIP: nn.Identity,
        CONV1: lambda: ReLUConvBN(channels, channels, 1, replicas=replicas),
        CONV3: lambda: ReLUConvBN(channels, channels, 3, replicas=replicas),
        # Zero padding does not count into the average.
        POOL: lambda: nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
    }
    return make[name]()
