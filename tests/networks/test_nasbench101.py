import json

import numpy as np
import pytest
import torch
from torch import nn

from nasutils.data import load_table
from nasutils.data.fetch import fetch
from nasutils.data.nasbench101 import cell_from_naslib, cells
from nasutils.networks.counting import build_on_meta, count_flops, count_params
from nasutils.networks.nasbench101 import (
    Cell,
    ConvBNReLU,
    NASBench101Network,
    make_op,
    vertex_channels,
)
from nasutils.spaces.nasbench101 import POOL, NASBench101Cell

TRIVIAL = NASBench101Cell.from_string("|output~0|")
# Three branches share the output's channels; the first also feeds the third.
BRANCHES = NASBench101Cell.from_string(
    "|conv3x3-bn-relu~0|+|conv1x1-bn-relu~0|+|maxpool3x3~0~1|+|output~0~1~2~3|"
)


def num_params(module):
    return sum(p.numel() for p in module.parameters())


class TestChannels:
    def test_uneven_division_favours_lower_vertices(self):
        assert vertex_channels(BRANCHES, 128, 128) == [128, 43, 43, 42, 128]

    def test_others_are_as_wide_as_their_widest_successor(self):
        cell = NASBench101Cell.from_string(
            "|maxpool3x3~0|+|maxpool3x3~1|+|maxpool3x3~1|+|maxpool3x3~1~3|+|output~2~4|"
        )
        # 2 and 4 share 9 channels as 5 and 4; 3 feeds 4, 1 feeds them all.
        assert vertex_channels(cell, 3, 9) == [3, 5, 5, 4, 4, 9]

    def test_no_interior_vertex(self):
        assert vertex_channels(TRIVIAL, 128, 256) == [128, 256]

    def test_never_narrower_than_a_successor_nor_wider_by_two(self):
        rng = np.random.default_rng(0)
        for _ in range(100):
            cell = NASBench101Cell.random(rng)
            channels, last = vertex_channels(cell, 16, 128), cell.num_vertices - 1
            for u, v in np.argwhere(cell.adjacency):
                if u > 0 and v < last:
                    assert channels[u] - channels[v] in (0, 1)
            into_output = [channels[u] for u in range(1, last) if cell.adjacency[u][last]]
            assert not into_output or sum(into_output) == 128


class TestCell:
    def test_equals_its_equations(self):
        """The branches written out by hand, with the cell's own weights."""
        torch.manual_seed(0)
        cell = Cell(BRANCHES, c_in=6, c_out=8).eval()  # channels 3, 3, 2
        x = torch.randn(2, 6, 5, 5)
        project = cell.projections
        one = cell.ops[0](project["1"](x))
        two = cell.ops[1](project["2"](x))
        three = nn.functional.max_pool2d(one[:, :2] + project["3"](x), 3, stride=1, padding=1)
        expected = torch.cat([one, two, three], dim=1) + project["4"](x)
        assert torch.allclose(cell(x), expected, atol=1e-6)

    def test_without_interior_it_is_a_projection(self):
        cell = Cell(TRIVIAL, 4, 8).eval()
        x = torch.randn(2, 4, 3, 3)
        assert torch.equal(cell(x), cell.projections["1"](x))
        assert num_params(cell) == 4 * 8 + 2 * 8

    def test_a_single_branch_is_not_concatenated(self):
        cell = Cell(NASBench101Cell.from_string("|maxpool3x3~0|+|output~1|"), 4, 8).eval()
        x = torch.randn(2, 4, 3, 3)
        expected = nn.functional.max_pool2d(cell.projections["1"](x), 3, stride=1, padding=1)
        assert torch.equal(cell(x), expected)

    def test_convolution_is_followed_by_norm_and_relu(self):
        conv, norm, relu = ConvBNReLU(4, 8, 3)
        assert conv.bias is None
        assert (norm.eps, norm.momentum) == (1e-5, pytest.approx(0.003))
        assert isinstance(relu, nn.ReLU)
        assert isinstance(make_op(POOL, 8), nn.MaxPool2d)


class TestNetwork:
    def test_three_stacks_of_three_cells(self):
        network = build_on_meta(lambda: NASBench101Network(BRANCHES))
        shapes = []
        for layer in network.stacks:
            layer.register_forward_hook(lambda m, x, y: shapes.append((type(m), *y.shape[1:])))
        logits = network(torch.empty(2, 3, 32, 32, device="meta"))
        assert logits.shape == (2, 10)
        assert shapes == [
            *[(Cell, 128, 32, 32)] * 3,
            (nn.MaxPool2d, 128, 16, 16),
            *[(Cell, 256, 16, 16)] * 3,
            (nn.MaxPool2d, 256, 8, 8),
            *[(Cell, 512, 8, 8)] * 3,
        ]

    def test_params_of_the_trivial_cell_by_hand(self):
        network = build_on_meta(lambda: NASBench101Network(TRIVIAL))
        stem = 27 * 128 + 2 * 128
        pairs = [*[(128, 128)] * 3, (128, 256), *[(256, 256)] * 2, (256, 512), *[(512, 512)] * 2]
        projections = sum(c_in * c_out + 2 * c_out for c_in, c_out in pairs)
        assert num_params(network) == stem + projections + 512 * 10 + 10

    def test_flops_of_the_trivial_cell_agree_with_naslib(self):
        """NASLib's file has 140.416 M for this cell."""
        network = build_on_meta(lambda: NASBench101Network(TRIVIAL))
        assert count_flops(network, (3, 32, 32)) == pytest.approx(140.416, abs=1e-9)

    def test_random_cells_learn_on_small_odd_images(self):
        rng = np.random.default_rng(0)
        for _ in range(5):
            network = NASBench101Network(
                NASBench101Cell.random(rng), 4, channels=5, cells_per_stack=1, in_channels=1
            )
            logits = network(torch.randn(2, 1, 11, 9))
            assert logits.shape == (2, 4)
            logits.square().sum().backward()
            assert all(p.grad is not None for p in network.parameters())

    def test_initial_weights_are_tensorflows(self):
        torch.manual_seed(0)
        network = NASBench101Network(BRANCHES, channels=32, cells_per_stack=1)
        weights = network.stacks[-1].ops[0][0].weight  # (43, 43, 3, 3)
        std = (1 / weights[0].numel()) ** 0.5
        assert weights.std().item() == pytest.approx(std, rel=0.03)
        assert weights.abs().max().item() <= 2 * std / 0.8796 + 1e-6
        assert not network.classifier.bias.any()


@pytest.mark.real_data
def test_params_equal_the_tables_for_300_cells(real_data):
    rows = load_table("nasbench101").sample(300, random_state=0)
    ours = [
        count_params(build_on_meta(lambda cell=cell: NASBench101Network(cell)))
        for cell in cells(rows)
    ]
    assert np.abs(rows["params"] - ours).max() < 1e-9


@pytest.mark.real_data
def test_flops_equal_naslibs_for_8_cells(real_data):
    records = json.loads(fetch("naslib_nb101_zc").read_bytes())["nasbench101"]["cifar10"]
    for text, record in list(records.items())[:8]:
        network = build_on_meta(lambda text=text: NASBench101Network(cell_from_naslib(text)))
        assert count_flops(network, (3, 32, 32)) == pytest.approx(record["flops"], abs=1e-6)
