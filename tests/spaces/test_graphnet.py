import itertools
from collections import Counter

import numpy as np
import pytest

from nasutils.errors import ArchitectureError
from nasutils.spaces.graphnet import (
    MAX_OPS,
    OPS,
    SKIP,
    TYPES,
    VERTEX_LABELS,
    GraphNetCell,
    kind_and_kernel,
)

STRAIGHT = GraphNetCell([[0, 1], [0, 0]], ())


def cells(number, seed=0, **options):
    rng = np.random.default_rng(seed)
    return [GraphNetCell.random(rng, **options) for _ in range(number)]


def relabelled(cell, rng):
    """The same cell, its vertices in another order that edges follow."""
    matrix, order, left = np.array(cell.adjacency), [0], set(range(1, len(cell.ops) + 1))
    while left:
        ready = [v for v in sorted(left) if not any(matrix[u, v] for u in left)]
        order.append(ready[rng.integers(len(ready))])
        left.remove(order[-1])
    order.append(len(matrix) - 1)
    return GraphNetCell(matrix[np.ix_(order, order)], [cell.ops[v - 1] for v in order[1:-1]])


def are_isomorphic(a, b):
    """Whether some renumbering of all operations turns one cell into the other."""
    if len(a.ops) != len(b.ops):
        return False
    one, other = np.array(a.adjacency), np.array(b.adjacency)
    for order in itertools.permutations(range(1, len(a.ops) + 1)):
        places = [0, *order, len(one) - 1]
        same_ops = [a.ops[v - 1] for v in order] == list(b.ops)
        if same_ops and np.array_equal(one[np.ix_(places, places)], other):
            return True
    return False


def lies_on_a_path(cell, vertex):
    walks = np.linalg.inv(np.eye(len(cell.adjacency)) - np.array(cell.adjacency))
    return walks[0, vertex] > 0.5 and walks[vertex, -1] > 0.5


def test_there_are_28_operations_of_nine_types_and_a_skip():
    assert len(OPS) == len(set(OPS)) == 28
    assert len(VERTEX_LABELS) == 30
    pairs = [kind_and_kernel(op) for op in OPS]
    assert set(pairs) == {(SKIP, 1), *itertools.product(TYPES, (1, 3, 5))}


def test_random_cells_are_valid_and_every_vertex_lies_on_a_path():
    drawn = cells(300)
    for cell in drawn:
        assert all(lies_on_a_path(cell, v) for v in range(len(cell.adjacency)))
        assert GraphNetCell.from_string(str(cell)) == cell
        adjacency, labels = cell.adjacency_and_ops()
        used = len(cell.ops) + 2
        names = [VERTEX_LABELS[i] for i in labels[:used].argmax(1)]
        assert (names[0], names[-1]) == ("input", "output")
        assert GraphNetCell(adjacency[:used, :used], names[1:-1]) == cell
        assert adjacency.sum() == sum(map(sum, cell.adjacency))
        assert labels.sum() == used
    assert {len(cell.ops) for cell in drawn} == set(range(1, MAX_OPS + 1))
    assert {op for cell in drawn for op in cell.ops} == set(OPS)
    assert drawn == cells(300)


def test_matrices_are_drawn_uniformly_given_their_size():
    # With two operations, 9 of the 2 ** 6 matrices have every vertex on a path.
    valid = {
        bits
        for bits in itertools.product((0, 1), repeat=6)
        if bits[0] and bits[1] | bits[2] and bits[3] | bits[4] | bits[5]
        if bits[2] | bits[4] and bits[5]
    }
    drawn = [c for c in cells(3000, seed=1) if len(c.ops) == 2]
    counts = Counter(
        tuple(c.adjacency[i][j] for i, j in ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)))
        for c in drawn
    )
    assert set(counts) == valid
    expected = len(drawn) / len(valid)
    chi_square = sum((n - expected) ** 2 / expected for n in counts.values())
    assert chi_square < 30  # 99.9 % quantile of nine degrees of freedom: 27.9


def test_the_isomorphism_class_survives_renumbering():
    rng = np.random.default_rng(2)
    for cell in cells(150, seed=2):
        other = relabelled(cell, rng)
        assert are_isomorphic(cell, other)
        assert other.isomorphism_class() == cell.isomorphism_class()
        assert are_isomorphic(cell, cell.canonical())


def test_the_isomorphism_class_tells_other_cells_apart():
    # All cells of three operations drawn from two: collisions abound, and so do ties.
    names = (SKIP, "conv_3x3")
    matrices = {c.adjacency for c in cells(400, seed=3) if len(c.ops) == 3}
    family = [GraphNetCell(m, ops) for m in matrices for ops in itertools.product(names, repeat=3)]
    first = {}
    for cell in family:
        name = cell.isomorphism_class()
        assert are_isomorphic(cell, first.setdefault(name, cell))
    for a, b in itertools.combinations(list(first.values())[::3], 2):
        assert not are_isomorphic(a, b)


def test_ties_of_colour_refinement_are_broken():
    # Two pairs, crossed or not: refinement alone sees the same colours.
    def pairs(*edges):
        matrix = np.zeros((8, 8), dtype=int)
        matrix[0, 1:4] = matrix[4:7, 7] = 1
        matrix[tuple(zip(*edges, strict=True))] = 1
        return GraphNetCell(matrix, ("conv_3x3",) * 6)

    ring = pairs((1, 4), (1, 5), (2, 5), (2, 6), (3, 6), (3, 4))
    same = pairs((1, 5), (1, 4), (2, 6), (2, 4), (3, 5), (3, 6))
    assert are_isomorphic(ring, same)
    assert ring.isomorphism_class() == same.isomorphism_class()


@pytest.mark.parametrize("chain", [False, True])
def test_mutants_are_neighbours_and_neighbours_go_back(chain):
    rng = np.random.default_rng(4)
    for cell in [STRAIGHT, *cells(4, seed=4, chain=chain)]:
        neighbours = cell.neighbours(chain=chain)
        assert cell not in neighbours
        assert len(set(neighbours)) == len(neighbours)
        for _ in range(10):
            mutant = cell.mutate(rng, chain=chain)
            assert mutant in neighbours
            assert mutant.is_chain or not chain
            assert abs(len(mutant.ops) - len(cell.ops)) <= 1
        # What exchanges, adds or flips can be undone by one edit.
        for other in neighbours[::60]:
            if len(other.ops) >= len(cell.ops):
                assert cell in other.neighbours(chain=chain)


def test_the_edits_of_a_chain_of_two():
    chain = GraphNetCell(np.eye(4, k=1, dtype=int), (SKIP, "conv_3x3"))
    assert chain.is_chain
    assert len(chain.neighbours(chain=True)) == 2 * 27 + 3 * 28 - 2 + 2
    assert len(chain.neighbours()) == 2 * 27 + 3 * 28 - 2 + 2 + 3  # three short cuts
    # Without operations, there is only one to put in.
    assert [cell.ops for cell in STRAIGHT.neighbours()] == [(op,) for op in OPS]


@pytest.mark.parametrize(
    ("matrix", "ops", "message"),
    [
        ([[0, 0, 1], [0, 0, 1], [0, 0, 0]], [SKIP], r"vertices \[1\] are on no path"),
        ([[0, 1, 1], [0, 0, 0], [0, 0, 0]], [SKIP], r"vertices \[1\] are on no path"),
        ([[0, 0], [0, 0]], [], "on no path from the input"),
        ([[0, 1, 0], [1, 0, 1], [0, 0, 0]], [SKIP], r"entry \(1, 0\)"),
        ([[0, 2], [0, 0]], [], r"entry \(0, 1\) of the adjacency matrix is 2"),
        ([[0, 1], [0, 0]], [SKIP], "1 operations need a 3 x 3 matrix"),
        (np.eye(9, k=1), [SKIP] * 7, "at most 6 operations, not 7"),
        (np.eye(3, k=1), ["conv_7x7"], "unknown GraphNet operation 'conv_7x7'. Valid: skip, "),
        (np.eye(3, k=1), "skip", "are a list"),
    ],
)
def test_what_is_no_cell(matrix, ops, message):
    with pytest.raises(ArchitectureError, match=message):
        GraphNetCell(matrix, ops)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("|conv_3x3~0|", "malformed"),
        ("|conv_3x3~1|+|output~1|", "fed by vertex 1, which does not come before"),
        ("|conv_3x3~0|+|output~0|", "on no path"),
        ("|output~0|+|output~1|", "unknown GraphNet operation 'output'"),
        ("", "malformed"),
    ],
)
def test_what_is_no_string_of_a_cell(text, message):
    with pytest.raises(ArchitectureError, match=message):
        GraphNetCell.from_string(text)
