"""Spectra against closed forms, and the search for similar graphs against all pairs."""

import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.graphs import ComputationGraph, nasbench101_graph, nasbench201_graph
from nasutils.methods.common.spectrum import (
    NUM_EIGENVALUES,
    NUM_POSITIONS,
    most_similar,
    normalised_laplacian,
    spectrum,
)
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell


def graph_of(nodes, edges):
    edges = np.array(edges, dtype=int).reshape(-1, 2).T
    return ComputationGraph(np.zeros(nodes, int), np.zeros((nodes, 11), int), edges)


def path(nodes):
    return graph_of(nodes, [(v, v + 1) for v in range(nodes - 1)])


def cycle(nodes):
    return graph_of(nodes, [*((v, v + 1) for v in range(nodes - 1)), (0, nodes - 1)])


def padded(values):
    return np.pad(np.sort(values)[:NUM_EIGENVALUES], (0, max(0, NUM_EIGENVALUES - len(values))))


@pytest.mark.parametrize("n", [2, 5, 11, 30])
def test_of_a_path(n):
    expected = 1 - np.cos(np.pi * np.arange(n) / (n - 1))
    assert spectrum(path(n))[0] == pytest.approx(padded(expected), abs=1e-12)


@pytest.mark.parametrize("n", [3, 8, 20])
def test_of_a_cycle(n):
    expected = 1 - np.cos(2 * np.pi * np.arange(n) / n)
    assert spectrum(cycle(n))[0] == pytest.approx(padded(expected), abs=1e-12)


def test_of_a_star_and_of_a_complete_graph():
    star = graph_of(6, [(0, v) for v in range(1, 6)])
    assert spectrum(star)[0] == pytest.approx(padded([0, 1, 1, 1, 1, 2]), abs=1e-12)
    complete = graph_of(5, [(u, v) for v in range(5) for u in range(v)])
    assert spectrum(complete)[0] == pytest.approx(padded([0] + [5 / 4] * 4), abs=1e-12)


def test_zero_is_an_eigenvalue_for_each_component():
    two = graph_of(13, [*((v, v + 1) for v in range(5)), *((v, v + 1) for v in range(6, 11))])
    values, _ = spectrum(two)  # two paths and a node of its own
    assert values[:3] == pytest.approx(0, abs=1e-12)
    assert values[3] > 0.01


def test_a_laplacian_by_hand():
    found = normalised_laplacian(graph_of(4, [(0, 1), (0, 2)]))
    s = 2**-0.5
    assert found == pytest.approx(
        np.array([[1, -s, -s, 0], [-s, 1, 0, 0], [-s, 0, 1, 0], [0, 0, 0, 0]])
    )


def test_eigenvalues_and_positions_are_those_of_the_whole_decomposition():
    graph = nasbench101_graph(NASBench101Cell.random(np.random.default_rng(1)))
    laplacian = normalised_laplacian(graph)
    values, positions = spectrum(graph)
    assert values == pytest.approx(np.linalg.eigvalsh(laplacian)[:NUM_EIGENVALUES], abs=1e-10)
    vectors = positions / graph.num_nodes**0.5
    assert laplacian @ vectors == pytest.approx(vectors * values[1:], abs=1e-10)
    assert vectors.T @ vectors == pytest.approx(np.eye(NUM_POSITIONS), abs=1e-10)


def test_the_input_has_positive_positions():
    _, positions = spectrum(path(20))
    assert (positions[0] > 0).all()


def test_where_the_input_is_at_zero_the_largest_entry_is_positive():
    # An odd eigenvector of a path whose middle is the first node.
    middle_first = graph_of(5, [(0, 1), (0, 2), (1, 3), (2, 4)])
    _, positions = spectrum(middle_first)
    at_zero = np.abs(positions[0]) < 1e-9
    assert at_zero[:4].any()
    for column in positions[:, :4].T[at_zero[:4]]:
        assert column[np.abs(column).argmax()] > 0


def test_another_numbering_gives_the_same_eigenvalues():
    # From input to output through nodes of a long and a short branch, numbered in two ways.
    a = graph_of(6, [(0, 1), (1, 2), (2, 5), (0, 3), (3, 5), (3, 4), (4, 5)])
    b = graph_of(6, [(0, 3), (3, 4), (4, 5), (0, 1), (1, 5), (1, 2), (2, 5)])
    assert spectrum(a)[0] == pytest.approx(spectrum(b)[0], abs=1e-12)


def test_types_do_not_count():
    ops = ["nor_conv_1x1"] * 6
    others = ["nor_conv_3x3", *ops[1:]]
    first, second = (
        spectrum(nasbench201_graph(NASBench201Cell(tuple(o))))[0] for o in (ops, others)
    )
    assert first == pytest.approx(second, abs=1e-12)


def test_the_most_similar_are_those_of_all_pairs():
    values = np.random.default_rng(0).random((60, 11))
    found = most_similar(values, 7)
    distances = np.linalg.norm(values[:, None] - values, axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert found.tolist() == np.argsort(distances, axis=1)[:, :7].tolist()


def test_among_many_equals_no_graph_is_its_own_neighbour():
    values = np.repeat(np.random.default_rng(0).random((2, 11)), 20, axis=0)
    found = most_similar(values, 5)
    rows = np.arange(40)[:, None]
    assert found.shape == (40, 5)
    assert (found != rows).all()
    assert (found // 20 == rows // 20).all()
    assert all(len(set(row)) == 5 for row in found.tolist())


def test_bad_input():
    with pytest.raises(NasutilsError, match="3 graphs have 1 to 2 others, not 3"):
        most_similar(np.zeros((3, 11)), 3)
    with pytest.raises(NasutilsError, match="without nodes"):
        spectrum(graph_of(0, []))
