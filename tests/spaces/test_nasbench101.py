import hashlib
import itertools

import numpy as np
import pytest

from nasutils.errors import ArchitectureError
from nasutils.spaces.nasbench101 import (
    CONV1,
    CONV3,
    HASH_LABELS,
    INPUT,
    NUM_CELLS,
    OPS,
    OUTPUT,
    POOL,
    VERTEX_LABELS,
    NASBench101Cell,
    edge_bit,
    prune,
)
from nasutils.spaces.nasbench101_enumeration import (
    adjacency_matrices,
    enumerate_cells,
    representatives,
)

TRIVIAL = NASBench101Cell(((0, 1), (0, 0)), (INPUT, OUTPUT))
DIAMOND = NASBench101Cell.from_string(
    "|conv3x3-bn-relu~0|+|maxpool3x3~0|+|conv1x1-bn-relu~1~2|+|output~0~3|"
)


def random_cells(count, seed=0):
    rng = np.random.default_rng(seed)
    return [NASBench101Cell.random(rng) for _ in range(count)]


def hash_by_hand(adjacency, labels):
    """The benchmark's hash_module, word for word from its description, on numpy matrices."""
    matrix = np.array(adjacency)

    def digest(text):
        return hashlib.md5(text.encode()).hexdigest()

    starts = zip(matrix.sum(1).tolist(), matrix.sum(0).tolist(), labels, strict=True)
    hashes = np.array([digest(str(start)) for start in starts])
    for _ in labels:
        into = ["".join(sorted(hashes[column == 1])) for column in matrix.T]
        out = ["".join(sorted(hashes[row == 1])) for row in matrix]
        hashes = np.array([digest("|".join(parts)) for parts in zip(into, out, hashes)])  # noqa: B905
    return digest(str(sorted(hashes.tolist())))


def renumbered(cell, rng):
    """The same graph under another numbering in which edges still lead upwards."""
    interior = list(range(1, cell.num_vertices - 1))
    while True:
        order = [0, *rng.permutation(interior).tolist(), cell.num_vertices - 1]
        matrix = np.array(cell.adjacency)[np.ix_(order, order)]
        if not np.tril(matrix).any():
            return NASBench101Cell(matrix, [cell.ops[v] for v in order])


def labelled_graphs(max_vertices):
    """Every valid cell by brute force, in the order of the benchmark's generator."""
    for vertices in range(2, max_vertices + 1):
        for bits in range(2 ** (vertices * (vertices - 1) // 2)):
            for ops in itertools.product(OPS, repeat=vertices - 2):
                try:
                    yield NASBench101Cell.from_bits(bits, (INPUT, *ops, OUTPUT))
                except ArchitectureError:
                    break  # Another labelling will not make the graph valid.


@pytest.fixture(scope="module")
def graphs_of_five():
    """All labelled graphs of up to five vertices, with their hashes."""
    return [(cell, cell.hash) for cell in labelled_graphs(5)]


@pytest.fixture(scope="module")
def graphs_of_seven():
    return representatives()


def canonical_form(cell):
    """The smallest of all numberings: equal for two cells exactly if they are isomorphic."""
    interior = range(1, cell.num_vertices - 1)
    matrix, last = np.array(cell.adjacency), cell.num_vertices - 1
    return min(
        (matrix[np.ix_(order, order)].tobytes(), tuple(cell.ops[v] for v in order))
        for order in ([0, *middle, last] for middle in itertools.permutations(interior))
    )


class TestValue:
    def test_string_and_bits_there_and_back(self):
        for cell in random_cells(100):
            assert NASBench101Cell.from_string(str(cell)) == cell
            assert NASBench101Cell.from_bits(cell.bits, cell.ops) == cell

    def test_string_lists_the_sources_of_each_vertex(self):
        assert DIAMOND.adjacency == (
            (0, 1, 1, 0, 1),
            (0, 0, 0, 1, 0),
            (0, 0, 0, 1, 0),
            (0, 0, 0, 0, 1),
            (0, 0, 0, 0, 0),
        )
        assert DIAMOND.ops == (INPUT, CONV3, POOL, CONV1, OUTPUT)
        assert (DIAMOND.num_vertices, DIAMOND.num_edges) == (5, 6)
        assert str(TRIVIAL) == "|output~0|"

    def test_bits_run_down_the_columns(self):
        edges = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (0, 4)]
        assert [edge_bit(*edge) for edge in edges] == list(range(7))
        assert DIAMOND.bits == 0b1001_110_01_1

    def test_arrays_and_lists_give_a_hashable_value(self):
        cell = NASBench101Cell(np.array(DIAMOND.adjacency), list(DIAMOND.ops))
        assert cell == DIAMOND
        assert hash(cell) == hash(DIAMOND)
        assert isinstance(cell.adjacency[0][1], int)

    def test_one_hot_and_padding(self):
        adjacency, labels = DIAMOND.adjacency_and_ops()
        assert adjacency.shape == (7, 7)
        assert labels.shape == (7, 5)
        assert adjacency.sum() == 6
        assert adjacency[:5, :5].tolist() == [list(row) for row in DIAMOND.adjacency]
        assert [VERTEX_LABELS[code] for code in labels[:5].argmax(1)] == list(DIAMOND.ops)
        assert not labels[5:].any()
        assert np.array_equal(labels, DIAMOND.one_hot())


class TestValidity:
    @pytest.mark.parametrize(
        ("adjacency", "ops", "message"),
        [
            ([[0]], [INPUT], "2 to 7 vertices, not 1"),
            (np.zeros((8, 8)), [INPUT, *[POOL] * 6, OUTPUT], "2 to 7 vertices, not 8"),
            ([[0, 1], [0, 0]], [INPUT, POOL], "go from 'input' to 'output'"),
            ([[0, 1], [0, 0]], [OUTPUT, INPUT], "go from 'input' to 'output'"),
            (np.eye(3, k=1), [INPUT, "conv5x5", OUTPUT], "unknown .* 'conv5x5'. Valid: conv3x3"),
            ([[0, 1], [0, 0]], [INPUT, POOL, OUTPUT], "need a 3 x 3 matrix"),
            ([[0, 1], [0]], [INPUT, OUTPUT], "need a 2 x 2 matrix"),
            ([[0, 1], [1, 0]], [INPUT, OUTPUT], r"entry \(1, 0\) .* is 1"),
            ([[0, 2], [0, 0]], [INPUT, OUTPUT], r"entry \(0, 1\) .* is 2"),
            ([[0, 0.5], [0, 0]], [INPUT, OUTPUT], "2 x 2 matrix of 0 and 1, not"),
            (np.triu(np.ones((5, 5)), 1), [INPUT, POOL, POOL, POOL, OUTPUT], "9 edges, not 10"),
            ([[0, 1, 1], [0, 0, 0], [0, 0, 0]], [INPUT, POOL, OUTPUT], "vertex 1 is on no path"),
            ([[0, 0, 1], [0, 0, 1], [0, 0, 0]], [INPUT, POOL, OUTPUT], "vertex 1 is on no path"),
            ([[0, 0], [0, 0]], [INPUT, OUTPUT], "vertex 0 is on no path"),
        ],
    )
    def test_bad_values_are_refused(self, adjacency, ops, message):
        with pytest.raises(ArchitectureError, match=message):
            NASBench101Cell(adjacency, ops)

    @pytest.mark.parametrize(
        ("string", "message"),
        [
            ("", "malformed"),
            ("|output|", "malformed"),
            ("|maxpool3x3~0|output~1|", "malformed"),
            ("|maxpool3x3~0|+|output~2|", "fed by vertex 2, which does not come before"),
            ("|maxpool3x3~9|+|output~1|", "fed by vertex 9"),
            ("|conv7x7~0|+|output~1|", "unknown NAS-Bench-101 operation 'conv7x7'"),
            ("|maxpool3x3~0|+|output~0|", "vertex 1 is on no path"),
        ],
    )
    def test_bad_strings_are_refused(self, string, message):
        with pytest.raises(ArchitectureError, match=message):
            NASBench101Cell.from_string(string)

    def test_pruning_drops_what_is_on_no_path(self):
        # 1 is never fed, 2 never read, 3 read by the dropped 2 alone; 4 stays.
        matrix = np.zeros((6, 6), dtype=int)
        for edge in [(0, 2), (0, 4), (1, 4), (0, 3), (4, 5)]:
            matrix[edge] = 1
        pruned, ops = prune(matrix, [INPUT, POOL, CONV3, POOL, CONV1, OUTPUT])
        assert pruned.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
        assert ops == (INPUT, CONV1, OUTPUT)

    def test_from_matrix_prunes_before_it_counts_edges(self):
        matrix = np.triu(np.ones((5, 5), dtype=int), k=1)
        matrix[3, 4] = 0  # Ten edges less one, and the four around vertex 3 do not count.
        cell = NASBench101Cell.from_matrix(matrix, [INPUT, *OPS, OUTPUT])
        assert (cell.num_vertices, cell.num_edges) == (4, 6)

    def test_no_path_at_all(self):
        with pytest.raises(ArchitectureError, match="no path from the input to the output"):
            NASBench101Cell.from_matrix([[0, 1, 0], [0, 0, 0], [0, 0, 0]], [INPUT, POOL, OUTPUT])

    def test_matrix_of_another_size(self):
        with pytest.raises(ArchitectureError, match="need a 3 x 3 matrix of 0 and 1"):
            NASBench101Cell.from_matrix([[0, 1], [0, 0]], [INPUT, POOL, OUTPUT])


class TestNASLib:
    def test_codes(self):
        # 0 -> 1 -> 2 -> 3 -> 4 with conv3x3, conv1x1, max-pooling: 4, 3, 2.
        chain = np.eye(5, k=1, dtype=int).ravel().tolist()
        cell = NASBench101Cell.from_naslib([*chain, 0, 4, 3, 2, 1])
        assert cell.ops == (INPUT, CONV3, CONV1, POOL, OUTPUT)

    def test_dangling_vertices_are_dropped(self):
        matrix = np.eye(4, k=1, dtype=int)
        matrix[0, 1] = 0
        matrix[0, 2] = 1
        cell = NASBench101Cell.from_naslib((*matrix.ravel().tolist(), 0, 4, 2, 1))
        assert str(cell) == "|maxpool3x3~0|+|output~1|"

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ([], "not 0"),
            ([0, 0], "V \\* V \\+ V numbers, not 2"),
            ([0, 1, 0, 0, 0], "not 5"),
            ([0, 1, 0, 0, 0, 7], "unknown NASLib operation 7"),
        ],
    )
    def test_bad_codes_are_refused(self, code, message):
        with pytest.raises(ArchitectureError, match=message):
            NASBench101Cell.from_naslib(code)


class TestHash:
    def test_agrees_with_the_description(self):
        for cell in [TRIVIAL, DIAMOND, *random_cells(30)]:
            labels = [HASH_LABELS[op] for op in cell.ops]
            assert cell.hash == hash_by_hand(cell.adjacency, labels)

    def test_does_not_depend_on_the_numbering(self):
        rng = np.random.default_rng(1)
        others = [renumbered(cell, rng) for cell in random_cells(50)]
        assert any(a != b for a, b in zip(others, random_cells(50), strict=True))
        for cell, other in zip(random_cells(50), others, strict=True):
            assert cell.isomorphism_class() == other.isomorphism_class()

    def test_is_isomorphism_on_every_graph_of_five_vertices(self, graphs_of_five):
        pairs = {(graph_class, canonical_form(cell)) for cell, graph_class in graphs_of_five}
        assert len(pairs) == len({h for h, _ in pairs}) == len({form for _, form in pairs})


class TestMoves:
    def test_random_cells_are_reproducible_and_varied(self):
        assert random_cells(20, seed=3) == random_cells(20, seed=3)
        assert len({cell.hash for cell in random_cells(200)}) > 100

    def test_neighbours_are_other_classes_once_each(self):
        for cell in [TRIVIAL, DIAMOND, *random_cells(5)]:
            classes = [other.hash for other in cell.neighbours()]
            assert len(set(classes)) == len(classes)
            assert cell.hash not in classes

    def test_neighbours_of_the_trivial_cell(self):
        # One operation beside the direct edge; it has no edge to lose.
        assert [str(cell) for cell in TRIVIAL.neighbours()] == [
            f"|{op}~0|+|output~0~1|" for op in OPS
        ]

    def test_neighbours_of_a_chain(self):
        # Another operation, the skip edge, or a second vertex: on a path of its own beside the
        # first, before it, or after it. Cutting the chain leaves nothing.
        chain = NASBench101Cell.from_string("|maxpool3x3~0|+|output~1|")
        expected = {
            *(f"|{op}~0|+|output~1|" for op in (CONV3, CONV1)),
            "|maxpool3x3~0|+|output~0~1|",
            *(f"|{op}~0|+|maxpool3x3~0|+|output~1~2|" for op in OPS),
            *(f"|{op}~0|+|maxpool3x3~0~1|+|output~2|" for op in OPS),
            *(f"|maxpool3x3~0|+|{op}~1|+|output~1~2|" for op in OPS),
        }
        expected_hashes = {NASBench101Cell.from_string(string).hash for string in expected}
        assert {cell.hash for cell in chain.neighbours()} == expected_hashes

    def test_neighbourhood_does_not_depend_on_the_numbering(self):
        rng = np.random.default_rng(2)
        for cell in random_cells(4, seed=5):
            mine = {other.hash for other in cell.neighbours()}
            assert mine == {other.hash for other in renumbered(cell, rng).neighbours()}

    def test_an_added_edge_or_changed_operation_can_be_undone(self):
        for cell in [DIAMOND, *random_cells(1, seed=7)]:
            for other in cell.neighbours():
                if (other.num_vertices, other.num_edges) >= (cell.num_vertices, cell.num_edges):
                    assert cell.hash in {back.hash for back in other.neighbours()}

    def test_neighbours_connect_the_small_cells(self):
        seen, queue = {TRIVIAL.hash}, [TRIVIAL]
        while queue:
            for cell in queue.pop().neighbours():
                if cell.num_vertices <= 4 and cell.hash not in seen:
                    seen.add(cell.hash)
                    queue.append(cell)
        assert len(seen) == 1 + 6 + 84

    def test_mutation_is_a_reproducible_neighbour(self):
        for seed, cell in enumerate([TRIVIAL, DIAMOND, *random_cells(4)]):
            child = cell.mutate(np.random.default_rng(seed))
            assert child == cell.mutate(np.random.default_rng(seed))
            assert child.hash in {other.hash for other in cell.neighbours()}


class TestEnumeration:
    def test_there_are_423624_classes(self, graphs_of_seven):
        assert sum(len(bits) for bits, _ in graphs_of_seven) == NUM_CELLS

    def test_five_vertices_by_brute_force(self, graphs_of_five):
        """Same classes, same order, and the same representative of each."""
        first = {}
        for cell, graph_class in graphs_of_five:
            first.setdefault(graph_class, cell)
        found = enumerate_cells(max_vertices=5)
        assert [h.decode() for h in found.hashes] == sorted(first)
        for row, graph_class in enumerate(sorted(first)):
            cell = first[graph_class]
            labels = [OPS.index(op) for op in cell.ops[1:-1]]
            assert found.vertices[row] == cell.num_vertices
            assert found.bits[row] == cell.bits
            assert found.labels[row].tolist() == labels + [-1] * (5 - len(labels))

    def test_matrices_from_bits(self):
        cells = [DIAMOND, *random_cells(20)]
        matrices = adjacency_matrices(np.array([cell.bits for cell in cells]))
        assert matrices.dtype == np.uint8
        for cell, matrix in zip(cells, matrices, strict=True):
            assert np.array_equal(matrix, cell.adjacency_and_ops()[0])
