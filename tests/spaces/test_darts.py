import ast
import itertools

import networkx as nx
import numpy as np
import pytest

from nasutils.errors import ArchitectureError
from nasutils.spaces.darts import (
    CONCAT,
    DARTS_V1,
    DARTS_V2,
    NUM_CELLS,
    NUM_EDGES,
    OPS,
    VERTEX_LABELS,
    DARTSGenotype,
    edge_id,
)

V2_STRING = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)


def random_genotypes(count, seed=0):
    rng = np.random.default_rng(seed)
    return [DARTSGenotype.random(rng) for _ in range(count)]


def rename(cell, order):
    """Rename a cell's intermediate nodes; None where an edge would run backwards."""
    new_name = dict(zip((0, 1, *CONCAT), (0, 1, *order), strict=True))
    nodes = {
        new_name[target]: tuple((op, new_name[s]) for op, s in cell[2 * i : 2 * i + 2])
        for i, target in enumerate(CONCAT)
    }
    if any(source >= target for target, pair in nodes.items() for _, source in pair):
        return None
    return tuple(itertools.chain.from_iterable(nodes[target] for target in CONCAT))


def graph(cell):
    """A cell as a directed graph, with a vertex in the middle of each edge for its operation."""
    g = nx.DiGraph()
    g.add_nodes_from([(0, {"label": "input 0"}), (1, {"label": "input 1"})])
    g.add_nodes_from(CONCAT, label="sum")
    for i, (op, source) in enumerate(cell):
        g.add_node(f"op{i}", label=op)
        g.add_edge(source, f"op{i}")
        g.add_edge(f"op{i}", CONCAT[i // 2])
    return g


def same_network(a, b):
    return all(
        nx.is_isomorphic(graph(x), graph(y), node_match=lambda u, v: u["label"] == v["label"])
        for x, y in zip(a.cells, b.cells, strict=True)
    )


def test_published_string():
    assert str(DARTS_V2) == V2_STRING
    assert DARTSGenotype.from_string(V2_STRING) == DARTS_V2
    as_printed_by_search = V2_STRING.replace("[2, 3, 4, 5]", "range(2, 6)")
    assert DARTSGenotype.from_string(as_printed_by_search) == DARTS_V2


def test_compact_form_by_hand():
    # NASLib: (predecessor, code); 3 = sep_conv_3x3, 2 = skip_connect, 5 = dil_conv_3x3, 0 = max.
    compact = (
        "(((0, 3), (1, 3), (0, 3), (1, 3), (1, 3), (0, 2), (0, 2), (2, 5)), "
        "((0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0)))"
    )
    assert DARTS_V2.compact() == compact
    assert DARTSGenotype.from_compact(compact) == DARTS_V2
    as_lists = str([list(cell) for cell in ast.literal_eval(compact)])
    assert DARTSGenotype.from_compact(as_lists) == DARTS_V2


def test_strings_go_both_ways():
    for genotype in random_genotypes(200):
        assert DARTSGenotype.from_string(str(genotype)) == genotype
        assert DARTSGenotype.from_compact(genotype.compact()) == genotype


def test_number_of_cells():
    # DARTS, Section 2.1 with the zero operation left out: prod_k (k + 1) k / 2 * 7^2.
    assert np.prod([(k + 1) * k // 2 * 7**2 for k in (1, 2, 3, 4)]) == NUM_CELLS


def test_random_is_valid_uniform_and_seeded():
    genotypes = random_genotypes(3000)
    assert genotypes[:50] == random_genotypes(50)
    assert len(set(genotypes)) == len(genotypes)
    used = np.mean([g.one_hot() for g in genotypes], axis=0)  # (2, 14, 7)
    # An edge into node t is one of the two that its node uses with probability 2 / t.
    expected = np.array([2 / t for t in CONCAT for _ in range(t)])[:, None] / len(OPS)
    assert np.abs(used - expected).max() < 5 * np.sqrt(expected.max() / 3000)


def test_neighbours_by_hand():
    neighbours = DARTS_V2.neighbours()
    # A cell: 8 edges x 6 other operations, and 2 edges x (0 + 1 + 2 + 3) free predecessors.
    assert len(neighbours) == len(set(neighbours)) == 2 * (8 * 6 + 2 * 6)
    for other in neighbours:
        before, after = (sum(g.cells, ()) for g in (DARTS_V2, other))
        (a, b), *more = [(x, y) for x, y in zip(before, after, strict=True) if x != y]
        assert not more
        assert (a[0] == b[0]) != (a[1] == b[1])
        assert DARTS_V2 in other.neighbours()


def test_mutate_returns_any_neighbour():
    rng = np.random.default_rng(0)
    drawn = {DARTS_V2.mutate(rng) for _ in range(1500)}
    assert drawn == set(DARTS_V2.neighbours())


def test_isomorphism_class_ignores_names_and_input_order():
    renamed = 0
    for genotype in random_genotypes(100):
        swapped = tuple(genotype.reduce[i ^ 1] for i in range(8))
        for order in itertools.permutations(CONCAT):
            if (normal := rename(genotype.normal, order)) is not None:
                other = DARTSGenotype(normal, swapped)
                assert other.isomorphism_class() == genotype.isomorphism_class()
                renamed += other.normal != genotype.normal
        assert genotype.canonical().canonical() == genotype.canonical()
    assert renamed > 100


def test_isomorphism_class_agrees_with_networkx():
    for genotype in random_genotypes(12):
        assert same_network(genotype, genotype.canonical())
        for other in genotype.neighbours()[::4]:
            assert same_network(genotype, other) == (
                genotype.isomorphism_class() == other.isomorphism_class()
            )


def test_inputs_are_not_exchangeable():
    flipped = tuple((op, {0: 1, 1: 0}.get(s, s)) for op, s in DARTS_V2.normal)
    other = DARTSGenotype(flipped, DARTS_V2.reduce)
    assert other.isomorphism_class() != DARTS_V2.isomorphism_class()


def test_one_hot():
    assert [edge_id(s, t) for t in CONCAT for s in range(t)] == list(range(NUM_EDGES))
    encoding = DARTS_V2.one_hot()
    assert encoding.shape == (2, 14, 7)
    assert encoding.dtype == np.float32
    assert encoding.sum() == 16
    assert encoding[0, edge_id(2, 5), OPS.index("dil_conv_3x3")] == 1
    encodings = {g.one_hot().tobytes() for g in random_genotypes(300)}
    assert len(encodings) == 300


def test_adjacency_by_hand():
    adjacency, labels = DARTS_V2.adjacency_and_ops()
    assert adjacency.shape == labels.shape == (2, 11, 11)
    assert adjacency.dtype == labels.dtype == np.float32
    assert VERTEX_LABELS[labels[0, 9].argmax()] == "dil_conv_3x3"
    # The last operation of the normal cell, vertex 9, reads node 2: operations 2 and 3.
    assert adjacency[0, :, 9].nonzero()[0].tolist() == [2, 3]
    # c_k-2 feeds the first operation, the third, and the two skip connections.
    assert adjacency[0, 0].nonzero()[0].tolist() == [2, 4, 7, 8]
    assert adjacency[:, 2:10, 10].all()
    assert not np.tril(adjacency).any()
    assert (labels.sum(2) == 1).all()


def test_adjacency_goes_both_ways():
    for genotype in [DARTS_V1, DARTS_V2, *random_genotypes(200)]:
        assert DARTSGenotype.from_adjacency_and_ops(*genotype.adjacency_and_ops()) == genotype


def test_adjacency_that_is_no_genotype():
    adjacency, labels = DARTS_V2.adjacency_and_ops()
    with pytest.raises(ArchitectureError, match="shape"):
        DARTSGenotype.from_adjacency_and_ops(adjacency[0], labels[0])
    no_input = adjacency.copy()
    no_input[0, :, 9] = 0
    with pytest.raises(ArchitectureError, match="operation 7 reads nodes"):
        DARTSGenotype.from_adjacency_and_ops(no_input, labels)
    no_output = adjacency.copy()
    no_output[1, 4, 10] = 0
    with pytest.raises(ArchitectureError, match="encode no DARTS genotype"):
        DARTSGenotype.from_adjacency_and_ops(no_output, labels)
    none = labels.copy()
    none[0, 3] = np.eye(11)[VERTEX_LABELS.index("none")]
    with pytest.raises(ArchitectureError, match="unknown DARTS operation 'none'"):
        DARTSGenotype.from_adjacency_and_ops(adjacency, none)


def test_op_counts():
    counts = DARTS_V2.op_counts()
    assert counts == dict(zip(OPS, (5, 0, 5, 5, 0, 1, 0), strict=True))


def test_genotypes_are_hashable_values():
    assert len({DARTS_V2, DARTSGenotype.from_string(V2_STRING), DARTS_V1}) == 2


@pytest.mark.parametrize(
    ("string", "message"),
    [
        ("", "malformed DARTS genotype ''"),
        ("Genotype(", "malformed"),
        ("__import__('os').system('true')", "malformed"),
        (V2_STRING.replace("('skip_connect', 0)", "('skip_connect', int('0'))"), "malformed"),
        (V2_STRING.replace("Genotype", "Cell"), "malformed"),
        (V2_STRING.replace("reduce_concat", "concat"), "malformed"),
        (V2_STRING.replace("normal_concat=[2, 3, 4, 5], ", ""), "malformed"),
        (V2_STRING.replace("('dil_conv_3x3', 2)", "'dil_conv_3x3'"), "malformed"),
        (V2_STRING.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 2, 3)"), "malformed"),
        ("(" * 5000, "malformed"),
        (V2_STRING.replace("reduce_concat=[2", "reduce_concat=[1"), "concatenates nodes"),
        (V2_STRING.replace("dil_conv_3x3", "dil_conv_7x7"), "'dil_conv_7x7' in the normal cell"),
        (V2_STRING.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)"), "cannot read node 5"),
        (V2_STRING.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', '2')"), "cannot read node '2'"),
        (V2_STRING.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', -1)"), "cannot read node -1"),
        (V2_STRING.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)"), "reads node 0 twice"),
        (V2_STRING.replace(", ('dil_conv_3x3', 2)", ""), "has 8 .* pairs, not 7"),
    ],
)
def test_bad_strings(string, message):
    with pytest.raises(ArchitectureError, match=message):
        DARTSGenotype.from_string(string)


@pytest.mark.parametrize(
    "compact", ["", "5", "((), (), ())", "(((0, 7),) * 8,) * 2", "((1, 2), 3)"]
)
def test_bad_compact_strings(compact):
    with pytest.raises(ArchitectureError, match="malformed compact"):
        DARTSGenotype.from_compact(compact)


def test_compact_code_out_of_range():
    with pytest.raises(ArchitectureError, match="codes 0 to 6"):
        DARTSGenotype.from_compact(DARTS_V2.compact().replace("(2, 5)", "(2, 7)"))


def test_numbers_come_back_and_are_checked():
    rng = np.random.default_rng(0)
    genotypes = [DARTSGenotype.random(rng) for _ in range(20)]
    assert [DARTSGenotype.from_numbers(g.numbers()) for g in genotypes] == genotypes
    # sep_conv_3x3 has code 3: from node 0 it is 3, from node 1 it is 7 + 3.
    first = DARTSGenotype.from_numbers([3, 10, *genotypes[0].numbers()[2:]])
    assert first.normal[:2] == (("sep_conv_3x3", 0), ("sep_conv_3x3", 1))
    for wrong in ([3] * 15, [0.5] * 16, [-1] * 16, [3] * 16):
        with pytest.raises(ArchitectureError):
            DARTSGenotype.from_numbers(wrong)
