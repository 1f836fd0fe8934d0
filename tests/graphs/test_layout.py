"""Where the channels are after data was moved: sizes of an activation behind it, by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasutils.graphs import trace
from nasutils.networks.counting import build_on_meta

C, H, W = IMAGE = (6, 4, 10)


class Moved(nn.Module):
    def __init__(self, move):
        super().__init__()
        self.move = move
        self.conv = nn.Conv2d(C, C, 1)
        self.linear = nn.Linear(C, 9)
        self.norm = nn.LayerNorm(C)

    def forward(self, x):
        return torch.tanh(self.move(self, self.conv(x)))


def tokens(x):
    return x.flatten(2).transpose(1, 2)


@pytest.mark.parametrize(
    ("move", "sizes"),
    [
        (lambda m, x: x, (C, H, W)),
        (lambda m, x: x.permute(0, 2, 3, 1), (C, H, W)),
        (lambda m, x: x.permute(0, 2, 3, 1).contiguous().relu(), (C, H, W)),
        (lambda m, x: x.movedim(1, -1)[..., 1::2], (C // 2, H, W)),
        (lambda m, x: x.permute(0, 3, 1, 2), (C, W, H)),
        (lambda m, x: tokens(x), (C, H * W, 1)),
        (lambda m, x: torch.cat([tokens(x), tokens(x)], dim=1), (C, 2 * H * W, 1)),
        (lambda m, x: tokens(x).chunk(2, dim=-1)[1], (C // 2, H * W, 1)),
        (lambda m, x: tokens(x).reshape(-1, H, W, C), (C, H, W)),
        (lambda m, x: tokens(x).mean(1), (C, 1, 1)),
        (lambda m, x: tokens(x)[:, 0], (C, 1, 1)),
        (lambda m, x: tokens(x).unbind(1)[0], (C, 1, 1)),
        (lambda m, x: tokens(x) * torch.ones(C), (C, H * W, 1)),
        (lambda m, x: m.linear(tokens(x)), (9, H * W, 1)),
        (lambda m, x: m.linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), (9, H, W)),
        (lambda m, x: m.norm(x.permute(0, 2, 3, 1)), (C, H, W)),
        (lambda m, x: x.flatten(1), (C * H * W, 1, 1)),
        (lambda m, x: x.mean((2, 3)), (C, 1, 1)),
        (lambda m, x: x.sum((2, 3), keepdim=True), (C, 1, 1)),
        (lambda m, x: x.mean(1), (1, H, W)),
        (lambda m, x: x.amax(1, keepdim=True), (1, H, W)),
        (lambda m, x: x[:, 2], (1, H, W)),
        (lambda m, x: x[:, 2].unsqueeze(1), (1, H, W)),
        (lambda m, x: x[:, :2, 1:], (2, H - 1, W)),
        (lambda m, x: torch.stack([x, x], dim=1).sum(1), (C, H, W)),
        (lambda m, x: x.view(-1, 2, C // 2, H, W).transpose(1, 2).reshape(x.shape), (C, H, W)),
        (lambda m, x: F.pixel_unshuffle(x, 2), (4 * C, H // 2, W // 2)),
    ],
)
def test_sizes_after_a_move(move, sizes):
    graph = trace(build_on_meta(lambda: Moved(move)), IMAGE)
    row = graph.features[graph.names().index("tanh")]
    assert row[:6].tolist() == [size for size in sizes for _ in range(2)]


class ConvNeXtBlock(nn.Module):
    """Channels come last from the norm to the scaling."""

    def __init__(self):
        super().__init__()
        self.depthwise = nn.Conv2d(C, C, 3, padding=1, groups=C)
        self.norm, self.scale = nn.LayerNorm(C), nn.Parameter(torch.ones(C))
        self.layers = nn.Sequential(nn.Linear(C, 4 * C), nn.GELU(), nn.Linear(4 * C, C))

    def forward(self, x):
        y = self.layers(self.norm(self.depthwise(x).permute(0, 2, 3, 1))) * self.scale
        return x + y.permute(0, 3, 1, 2)


def test_channels_last():
    graph = trace(build_on_meta(ConvNeXtBlock), IMAGE)
    wide = [("linear", C, 4 * C), ("gelu", 4 * C, 4 * C), ("linear", 4 * C, C)]
    same = ["input", "depthwise_conv", "layer_norm"], ["mul", "add", "output"]
    first, last = ([(name, C, C) for name in names] for names in same)
    rows = zip(graph.names(), *graph.features[:, :2].T.tolist(), strict=True)
    assert list(rows) == first + wide + last
    assert (graph.features[:, 2:6] == [H, H, W, W]).all()
