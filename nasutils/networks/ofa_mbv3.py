"""The network of one sub-net of the Once-for-All MobileNetV3 super-net, at width 1.0.

Stem and one bottleneck without expansion, five stages of inverted residuals, an expansion before
and one after the global pooling, a linear classifier. The whole table of measured sub-nets gives
its parameters and its multiply-adds.

Sources: Cai et al., "Once-for-All", ICLR 2020, https://arxiv.org/abs/1908.09791; Howard et al.,
"Searching for MobileNetV3", ICCV 2019, https://arxiv.org/abs/1905.02244, Table 1; the widths are
those of the authors' training code.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

STEM, EXPANDED, MIXED = 16, 960, 1280  # channels of the stem, before and after the global pooling
SE_REDUCTION = 4


@dataclass(frozen=True, slots=True)
class Stage:
    """What is fixed in a stage: channels of its output, stride of its first block, its layers."""

    channels: int
    stride: int
    hardswish: bool
    squeeze: bool


STAGES = (
    Stage(24, 2, hardswish=False, squeeze=False),
    Stage(40, 2, hardswish=False, squeeze=True),
    Stage(80, 2, hardswish=True, squeeze=False),
    Stage(112, 1, hardswish=True, squeeze=True),
    Stage(160, 2, hardswish=True, squeeze=True),
)


def make_divisible(channels: int, divisor: int = 8) -> int:
    """Round to a multiple of the divisor, but never down by more than a tenth."""
    rounded = max(divisor, (channels + divisor // 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


class SqueezeExcitation(nn.Module):
    """Scale each channel by a factor in [0, 1] that depends on the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        middle = make_divisible(channels // SE_REDUCTION)
        self.gate = nn.Sequential(
            nn.Conv2d(channels, middle, 1),
            nn.ReLU(),
            nn.Conv2d(middle, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return x * self.gate(x.mean((2, 3), keepdim=True))  # gate: (B, C, 1, 1)


class InvertedResidual(nn.Module):
    """Expand by a 1x1 convolution, one kernel a channel, project back; a short cut if it fits.

    The stride is the depthwise convolution's; ``expansion`` is the ratio of inner to input
    channels, and with 1 there is no expansion layer.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int,
        expansion: int,
        *,
        stride: int,
        hardswish: bool,
        squeeze: bool,
    ) -> None:
        super().__init__()
        inner = make_divisible(c_in * expansion)
        activation = nn.Hardswish if hardswish else nn.ReLU
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [nn.Conv2d(c_in, inner, 1, bias=False), nn.BatchNorm2d(inner), activation()]
        layers += [
            nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            activation(),
        ]
        if squeeze:
            layers.append(SqueezeExcitation(inner))
        layers += [nn.Conv2d(inner, c_out, 1, bias=False), nn.BatchNorm2d(c_out)]
        self.layers = nn.Sequential(*layers)
        self.has_shortcut = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H / stride, W / stride)."""
        return x + self.layers(x) if self.has_shortcut else self.layers(x)


class OFAMobileNetV3Network(nn.Module):
    """The whole network of one sub-net."""

    def __init__(
        self, subnet: OFAMobileNetV3, num_classes: int = 1000, *, in_channels: int = 3
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, STEM, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(STEM),
            nn.Hardswish(),
            InvertedResidual(STEM, STEM, 3, 1, stride=1, hardswish=False, squeeze=False),
        )
        blocks: list[nn.Module] = []
        c_in = STEM
        for stage, choices in zip(STAGES, subnet.stages, strict=True):
            for i, (kernel, expansion) in enumerate(choices):
                options = {"hardswish": stage.hardswish, "squeeze": stage.squeeze}
                options["stride"] = 1 if i else stage.stride
                blocks.append(InvertedResidual(c_in, stage.channels, kernel, expansion, **options))
                c_in = stage.channels
        self.blocks = nn.Sequential(*blocks)
        self.expand = nn.Sequential(
            nn.Conv2d(c_in, EXPANDED, 1, bias=False), nn.BatchNorm2d(EXPANDED), nn.Hardswish()
        )
        self.mix = nn.Sequential(nn.Conv2d(EXPANDED, MIXED, 1, bias=False), nn.Hardswish())
        self.classifier = nn.Linear(MIXED, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images (B, in_channels, H, W): logits of shape (B, num_classes)."""
        x = self.expand(self.blocks(self.stem(x)))  # (B, 960, H / 32, W / 32)
        x = self.mix(x.mean((2, 3), keepdim=True))
        return self.classifier(torch.flatten(x, 1))
