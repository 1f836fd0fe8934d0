"""The value itself: what it checks, what it gives to PyTorch Geometric, when two are the same."""

import numpy as np
import pytest

from nasutils.errors import GraphError
from nasutils.graphs import FEATURES, ComputationGraph, nasbench201_graph
from nasutils.graphs.operators import CODES, OPERATORS
from nasutils.spaces.nasbench201 import NASBench201Cell

CELL = NASBench201Cell.from_string(
    "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
)


def diamond(left="relu", right="sigmoid", *, channels=4):
    """An input, two activations side by side, their sum, the output."""
    ops = np.array([CODES[name] for name in ("input", left, right, "add", "output")])
    features = np.zeros((5, len(FEATURES)), dtype=int)
    features[:, :6] = channels, channels, 8, 8, 8, 8
    return ComputationGraph(ops, features, np.array([[0, 0, 1, 2, 3], [1, 2, 3, 3, 4]]))


def renumbered(graph, rng):
    """The same graph in another topological order."""
    order, waiting = [], set(range(graph.num_nodes))
    while waiting:
        fed = {int(t) for s, t in graph.edges.T if s in waiting}
        order.append(int(rng.choice(sorted(waiting - fed))))
        waiting.remove(order[-1])
    number = np.argsort(order)
    return ComputationGraph(graph.ops[order], graph.features[order], number[graph.edges])


def test_every_operator_has_one_code():
    assert len(set(OPERATORS)) == len(OPERATORS)
    assert [CODES[name] for name in OPERATORS] == list(range(len(OPERATORS)))


def test_counts():
    graph = diamond()
    assert (graph.num_nodes, graph.num_edges, graph.num_weighted) == (5, 5, 0)
    assert graph.names() == ["input", "relu", "sigmoid", "add", "output"]


def test_equality_does_not_depend_on_the_numbering():
    graph, rng = nasbench201_graph(CELL), np.random.default_rng(0)
    for _ in range(5):
        other = renumbered(graph, rng)
        assert not np.array_equal(other.edges, graph.edges)
        assert other.fingerprint() == graph.fingerprint()


def test_every_difference_counts():
    base = diamond()
    assert base.fingerprint() == diamond("sigmoid", "relu").fingerprint()
    wider = base.features.copy()
    wider[2, FEATURES.index("c_out")] += 1
    chain = np.array([[0, 1, 1, 2, 3], [1, 2, 3, 3, 4]])
    others = [
        diamond("relu", "relu"),
        diamond(channels=5),
        ComputationGraph(base.ops, wider, base.edges),
        ComputationGraph(base.ops, base.features, chain),
    ]
    assert len({graph.fingerprint() for graph in [base, *others]}) == 5


def of_names(names, edges):
    ops = np.array([CODES[name] for name in names])
    return ComputationGraph(ops, np.zeros((len(ops), 11), dtype=int), np.array(edges).T)


def test_fingerprint_tells_a_shared_node_from_two_alike():
    # input -> relu -> (sigmoid, tanh) against input -> (relu -> sigmoid, relu -> tanh)
    tail = ["sigmoid", "tanh", "add", "output"]
    shared = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)]
    apart = [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5), (5, 6)]
    one = of_names(["input", "relu", *tail], shared)
    two = of_names(["input", "relu", "relu", *tail], apart)
    assert one.fingerprint() != two.fingerprint()


def test_fingerprint_needs_its_second_round():
    """Four sums of a ReLU with tanh or sigmoid, read by an ELU or a SELU: all four combinations.

    Which two of them share a ReLU makes the difference. What leads to a node and what follows from
    it is the same in both graphs.
    """
    names = ["input", "relu", "relu", "tanh", "sigmoid", *["add"] * 4, "elu", "selu", "output"]
    common = [(0, 1), (0, 2), (0, 3), (0, 4), (3, 5), (3, 6), (4, 7), (4, 8)]
    common += [(5, 9), (6, 10), (7, 9), (8, 10), (9, 11), (10, 11)]
    one = of_names(names, [*common, (1, 5), (1, 6), (2, 7), (2, 8)])
    two = of_names(names, [*common, (1, 5), (1, 8), (2, 6), (2, 7)])
    assert one.fingerprint() != two.fingerprint()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ops, features, edges: (ops, features[:, 1:], edges), r"not .*\(5, 10\)"),
        (lambda ops, features, edges: (ops[:-1], features, edges), "arrays of shape"),
        (lambda ops, features, edges: (ops, features, edges.T[:, :1]), "arrays of shape"),
        (lambda ops, features, edges: (ops + len(OPERATORS), features, edges), "types of nodes"),
        (lambda ops, features, edges: (ops - 9, features, edges), "types of nodes"),
        (lambda ops, features, edges: (ops, features, edges[::-1]), "to a later one"),
        (lambda ops, features, edges: (ops, features, edges + 1), "of 0 to 4"),
        (lambda ops, features, edges: (ops, features, edges - 1), "of 0 to 4"),
    ],
)
def test_bad_arrays(change, message):
    graph = diamond()
    with pytest.raises(GraphError, match=message):
        ComputationGraph(*change(graph.ops, graph.features, graph.edges))
