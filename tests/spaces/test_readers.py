"""Every reader takes the spellings of public code bases, and refuses the rest by its own error."""

import collections
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasutils.errors import ArchitectureError
from nasutils.spaces import darts, nasbench101, nasbench201
from nasutils.spaces.autoformer import AutoFormerTiny
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3
from nasutils.spaces.values import integers, literal

settings.register_profile("book", derandomize=True, deadline=None, database=None)
settings.load_profile("book")

SPACES = [
    *(AutoFormerTiny, DARTSGenotype, NASBench101Cell, NASBench201Cell, OFAMobileNetV3),
    *(GraphNetCell, GraphNetSequence),
]
# Six operations, one an edge.
OPS_201 = [
    "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "nor_conv_3x3",
]  # fmt: skip
Genotype = collections.namedtuple("Genotype", "normal normal_concat reduce reduce_concat")


def drawn(space):
    """Architectures of a space."""
    return st.integers(0, 2**32 - 1).map(lambda seed: space.random(np.random.default_rng(seed)))


def as_lists(value):
    return [*map(as_lists, value)] if isinstance(value, tuple | list) else value


def as_numpy(value):
    """Numbers and names of numpy's types, whose text is ``np.int64(3)`` or ``np.str_('none')``."""
    if isinstance(value, tuple | list):
        return [*map(as_numpy, value)]
    return np.array([value])[0] if isinstance(value, int | float | str) else value


# One architecture's fields are written in each of these ways.
TYPES = st.sampled_from([lambda value: value, as_lists, as_numpy])
TEXTS = st.sampled_from([lambda value: value, str, lambda value: f"\n {value} "])


@given(drawn(DARTSGenotype), TYPES, st.booleans(), st.sampled_from(range(7)))
def test_genotypes(genotype, retype, by_node, how):
    cells = [
        [cell[i : i + 2] for i in range(0, 8, 2)] if by_node else cell for cell in genotype.cells
    ]
    normal, reduce = map(retype, cells)
    concat = range(2, 6)
    fields = Genotype(normal, concat, reduce, [2, 3, 4, 5])
    spellings = [
        fields,
        tuple(fields),
        fields._asdict(),
        str(fields),
        f"PDARTS = genotypes.{fields}".replace("range(2, 6)", "range(2,6)"),
        str(fields._asdict()).replace("range(2, 6)", "list(range(2, 6))"),
        str(DARTSGenotype(normal, reduce)),
    ]
    assert DARTSGenotype.from_string(spellings[how]) == genotype


@given(drawn(DARTSGenotype), TYPES, TEXTS)
def test_compact_genotypes_and_numbers(genotype, retype, write):
    assert DARTSGenotype.from_compact(write(retype(literal(genotype.compact())))) == genotype
    assert DARTSGenotype.from_numbers(write(retype(genotype.numbers()))) == genotype


@given(drawn(NASBench201Cell), TYPES, TEXTS, st.sampled_from(range(5)))
def test_cells_of_nasbench201(cell, retype, write, how):
    named = dict(zip(nasbench201.EDGES, cell.ops, strict=True))
    nodes = [[(named[s, t], s) for s in range(t)] for t in (1, 2, 3)]
    spellings = [
        str(cell),
        f"Structure(4 nodes with {cell})",
        str(cell).replace("+", "+\n"),
        retype(cell.ops),
        retype(nodes),
    ]
    assert NASBench201Cell.from_string(write(spellings[how])) == cell
    codes = ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"]
    coded = [codes.index(named[edge]) for edge in sorted(nasbench201.EDGES)]
    assert NASBench201Cell.from_codes(write(retype(coded))) == cell


@given(drawn(NASBench101Cell), TYPES, TEXTS)
def test_cells_of_nasbench101(cell, retype, write):
    codes = ["input", "output", "maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu"]
    code = [*sum(cell.adjacency, ()), *(codes.index(op) for op in cell.ops)]
    for read in (
        NASBench101Cell.from_string(cell),
        NASBench101Cell.from_string(f" {cell}\n"),
        NASBench101Cell.from_naslib(write(retype(code))),
        NASBench101Cell.from_matrix(retype(cell.adjacency), retype(cell.ops)),
        NASBench101Cell.from_matrix(np.array(cell.adjacency, dtype=float), cell.ops),
        NASBench101Cell(np.array(cell.adjacency, dtype=bool), retype(cell.ops)),
        NASBench101Cell.from_bits(np.int64(cell.bits), retype(cell.ops)),
    ):
        assert (read, hash(read), str(read)) == (cell, hash(cell), str(cell))


@given(st.sampled_from([OFAMobileNetV3, AutoFormerTiny]), st.data(), TYPES)
def test_dictionaries(space, data, retype):
    architecture = data.draw(drawn(space))
    fields = literal(str(architecture))
    for spelling in (
        architecture,
        fields,
        {key: retype(value) for key, value in fields.items()},
        str({key: retype(value) for key, value in fields.items()}),
        json.dumps(fields, indent=1),
    ):
        assert space.from_string(spelling) == architecture


@given(st.sampled_from(SPACES), st.data(), st.sampled_from([as_lists, as_numpy]))
def test_values_become_plain(space, data, retype):
    architecture = data.draw(drawn(space))
    same = space(*(retype(getattr(architecture, name)) for name in space.__slots__))
    assert (same, hash(same), repr(same)) == (architecture, hash(architecture), repr(architecture))


ENDS = ["input", "output"]
CELL = GraphNetCell.from_string("|conv_3x3~0|+|output~1|")
READERS = [
    *(space.from_string for space in SPACES),
    NASBench201Cell,
    NASBench201Cell.from_codes,
    NASBench101Cell.from_naslib,
    lambda value: NASBench101Cell(value, value),
    lambda value: NASBench101Cell.from_matrix(value, ENDS),
    lambda value: NASBench101Cell.from_matrix([[0, 1], [0, 0]], value),
    lambda value: NASBench101Cell.from_bits(value, ENDS),
    DARTSGenotype.from_compact,
    DARTSGenotype.from_numbers,
    lambda value: DARTSGenotype(value, darts.DARTS_V2.reduce),
    lambda value: DARTSGenotype.from_adjacency_and_ops(value, value),
    OFAMobileNetV3,
    lambda value: OFAMobileNetV3.from_lists(value, value, value),
    lambda value: AutoFormerTiny(192, value, value),
    lambda value: AutoFormerTiny(value, (4,) * 12, (3,) * 12),
    lambda value: GraphNetCell(value, value),
    lambda value: GraphNetCell(value, ()),
    lambda value: GraphNetCell([[0, 1, 0], [0, 0, 1], [0, 0, 0]], value),
    GraphNetSequence,
    lambda value: GraphNetSequence([SizedCell(value, 8)]),
    lambda value: GraphNetSequence([SizedCell(CELL, value)]),
    lambda value: GraphNetSequence([SizedCell(CELL, 8, value)]),
]
NAMES = [*darts.OPS, *nasbench101.VERTEX_LABELS, *nasbench201.OPS, "normal", "ks", "e", "d"]
PLAIN = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    *(
        st.sampled_from(NAMES),
        st.integers(-1, 7),
        st.just(object()),
        st.just(np.zeros((2, 11, 11))),
    ),
)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=9),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4),
        st.lists(st.tuples(st.sampled_from(NAMES), inner), min_size=8, max_size=8),
        st.lists(inner, min_size=6, max_size=6).map(tuple),
    ),
    max_leaves=20,
)


def read_or_refuse(reader, value):
    try:
        architecture = reader(value)
    except ArchitectureError:
        return
    assert type(architecture) in SPACES
    assert type(architecture).from_string(str(architecture)) == architecture


@pytest.mark.parametrize("reader", READERS)
@given(ANYTHING, st.booleans())
def test_anything_else_is_refused(reader, value, as_text):
    read_or_refuse(reader, str(value) if as_text else value)


@given(st.sampled_from(SPACES), st.data())
def test_damaged_text_is_refused(space, data):
    text = str(data.draw(drawn(space)))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 3, len(text))))
    middle = data.draw(st.text(alphabet="0123456789|~+()[]{}'\", x_", max_size=3))
    read_or_refuse(space.from_string, text[:start] + middle + text[end:])


@pytest.mark.parametrize(
    "text",
    [
        *("(" * 5000, "-" * 5000 + "1", "[1,", "a", "f()", "1 + 1", "x = ", "1; 2", "{**{}}", "\0"),
        *(
            "range(2, 6",
            "range()",
            "open('x')",
            "Genotype(1)",
            "(lambda: 1)()",
            "[x for x in (1,)]",
        ),
        *("np.int64(1, 2)", "int('0')", "f'{1}'", "{[]: 1}", "...", "range('a')", "-'a'"),
    ],
)
def test_what_is_no_literal(text):
    with pytest.raises(ValueError, match=r"."):
        integers([literal(text)])


def test_literals():
    assert literal("[np.int64(3), -1, 2.5, null, true, 'a', (), {'b': {1}}]") == (
        [3, -1, 2.5, None, True, "a", (), {"b": [1]}]
    )
    assert len(literal("range(0, 1000000000)")) == 64
    assert literal(None) is None


@pytest.mark.parametrize("wrong", [[0.5], ["3"], [None], [float("nan")], [float("inf")], 3, [[1]]])
def test_what_is_not_whole(wrong):
    with pytest.raises(ValueError, match=r"."):
        integers(wrong)


def test_whole_numbers_of_any_type():
    plain = integers([np.int8(1), 2.0, True, np.float32(4), np.array(5)])
    assert plain == (1, 2, 1, 4, 5)
    assert {type(number) for number in plain} == {int}


# As NAS-Bench-301's own example has it: the edges that a node does not read are left out.
_PREFIX = "NetworkSelectorDatasetInfo:darts:"
CONFIG = {
    "OptimizerSelector:optimizer": "sgd",
    **{
        f"{_PREFIX}edge_{cell}_{edge}": op
        for cell in ("normal", "reduce")
        for edge, op in {
            0: "max_pool_3x3",
            1: "sep_conv_5x5",
            3: "skip_connect",
            4: "dil_conv_3x3",
            5: "sep_conv_3x3",
            8: "avg_pool_3x3",
            11: "dil_conv_5x5",
            13: "sep_conv_3x3",
        }.items()
    },
    **{
        f"{_PREFIX}inputs_node_{cell}_{node}": inputs
        for cell in ("normal", "reduce")
        for node, inputs in {3: "1_2", 4: "0_3", 5: "2_4"}.items()
    },
}
CONFIG_CELL = (
    ("max_pool_3x3", 0), ("sep_conv_5x5", 1), ("skip_connect", 1), ("dil_conv_3x3", 2),
    ("sep_conv_3x3", 0), ("avg_pool_3x3", 3), ("dil_conv_5x5", 2), ("sep_conv_3x3", 4),
)  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [CONFIG, str(CONFIG), json.dumps(CONFIG), SimpleNamespace(get_dictionary=lambda: CONFIG)],
)
def test_a_configuration_of_nasbench301(config):
    genotype = DARTSGenotype.from_config(config)
    assert genotype == DARTSGenotype(CONFIG_CELL, CONFIG_CELL)


@pytest.mark.parametrize(
    "change",
    [
        {f"{_PREFIX}inputs_node_normal_4": "0-3"},
        {f"{_PREFIX}inputs_node_reduce_5": None},
        {f"{_PREFIX}edge_normal_13": "conv_7x7"},
        {f"{_PREFIX}inputs_node_normal_3": "1_9"},
        {f"{_PREFIX}inputs_node_normal_3": "1_1"},
    ],
)
def test_a_malformed_configuration_of_nasbench301(change):
    with pytest.raises(ArchitectureError):
        DARTSGenotype.from_config(CONFIG | change)
    for value in ({}, 3, "Genotype()", None, "x"):
        with pytest.raises(ArchitectureError, match="edge_normal_0"):
            DARTSGenotype.from_config(value)


_NB101 = "|conv3x3-bn-relu~0|+|maxpool3x3~0~1|+|output~1~2|"
_MATRIX = [[0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
_OPS = ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]
_NNI_101 = {
    "op1": "conv3x3-bn-relu",
    "op2": "maxpool3x3",
    "input1": [0],
    "input2": [0, 1],
    "input3": [1, 2],
}


@pytest.mark.parametrize(
    "cell",
    [
        SimpleNamespace(matrix=np.array(_MATRIX), ops=_OPS),
        {"module_adjacency": _MATRIX, "module_operations": _OPS, "trainable_parameters": 1},
        _NNI_101,
        json.dumps(_NNI_101),
        str({"module_adjacency": _MATRIX, "module_operations": _OPS}),
    ],
)
def test_nasbench101_cells_of_other_code(cell):
    assert str(NASBench101Cell.from_string(cell)) == _NB101


@pytest.mark.parametrize(
    "cell",
    [
        _NNI_101 | {"input2": [0, 7]},
        _NNI_101 | {"op2": "conv_9x9"},
        {"op1": "conv3x3-bn-relu"},
        {"module_adjacency": _MATRIX},
        SimpleNamespace(matrix=_MATRIX, ops=_OPS[:3]),
        SimpleNamespace(matrix=None, ops=_OPS),
    ],
)
def test_malformed_nasbench101_cells_of_other_code(cell):
    with pytest.raises(ArchitectureError):
        NASBench101Cell.from_string(cell)


def test_a_nasbench201_cell_by_its_edges():
    ops = dict(zip(("0_1", "0_2", "1_2", "0_3", "1_3", "2_3"), OPS_201, strict=True))
    cell = NASBench201Cell(tuple(OPS_201))
    nni = {edge: op.removeprefix("nor_") for edge, op in ops.items()}
    assert NASBench201Cell.from_string(nni) == NASBench201Cell.from_string(str(ops)) == cell
    for bad in (nni | {"0_4": "none"}, {}, nni | {"0_1": "conv_5x5"}, nni | {"0_1": None}):
        with pytest.raises(ArchitectureError):
            NASBench201Cell.from_string(bad)
