import numpy as np
import pytest
import torch
from torch.nn import functional as F

from nasutils.networks.counting import build_on_meta, count_flops, count_params
from nasutils.networks.graphnet import Cell, GraphNetNetwork, network_size, operation_layers
from nasutils.spaces.graphnet import OPS, GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell

CONV = GraphNetCell.from_string("|conv_3x3~0|+|output~1|")
STRAIGHT = GraphNetCell([[0, 1], [0, 0]], ())


def one_op(op):
    return GraphNetCell(np.eye(3, k=1), [op])


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("side", [1, 2, 7])
def test_operations_keep_the_shape_and_count_as_built(op, side):
    cell = Cell(one_op(op), 8)
    x = torch.randn(2, 8, side, side)
    assert cell(x).shape == x.shape
    layers = operation_layers(op, 8)
    assert sum(layer.params for layer in layers) == sum(p.numel() for p in cell.parameters())
    flops = sum(layer.flops for layer in layers) * side**2 / 1e6
    assert flops == pytest.approx(count_flops(cell, (8, side, side)))


# Weights of a convolution of 16 channels, and two a channel of each batch norm.
@pytest.mark.parametrize(
    ("op", "params"),
    [
        ("skip", 0),
        ("avg_pool_5x5", 0),
        ("conv_3x3", 9 * 16 * 16 + 32),
        ("sep_conv_5x5", 25 * 16 + 16 * 16 + 32),
        ("dil_conv_5x5", 25 * 16 + 16 * 16 + 32),
        ("mbconv6_3x3", 16 * 96 + 192 + 9 * 96 + 192 + 96 * 16 + 32),
        ("bconv4_3x3", 16 * 4 + 8 + 9 * 4 + 8 + 4 * 16 + 32),
    ],
)
def test_parameters_of_operations(op, params):
    assert sum(layer.params for layer in operation_layers(op, 16)) == params


def test_a_cell_equals_its_equations():
    text = "|conv_3x3~0|+|dil_conv_3x3~0~1|+|avg_pool_3x3~1|+|output~0~2~3|"
    cell = Cell(GraphNetCell.from_string(text), 8).double().eval()
    x = torch.randn(3, 8, 5, 6, dtype=torch.float64)
    convs = [m for m in cell.modules() if isinstance(m, torch.nn.Conv2d)]

    def scale(y):  # a fresh batch norm in evaluation mode
        return y / (1 + 1e-5) ** 0.5

    a = scale(F.conv2d(x.relu(), convs[0].weight, padding=1))
    inner = F.conv2d((x + a).relu(), convs[1].weight, padding=2, dilation=2, groups=8)
    b = scale(F.conv2d(inner, convs[2].weight))
    ones = torch.ones_like(a)
    window = torch.ones(8, 1, 3, 3, dtype=torch.float64)
    sums, sizes = (F.conv2d(y, window, padding=1, groups=8) for y in (a, ones))
    torch.testing.assert_close(cell(x), x + b + scale(sums / sizes))


@pytest.mark.parametrize("seed", range(6))
def test_random_networks_run_and_have_the_size_of_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    drawn = GraphNetSequence.random(rng)
    cells = [SizedCell(c.cell, c.channels // 8 // 8 * 8 + 8, c.stride) for c in drawn.cells]
    sequence = GraphNetSequence(cells)
    shape = (int(rng.integers(1, 5)), int(rng.integers(1, 40)), int(rng.integers(1, 40)))
    classes = int(rng.integers(1, 200))
    network = GraphNetNetwork(sequence, classes, in_channels=shape[0])
    logits = network(torch.randn(2, *shape))
    assert logits.shape == (2, classes)
    logits.sum().backward()
    assert all(p.grad is not None for p in network.parameters())
    size = network_size(sequence, shape, classes)
    assert size.params == pytest.approx(count_params(network), rel=1e-12)
    assert size.flops == pytest.approx(count_flops(network, shape), rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_full_width_sizes_are_those_of_the_built_networks(seed):
    sequence = GraphNetSequence.random(np.random.default_rng(100 + seed))
    network = build_on_meta(lambda: GraphNetNetwork(sequence, 100, in_channels=1))
    size = network_size(sequence, (1, 33, 20), 100)
    assert size.params == pytest.approx(count_params(network), rel=1e-12)
    assert size.flops == pytest.approx(count_flops(network, (1, 33, 20)), rel=1e-12)


def test_the_network_in_which_a_cell_is_judged():
    sequence = GraphNetSequence.stacked(CONV)
    assert [c.channels for c in sequence.cells] == [16 * 2 ** (i // 6) for i in range(1, 18)]
    assert [c.stride for c in sequence.cells] == [2 if i in (6, 12) else 1 for i in range(1, 18)]
    network = GraphNetNetwork(sequence)
    features = network.blocks(network.stem(torch.randn(2, 3, 32, 32)))
    assert features.shape == (2, 64, 8, 8)


def test_projections_only_where_the_shape_changes():
    cells = [SizedCell(STRAIGHT, 8), SizedCell(STRAIGHT, 8), SizedCell(STRAIGHT, 8, 2)]
    network = GraphNetNetwork(GraphNetSequence(cells), 2, in_channels=1)
    assert [len(block) for block in network.blocks[::2]] == [0, 0, 3]
    convs = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [conv.stride for conv in convs] == [(1, 1), (2, 2)]
    # Stem 9 * 8 + 16, projection 64 + 16, batch norm 16, classifier 9 * 2.
    assert network_size(GraphNetSequence(cells), (1, 8, 8), 2).params == 202e-6
