import copy
import math

import pytest
import torch
from torch import nn

from nasutils.proxies import UNDEFINED, score


def zen(network, images, seed=0):
    return score(network, images, names="zen", seed=seed)["zen"]


def draws(images, seed=0):
    """Return the random images, the noise, and the generator that goes on with the weights."""
    generator = torch.Generator().manual_seed(seed)
    x, noise = (torch.randn(images.shape, generator=generator) for _ in range(2))
    return x, noise, generator


def test_one_weight():
    images = torch.empty(6, 1, 2, 2)
    _, noise, generator = draws(images)
    weight = torch.randn(1, 1, 1, 1, generator=generator)
    change = 0.01 * abs(float(weight)) * noise.flatten(1).abs().sum(1).mean()
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert zen(network, images) == pytest.approx(math.log(change), rel=1e-4)


def test_batch_norm_pays_back_the_scale_that_it_takes():
    images = torch.empty(8, 2, 4, 4, dtype=torch.float64)
    network = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ).double()
    x, noise, generator = draws(images)
    moved = (x + 0.01 * noise).double()
    reference = copy.deepcopy(network).train()
    reference[0].weight.data = torch.randn(3, 2, 3, 3, generator=generator).double()
    reference[0].bias.data.zero_()
    features = [reference[:3](images) for images in (x.double(), moved)]
    change = (features[0] - features[1]).flatten(1).abs().sum(1).mean()
    variance = reference[1].running_var.mean()
    expected = (change.log() + variance.sqrt().log()).item()
    assert zen(network, images) == pytest.approx(expected, rel=1e-6)


def test_neither_weights_nor_statistics_nor_labels_matter(build, batch):
    network, other = build("nasbench201"), build("nasbench201")
    for parameter in other.parameters():
        parameter.data.normal_()
    other.train()(batch[0])  # moves the running statistics
    assert zen(network, batch[0]) == zen(other, 2 * batch[0] + 1)
    assert zen(network, batch[0], seed=1) != zen(network, batch[0])


def test_features_are_those_before_global_pooling_of_either_kind():
    class Mean(nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    torch.manual_seed(0)
    body = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()]
    module = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    mean = nn.Sequential(*body, Mean(), nn.Linear(4, 2))
    images = torch.empty(4, 3, 8, 8)
    assert zen(module, images) == zen(mean, images)
    logits = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 2))
    assert math.isfinite(zen(logits, images))


def test_a_network_may_flatten_its_maps_by_a_view():
    class View(nn.Module):
        def forward(self, x):
            return x.view(len(x), -1)

    torch.manual_seed(0)
    body = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()]
    images, head = torch.empty(4, 3, 8, 8), nn.Linear(144, 2)
    viewed = zen(nn.Sequential(*body, View(), head), images)
    assert viewed == pytest.approx(zen(nn.Sequential(*body, nn.Flatten(), head), images), rel=1e-5)


def test_a_dead_network_is_undefined(build, batch):
    assert zen(build("dead"), batch[0]) == UNDEFINED


def test_a_tied_weight_is_drawn_once():
    images = torch.empty(6, 1, 2, 2)
    _, noise, generator = draws(images)
    weight = float(torch.randn(1, 1, 1, 1, generator=generator))
    change = 0.01 * weight**2 * noise.flatten(1).abs().sum(1).mean()
    first, second = nn.Conv2d(1, 1, 1, bias=False), nn.Conv2d(1, 1, 1, bias=False)
    second.weight = first.weight
    network = nn.Sequential(first, second, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert zen(network, images) == pytest.approx(math.log(change), rel=1e-4)
    assert second.weight is first.weight
