"""DARTS cells: the search space of DARTS and of NAS-Bench-301.

A genotype is a normal and a reduction cell. A cell has two inputs (nodes 0 and 1, the outputs of
the two cells before it), four intermediate nodes (2 to 5) and an output that concatenates them.
An intermediate node is the sum of two operations on two different earlier nodes.

Sources: Liu et al., "DARTS: Differentiable Architecture Search", ICLR 2019,
https://arxiv.org/abs/1806.09055; Zela et al., "Surrogate NAS Benchmarks", ICLR 2022,
https://arxiv.org/abs/2008.09777.
"""

import ast
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError

# The order is that of NASLib's codes: code 3 is sep_conv_3x3.
OPS = MAX_POOL, AVG_POOL, SKIP, SEP_CONV_3, SEP_CONV_5, DIL_CONV_3, DIL_CONV_5 = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)

NUM_INPUTS = 2
CONCAT = (2, 3, 4, 5)  # the intermediate nodes; all of them reach the output
NUM_EDGES = 14  # from every node to every later intermediate node; a cell uses 8

# Two of n earlier nodes and two operations, for n = 2, 3, 4, 5: about 1e9 a cell.
NUM_CELLS = 1 * 3 * 6 * 10 * len(OPS) ** 8

# arch2vec's view of a cell, where operations are the vertices: 11 vertices, 11 labels.
VERTEX_LABELS = ("c_k-2", "c_k-1", "none", *OPS, "output")
_FIRST_OP, _OUTPUT = 2, 10  # vertices 2 and 3 are the operations of node 2, and so on

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
    benchmark's strings have one; it does not change the network.

    Raises:
        ArchitectureError: If a cell does not have eight pairs, names an unknown operation or an
            impossible predecessor, or gives a node the same predecessor twice.
    """

    normal: Cell
    reduce: Cell

    def __post_init__(self) -> None:
        _check_cell("normal", self.normal)
        _check_cell("reduce", self.reduce)

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """The normal and the reduction cell."""
        return self.normal, self.reduce

    @classmethod
    def from_string(cls, string: str) -> "DARTSGenotype":
        """Parse the string that DARTS and NAS-Bench-301 print, without evaluating it.

        Raises:
            ArchitectureError: If the string is malformed or no genotype of this space.
        """
        try:
            # The search code prints its concat as a range, the published cells as a list.
            literal = string.strip().replace("range(2, 6)", "[2, 3, 4, 5]")
            call = ast.parse(literal, mode="eval").body
            if not (isinstance(call, ast.Call) and call.func.id == "Genotype" and not call.args):
                raise ValueError
            if sorted(word.arg for word in call.keywords) != _FIELDS:
                raise ValueError
            fields = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
            cells = [tuple((op, node) for op, node in fields[key]) for key in ("normal", "reduce")]
            concats = [tuple(fields[key]) for key in ("normal_concat", "reduce_concat")]
        except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError, MemoryError):
            raise ArchitectureError(
                f"malformed DARTS genotype {string!r}. It should look like {_EXAMPLE!r}."
            ) from None
        if concats != [CONCAT, CONCAT]:
            raise ArchitectureError(
                f"a DARTS cell concatenates nodes {list(CONCAT)}, not {concats}: {string!r}"
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
    def from_compact(cls, compact: str) -> "DARTSGenotype":
        """Parse NASLib's compact form: a normal and a reduction cell of (predecessor, code) pairs.

        Raises:
            ArchitectureError: If the string is malformed or no genotype of this space.
        """
        try:
            normal, reduce = (
                tuple((_op_of_code(code), node) for node, code in cell)
                for cell in ast.literal_eval(compact.strip())
            )
        except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
            raise ArchitectureError(
                f"malformed compact DARTS genotype {compact!r}. It should be two cells of eight "
                f"(predecessor, code) pairs, with codes 0 to {len(OPS) - 1}."
            ) from None
        return cls(normal, reduce)

    def compact(self) -> str:
        """Return NASLib's compact form, as its list of the trained cells writes it."""
        return str(tuple(tuple((node, OPS.index(op)) for op, node in c) for c in self.cells))

    @classmethod
    def from_numbers(cls, numbers: Sequence[int]) -> "DARTSGenotype":
        """Read what ``numbers`` returns.

        Raises:
            ArchitectureError: If the numbers are not those of a genotype of this space.
        """
        if len(numbers) != 16 or not all(n == int(n) and n >= 0 for n in numbers):
            raise ArchitectureError(f"a DARTS genotype is 16 whole numbers, not {list(numbers)}")
        edges = [(OPS[int(n) % len(OPS)], int(n) // len(OPS)) for n in numbers]
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
        """Decode ``adjacency_and_ops``.

        Raises:
            ArchitectureError: If the two arrays encode no genotype of this space.
        """
        shapes = np.shape(adjacency), np.shape(labels)
        if shapes != ((2, 11, 11), (2, 11, 11)):
            raise ArchitectureError(
                f"adjacency and labels of a DARTS genotype have shape (2, 11, 11), not {shapes}"
            )
        cells = [
            _decode_cell(matrix, [VERTEX_LABELS[i] for i in rows.argmax(1)])
            for matrix, rows in zip(np.asarray(adjacency), np.asarray(labels), strict=True)
        ]
        genotype = cls(*cells)
        true_adjacency, true_labels = genotype.adjacency_and_ops()
        if not np.array_equal(adjacency, true_adjacency) or not np.array_equal(labels, true_labels):
            raise ArchitectureError("adjacency and labels encode no DARTS genotype")
        return genotype


def _check_cell(name: str, cell: Cell) -> None:
    if len(cell) != 2 * len(CONCAT):
        raise ArchitectureError(
            f"the {name} cell of a DARTS genotype has 8 (operation, predecessor) pairs, "
            f"not {len(cell)}: {cell}"
        )
    for target, op, source in _edges(cell):
        if op not in OPS:
            raise ArchitectureError(
                f"unknown DARTS operation {op!r} in the {name} cell. Valid: {', '.join(OPS)}."
            )
        if type(source) is not int or not 0 <= source < target:
            raise ArchitectureError(
                f"node {target} of the {name} cell cannot read node {source!r}. "
                f"Valid: 0 to {target - 1}."
            )
    for i, target in enumerate(CONCAT):
        if cell[2 * i][1] == cell[2 * i + 1][1]:
            raise ArchitectureError(
                f"node {target} of the {name} cell reads node {cell[2 * i][1]} twice; "
                "in DARTS its two predecessors differ."
            )


def _edges(cell: Cell) -> list[tuple[int, str, int]]:
    """List (target, operation, source) of the eight edges."""
    return [(CONCAT[i // 2], op, source) for i, (op, source) in enumerate(cell)]


def _op_of_code(code: int) -> str:
    if code not in range(len(OPS)):
        raise ValueError
    return OPS[code]


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
            version += sorted(pair, key=_source)
        versions.append(tuple(version))
    return min(versions)


def _source(edge: Edge) -> int:
    return edge[1]


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
DARTS_V1 = DARTSGenotype(
    normal=(
        (SEP_CONV_3, 1),
        (SEP_CONV_3, 0),
        (SKIP, 0),
        (SEP_CONV_3, 1),
        (SKIP, 0),
        (SEP_CONV_3, 1),
        (SEP_CONV_3, 0),
        (SKIP, 2),
    ),
    reduce=(
        (MAX_POOL, 0),
        (MAX_POOL, 1),
        (SKIP, 2),
        (MAX_POOL, 0),
        (MAX_POOL, 0),
        (SKIP, 2),
        (SKIP, 2),
        (AVG_POOL, 0),
    ),
)
DARTS_V2 = DARTSGenotype(
    normal=(
        (SEP_CONV_3, 0),
        (SEP_CONV_3, 1),
        (SEP_CONV_3, 0),
        (SEP_CONV_3, 1),
        (SEP_CONV_3, 1),
        (SKIP, 0),
        (SKIP, 0),
        (DIL_CONV_3, 2),
    ),
    reduce=(
        (MAX_POOL, 0),
        (MAX_POOL, 1),
        (SKIP, 2),
        (MAX_POOL, 1),
        (MAX_POOL, 0),
        (SKIP, 2),
        (SKIP, 2),
        (MAX_POOL, 1),
    ),
)
