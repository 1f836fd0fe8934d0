"""Cells go both ways; what is no cell does not come back."""

import numpy as np
import pytest
import torch

from nasutils.methods.generative.cell_tensors import EMPTY, PAIRS, CellTensors
from nasutils.spaces.graphnet import GraphNetCell


def test_cells_go_both_ways(graphnet_cells):
    tensors = CellTensors.of(graphnet_cells)
    assert len(tensors) == 24
    assert tensors.decode() == graphnet_cells
    assert tensors[torch.tensor([3, 1])].decode() == [graphnet_cells[3], graphnet_cells[1]]
    empty = GraphNetCell([[0, 1], [0, 0]], ())
    assert CellTensors.of([empty]).decode() == [empty]
    assert len(CellTensors.of([])) == 0


def test_isomorphic_cells_are_the_same():
    matrix = np.array([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]])
    cells = [GraphNetCell(matrix, ops) for ops in (("skip", "conv_3x3"), ("conv_3x3", "skip"))]
    tensors = CellTensors.of(cells)
    assert torch.equal(tensors.edges[0], tensors.edges[1])
    assert torch.equal(tensors.ops[0], tensors.ops[1])


@pytest.mark.parametrize(
    ("edges", "ops"),
    [
        ([(0, 1), (1, 7), (1, 2)], [4]),  # an edge of an empty slot
        ([(0, 1)], [4]),  # an operation that leads nowhere
        ([(0, 7)], [4]),  # one on no path at all
        ([], []),
    ],
)
def test_what_is_no_cell_decodes_to_none(edges, ops):
    row = torch.tensor([[(a, b) in edges for a, b in PAIRS.T.tolist()]])
    numbers = torch.tensor([[*ops, *[EMPTY] * (6 - len(ops))]])
    assert CellTensors(row.byte(), numbers.byte()).decode() == [None]


def test_an_empty_slot_between_operations_is_passed_over():
    edges = [(0, 1), (1, 3), (3, 7)]
    row = torch.tensor([[(a, b) in edges for a, b in PAIRS.T.tolist()]])
    numbers = torch.tensor([[5, EMPTY, 0, EMPTY, EMPTY, EMPTY]])
    (cell,) = CellTensors(row.byte(), numbers.byte()).decode()
    assert cell == GraphNetCell(np.eye(4, k=1, dtype=int), ("conv_3x3", "skip"))


def test_the_nearest_cell_is_the_cell_itself_where_there_is_one(graphnet_cells):
    tensors = CellTensors.of(graphnet_cells)
    edges = 4.0 * tensors.edges - 2
    ops = 9 * torch.nn.functional.one_hot(tensors.ops.long(), EMPTY + 1).float()
    assert CellTensors.nearest(edges, ops).decode() == graphnet_cells


def test_the_nearest_cell_is_always_one():
    draws = torch.Generator().manual_seed(0)
    edges = torch.randn(200, 28, generator=draws) - 1
    ops = torch.randn(200, 6, EMPTY + 1, generator=draws)
    plain = CellTensors((edges > 0).byte(), ops.argmax(-1).byte()).decode()
    nearest = CellTensors.nearest(edges, ops).decode()
    assert None in plain
    assert None not in nearest
    # Likely edges between operations stay: what is added only joins what was cut off.
    assert all(a == b for a, b in zip(plain, nearest, strict=True) if a is not None)


def test_a_vertex_that_is_cut_off_gets_its_likeliest_edges():
    logits = {(0, 7): 3.0, (0, 1): -1.0, (1, 7): -2.0}
    edges = torch.tensor([[logits.get((a, b), -9.0) for a, b in PAIRS.T.tolist()]])
    ops = torch.zeros(1, 6, EMPTY + 1)
    ops[:, :, EMPTY] = 5
    ops[:, 0, 4] = 9
    (cell,) = CellTensors.nearest(edges, ops).decode()
    assert cell.adjacency == ((0, 1, 1), (0, 0, 1), (0, 0, 0))
