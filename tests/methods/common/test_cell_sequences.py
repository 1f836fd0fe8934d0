"""Every space's architectures become sequences of the right cells in the right order."""

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.data.nasbench101 import OP_LETTERS
from nasutils.errors import ArchitectureError, NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import (
    ABSENT,
    NORMAL,
    REDUCTION,
    Cells,
    CellSequences,
    cell_sequences,
    nasbench101_cell_sequences,
)
from nasutils.spaces.autoformer import AutoFormerTiny
from nasutils.spaces.darts import DARTS_V2
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

RNG = np.random.default_rng(0)
ARCHITECTURES = {
    "nasbench101": [NASBench101Cell.random(RNG) for _ in range(30)],
    "nasbench201": [NASBench201Cell.random(RNG) for _ in range(5)],
    "nb201_digits": [NASBench201Cell.random(RNG) for _ in range(5)],
    "darts": [DARTS_V2],
    "ofa_mbv3": [OFAMobileNetV3.random(RNG) for _ in range(5)],
    "autoformer": [AutoFormerTiny.random(RNG) for _ in range(5)],
}


def names(sequences, which, row=0):
    labels = sequences.cells[which].labels[row]
    return [sequences.vocabulary[i] for i in labels if i != ABSENT]


@pytest.mark.parametrize(
    ("space", "reductions", "length"),
    [
        ("nasbench101", [3, 7], 11),
        ("nasbench201", [5, 11], 17),
        ("nb201_digits", [1, 3], 5),
        ("darts", [1, 3], 5),
        ("ofa_mbv3", [], 5),
        ("autoformer", [], 14),
    ],
)
def test_where_the_reductions_stand(space, reductions, length):
    sequences = cell_sequences(space, ARCHITECTURES[space])
    kinds = [sequences.cells[which].kind for which in sequences.order]
    assert len(kinds) == length
    assert [i for i, kind in enumerate(kinds) if kind == REDUCTION] == reductions
    assert len(sequences) == len(ARCHITECTURES[space])


@pytest.mark.parametrize("space", ["nasbench101", "nasbench201", "darts", "ofa_mbv3"])
def test_the_cells_are_those_of_the_values(space):
    sequences = cell_sequences(space, ARCHITECTURES[space])
    for row, architecture in enumerate(ARCHITECTURES[space]):
        adjacency, one_hot = architecture.adjacency_and_ops()
        adjacency = adjacency.reshape(-1, *adjacency.shape[-2:])
        one_hot = one_hot.reshape(-1, *one_hot.shape[-2:])
        for which in range(len(adjacency)):
            cell = sequences.cells[which]
            np.testing.assert_array_equal(cell.adjacency[row], adjacency[which])
            for label, code in zip(cell.labels[row].tolist(), one_hot[which], strict=True):
                assert code.sum() == (label != ABSENT)
                assert label == ABSENT or code[label] == 1


def test_the_table_of_nasbench101_gives_what_its_values_give():
    cells = ARCHITECTURES["nasbench101"]
    letters = {op: letter for letter, op in OP_LETTERS.items()}
    frame = pd.DataFrame(
        {
            "adjacency": [cell.bits for cell in cells],
            "ops": ["".join(letters[op] for op in cell.ops[1:-1]) for cell in cells],
        }
    )
    table, values = nasbench101_cell_sequences(frame), cell_sequences("nasbench101", cells)
    assert table.order == values.order
    assert table.vocabulary == values.vocabulary
    for ours, theirs in zip(table.cells, values.cells, strict=True):
        assert torch.equal(ours.adjacency, theirs.adjacency)
        assert torch.equal(ours.labels, theirs.labels)
    assert {int((row != ABSENT).sum()) for row in table.cells[0].labels} == {
        cell.num_vertices for cell in cells
    }


def test_fixed_reductions():
    cells = ARCHITECTURES["nasbench201"]
    block = cell_sequences("nasbench201", cells)
    assert names(block, 1) == [
        "input",
        "conv_3x3_s2",
        "conv_3x3",
        "avg_pool_s2",
        "conv_1x1",
        "output",
    ]
    # Two paths from input to output: of two convolutions, of pooling and convolution.
    paths = torch.matrix_power(block.cells[1].adjacency[0].float(), 3)
    assert paths[0, -1] == 2
    assert names(cell_sequences("nasbench101", ARCHITECTURES["nasbench101"]), 1) == [
        "input",
        "max_pool_s2",
        "output",
    ]
    node = cell_sequences("nasbench201", cells, reduction="node")
    assert names(node, 1) == ["input", "reduction", "output"]
    assert node.order == block.order
    none = cell_sequences("nasbench201", cells, reduction="none")
    assert none.order == (0,) * 15
    assert [cell.kind for cell in none.cells] == [NORMAL]


def test_transformer_layers():
    network = AutoFormerTiny(216, (3.5,) * 11 + (4.0,), (3,) + (4,) * 11)
    sequences = cell_sequences("autoformer", [network])
    assert names(sequences, 0) == ["embed_216", "heads_3", "ratio_3.5", "output"]
    assert names(sequences, 11) == ["embed_216", "heads_4", "ratio_4.0", "output"]
    assert names(sequences, 12) == ["embed_216", "none", "none", "output"]
    assert sequences.cells[0].adjacency[0].nonzero().tolist() == [[0, 1], [1, 2], [2, 3]]


def test_part_of_the_sequences():
    sequences = cell_sequences("nasbench201", ARCHITECTURES["nasbench201"])
    for rows in slice(1, 3), torch.tensor([4, 0, 4]):
        part = sequences[rows]
        assert len(part) == len(sequences.cells[0].labels[rows])
        assert torch.equal(part.cells[0].labels, sequences.cells[0].labels[rows])
        assert part.cells[1] is sequences.cells[1]  # shared by all


def test_bad_input():
    cells = ARCHITECTURES["nasbench201"]
    with pytest.raises(UnknownNameError, match="nasbench201"):
        cell_sequences("nasbench20", cells)
    with pytest.raises(UnknownNameError, match="block, node, none"):
        cell_sequences("nasbench201", cells, reduction="blocks")
    with pytest.raises(ArchitectureError, match="a NASBench101Cell, not NASBench201Cell"):
        cell_sequences("nasbench101", cells)
    with pytest.raises(NasutilsError, match="no architecture"):
        cell_sequences("nasbench201", [])


@pytest.mark.parametrize(
    ("edges", "labels", "message"),
    [
        ((2, 2), [0, 5], "unknown operation 5. Valid: 0 to 1, for a, b"),
        ((2, 2), [0, -2], "unknown operation -2"),
        ((2, 2), [0, ABSENT], "an edge leads to a vertex that the cell does not have"),
        ((3, 3), [0, 1], r"need an adjacency of shape \(1, 2, 2\)"),
    ],
)
def test_cells_that_are_none(edges, labels, message):
    adjacency = torch.ones(1, *edges, dtype=torch.uint8).triu(1)
    cell = Cells(adjacency, torch.tensor([labels], dtype=torch.int8), NORMAL)
    with pytest.raises(ArchitectureError, match=message):
        CellSequences((cell,), (0,), ("a", "b"), 1)


def test_networks_of_another_size():
    cells = ARCHITECTURES["nasbench201"]
    sequences = cell_sequences("nasbench201", cells, cells_per_stage=2)
    assert sequences.order == (0, 0, 1, 0, 0, 1, 0, 0)
    assert (
        cell_sequences("nasbench201", cells, cells_per_stage=5).order
        == cell_sequences("nasbench201", cells).order
    )
    without = cell_sequences("nasbench201", cells, reduction="none", cells_per_stage=2)
    assert without.order == (0,) * 6
    for space, number in (("nasbench201", 0), ("darts", 2)):
        with pytest.raises(NasutilsError, match=f"{number} cells a stage"):
            cell_sequences(space, ARCHITECTURES[space], cells_per_stage=number)
