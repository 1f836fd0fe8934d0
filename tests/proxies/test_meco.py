"""MeCo in closed form, and against its definition."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from nasutils.proxies import score


def draw(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_two_channels():
    """The smaller eigenvalue of a correlation of two is 1 - |rho|."""
    network = nn.Sequential(nn.Conv2d(2, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network[0].weight.data = torch.tensor([[1.0, 0], [0.6, 0.8]])[:, :, None, None]
    a, c = draw((1, 2, 6, 6))[0].flatten(1).double().numpy()
    rho = np.corrcoef(a, 0.6 * a + 0.8 * c)[0, 1]
    found = score(network.double(), torch.empty(1, 2, 6, 6), names="meco")["meco"]
    assert found == pytest.approx(1 - abs(rho), rel=1e-6)


def test_networks_against_the_definition(build, batch):
    network = build("nasbench101").double()
    reference, maps = copy.deepcopy(network).train(), []
    for module in reference.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda m, i, o: maps.append(o[0].detach().flatten(1)))
    reference(draw((1, 3, 16, 16)).double())
    smallest = [np.linalg.eigvalsh(np.corrcoef(m)).min() for m in maps if m.shape[1] > len(m)]
    assert score(network, batch[0], names="meco")["meco"] == pytest.approx(sum(smallest), rel=1e-6)


def test_constant_channels_and_few_positions_add_nothing(build, batch):
    assert score(build("dead"), batch[0], names="meco")["meco"] < 2  # the stem and the reductions
    network = nn.Sequential(nn.Conv2d(3, 20, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert score(network, torch.empty(1, 3, 4, 4), names="meco") == {"meco": 0.0}
    network[0].weight.data[0] = 0
    assert score(network, torch.empty(1, 3, 9, 9), names="meco")["meco"] == pytest.approx(0)


def test_neither_images_nor_labels_matter(build, batch):
    network = build("darts")
    found = score(network, batch[0], names="meco")
    assert found == score(network, torch.full((1, 3, 16, 16), math.nan), names="meco")
    assert found != score(network, batch[0], names="meco", seed=1)
