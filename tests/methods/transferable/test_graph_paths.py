"""Paths through graphs: by hand, and against a walk over all of them."""

import numpy as np
import pytest

from nasutils.graphs import OPERATORS, darts_graph, nasbench101_graph, nasbench201_graph
from nasutils.methods.common.architecture_graphs import random_networks
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.graph_paths import _of_graph, path_features


def test_a_diamond_by_hand():
    # 0 -> 1 -> 2 -> 4, 0 -> 3 -> 4, 0 -> 4: three paths of 3, 2 and 1 edges.
    edges = np.array([[0, 1, 2, 0, 3, 0], [1, 2, 4, 3, 4, 4]])
    found = _of_graph(np.array([0, 1, 1, 2, 0]), edges)
    assert found[:3] == pytest.approx([2, 2 / 3, 1 / 3])
    assert found[3 : len(OPERATORS)].tolist() == [0] * (len(OPERATORS) - 3)
    assert found[-3:] == pytest.approx([3, 1, np.log(3)])


def slow(operators, edges):
    """Walk along all paths of a graph."""
    after = {node: edges[1][edges[0] == node].tolist() for node in range(len(operators))}
    starts = sorted(set(range(len(operators))) - set(edges[1].tolist()))
    paths, waiting = [], [[start] for start in starts]
    while waiting:
        path = waiting.pop()
        more = [[*path, node] for node in after[path[-1]]]
        waiting += more
        paths += [] if more else [path]
    lengths = [len(path) - 1 for path in paths]
    share = np.bincount(operators[np.concatenate(paths)], minlength=len(OPERATORS)) / len(paths)
    return [*share, max(lengths), min(lengths), np.log(len(paths))]


@pytest.mark.parametrize(
    ("space", "graph"), [("nasbench101", nasbench101_graph), ("nasbench201", nasbench201_graph)]
)
def test_against_all_paths_of_a_part(space, graph):
    # Whole networks have too many paths to walk along: the first nodes of some.
    for whole in (graph(each) for each in random_networks(space, 5)):
        size = 40
        edges = whole.edges[:, (whole.edges < size).all(0)]
        operators = np.asarray(whole.ops[:size])
        assert _of_graph(operators, edges) == pytest.approx(slow(operators, edges))


@pytest.mark.parametrize("space", ["nasbench101", "nasbench201", "darts"])
def test_edges_lead_upwards_and_sets_are_read_graph_by_graph(space):
    build = {"darts": darts_graph, "nasbench101": nasbench101_graph}.get(space, nasbench201_graph)
    graphs = [build(each) for each in random_networks(space, 4)]
    assert all((graph.edges[0] < graph.edges[1]).all() for graph in graphs)
    together = path_features(GraphSet.of(graphs))
    alone = [_of_graph(np.asarray(graph.ops), np.asarray(graph.edges)) for graph in graphs]
    np.testing.assert_allclose(together, alone)
    assert np.isfinite(together).all()
