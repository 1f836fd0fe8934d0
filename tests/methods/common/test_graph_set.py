"""Packed graphs against PyTorch Geometric's batches of the graphs themselves."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch as GeometricBatch
from torch_geometric.data import Data

from nasutils.errors import NasutilsError
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.spectrum import spectrum


@pytest.fixture
def mixed(few_sets):
    return GraphSet.concatenate([few_sets["nasbench101"], few_sets["darts"]])


def same(a, b):
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(GraphSet))


def data(graph):
    """Return a graph as PyTorch Geometric has it."""
    parts = (graph.ops, graph.features, graph.edges)
    op, x, edges = (torch.from_numpy(part).long() for part in parts)
    return Data(x=x, op=op, edge_index=edges)


def test_a_batch_is_that_of_the_graphs(few_graphs, mixed):
    rows = [20, 3, 3, 0, 15]
    every = few_graphs["nasbench101"] + few_graphs["darts"]
    chosen = [every[row] for row in rows]
    expected = GeometricBatch.from_data_list([data(graph) for graph in chosen])
    batch = mixed.batch(rows)
    assert torch.equal(batch.edges, expected.edge_index)
    assert torch.equal(batch.graph, expected.batch)
    kinds = batch.kinds[batch.node]
    assert torch.equal(kinds[:, 0], expected.op)
    assert torch.equal(kinds[:, 1:], expected.x)
    assert batch.sizes.tolist() == [graph.num_nodes for graph in chosen]
    assert batch.place.tolist() == [v for graph in chosen for v in range(graph.num_nodes)]
    positions = np.concatenate([spectrum(graph)[1] for graph in chosen])
    np.testing.assert_allclose(batch.positions, positions, rtol=1e-3, atol=1e-6)


def test_eigenvalues_are_one_small_array(few_graphs, mixed):
    expected = [spectrum(g)[0] for g in few_graphs["nasbench101"] + few_graphs["darts"]]
    assert mixed.eigenvalues.shape == (24, 11)
    np.testing.assert_allclose(mixed.eigenvalues, expected, atol=1e-7)


def test_kinds_are_distinct(mixed):
    assert len(np.unique(mixed.kinds, axis=0)) == len(mixed.kinds) < len(mixed.nodes) / 10


def test_taking_some_and_joining_them_again(mixed):
    parts = [mixed.take(np.arange(5)), mixed.take(np.arange(5, 24))]
    assert same(GraphSet.concatenate(parts), mixed)


def test_random_signs_flip_whole_columns_of_a_graph(mixed):
    batch = mixed.batch([0, 1, 20])
    flipped = batch.with_random_signs(torch.Generator().manual_seed(0))
    assert torch.equal(flipped.positions.abs(), batch.positions.abs())
    ratio = flipped.positions / batch.positions
    drawn = []
    for graph in range(3):
        for column in ratio[batch.graph == graph].T:
            signs = column[~column.isnan()].unique()
            assert len(signs) == 1
            drawn.append(signs.item())
    assert set(drawn) == {-1, 1}
    assert torch.equal(flipped.edges, batch.edges)


@pytest.mark.parametrize("max_nodes", [1, 700, 10**9])
def test_parts_hold_every_graph_once_and_keep_to_the_limit(mixed, max_nodes):
    rows = np.array([23, 0, 5, 5, 17, 2, 9])
    parts = mixed.split(rows, max_nodes)
    assert sorted(np.concatenate(parts).tolist()) == list(range(7))
    for part in parts:
        sizes = mixed.num_nodes[rows[part]]
        assert len(part) == 1 or len(part) * sizes.max() <= max_nodes


def test_saved_and_read_again(mixed, tmp_path):
    mixed.save(tmp_path / "graphs.npz")
    assert same(GraphSet.load(tmp_path / "graphs.npz"), mixed)


def test_bad_rows(mixed):
    for rows in ([24], [-1], []):
        with pytest.raises(NasutilsError, match="rows from 0 to 23"):
            mixed.batch(rows)
    with pytest.raises(NasutilsError, match="at least one graph"):
        GraphSet.of([])
