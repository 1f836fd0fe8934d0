"""DARTS cells: the search space of DARTS and of NAS-Bench-301.

A genotype is a normal and a reduction cell. A cell has two inputs (nodes 0 and 1, the outputs of
the two cells before it), four intermediate nodes (2 to 5) and an output that concatenates them.
An intermediate node is the sum of two operations on two different earlier nodes.

Sources: Liu et al., "DARTS: Differentiable Architecture Search", ICLR 2019,
https://arxiv.org/abs/1806.09055; Zela et al., "Surrogate NAS Benchmarks", ICLR 2022,
https://arxiv.org/abs/2008.09777.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError
from nasutils.spaces.values import integers, literal

# The order is that of NASLib's codes: code 3 is sep_conv_3x3.
OPS = MAX_POOL, AVG_POOL, SKIP, SEP_CONV_3, SEP_CONV_5, DIL_CONV_3, DIL_CONV_5 = (
    "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip

_OF_CODE = dict(enumerate(OPS))

NUM_INPUTS = 2
CONCAT = (2, 3, 4, 5)  # the intermediate nodes; all of them reach the output
NUM_EDGES = 14  # from every node to every later intermediate node; a cell uses 8

# Two of n earlier nodes and two operations, for n = 2, 3, 4, 5: about 1e9 a cell.
NUM_CELLS = 1 * 3 * 6 * 10 * len(OPS) ** 8

# arch2vec's view of a cell, where operations are the vertices: 11 vertices, 11 labels.
VERTEX_LABELS = ("c_k-2", "c_k-1", "none", *OPS, "output")
_FIRST_OP, _OUTPUT = 2, 10  # vertices 2 and 3 are the operations of node 2, and so on

# By equality: a pair with numpy's types finds its like in Python's.
_PLAIN = {pair: pair for pair in itertools.product(OPS, range(max(CONCAT)))}

Edge = tuple[str, int]
Cell = tuple[Edge, ...]

_FIELDS = ["normal", "normal_concat", "reduce", "reduce_concat"]
_EXAMPLE = (
    "Genotype(normal=[('sep_conv_3x3', 0), ...eight pairs], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ...eight pairs], reduce_concat=[2, 3, 4, 5])"
)


def edge_id(source: int, target: int) -> int:
    """Number the edges into intermediate nodes 2 to 5 from 0 to 13, by target, then source."""
    return (0, 2, 5, 9)[target - NUM_INPUTS] + source


@dataclass(frozen=True, slots=True)
class DARTSGenotype:
    """A normal and a reduction cell, each eight (operation, predecessor) pairs.

    Pairs 2i and 2i + 1 are the inputs of intermediate node i + 2. Their order is kept, since the
    benchmark's strings have one; it does not change the network. Lists and numpy's integers become
    tuples and Python's, and a cell may have its pairs node by node, four times two.

    ArchitectureError if a cell does not have eight pairs, names an unknown operation or an
    impossible predecessor, or gives a node the same predecessor twice.
    """

    normal: Cell
    reduce: Cell

    def __post_init__(self) -> None:
        object.__setattr__(self, "normal", _checked_cell("normal", self.normal))
        object.__setattr__(self, "reduce", _checked_cell("reduce", self.reduce))

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """The normal and the reduction cell."""
        return self.normal, self.reduce

    @classmethod
    def from_string(cls, genotype: Any) -> "DARTSGenotype":
        """Read a genotype as DARTS, its descendants and NAS-Bench-301 have it.

        It may be a text, which is not evaluated, an object or a dictionary with the four fields of
        a ``Genotype``, or a tuple of them.

        Raises:
            ArchitectureError: If it is malformed or no genotype of this space.
        """
        if isinstance(genotype, cls):
            return genotype
        try:
            fields = literal(genotype)
            if isinstance(fields, tuple | list):
                fields = dict(zip(_FIELDS, fields, strict=True))
            elif not isinstance(fields, Mapping):
                fields = {name: getattr(fields, name) for name in _FIELDS}
            if sorted(fields) != _FIELDS:
                raise ValueError
            cells = [_pairs(fields[key]) for key in ("normal", "reduce")]
            concats = [integers(fields[key]) for key in ("normal_concat", "reduce_concat")]
        except (ValueError, TypeError, AttributeError):
            raise ArchitectureError(
                f"malformed DARTS genotype {genotype!r}. It should look like {_EXAMPLE!r}."
            ) from None
        if concats != [CONCAT, CONCAT]:
            raise ArchitectureError(
                f"a DARTS cell concatenates nodes {list(CONCAT)}, not {concats}: {genotype!r}"
            )
        return cls(*cells)

    def __str__(self) -> str:
        """Return the string that DARTS and NAS-Bench-301 print."""
        concat = list(CONCAT)
        return (
            f"Genotype(normal={list(self.normal)}, normal_concat={concat}, "
            f"reduce={list(self.reduce)}, reduce_concat={concat})"
        )

    @classmethod
    def from_compact(cls, compact: Any) -> "DARTSGenotype":
        """Read NASLib's compact form: a normal and a reduction cell of (predecessor, code) pairs.

        It may be nested tuples, lists or arrays, or their text. ArchitectureError if it is
        malformed.
        """
        try:
            normal, reduce = (
                tuple((_OF_CODE[code], node) for node, code in map(integers, cell))
                for cell in literal(compact)
            )
        except (ValueError, TypeError, KeyError):
            raise ArchitectureError(
                f"malformed compact DARTS genotype {compact!r}. It should be two cells of eight "
                f"(predecessor, code) pairs, with codes 0 to {len(OPS) - 1}."
            ) from None
        return cls(normal, reduce)

    @classmethod
    def from_config(cls, config: Any) -> "DARTSGenotype":
        """Read a configuration of NAS-Bench-301's ConfigSpace: a mapping, its text, or the object.

        The operation of edge 3 is under ``...:edge_normal_3``, the predecessors of node 4 under
        ``...:inputs_node_normal_4`` as ``0_2``; other hyperparameters are not read, nor are edges
        that no node reads. ArchitectureError if one is missing or malformed.
        """
        try:
            values = literal(config)
            values = values.get_dictionary() if hasattr(values, "get_dictionary") else values
            named = {key.rpartition(":")[2]: value for key, value in dict(values).items()}
            cells = [_cell_of_config(named, name) for name in ("normal", "reduce")]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ArchitectureError(
                f"malformed configuration of NAS-Bench-301 ({error}): {config!r}. It should have "
                "edge_normal_0 and inputs_node_normal_3, the others, and those of reduce."
            ) from None
        return cls(*cells)

    def compact(self) -> str:
        """Return NASLib's compact form, as its list of the trained cells writes it."""
        return str(tuple(tuple((node, OPS.index(op)) for op, node in c) for c in self.cells))

    @classmethod
    def from_numbers(cls, numbers: Any) -> "DARTSGenotype":
        """Read what ``numbers`` returns, also as text; ArchitectureError if it is no genotype."""
        try:
            plain = integers(literal(numbers))
        except ValueError:
            plain = ()
        if len(plain) != 16 or min(plain) < 0:
            raise ArchitectureError(f"a DARTS genotype is 16 whole numbers, not {numbers!r}")
        edges = [(OPS[n % len(OPS)], n // len(OPS)) for n in plain]
        return cls(tuple(edges[:8]), tuple(edges[8:]))

    def numbers(self) -> list[int]:
        """Return 16 numbers for tables of figures: 7 times the predecessor plus the code."""
        return [node * len(OPS) + OPS.index(op) for cell in self.cells for op, node in cell]

    @classmethod
    def random(cls, rng: np.random.Generator) -> "DARTSGenotype":
        """Draw uniformly: two different predecessors a node, and any operations."""
        return cls(_random_cell(rng), _random_cell(rng))

    def neighbours(self) -> list["DARTSGenotype"]:
        """Return the 120 genotypes that differ in the operation or predecessor of one edge."""
        normals = [DARTSGenotype(cell, self.reduce) for cell in _cell_neighbours(self.normal)]
        return normals + [DARTSGenotype(self.normal, c) for c in _cell_neighbours(self.reduce)]

    def mutate(self, rng: np.random.Generator) -> "DARTSGenotype":
        """Return a uniformly drawn neighbour."""
        cells = list(self.cells)
        which = rng.integers(len(cells))  # both cells have 60 neighbours
        options = _cell_neighbours(cells[which])
        cells[which] = options[rng.integers(len(options))]
        return DARTSGenotype(*cells)

    def canonical(self) -> "DARTSGenotype":
        """Return the first, in sorting order, of the genotypes that are the same network.

        Same means: up to the order of a node's two inputs and up to the names of the four
        intermediate nodes (which only permutes the channels of the output).
        """
        return DARTSGenotype(_canonical_cell(self.normal), _canonical_cell(self.reduce))

    def isomorphism_class(self) -> str:
        """Return a name that two genotypes share exactly if they are the same network."""
        return str(self.canonical())

    def op_counts(self) -> dict[str, int]:
        """Count how often each operation occurs in the two cells together."""
        used = [op for cell in self.cells for op, _ in cell]
        return {op: used.count(op) for op in OPS}

    def one_hot(self) -> np.ndarray:
        """Encode as a float32 array of shape (2, 14, 7): cells by edges by operations.

        Edges are numbered by ``edge_id``; the row of an unused edge is zero.
        """
        encoding = np.zeros((2, NUM_EDGES, len(OPS)), dtype=np.float32)
        for which, cell in enumerate(self.cells):
            for target, op, source in _edges(cell):
                encoding[which, edge_id(source, target), OPS.index(op)] = 1
        return encoding

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Encode with operations as vertices, as arch2vec does.

        The vertices are the two inputs, the eight operations and the output. Both operations of an
        intermediate node feed whatever reads that node, and all eight feed the output.

        Returns:
            Adjacency of shape (2, 11, 11), upper triangular, and one-hot labels of shape
            (2, 11, 11) in the order of ``VERTEX_LABELS``; both float32, one entry a cell.
        """
        adjacency = np.zeros((2, 11, 11), dtype=np.float32)
        labels = np.zeros((2, 11, len(VERTEX_LABELS)), dtype=np.float32)
        for which, cell in enumerate(self.cells):
            for vertex, (_, source) in enumerate(cell, start=_FIRST_OP):
                adjacency[which, vertices_of_node(source), vertex] = 1
                adjacency[which, vertex, _OUTPUT] = 1
            names = ("c_k-2", "c_k-1", *(op for op, _ in cell), "output")
            for vertex, name in enumerate(names):
                labels[which, vertex, VERTEX_LABELS.index(name)] = 1
        return adjacency, labels

    @classmethod
    def from_adjacency_and_ops(cls, adjacency: np.ndarray, labels: np.ndarray) -> "DARTSGenotype":
        """Decode ``adjacency_and_ops``; ArchitectureError if the two arrays encode no genotype."""
        try:
            adjacency, labels = (np.asarray(given, dtype=float) for given in (adjacency, labels))
        except (TypeError, ValueError):
            adjacency = labels = np.empty(0)
        shapes = adjacency.shape, labels.shape
        if shapes != ((2, 11, 11), (2, 11, 11)):
            raise ArchitectureError(
                f"adjacency and labels of a DARTS genotype have shape (2, 11, 11), not {shapes}"
            )
        cells = [
            _decode_cell(matrix, [VERTEX_LABELS[i] for i in rows.argmax(1)])
            for matrix, rows in zip(adjacency, labels, strict=True)
        ]
        genotype = cls(*cells)
        true_adjacency, true_labels = genotype.adjacency_and_ops()
        if not np.array_equal(adjacency, true_adjacency) or not np.array_equal(labels, true_labels):
            raise ArchitectureError("adjacency and labels encode no DARTS genotype")
        return genotype


def _pairs(cell: Any) -> list[tuple[Any, Any]]:
    """Return a cell's pairs, also where they come node by node; ValueError, TypeError if none."""
    if isinstance(cell, str):
        raise TypeError
    entries = [(a, b) for a, b in cell]
    if any(isinstance(op, str) for op, _ in entries):
        return entries
    return [(op, source) for node in entries for op, source in node]


def _cell_of_config(named: Mapping[str, Any], name: str) -> list[tuple[Any, int]]:
    cell = []
    for target in CONCAT:
        inputs = "0_1" if target == NUM_INPUTS else named[f"inputs_node_{name}_{target}"]
        for source in map(int, inputs.split("_")):
            cell.append((named[f"edge_{name}_{edge_id(source, target)}"], source))
    return cell


def _checked_cell(name: str, cell: Any) -> Cell:
    """Return a cell in plain types."""
    try:
        pairs = _pairs(cell)
    except (TypeError, ValueError):
        pairs = []
    if len(pairs) != 2 * len(CONCAT):
        raise ArchitectureError(
            f"the {name} cell of a DARTS genotype has 8 (operation, predecessor) pairs, "
            f"not {len(pairs)}: {cell!r}"
        )
    try:
        plain = tuple(_PLAIN.get(pair, pair) for pair in pairs)
    except TypeError:  # one cannot be hashed
        plain = tuple(pairs)
    for target, op, source in _edges(plain):
        if not isinstance(op, str) or op not in OPS:
            raise ArchitectureError(
                f"unknown DARTS operation {op!r} in the {name} cell. Valid: {', '.join(OPS)}."
            )
        if type(source) is not int or not 0 <= source < target:
            raise ArchitectureError(
                f"node {target} of the {name} cell cannot read node {source!r}. "
                f"Valid: 0 to {target - 1}."
            )
    for i, target in enumerate(CONCAT):
        if plain[2 * i][1] == plain[2 * i + 1][1]:
            raise ArchitectureError(
                f"node {target} of the {name} cell reads node {plain[2 * i][1]} twice; "
                "in DARTS its two predecessors differ."
            )
    return plain


def _edges(cell: Sequence[Edge]) -> list[tuple[int, str, int]]:
    """List (target, operation, source) of the eight edges."""
    return [(CONCAT[i // 2], op, source) for i, (op, source) in enumerate(cell)]


def _random_cell(rng: np.random.Generator) -> Cell:
    cell: list[Edge] = []
    for target in CONCAT:
        sources = sorted(rng.choice(target, size=2, replace=False).tolist())
        cell += [(OPS[rng.integers(len(OPS))], source) for source in sources]
    return tuple(cell)


def _cell_neighbours(cell: Cell) -> list[Cell]:
    changed = []
    for i, (target, op, source) in enumerate(_edges(cell)):
        _, sibling = cell[i ^ 1]  # the other input of the same node
        edges = [(other, source) for other in OPS if other != op]
        edges += [(op, other) for other in range(target) if other not in (source, sibling)]
        changed += [(*cell[:i], edge, *cell[i + 1 :]) for edge in edges]
    return changed


def _canonical_cell(cell: Cell) -> Cell:
    """Return the smallest cell under renaming of nodes and exchange of inputs."""
    versions = []
    for order in itertools.permutations(CONCAT):  # order[i] is the old name of node i + 2
        new_name = {0: 0, 1: 1, **{old: new for new, old in zip(CONCAT, order, strict=True)}}
        if any(new_name[source] >= new_name[target] for target, _, source in _edges(cell)):
            continue  # an edge would run backwards
        version: list[Edge] = []
        for old in order:
            first = 2 * CONCAT.index(old)
            pair = [(op, new_name[source]) for op, source in cell[first : first + 2]]
            version += sorted(pair, key=itemgetter(1))
        versions.append(tuple(version))
    return min(versions)


def vertices_of_node(node: int) -> list[int]:
    """Return the vertices whose outputs sum to a node: an input itself, or two operations."""
    return [node] if node < NUM_INPUTS else [2 * node - 2, 2 * node - 1]


def _decode_cell(adjacency: np.ndarray, names: list[Any]) -> Cell:
    cell = []
    for vertex in range(_FIRST_OP, _OUTPUT):
        target = CONCAT[(vertex - _FIRST_OP) // 2]
        read = [node for node in range(target) if adjacency[vertices_of_node(node), vertex].all()]
        if len(read) != 1:
            raise ArchitectureError(f"operation {vertex - _FIRST_OP} reads nodes {read}, not one")
        cell.append((names[vertex], read[0]))
    return tuple(cell)


# The cells published by the authors of DARTS: first and second order.
DARTS_V1 = DARTSGenotype.from_string(
    "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 0), ('skip_connect', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), "
    "('max_pool_3x3', 0), ('max_pool_3x3', 0), ('skip_connect', 2), "
    "('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])"
)
DARTS_V2 = DARTSGenotype.from_string(
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), "
    "('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), "
    "('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), "
    "('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)
