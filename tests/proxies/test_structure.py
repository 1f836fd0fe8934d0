"""The dry run: which layers, and where each image's values lie."""

import pytest
import torch
from torch import nn

from nasutils.errors import NasutilsError
from nasutils.proxies.preserve_state import preserve_state, weights_of
from nasutils.proxies.structure import Layout, find_structure


def structure(network, images):
    with preserve_state(network, torch.device("cpu")):
        return find_structure(network, weights_of(network), images, 0)


# A shape, and the dimensions of which the images are one.
ARRANGEMENTS = [((4, 3, 5), 0), ((3, 4, 5), 1), ((4, 4, 2), 1), ((2, 3, 4), 2)]


@pytest.mark.parametrize(("shape", "dimension"), ARRANGEMENTS)
def test_elements_are_sorted_by_image(shape, dimension):
    torch.manual_seed(0)
    x, size = torch.randn(shape), shape[dimension]
    inner = x[0].numel() if dimension == 0 else x.stride(dimension)
    layout = Layout(inner)
    expected = x.movedim(dimension, 0).flatten(1)
    found = layout.by_image(x, size)
    assert torch.equal(found.sort(1).values, expected.sort(1).values)
    for channel in set(range(3)) - {dimension}:
        others = [d for d in range(3) if d not in (dimension, channel)]
        sums = x.sum(others) if dimension < channel else x.sum(others).T
        torch.testing.assert_close(layout.sums(x, size, channel - 3), sums)


def test_parts_of_images():
    windows = torch.randn(4 * 3, 5, 2)  # three windows of each of four images
    layout = Layout(3 * 5 * 2)
    assert torch.equal(layout.by_image(windows, 4), windows.view(4, 30))
    expected = windows.view(4, 15, 2).sum(1)
    torch.testing.assert_close(layout.sums(windows, 4, -1), expected)


def test_tensors_without_images_and_mixed_ones():
    x = torch.randn(6, 2)
    assert Layout(0).by_image(x, 3) is None
    assert not Layout(0).sums(x, 3, -1).any()
    assert Layout(3, marked=False).by_image(x, 3) is None  # a table of parameters
    for layout in (Layout(-1), Layout(5)):
        with pytest.raises(NasutilsError, match="mixes images"):
            layout.by_image(x, 3)
    with pytest.raises(NasutilsError, match="several matrices"):
        Layout(2).sums(x, 6, None)


def test_layers_are_those_that_are_called_in_the_order_of_the_parameters():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.unused, self.first = (
                nn.Linear(4, 2),
                nn.Linear(4, 4),
                nn.Conv2d(3, 4, 3),
            )
            self.scale, self.tied = nn.Parameter(torch.ones(4)), nn.Linear(4, 2)
            self.tied.weight = self.last.weight

        def forward(self, x):
            x = self.first(x).mean((2, 3)) * self.scale
            return self.last(x) + self.tied(x)

    found = structure(Network(), torch.zeros(1, 3, 5, 5))
    assert [layer.name for layer in found.layers] == ["last.weight", "first.weight"]
    assert [layer.fan_in for layer in found.layers] == [4, 27]
    assert found.biases == {"last.bias", "first.bias", "tied.bias"}
    assert set(found.calls) == {("first.weight", 0), ("last.weight", 0), ("last.weight", 1)}


def test_a_computed_weight_is_the_largest_of_its_parameters():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(36, 2))
    nn.utils.parametrizations.weight_norm(network[0])
    found = structure(network, torch.zeros(1, 3, 5, 5))
    assert [layer.name for layer in found.layers] == [
        "0.parametrizations.weight.original1",
        "2.weight",
    ]


def test_broken_weights_are_no_broken_structure():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2))
    expected = structure(network, torch.zeros(1, 3, 5, 5))
    for parameter in network.parameters():
        parameter.data.fill_(torch.nan)
    found = structure(network, torch.zeros(1, 3, 5, 5))
    assert (found.calls, found.relus) == (expected.calls, expected.relus)


@pytest.mark.parametrize("flatten", [nn.Flatten(), None])
def test_the_memory_format_is_one_that_the_network_takes(flatten):
    class View(nn.Module):
        def forward(self, x):
            return x.view(len(x), -1)

    network = nn.Sequential(nn.Conv2d(3, 4, 3), flatten or View(), nn.Linear(36, 2))
    expected = torch.channels_last if flatten else torch.contiguous_format
    assert structure(network, torch.zeros(1, 3, 5, 5)).memory_format == expected


def test_a_network_may_look_at_its_numbers():
    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.map = nn.Linear(12, 2)

        def forward(self, x):
            if not x.isfinite().all():
                raise ValueError("NaN in the images")
            return self.map(x.flatten(1))

    assert [layer.name for layer in structure(Careful(), torch.zeros(1, 3, 2, 2)).layers] == [
        "map.weight"
    ]
