"""AZ-NAS: its parts on cells of one matrix, in closed form, and its ranks."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasutils.errors import NasutilsError
from nasutils.proxies import UNDEFINED, az_nas, score, score_networks
from nasutils.proxies.cells import find_cells
from nasutils.proxies.passes import Passes


def cell(c_in, c_out, stride=1):
    return nn.Sequential(nn.Conv2d(c_in, c_out, stride, stride, bias=False))


def chain(*cells):
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(nn.Sequential(*cells), *head).double()


def parts(network, images):
    names = ("az_expressivity", "az_progressivity", "az_trainability")
    return list(score(network, images, names=names).values())


def draws(images, *weights):
    """Return the random images and weights, and the generator that goes on with the signs."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(images.shape, generator=generator).double()
    drawn = [torch.randn(w.shape, generator=generator).double() for w in weights]
    return x, [w * math.sqrt(2 / w[0].numel()) for w in drawn], generator


def entropy(maps):
    spread = np.linalg.eigvalsh(np.cov(maps.movedim(1, 0).flatten(1).numpy()))
    spread = spread[spread > 1e-12] / spread.sum()
    return -(spread * np.log(spread)).sum()


@pytest.mark.parametrize("stride", [1, 2])
def test_two_cells_by_hand(stride):
    images = torch.empty(8, 2, 4, 4)
    network = chain(cell(2, 3), cell(3, 5, stride))
    x, (a, b), generator = draws(images, network[0][0][0].weight, network[0][1][0].weight)
    first = F.conv2d(x, a)
    second = F.conv2d(first, b, stride=stride)
    entropies = entropy(first), entropy(second)
    signs = torch.randint(2, second.shape, generator=generator).double() * 2 - 1
    rows = signs.movedim(1, 0).flatten(1)  # (5, positions)
    # What comes back to a position (or a square of them) is the matrix times its signs.
    matrix = b.flatten(1).T  # (3 * stride^2, 5)
    size = np.linalg.norm(matrix @ rows @ rows.T / rows.shape[1], 2)
    found = parts(network, images)
    expected = [sum(entropies), entropies[1] - entropies[0], 2 - size - 1 / size]
    assert found == pytest.approx(expected, rel=1e-9)


def test_cells_that_do_nothing_or_cannot_be_matched():
    images = torch.empty(4, 2, 6, 6)
    assert parts(chain(cell(2, 3), nn.Sequential(nn.Identity())), images)[2] == UNDEFINED
    uneven = chain(cell(2, 3), nn.Sequential(nn.Conv2d(3, 3, 3)))
    with pytest.raises(NasutilsError, match=r"a cell turns \(6, 6\) positions into \(4, 4\)"):
        parts(uneven, images)
    assert math.isfinite(score(uneven, images, names="az_expressivity")["az_expressivity"])
    with pytest.raises(NasutilsError, match="fewer than two cells"):
        parts(chain(cell(2, 3)), images)


def test_cells_of_the_spaces(build):
    network = build("nasbench201")
    assert find_cells(network) == list(network.stages)
    network = build("darts")
    assert find_cells(network) == list(network.cells)
    network = nn.Module()  # stages of a class of their own, side by side; a stem and a norm
    network.stem, network.norm = cell(3, 4), nn.Sequential(nn.BatchNorm2d(4))
    network.one, network.two = Stage(), Stage()
    assert find_cells(network) == [network.one, network.two]
    leaves = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert find_cells(leaves) == list(leaves)


def test_tokens_and_maps_with_channels_last_are_read_as_maps():
    class Last(nn.Module):
        def __init__(self, inner, tokens):
            super().__init__()
            self.inner, self.tokens = inner, tokens

        def forward(self, x):
            if x.shape[-1] not in (5, 7):  # maps, before the first cell
                x = x.permute(0, 2, 3, 1)
                x = x.flatten(1, 2) if self.tokens else x
            return F.linear(x, self.inner.weight.flatten(1))

    torch.manual_seed(0)
    cells = [nn.Conv2d(3, 5, 1, bias=False), nn.Conv2d(5, 7, 1, bias=False)]
    images = torch.empty(4, 3, 6, 6)
    body = nn.Sequential(*(nn.Sequential(c) for c in cells))
    expected = parts(nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten()).double(), images)
    for tokens in (False, True):
        last = nn.Sequential(*(Last(c, tokens) for c in cells)).double()
        found = parts(nn.Sequential(last, Mean()).double(), images)
        assert found[:2] == pytest.approx(expected[:2], rel=1e-9)


class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = cell(4, 4)


class Mean(nn.Module):
    def forward(self, x):
        return x.flatten(1, -2).mean(1)


def test_weights_and_norms_do_not_matter(build, batch):
    network, other = build("nasbench201"), build("nasbench201")
    for parameter in other.parameters():
        parameter.data.normal_()
    other.train()(batch[0])  # moves the running statistics
    assert parts(network, batch[0]) == parts(other, 2 * batch[0])


def test_parts_share_their_pass(build, batch):
    passes = Passes(build("darts"), *batch, (), 0)
    assert passes.cells is passes.cells


def test_ranks(build, batch):
    names = ["az_expressivity", "az_progressivity", "az_trainability", "flops"]
    frame = pd.DataFrame(
        [[1.0, 5, -1, 10], [2, 4, -math.inf, 10], [3, 3, -2, 30]], columns=names, index=list("abc")
    )
    logs = np.log(np.array([[1, 3, 3, 1.5], [2, 2, 1, 1.5], [3, 1, 2, 3]]) / 3).sum(1)
    assert az_nas(frame).to_dict() == pytest.approx(dict(zip("abc", logs, strict=True)))
    with pytest.raises(NasutilsError, match="missing: flops"):
        az_nas(frame.drop(columns="flops"))
    with pytest.raises(NasutilsError, match="missing: az_trainability"):
        az_nas(frame.replace(-2, math.nan))
    networks = [build(name) for name in ("nasbench201", "nasbench101")]
    assert az_nas(score_networks(networks, *batch, names)).max() <= 0
