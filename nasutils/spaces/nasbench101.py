"""NAS-Bench-101 cells: graphs of at most seven vertices and nine edges, an operation a vertex.

Source: Ying et al., "NAS-Bench-101", ICML 2019, https://arxiv.org/abs/1902.09635.
"""

import hashlib
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError
from nasutils.spaces.values import integers, literal, matrix_of_sources

INPUT, OUTPUT = "input", "output"
# In the order of the benchmark's own labels 0, 1, 2.
CONV3, CONV1, POOL = OPS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
VERTEX_LABELS = (INPUT, *OPS, OUTPUT)

MAX_VERTICES, MAX_EDGES = 7, 9
NUM_CELLS = 423_624

# What the benchmark's graph hash reads in place of the names.
HASH_LABELS = {INPUT: -1, CONV3: 0, CONV1: 1, POOL: 2, OUTPUT: -2}

_NASLIB_OPS = (INPUT, OUTPUT, POOL, CONV1, CONV3)

_TERM = re.compile(r"\|([\w-]+)((?:~\d)+)\|")
_EXAMPLE = "|conv3x3-bn-relu~0|+|maxpool3x3~0~1|+|output~1~2|"


@dataclass(frozen=True, slots=True)
class NASBench101Cell:
    """One cell: vertex 0 is the input, the last vertex the output, edges lead to higher vertices.

    Equality compares vertex by vertex; cells that differ only in the numbering of their vertices
    share their ``isomorphism_class()``. The numbering is not quite without effect: where channels
    do not divide evenly, lower vertices get the extra ones.

    The string, of this project's making, lists each vertex after the input with its operation and
    the vertices that feed it:

    >>> cell = NASBench101Cell.from_string("|conv3x3-bn-relu~0|+|maxpool3x3~0~1|+|output~1~2|")
    >>> cell.adjacency
    ((0, 1, 1, 0), (0, 0, 1, 1), (0, 0, 0, 1), (0, 0, 0, 0))

    Attributes:
        adjacency: Upper-triangular matrix of 0 and 1; row i holds the edges that leave vertex i.
        ops: Name of each vertex: ``"input"``, members of ``OPS``, ``"output"``.
    """

    adjacency: tuple[tuple[int, ...], ...]
    ops: tuple[str, ...]

    def __post_init__(self) -> None:
        # Arrays and lists are welcome, but the value must be hashable.
        object.__setattr__(self, "ops", _checked_ops(self.ops))
        object.__setattr__(self, "adjacency", _matrix(self.adjacency, len(self.ops)))
        _check_adjacency(self.adjacency)

    @classmethod
    def from_matrix(
        cls, adjacency: Sequence[Sequence[int]] | np.ndarray, ops: Sequence[str]
    ) -> "NASBench101Cell":
        """Build a cell from a matrix that may contain dangling vertices, which are dropped.

        Raises ArchitectureError if what remains is no cell of the benchmark.
        """
        names = tuple(ops) if isinstance(ops, Iterable) else ()
        return cls(*prune(np.array(_matrix(adjacency, len(names))), names))

    @classmethod
    def from_naslib(cls, code: Any) -> "NASBench101Cell":
        """Build a cell from NASLib's flat code: V x V adjacency entries, then V operations.

        NASLib numbers the operations 0 input, 1 output, 2 max-pooling, 3 conv1x1, 4 conv3x3, and
        keeps dangling vertices, which are dropped here. The code is whole numbers, or their text.

        Raises:
            ArchitectureError: If the code is malformed or what remains is no cell.
        """
        try:
            numbers = integers(literal(code))
        except ValueError:
            raise ArchitectureError(f"a NASLib code is whole numbers, not {code!r}") from None
        vertices = (math.isqrt(4 * len(numbers) + 1) - 1) // 2
        if vertices < 2 or vertices * (vertices + 1) != len(numbers):
            raise ArchitectureError(
                f"a NASLib code has V * V + V numbers, not {len(numbers)}: {code!r}"
            )
        matrix = np.reshape(numbers[:-vertices], (vertices, vertices))
        for op in numbers[-vertices:]:
            if op not in range(len(_NASLIB_OPS)):
                raise ArchitectureError(
                    f"unknown NASLib operation {op} in {code!r}. Valid: 0 to 4."
                )
        return cls.from_matrix(matrix, [_NASLIB_OPS[op] for op in numbers[-vertices:]])

    @classmethod
    def from_bits(cls, bits: int, ops: Sequence[str]) -> "NASBench101Cell":
        """Build a cell from adjacency bits (see ``edge_bit``) and all its vertices' names.

        Raises:
            ArchitectureError: If the bits are no number of so many edges, or the cell is not valid.
        """
        ops = _checked_ops(ops)
        vertices = range(len(ops))
        try:
            (number,) = integers([bits])
        except ValueError:
            number = -1
        if not 0 <= number < 1 << edge_bit(0, len(ops)):
            raise ArchitectureError(f"no adjacency bits of {len(ops)} vertices: {bits!r}")
        return cls(
            [[i < j and number >> edge_bit(i, j) & 1 for j in vertices] for i in vertices], ops
        )

    @classmethod
    def from_string(cls, string: Any) -> "NASBench101Cell":
        """Read a cell as this project, the benchmark's own code or NNI has it.

        It may be the string that ``str(cell)`` gives; a ``ModelSpec``, with its ``matrix`` and
        ``ops``; the table's ``module_adjacency`` and ``module_operations``; or NNI's dictionary of
        ``op1`` and ``input1``, the predecessors, for each vertex. Dictionaries may be text.

        Raises:
            ArchitectureError: If it is malformed or no cell of the benchmark.
        """
        if isinstance(string, cls):
            return string
        if (parts := _matrix_and_ops(string)) is not None:
            return cls.from_matrix(*parts)
        terms = string.strip().split("+") if isinstance(string, str) else [""]
        matches = [_TERM.fullmatch(term) for term in terms]
        if None in matches:
            raise ArchitectureError(
                f"malformed NAS-Bench-101 string {string!r}. It should look like {_EXAMPLE!r}."
            )
        ops = _checked_ops((INPUT, *(match[1] for match in matches)))
        return cls(matrix_of_sources((match[2] for match in matches), string), ops)

    def __str__(self) -> str:
        """Return each vertex after the input as ``|operation~source~source|``, joined by ``+``."""
        columns = list(zip(*self.adjacency, strict=True))
        return "+".join(
            f"|{op}~{'~'.join(str(source) for source, edge in enumerate(column) if edge)}|"
            for op, column in zip(self.ops[1:], columns[1:], strict=True)
        )

    @classmethod
    def random(cls, rng: np.random.Generator) -> "NASBench101Cell":
        """Draw a cell as the benchmark's authors do, not uniformly.

        Each of the 21 edges is present with probability 1/2, dangling vertices are dropped, and
        draws without a path or with more than nine edges are rejected.
        """
        while True:
            matrix = np.triu(rng.integers(2, size=(MAX_VERTICES, MAX_VERTICES)), k=1)
            interior = [OPS[i] for i in rng.integers(len(OPS), size=MAX_VERTICES - 2)]
            try:
                return cls.from_matrix(matrix, [INPUT, *interior, OUTPUT])
            except ArchitectureError:
                continue

    @property
    def num_vertices(self) -> int:
        """Number of vertices, input and output included."""
        return len(self.ops)

    @property
    def num_edges(self) -> int:
        """Number of edges."""
        return sum(map(sum, self.adjacency))

    @property
    def bits(self) -> int:
        """The adjacency matrix as bits of one integer, see ``edge_bit``."""
        edges = itertools.combinations(range(self.num_vertices), 2)
        return sum(self.adjacency[i][j] << edge_bit(i, j) for i, j in edges)

    @property
    def hash(self) -> str:
        """The benchmark's MD5 graph hash, by which the table is sorted."""
        return graph_hash(self.adjacency, [HASH_LABELS[op] for op in self.ops])

    def isomorphism_class(self) -> str:
        """Return the graph hash: on this space two cells share it if and only if isomorphic."""
        return self.hash

    def neighbours(self) -> list["NASBench101Cell"]:
        """Return one cell of every other class that a single edit reaches.

        An edit changes one operation, adds or removes one edge (dropping vertices that are left
        dangling), or adds a vertex with one edge in and one out. Edges may be added against the
        numbering where no cycle arises; so isomorphic cells have the same neighbour classes.
        """
        found = {self.hash: self}
        for edited in self._edits():
            cell = _valid_or_none(*edited)
            if cell is not None:
                found.setdefault(cell.hash, cell)
        return list(found.values())[1:]

    def mutate(self, rng: np.random.Generator) -> "NASBench101Cell":
        """Return a random neighbour: the edits are tried in a random order until one is valid."""
        edits = list(self._edits())
        shuffled = (_valid_or_none(*edits[index]) for index in rng.permutation(len(edits)))
        return next(cell for cell in shuffled if cell is not None and cell.hash != self.hash)

    def _edits(self) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Yield every one-edit variant as a matrix (not yet in order) and names."""
        matrix, ops, last = np.array(self.adjacency), list(self.ops), self.num_vertices - 1
        for vertex, op in itertools.product(range(1, last), OPS):
            if op != ops[vertex]:
                yield matrix, [*ops[:vertex], op, *ops[vertex + 1 :]]
        pairs = [(i, j) for i in range(last) for j in range(1, last + 1) if i != j]
        for i, j in pairs:
            flipped = matrix.copy()
            flipped[i, j] ^= 1
            yield flipped, ops
        if self.num_vertices == MAX_VERTICES:
            return
        for (i, j), op in itertools.product(pairs, OPS):
            # The new vertex takes number 1; the others move up.
            grown = np.insert(np.insert(matrix, 1, 0, axis=0), 1, 0, axis=1)
            grown[i + (i > 0), 1] = grown[1, j + 1] = 1
            yield grown, [INPUT, op, *ops[1:]]

    def one_hot(self) -> np.ndarray:
        """Encode the vertices as float32 of shape (7, 5), in the order of ``VERTEX_LABELS``.

        The rows of absent vertices are zero.
        """
        codes = np.zeros((MAX_VERTICES, len(VERTEX_LABELS)), dtype=np.float32)
        codes[range(self.num_vertices), [VERTEX_LABELS.index(op) for op in self.ops]] = 1
        return codes

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Encode as a graph, padded: adjacency (7, 7) and one-hot labels (7, 5), both float32."""
        padding = MAX_VERTICES - self.num_vertices
        adjacency = np.pad(np.array(self.adjacency, dtype=np.float32), (0, padding))
        return adjacency, self.one_hot()


def edge_bit(source: int, target: int) -> int:
    """Return which bit of an adjacency integer stands for an edge, as in the benchmark's generator.

    Bits run down the columns of the upper triangle, (0, 1), (0, 2), (1, 2), (0, 3), ..., so the
    position does not depend on the number of vertices.
    """
    return source + target * (target - 1) // 2


def prune(matrix: np.ndarray, ops: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Drop vertices on no path from the first to the last; ArchitectureError if there is none."""
    reach = _reachability(matrix)
    kept = np.flatnonzero(reach[0] & reach[:, -1])
    if not len(kept):
        raise ArchitectureError("there is no path from the input to the output")
    return matrix[np.ix_(kept, kept)], tuple(ops[vertex] for vertex in kept)


def graph_hash(adjacency: Sequence[Sequence[int]], labels: Sequence[int]) -> str:
    """Hash a labelled graph as the benchmark does (``graph_util.hash_module``).

    Each vertex starts with the MD5 of its out-degree, in-degree and label; V times it is rehashed
    with the sorted hashes of its neighbours (Weisfeiler-Lehman); the sorted list is hashed last.
    """
    vertices = range(len(labels))
    sources = [[i for i in vertices if adjacency[i][j]] for j in vertices]
    targets = [[j for j in vertices if adjacency[i][j]] for i in vertices]
    hashes = [_md5(str((len(targets[v]), len(sources[v]), labels[v]))) for v in vertices]
    for _ in vertices:
        hashes = [
            _md5(
                "".join(sorted(hashes[i] for i in sources[v]))
                + "|"
                + "".join(sorted(hashes[j] for j in targets[v]))
                + "|"
                + hashes[v]
            )
            for v in vertices
        ]
    return _md5(str(sorted(hashes)))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _reachability(matrix: np.ndarray) -> np.ndarray:
    """Return whether vertex j can be reached from i (itself included), bool of shape (V, V)."""
    reach = np.eye(len(matrix), dtype=bool) | (matrix != 0)
    for _ in range(len(matrix).bit_length()):  # Path lengths double every time.
        reach = reach @ reach
    return reach


def _valid_or_none(matrix: np.ndarray, ops: Sequence[str]) -> NASBench101Cell | None:
    """Prune, renumber so that edges lead upwards, and build the cell, if there is one."""
    try:
        matrix, ops = prune(matrix, ops)
        # Along every edge the number of ancestors grows, unless there is a cycle.
        order = np.argsort(_reachability(matrix).sum(axis=0), kind="stable")
        return NASBench101Cell(matrix[np.ix_(order, order)], tuple(ops[v] for v in order))
    except ArchitectureError:
        return None


def _matrix_and_ops(cell: Any) -> tuple[Any, Any] | None:
    """Return what ``from_matrix`` takes of a cell that is none of our strings; None if it has none.

    NNI's vertices are numbered from 1, and the last has no operation.
    """
    if hasattr(cell, "matrix") and hasattr(cell, "ops"):
        return cell.matrix, cell.ops
    try:
        fields = literal(cell)
        if "module_adjacency" in fields:
            return fields["module_adjacency"], fields["module_operations"]
        vertices = sum(key.startswith("input") for key in fields) + 1
        ops = (INPUT, *(fields[f"op{i}"] for i in range(1, vertices - 1)), OUTPUT)
        sources = [integers(fields[f"input{i}"]) for i in range(1, vertices)]
        if not all(0 <= source < i for i, each in enumerate(sources, 1) for source in each):
            return None
        columns = [[i in each for i in range(vertices)] for each in ((), *sources)]
        return np.transpose(columns), ops
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _checked_ops(ops: Any) -> tuple[str, ...]:
    """Return the operations in plain types."""
    names = tuple(ops) if isinstance(ops, Iterable) else ()
    if not 2 <= len(names) <= MAX_VERTICES:
        raise ArchitectureError(
            f"a NAS-Bench-101 cell has 2 to {MAX_VERTICES} vertices, not {len(names)}: {ops!r}"
        )
    for op in names:
        if not isinstance(op, str) or op not in VERTEX_LABELS:
            raise ArchitectureError(
                f"unknown NAS-Bench-101 operation {op!r}. Valid: {', '.join(OPS)}."
            )
    if names[0] != INPUT or names[-1] != OUTPUT or not set(names[1:-1]) <= set(OPS):
        raise ArchitectureError(f"operations go from {INPUT!r} to {OUTPUT!r}, not as in {ops}")
    return tuple(map(str, names))


def _matrix(adjacency: Any, vertices: int) -> tuple[tuple[int, ...], ...]:
    """Return an adjacency matrix in plain types."""
    try:
        rows = tuple(map(integers, adjacency))
    except (TypeError, ValueError):
        rows = ()
    if len(rows) != vertices or any(len(row) != vertices for row in rows):
        raise ArchitectureError(
            f"{vertices} operations need a {vertices} x {vertices} matrix of 0 and 1, "
            f"not {adjacency!r}"
        )
    return rows


def _check_adjacency(adjacency: tuple[tuple[int, ...], ...]) -> None:
    vertices = len(adjacency)
    for i, j in itertools.product(range(vertices), repeat=2):
        if adjacency[i][j] not in ((0, 1) if i < j else (0,)):
            raise ArchitectureError(
                f"entry ({i}, {j}) of the adjacency matrix is {adjacency[i][j]}: it must be 0 or 1 "
                "above the diagonal and 0 elsewhere"
            )
    edges = sum(map(sum, adjacency))
    if edges > MAX_EDGES:
        raise ArchitectureError(f"a NAS-Bench-101 cell has at most {MAX_EDGES} edges, not {edges}")
    for vertex in range(vertices):
        feeds = vertex == vertices - 1 or any(adjacency[vertex])
        is_fed = vertex == 0 or any(row[vertex] for row in adjacency)
        if not (feeds and is_fed):
            raise ArchitectureError(
                f"vertex {vertex} is on no path from input to output: "
                "NASBench101Cell.from_matrix drops such vertices"
            )
