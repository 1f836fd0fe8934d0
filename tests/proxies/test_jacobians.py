import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from nasutils.proxies import UNDEFINED, score
from nasutils.proxies.jacobians import correlations

K = 1e-5


class Square(nn.Module):
    """Logits whose sum is half the sum of the squared pixels: its gradient is the image."""

    def __init__(self, classes):
        super().__init__()
        self.classes = classes

    def forward(self, x):
        energy = x.flatten(1).square().sum(1, keepdim=True) / 2
        return energy.expand(-1, self.classes) / self.classes


@pytest.fixture
def images():
    """Two pairs: the first two images are uncorrelated, the last two exactly anti-correlated."""
    rows = [[1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1], [-2, 2, 2, -2]]
    return torch.tensor(rows, dtype=torch.float64).view(4, 1, 2, 2)


def test_correlations_match_numpy():
    rows = np.random.default_rng(0).normal(size=(5, 7))
    assert correlations(torch.tensor(rows)).numpy() == pytest.approx(np.corrcoef(rows))


def test_jacov_of_uncorrelated_rows(images):
    # The identity matrix: every eigenvalue is 1.
    found = score(Square(2), images[:3], names="jacov")["jacov"]
    assert found == pytest.approx(-3 * (math.log(1 + K) + 1 / (1 + K)))


def test_jacov_of_equal_rows(images):
    # A linear network: one eigenvalue is B, all others are 0.
    torch.manual_seed(0)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double()
    expected = -(math.log(4 + K) + 1 / (4 + K) + 3 * (math.log(K) + 1 / K))
    assert score(linear, images, names="jacov")["jacov"] == pytest.approx(expected)


def test_epe_nas_by_hand(images):
    labels = torch.tensor([0, 0, 1, 1])
    uncorrelated = 2 * math.log(1 + K) + 2 * math.log(K)
    anticorrelated = 4 * math.log(1 + K)
    found = score(Square(2), images, labels, "epe_nas")["epe_nas"]
    assert found == pytest.approx(abs(uncorrelated) + abs(anticorrelated))


def test_epe_nas_beyond_a_hundred_classes(images):
    labels = torch.tensor([0, 0, 100, 100])
    uncorrelated = 2 * math.log(1 + K) + 2 * math.log(K)
    anticorrelated = 4 * math.log(1 + K)
    few = score(Square(101), images, labels, "epe_nas")["epe_nas"]
    # The mean over classes of the sums of distances: 2 |a/2 - b/2| / 2.
    assert few == pytest.approx(abs(uncorrelated / 2 - anticorrelated / 2))


def test_a_class_of_one_image_adds_next_to_nothing(images):
    found = score(Square(4), images, torch.arange(4), "epe_nas")["epe_nas"]
    assert found == pytest.approx(4 * math.log(1 + K))


@pytest.mark.parametrize("name", ["nasbench201", "nasbench101", "darts"])
def test_networks_against_the_naive_way(build, batch, name):
    network, images = build(name).double(), batch[0].double()
    x = images.clone().requires_grad_()
    copy.deepcopy(network).train()(x).sum().backward()
    rows = x.grad.flatten(1).numpy()
    found = score(network, images, batch[1], ("jacov", "epe_nas"))
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(rows))
    jacov = -np.sum(np.log(eigenvalues + K) + 1 / (eigenvalues + K))
    epe_nas = sum(
        abs(np.log(abs(np.corrcoef(rows[batch[1].numpy() == c])) + K).sum()) for c in range(5)
    )
    assert found["jacov"] == pytest.approx(jacov)
    assert found["epe_nas"] == pytest.approx(epe_nas)


def test_a_dead_network_is_undefined(build, batch):
    found = score(build("dead"), *batch, ("jacov", "epe_nas"))
    assert found == {"jacov": UNDEFINED, "epe_nas": UNDEFINED}


def test_jacobian_alone_needs_no_labels(build, batch):
    assert math.isfinite(score(build("nasbench201"), batch[0], names="jacov")["jacov"])
