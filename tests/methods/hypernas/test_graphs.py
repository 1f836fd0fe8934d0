"""Normalised adjacencies by hand."""

import pytest
import torch

from nasutils.errors import UnknownNameError
from nasutils.methods.common.cell_sequences import ABSENT, NORMAL, REDUCTION, Cells, CellSequences
from nasutils.methods.hypernas.graphs import graphs_of, take_all

# 0 -> 1, 0 -> 2, 1 -> 2, and a vertex that fills up.
ADJACENCY = torch.tensor([[[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]])
LABELS = torch.tensor([[0, 2, 1, ABSENT]])
TRIANGLE = Cells(ADJACENCY.to(torch.uint8), LABELS.to(torch.int8), REDUCTION)
ALONG = {
    "row": [[1 / 3, 1 / 3, 1 / 3, 0], [0, 1 / 2, 1 / 2, 0], [0, 0, 1, 0], [0, 0, 0, 0]],
    "sum": [[1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]],
    "raw": [[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
    # Row sums 3, 2, 1, column sums 1, 2, 3.
    "symmetric": [
        [3**-0.5, 6**-0.5, 1 / 3, 0],
        [0, 1 / 2, 6**-0.5, 0],
        [0, 0, 3**-0.5, 0],
        [0, 0, 0, 0],
    ],
}
AGAINST = {
    "row": [[1, 0, 0, 0], [1 / 2, 1 / 2, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0], [0, 0, 0, 0]],
    "sum": [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]],
    "raw": [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]],
    "symmetric": torch.tensor(ALONG["symmetric"]).T.tolist(),
}


@pytest.mark.parametrize("normalisation", ALONG)
def test_by_hand(normalisation):
    (graphs,) = graphs_of(CellSequences((TRIANGLE,), (0,), ("a", "b", "c"), 1), normalisation)
    torch.testing.assert_close(2 * graphs.along[0], torch.tensor(ALONG[normalisation]).float())
    torch.testing.assert_close(2 * graphs.against[0], torch.tensor(AGAINST[normalisation]).float())
    one_hot = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 0]])
    assert torch.equal(graphs.one_hot, one_hot[None, None])
    assert graphs.inverse_size.item() == pytest.approx(1 / 3)
    assert graphs.kind == REDUCTION


def test_take():
    two = Cells(TRIANGLE.adjacency.repeat(2, 1, 1), TRIANGLE.labels.repeat(2, 1), NORMAL)
    two.labels[1, 1] = 0
    rows = torch.tensor([[0, 1], [1, 1], [0, 0]])
    cells = graphs_of(CellSequences((two, TRIANGLE), (0, 1), ("a", "b", "c"), 2), "row")
    own, shared = take_all(cells, rows)
    assert own.one_hot[:, :, 1].argmax(-1).tolist() == [[2, 0], [0, 0], [2, 2]]
    assert own.along.shape == own.against.shape == shared.along.shape == (6, 4, 4)
    assert shared.one_hot.shape == (3, 2, 4, 3)
    assert shared.inverse_size.shape == (3, 2, 1)


def test_unknown_normalisation():
    sequences = CellSequences((TRIANGLE,), (0,), ("a", "b", "c"), 1)
    with pytest.raises(UnknownNameError, match="raw, row, sum, symmetric"):
        graphs_of(sequences, "rows")
