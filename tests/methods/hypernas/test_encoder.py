"""Equations 1 to 6 against hand computations and against a slow reference in plain loops."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import (
    ABSENT,
    NORMAL,
    Cells,
    CellSequences,
    cell_sequences,
)
from nasutils.methods.hypernas.encoder import (
    CONTEXTS,
    NP,
    DirectedGCN,
    EncoderSettings,
    PredictorNetwork,
)
from nasutils.methods.hypernas.graphs import graphs_of, take_all
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell

SMALL = EncoderSettings(hidden=6, layers=3, regressor=5)


def network_of(sequences, settings=SMALL, seeds=(0,)):
    return PredictorNetwork(len(sequences.vocabulary), sequences.order, settings, seeds).eval()


def graphs_for(sequences, settings=SMALL, replicas=1):
    rows = torch.arange(len(sequences)).expand(replicas, -1)
    return take_all(graphs_of(sequences, settings.normalisation), rows)


@pytest.fixture(scope="module")
def cells_101():
    rng = np.random.default_rng(0)
    return cell_sequences("nasbench101", [NASBench101Cell.random(rng) for _ in range(6)])


def test_equation_1_by_hand():
    # 0 -> 1, row-normalised with loops: E = [[1/2, 1/2], [0, 1]], backward [[1, 0], [1/2, 1/2]].
    cell = Cells(
        torch.tensor([[[0, 1], [0, 0]]], dtype=torch.uint8),
        torch.tensor([[0, 1]], dtype=torch.int8),
        NORMAL,
    )
    (graphs,) = graphs_of(CellSequences((cell,), (0,), ("a", "b"), 1), "row")
    gcn = DirectedGCN(1, 1, 1, replicas=1)
    with torch.no_grad():
        gcn.layers[0].weight.copy_(torch.tensor([[[3.0, -1.0]]]))  # W+ = 3, W- = -1
    features = gcn(graphs, gcn.layers[0](torch.tensor([[[2.0], [-4.0]]]))[:, None])
    # E V W+ = (-3, -12), cut to 0; E^T V W- = (-2, 1), cut to (0, 1); halved.
    assert features.flatten().tolist() == [0.0, 0.5]


def reference(network, sequences, row, settings):
    """Predict one architecture by loops over its vertices, straight from the equations."""
    encoder = network.encoder
    z, total = torch.zeros(settings.hidden), torch.zeros(settings.hidden)
    for position, which in enumerate(sequences.order):
        cell = sequences.cells[which][torch.tensor([row])]
        labels = [int(label) for label in cell.labels[0] if label != ABSENT]
        size = len(labels)
        loops = cell.adjacency[0, :size, :size].float() + torch.eye(size)
        along = loops / loops.sum(1, keepdim=True)
        against = loops.T / loops.T.sum(1, keepdim=True)
        gcn = encoder.gcns[cell.kind]
        weights = [layer.weight[0].chunk(2, dim=1) for layer in gcn.layers]
        if settings.context == "position":
            context = encoder.positions.weight[0, position]
        else:
            context = z * (settings.context != "none")
        vertices = encoder.embeddings[cell.kind].weight[0][labels]  # (F, d)
        if settings.context == "concatenate":
            vertices = torch.cat([vertices, context.expand(size, -1)], dim=1)
            joins = encoder.joins[cell.kind].weight[0].chunk(2, dim=1)
            weights[0] = [torch.cat(pair) for pair in zip(weights[0], joins, strict=True)]
        else:
            vertices = vertices + context  # Eq. 2
        for plus, minus in weights:  # Eq. 1
            vertices = (along @ vertices @ plus).relu() / 2 + (
                against @ vertices @ minus
            ).relu() / 2
        z = vertices.mean(0)  # Eq. 4
        total += z
    hidden, _, _, out = network.regressor
    h = total / len(sequences.order)  # Eq. 5
    return float((h @ hidden.weight[0] + hidden.bias[0]).relu() @ out.weight[0] + out.bias[0])


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("space", ["nasbench101", "darts"])
def test_whole_network_against_loops(context, space, cells_101):
    rng = np.random.default_rng(1)
    genotypes = cell_sequences("darts", [DARTSGenotype.random(rng) for _ in range(3)])
    sequences = cells_101 if space == "nasbench101" else genotypes
    settings = replace(SMALL, context=context)
    network = network_of(sequences, settings)
    with torch.no_grad():
        for bias in (network.regressor[0].bias, network.regressor[3].bias):
            bias.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
        ours = network(graphs_for(sequences))[0]
        slow = [reference(network, sequences, row, settings) for row in range(len(sequences))]
    torch.testing.assert_close(ours, torch.tensor(slow), rtol=1e-4, atol=1e-6)


def test_np_reads_one_hot_codes_of_one_cell():
    cells = [NASBench201Cell.random(np.random.default_rng(0))]
    sequences = cell_sequences("nasbench201", cells, reduction="none")
    network = network_of(sequences, NP)
    shapes = [tuple(layer.weight.shape) for layer in network.encoder.gcns[NORMAL].layers]
    assert shapes == [(1, len(sequences.vocabulary), 288), (1, 144, 288), (1, 144, 288)]
    assert isinstance(network.regressor[1], torch.nn.Identity)
    # Without context, a sequence of equal cells is one cell.
    once = replace(sequences, order=(0,))
    torch.testing.assert_close(
        network(graphs_for(sequences)), network_of(once, NP)(graphs_for(once))
    )


def test_a_cell_without_context_is_encoded_once(cells_101, monkeypatch):
    calls = []
    forward = DirectedGCN.forward
    monkeypatch.setattr(DirectedGCN, "forward", lambda *args: (calls.append(1), forward(*args))[1])
    for context, expected in {"none": 2, "sum": 11}.items():
        calls.clear()
        network_of(cells_101, replace(SMALL, context=context))(graphs_for(cells_101))
        assert len(calls) == expected, context


def test_equal_cells_differ_by_what_stands_before_them(cells_101):
    walk = list(network_of(cells_101).encoder.walk(graphs_for(cells_101)))
    zs = torch.stack([z for _, z in walk])  # (11, 1, B, d)
    assert not torch.allclose(zs[0], zs[1])
    assert not torch.allclose(zs[2], zs[4])


def test_vertices_may_be_renamed_and_padded(cells_101):
    cell = cells_101.cells[0]
    generator = torch.Generator().manual_seed(0)
    names = torch.randperm(7, generator=generator)
    renamed = Cells(cell.adjacency[:, names][:, :, names], cell.labels[:, names], cell.kind)
    padded = Cells(
        torch.nn.functional.pad(cell.adjacency, (0, 2, 0, 2)),
        torch.nn.functional.pad(cell.labels, (0, 2), value=ABSENT),
        cell.kind,
    )
    network = network_of(cells_101)
    expected = network(graphs_for(cells_101))
    for changed in renamed, padded:
        sequences = replace(cells_101, cells=(changed, cells_101.cells[1]))
        torch.testing.assert_close(network(graphs_for(sequences)), expected)


def test_replicas_are_what_each_seed_gives_alone(cells_101):
    settings = replace(SMALL, dropout=0.5)
    together = network_of(cells_101, settings, seeds=(3, 1, 2)).train()
    predicted = together(graphs_for(cells_101, replicas=3))
    for replica, seed in enumerate((3, 1, 2)):
        alone = network_of(cells_101, settings, seeds=(seed,)).train()
        torch.testing.assert_close(predicted[replica], alone(graphs_for(cells_101))[0])


def test_dropout_keeps_the_mean_and_rests_in_evaluation(cells_101):
    network = network_of(cells_101, replace(SMALL, dropout=0.25))
    ones = torch.ones(1, 500, 40)
    assert torch.equal(network.dropout.eval()(ones), ones)
    dropped = network.dropout.train()(ones)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(dropped.mean()) == pytest.approx(1, abs=0.03)


def test_glorot_bounds():
    sequences = cell_sequences("nasbench201", [NASBench201Cell.random(np.random.default_rng(0))])
    layer = network_of(sequences, EncoderSettings()).encoder.gcns[0].layers[0]
    # W+ and W- are drawn as two matrices of 72 x 72, not as one.
    assert layer.weight.abs().max().item() == pytest.approx((6 / 144) ** 0.5, rel=0.01)


def test_bad_settings():
    with pytest.raises(UnknownNameError, match="concatenate, none, position, sum"):
        EncoderSettings(context="add")
    with pytest.raises(NasutilsError, match="context 'sum' needs embedded operations"):
        EncoderSettings(embed=False)
