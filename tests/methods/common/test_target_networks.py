"""Which vertex makes which convolution, and that targets compute what the networks compute."""

import pytest
import torch
from torch import nn

from nasutils.digits import task
from nasutils.errors import NasutilsError
from nasutils.methods.common.cell_sequences import ABSENT, cell_sequences
from nasutils.methods.common.target_networks import Target
from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.spaces.darts import DARTS_V2
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell

CELL_201 = NASBench201Cell.from_string(
    "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"
)
CELL_101 = NASBench101Cell.from_string("|conv3x3-bn-relu~0|+|conv1x1-bn-relu~0~1|+|output~1~2|")


def small_101():
    return NASBench101Network(CELL_101, channels=8)


TARGETS = {
    "nb201_digits": (CELL_201, lambda: task.build_network(CELL_201), (1, 8, 8)),
    "nasbench201": (CELL_201, lambda: NASBench201Network(CELL_201, channels=4), (3, 8, 8)),
    "nasbench101": (CELL_101, small_101, (3, 8, 8)),
}


@pytest.mark.parametrize("space", TARGETS)
def test_a_convolution_belongs_to_a_vertex_of_its_name(space):
    cell, make, _ = TARGETS[space]
    sequences, target = cell_sequences(space, [cell]), Target.build(make)
    target.check(sequences)
    for place in target.places:
        label = sequences.cells[sequences.order[place.position]].labels[0, place.vertex]
        assert label != ABSENT
        name = sequences.vocabulary[label]
        if place.head != "projection":
            assert f"{place.head}x{place.head}" in name, place
    used = {(place.position, place.vertex, place.head) for place in target.places}
    assert len(used) == len(target.places)  # no two convolutions get the same weights


def test_every_convolution_of_a_cell_has_a_place():
    target = Target.build(TARGETS["nb201_digits"][1])
    places = {(place.position, place.vertex): place.shape for place in target.places}
    # Vertices 1, 3 and 6 of the three cells; 1, 2 and 4 of the two reductions.
    cells = {(p, v) for p in (0, 2, 4) for v in (1, 3, 6)}
    assert set(places) == cells | {(p, v) for p in (1, 3) for v in (1, 2, 4)}
    assert places[1, 1] == (16, 8, 3, 3)
    assert places[3, 4] == (32, 16, 1, 1)
    assert sorted(target.shared) == ["classifier.bias", "classifier.weight", "stem.0.weight"]


def test_projections_have_a_head_of_their_own():
    target = Target.build(small_101)
    heads = {(p.vertex, p.head) for p in target.places if p.position == 0}
    assert heads == {(1, "3"), (2, "1"), (1, "projection"), (2, "projection")}
    assert {p.position for p in target.places} == {0, 1, 2, 4, 5, 6, 8, 9, 10}


@pytest.mark.parametrize("space", TARGETS)
def test_computes_what_the_network_computes_in_training(space):
    _, make, shape = TARGETS[space]
    torch.manual_seed(0)
    network, target = make().train(), Target.build(make)
    images = torch.randn(6, *shape)
    weights = {name: p for name, p in network.named_parameters() if name in target.shared} | {
        place.parameter: network.get_parameter(place.parameter) for place in target.places
    }
    torch.testing.assert_close(target(weights, images), network(images))
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    # What is missing are the scales and shifts, which are one and zero at first.
    assert len(weights) == len(list(network.parameters())) - 2 * len(norms)


def test_sequences_of_another_network():
    target = Target.build(TARGETS["nasbench201"][1])
    for space, reduction in (("nb201_digits", "block"), ("nasbench201", "node")):
        with pytest.raises(NasutilsError, match="which the sequences do not have"):
            target.check(cell_sequences(space, [CELL_201], reduction=reduction))


def test_unknown_network():
    with pytest.raises(NasutilsError, match="NASBench201Network, NASBench101Network"):
        Target.build(lambda: DARTSNetwork(DARTS_V2, channels=4, num_cells=3))
