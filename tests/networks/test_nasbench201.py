"""The NAS-Bench-201 network: its size is the benchmark's, its replicas are independent."""

from collections import Counter

import numpy as np
import pytest
import torch

from nasutils.networks.counting import build_on_meta, count_flops, count_params
from nasutils.networks.nasbench201 import Cell, NASBench201Network
from nasutils.spaces.nasbench201 import CONV1, CONV3, NONE, POOL, SKIP, NASBench201Cell

EMPTY = NASBench201Cell((NONE,) * 6)


def published_params(cell):
    counts = Counter(cell.ops)
    return 0.073306 + 0.24304 * counts[CONV3] + 0.028 * counts[CONV1]


def published_flops(cell):
    counts = Counter(cell.ops)
    return 7.943872 + 35.81952 * counts[CONV3] + 4.36224 * counts[CONV1] + 1.29024 * counts[POOL]


@pytest.mark.parametrize("seed", range(12))
def test_params_and_flops_are_the_published_functions_of_the_operation_counts(seed):
    cell = NASBench201Cell.random(np.random.default_rng(seed))
    network = build_on_meta(lambda: NASBench201Network(cell))
    assert count_params(network) == pytest.approx(published_params(cell), abs=1e-9)
    assert count_flops(network, (3, 32, 32)) == pytest.approx(published_flops(cell), abs=1e-9)


def test_flops_of_the_imagenet16_network():
    network = build_on_meta(lambda: NASBench201Network(EMPTY, num_classes=120))
    assert count_flops(network, (3, 16, 16)) == pytest.approx(1.993792, abs=1e-9)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_params_of_500_random_cells_and_formulas_of_all():
    from nasutils.data import load_table

    table = load_table("nasbench201")
    cells = [NASBench201Cell.from_string(arch) for arch in table["arch"]]
    np.testing.assert_allclose(table["params"], [published_params(c) for c in cells], atol=1e-9)
    np.testing.assert_allclose(table["flops"], [published_flops(c) for c in cells], atol=1e-9)
    for index in np.random.default_rng(0).choice(len(cells), 500, replace=False):
        network = build_on_meta(lambda i=index: NASBench201Network(cells[i]))
        assert count_params(network) == pytest.approx(table["params"].iloc[index], abs=1e-9)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(("column", "classes"), [("params_c100", 100), ("params_in16", 120)])
def test_params_with_other_numbers_of_classes(column, classes):
    from nasutils.data import load_table

    row = load_table("nasbench201").iloc[6111]
    cell = NASBench201Cell.from_string(row["arch"])
    network = build_on_meta(lambda: NASBench201Network(cell, classes))
    assert count_params(network) == pytest.approx(row[column], abs=1e-9)


def test_cell_of_skips_counts_paths():
    # With identities on all edges node 3 sums the four paths from node 0.
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(Cell(NASBench201Cell((SKIP,) * 6), 4)(x), 4 * x)


def test_cell_by_hand():
    # Node 1 = 2x would need a convolution; with pooling: node 1 = pool(x), node 3 = x + node 1.
    cell = Cell(NASBench201Cell((POOL, NONE, NONE, SKIP, SKIP, NONE)), 1)
    x = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])
    # A 3x3 window around each of the four pixels sees all four, and the padding does not count.
    torch.testing.assert_close(cell(x), x + 3.0)


def test_zero_cell_gives_zeros_and_gradients_stop():
    cell = Cell(EMPTY, 3)
    x = torch.randn(1, 3, 4, 4, requires_grad=True)
    y = cell(x)
    assert (y == 0).all()
    assert not y.requires_grad


@pytest.mark.parametrize("replicas", [1, 3])
def test_shape_of_the_logits(replicas):
    network = NASBench201Network(
        EMPTY, 7, channels=4, cells_per_stage=1, in_channels=2, replicas=replicas
    )
    logits = network(torch.randn(5, 2 * replicas, 8, 8))
    assert logits.shape == ((5, 7) if replicas == 1 else (5, replicas, 7))


def test_replicas_do_not_see_each_other():
    cell = NASBench201Cell((CONV3, CONV1, POOL, SKIP, CONV3, CONV1))
    network = NASBench201Network(cell, 3, channels=4, cells_per_stage=1, in_channels=1, replicas=2)
    x = torch.randn(6, 2, 8, 8)
    changed = x.clone()
    changed[:, 1] += torch.randn(6, 8, 8)
    before, after = network(x), network(changed)
    torch.testing.assert_close(before[:, 0], after[:, 0])
    assert not torch.allclose(before[:, 1], after[:, 1])
