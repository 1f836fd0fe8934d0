import copy
import itertools
import math

import pytest
import torch
from torch import nn

from nasutils.proxies import UNDEFINED, score


def synflow(network, images):
    return score(network, images, names="synflow")["synflow"]


def test_sum_over_all_paths():
    torch.manual_seed(0)
    widths = (2, 3, 4, 2)
    first, second, third = (nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(widths))
    network = nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.ReLU(), third)
    a, b, c = (layer.weight.detach().double().abs() for layer in (first, second, third))
    flow = sum(
        float(a[j, i] * b[k, j] * c[m, k])
        for i, j, k, m in itertools.product(*(range(width) for width in widths))
    )
    # The flow through the weights of each of the three layers is the whole flow.
    assert synflow(network, torch.empty(1, 2, 1, 1)) == pytest.approx(math.log(3 * flow))


def test_images_and_batch_norm_and_signs_do_not_matter():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2)
    )
    expected = synflow(network, torch.randn(5, 2, 4, 4))
    network[1].weight.data.fill_(7.0)
    network[1].running_var.fill_(0.1)
    network[4].weight.data *= -1
    assert synflow(network, torch.full((3, 2, 4, 4), torch.nan)) == expected
    without = nn.Sequential(*(m for m in network if not isinstance(m, nn.BatchNorm2d)))
    assert synflow(without, torch.zeros(1, 2, 4, 4)) == expected


def test_networks_against_the_naive_way(network, batch):
    reference = copy.deepcopy(network).double()
    for name, module in list(reference.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            parent, _, child = name.rpartition(".")
            setattr(reference.get_submodule(parent), child, nn.Identity())
    for parameter in reference.parameters():
        parameter.data.abs_()
    reference(torch.ones(1, 3, 16, 16).double()).sum().backward()
    layers = [m for m in reference.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    weights = [m.weight for m in layers if m.weight.grad is not None]
    total = sum(float((w.detach() * w.grad).sum()) for w in weights)
    expected = math.log(total) if total else UNDEFINED
    assert synflow(network, batch[0]) == pytest.approx(expected)


def test_raw_flow_beyond_single_precision_and_overflow(batch):
    network = nn.Sequential(nn.Flatten(), nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    network = network.double()
    for layer in network[1:]:
        layer.weight.data.fill_(1e50)
    image = torch.empty(1, 1, 1, 1)
    assert synflow(network, image) == pytest.approx(math.log(2e100))
    for layer in network[1:]:
        layer.weight.data.fill_(1e200)
    assert synflow(network, image) == UNDEFINED
