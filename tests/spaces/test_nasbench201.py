"""NAS-Bench-201 cells: strings, neighbours, isomorphism, encodings."""

import itertools

import numpy as np
import pytest

from nasutils.errors import ArchitectureError
from nasutils.spaces.nasbench201 import (
    CONV1,
    CONV3,
    EDGES,
    NONE,
    NUM_CELLS,
    OPS,
    POOL,
    SKIP,
    VERTEX_LABELS,
    NASBench201Cell,
    all_cells,
    representatives,
)

# The best cell by CIFAR-10 accuracy, as the benchmark's paper and API print it.
BEST = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)


def evaluate(cell: NASBench201Cell, x: float = 3.7) -> float:
    """Compute a cell whose operations are scalar functions without algebraic relations."""
    functions = {
        NONE: lambda _: 0.0,
        SKIP: lambda v: v,
        CONV1: lambda v: np.sin(1.3 * v),
        CONV3: lambda v: np.tanh(v) * 2.1,
        POOL: lambda v: v * np.exp(-v * v / 50) / 3,
    }
    nodes = [x, 0.0, 0.0, 0.0]
    for (source, target), op in zip(EDGES, cell.ops, strict=True):
        nodes[target] += functions[op](nodes[source])
    return nodes[3]


def test_string_round_trip_of_all_cells():
    cells = list(all_cells())
    assert len(set(cells)) == len(cells) == NUM_CELLS == 5**6
    assert all(NASBench201Cell.from_string(str(cell)) == cell for cell in cells)


def test_string_lists_edges_by_target_then_source():
    cell = NASBench201Cell.from_string(BEST)
    assert cell.ops == (CONV3, CONV3, CONV3, SKIP, CONV3, CONV1)
    assert str(cell) == BEST
    assert list(EDGES) == [(s, t) for t in (1, 2, 3) for s in range(t)]


@pytest.mark.parametrize(
    "string",
    ["", "conv", BEST[:-1], BEST.replace("~1", "~0"), BEST + "+|none~0|", BEST.replace("+", "")],
)
def test_malformed_string(string):
    with pytest.raises(ArchitectureError, match="malformed"):
        NASBench201Cell.from_string(string)


def test_unknown_operation_is_named_with_the_choices():
    with pytest.raises(ArchitectureError, match=r"'max_pool'.*nor_conv_3x3"):
        NASBench201Cell.from_string(BEST.replace("skip_connect", "max_pool"))


@pytest.mark.parametrize("count", [0, 5, 7])
def test_wrong_number_of_operations(count):
    with pytest.raises(ArchitectureError, match=f"not {count}"):
        NASBench201Cell((SKIP,) * count)


def test_frozen_and_hashable():
    cell = NASBench201Cell.from_string(BEST)
    with pytest.raises(AttributeError):
        cell.ops = (NONE,) * 6
    assert len({cell, NASBench201Cell.from_string(BEST)}) == 1


def test_neighbours_are_the_cells_at_hamming_distance_one():
    cell = NASBench201Cell.from_string(BEST)
    near = {
        c for c in all_cells() if sum(a != b for a, b in zip(c.ops, cell.ops, strict=True)) == 1
    }
    assert set(cell.neighbours()) == near
    assert len(cell.neighbours()) == 24


def test_mutate_reaches_every_neighbour_and_nothing_else():
    cell, rng = NASBench201Cell.from_string(BEST), np.random.default_rng(0)
    assert {cell.mutate(rng) for _ in range(500)} == set(cell.neighbours())


def test_random_is_reproducible_and_uniform_over_operations():
    def draw(seed):
        rng = np.random.default_rng(seed)
        return [NASBench201Cell.random(rng) for _ in range(2000)]

    cells = draw(0)
    assert cells == draw(0) != draw(1)
    counts = np.array([[c.ops[e] == op for op in OPS] for c in cells for e in range(6)]).mean(0)
    np.testing.assert_allclose(counts, 0.2, atol=0.02)  # 5 standard errors


def test_published_number_of_isomorphism_classes():
    cells = representatives()
    assert len(cells) == 6466
    assert len({cell.isomorphism_class() for cell in cells}) == 6466


def test_function_classes_are_exactly_the_different_functions():
    by_value: dict[float, set[str]] = {}
    for cell in all_cells():
        by_value.setdefault(round(evaluate(cell), 9), set()).add(cell.function_class())
    assert len(by_value) == 4930
    assert all(len(classes) == 1 for classes in by_value.values())


def test_isomorphic_cells_compute_the_same_function():
    value: dict[str, float] = {}
    for cell in all_cells():
        first = value.setdefault(cell.isomorphism_class(), evaluate(cell))
        assert first == pytest.approx(evaluate(cell), abs=1e-12)


def test_connected_means_that_some_path_has_no_zero():
    paths = [p for n in (1, 2, 3) for p in itertools.combinations(range(1, 3), n - 1)]
    for cell in all_cells():
        op = dict(zip(EDGES, cell.ops, strict=True))
        walks = ([0, *path, 3] for path in paths)
        alive = any(all(op[e] != NONE for e in itertools.pairwise(walk)) for walk in walks)
        assert cell.is_connected == alive


def test_one_hot():
    cell = NASBench201Cell.from_string(BEST)
    encoding = cell.one_hot()
    assert encoding.shape == (6, 5)
    assert encoding.dtype == np.float32
    assert tuple(OPS[i] for i in encoding.argmax(1)) == cell.ops
    assert (encoding.sum(1) == 1).all()


def test_operations_as_vertices_follow_the_edges_of_the_cell():
    cell = NASBench201Cell((CONV1, CONV3, POOL, SKIP, NONE, CONV3))
    adjacency, labels = cell.adjacency_and_ops()
    assert adjacency.shape == (8, 8)
    assert [VERTEX_LABELS[i] for i in labels.argmax(1)] == ["input", *cell.ops, "output"]
    # Vertex i + 1 is edge i: it feeds the edges that start where it ends, or the output.
    for i, (source, target) in enumerate(EDGES):
        assert adjacency[0, i + 1] == (source == 0)
        assert adjacency[i + 1, 7] == (target == 3)
        for j, (start, _) in enumerate(EDGES):
            assert adjacency[i + 1, j + 1] == (target == start)
    assert adjacency.sum() == np.triu(adjacency, 1).sum() == 10
