"""ZiCo on one linear layer, in closed form, and against its definition."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasutils.proxies import score


def test_one_linear_layer():
    rng = np.random.default_rng(0)
    w, x, y = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), np.eye(3)[[0, 1, 2, 1]]
    odds = np.exp(x @ w.T)
    p = odds / odds.sum(1, keepdims=True)
    halves = np.stack([(p - y)[part].T @ x[part] / 2 for part in (slice(2), slice(2, 4))])
    # Of two numbers a, b the mean of absolutes over the deviation is (|a| + |b|) / |a - b|.
    expected = math.log((np.abs(halves).sum(0) / np.abs(halves[0] - halves[1])).sum())
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 3, bias=False)).double()
    network[1].weight.data = torch.tensor(w)
    images = torch.tensor(x)[:, :, None, None]
    found = score(network, images, torch.tensor(y.argmax(1)), "zico")
    assert found["zico"] == pytest.approx(expected, rel=1e-12)


def test_networks_against_the_definition(build, batch):
    network, (images, labels) = build("nasbench101").double(), batch
    images, expected, halves = images.double(), 0.0, []
    for part in (slice(5), slice(5, 10)):
        reference = copy.deepcopy(network).train()
        F.cross_entropy(reference(images[part]), labels[part]).backward()
        layers = [m for m in reference.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        halves.append([m.weight.grad.numpy().ravel() for m in layers])
    for gradients in zip(*halves, strict=True):
        deviation = np.std(gradients, axis=0)
        ratio = np.abs(gradients).mean(0)[deviation > 0] / deviation[deviation > 0]
        expected += math.log(ratio.sum())
    assert score(network, images, labels, "zico")["zico"] == pytest.approx(expected, rel=1e-9)


def test_equal_halves_have_nothing_to_add(build, batch):
    images, labels = batch[0][:5].repeat(2, 1, 1, 1), batch[1][:5].repeat(2)
    for name in ("nasbench201", "dead"):
        assert score(build(name), images, labels, "zico") == {"zico": 0.0}
