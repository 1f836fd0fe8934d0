"""GraphNet's cells: graphs of at most six operations, each one of 28.

Source: "Towards Neural Architecture Search through Hierarchical Generative Modeling", Section 3
("Micro search space") and Appendix B. A cell is a directed graph of an input, up to six operation
vertices and an output; vertices sum what enters them. What the paper leaves open, and our choice:

- **Which graphs are valid.** It states matrices, not which of them describe a cell: here every
  vertex lies on a path from the input to the output, so that none is without effect. A cell
  without operations, where the input leads straight to the output, is one.
- **Bottlenecks** have no names: ``bconv2`` and ``bconv4`` shrink to a half and a quarter.
- **Skip connections** are vertices, one of the 28, as the text has it (the authors' code folds
  them into the edges). An average pooling of one pixel is a vertex too, though it pools nothing.
- **Distribution of random cells.** One to six operations, each number as likely; given it, all
  valid pairs of a matrix and operations are as likely.
- **Neighbours**, which the paper draws from its generator: see ``GraphNetCell.neighbours``.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError
from nasutils.spaces.values import integers, matrix_of_sources

INPUT, OUTPUT = "input", "output"
SKIP = "skip"
TYPES = (
    "avg_pool",
    "conv",
    "sep_conv",
    "dil_conv",
    "mbconv2",
    "mbconv3",
    "mbconv6",
    "bconv2",
    "bconv4",
)
KERNELS = (1, 3, 5)
OPS = (SKIP, *(f"{kind}_{k}x{k}" for kind in TYPES for k in KERNELS))
VERTEX_LABELS = (INPUT, *OPS, OUTPUT)

MAX_OPS = 6
MAX_VERTICES = MAX_OPS + 2

_POWERS = 2 ** np.arange(MAX_VERTICES)

_TERM = re.compile(r"\|(\w+)((?:~\d)+)\|")
_EXAMPLE = "|conv_3x3~0|+|avg_pool_3x3~0~1|+|output~1~2|"


def kind_and_kernel(op: str) -> tuple[str, int]:
    """Split an operation's name, ``sep_conv_3x3`` into ``sep_conv`` and 3; a skip has kernel 1."""
    kind, _, kernel = op.rpartition("_")
    return (kind, int(kernel[0])) if kind else (op, 1)


@dataclass(frozen=True, slots=True)
class GraphNetCell:
    """One cell: vertex 0 is the input, the last one the output, edges lead to higher vertices.

    Equality compares vertex by vertex; cells that differ only in the numbering of their vertices
    share their ``isomorphism_class()``. The string lists each vertex after the input with its
    operation and the vertices that feed it:

    >>> cell = GraphNetCell.from_string("|conv_3x3~0|+|avg_pool_3x3~0~1|+|output~1~2|")
    >>> cell.adjacency
    ((0, 1, 1, 0), (0, 0, 1, 1), (0, 0, 0, 1), (0, 0, 0, 0))

    Attributes:
        adjacency: Upper-triangular matrix of 0 and 1; row i holds the edges that leave vertex i.
        ops: Members of ``OPS``, of the vertices between input and output: two fewer.

    Raises:
        ArchitectureError: If there are more than six operations or an unknown one, or the matrix
            is malformed or has a vertex on no path from the input to the output.
    """

    adjacency: tuple[tuple[int, ...], ...]
    ops: tuple[str, ...]

    def __post_init__(self) -> None:
        # Arrays and lists are welcome, but the value must be hashable.
        object.__setattr__(self, "ops", _checked_ops(self.ops))
        object.__setattr__(self, "adjacency", _checked_matrix(self.adjacency, len(self.ops) + 2))

    @classmethod
    def from_string(cls, string: Any) -> "GraphNetCell":
        """Parse the string that ``str(cell)`` gives; a cell is returned as it is.

        Raises:
            ArchitectureError: If it is malformed or the cell is not valid.
        """
        if isinstance(string, cls):
            return string
        terms = string.strip().split("+") if isinstance(string, str) else [""]
        matches = [_TERM.fullmatch(term) for term in terms]
        if None in matches or matches[-1][1] != OUTPUT:
            raise ArchitectureError(
                f"malformed GraphNet cell {string!r}. It should look like {_EXAMPLE!r}."
            )
        ops = _checked_ops(match[1] for match in matches[:-1])
        return cls(matrix_of_sources((match[2] for match in matches), string), ops)

    def __str__(self) -> str:
        """Return each vertex after the input as ``|operation~source~source|``, joined by ``+``."""
        return "+".join(
            f"|{op}~{'~'.join(map(str, self.predecessors(vertex)))}|"
            for vertex, op in enumerate((*self.ops, OUTPUT), start=1)
        )

    @classmethod
    def random(cls, rng: np.random.Generator, *, chain: bool = False) -> "GraphNetCell":
        """Draw a cell: one to six operations, and given their number uniformly.

        Args:
            rng: Source of all draws.
            chain: Whether to draw among the chains only.
        """
        size = int(rng.integers(1, MAX_OPS + 1))
        ops = tuple(OPS[i] for i in rng.integers(len(OPS), size=size))
        if chain:
            return cls(np.eye(size + 2, k=1, dtype=int), ops)
        while True:
            # The sources of each vertex as bits: at least one, and each vertex feeds some other.
            sources = rng.integers(1, _POWERS[1 : size + 2])
            if np.bitwise_or.reduce(sources) == _POWERS[size + 1] - 1:
                break
        columns = sources[None, :] >> np.arange(size + 2)[:, None] & 1
        return cls(np.pad(columns, ((0, 0), (1, 0))), ops)

    @property
    def is_chain(self) -> bool:
        """Whether each vertex feeds the next one only."""
        return all(sum(row) == row[i] for i, row in enumerate(self.adjacency[:-1], start=1))

    def predecessors(self, vertex: int) -> list[int]:
        """Return the vertices that feed a vertex, in order."""
        return [source for source in range(vertex) if self.adjacency[source][vertex]]

    def neighbours(self, *, chain: bool = False) -> list["GraphNetCell"]:
        """Return the cells that a single edit reaches.

        An edit exchanges one operation; adds or removes one edge, where no vertex loses its path;
        puts a new operation on an edge; or takes one out, joining what fed it to what it fed.

        Args:
            chain: Whether to return the chains only.
        """
        return [cell for kind in _EDITS for cell in self._edited(kind, chain)]

    def mutate(self, rng: np.random.Generator, *, chain: bool = False) -> "GraphNetCell":
        """Return a random neighbour: a kind of edit first, then one of that kind."""
        shuffled = (self._edited(_EDITS[kind], chain) for kind in rng.permutation(len(_EDITS)))
        cells = next(cells for cells in shuffled if cells)
        return cells[rng.integers(len(cells))]

    def _edited(self, kind: Callable[..., list["GraphNetCell"]], chain: bool) -> list[Any]:
        """Return the neighbours by one kind of edit."""
        return list(dict.fromkeys(cell for cell in kind(self) if cell.is_chain or not chain))

    def _other_operations(self) -> list["GraphNetCell"]:
        return [
            GraphNetCell(self.adjacency, (*self.ops[:i], op, *self.ops[i + 1 :]))
            for i, op in itertools.product(range(len(self.ops)), OPS)
            if op != self.ops[i]
        ]

    def _other_edges(self) -> list["GraphNetCell"]:
        cells = []
        for i, j in itertools.combinations(range(len(self.adjacency)), 2):
            matrix = np.array(self.adjacency)
            matrix[i, j] ^= 1
            if not len(_off_path(matrix)):
                cells.append(GraphNetCell(matrix, self.ops))
        return cells

    def _with_one_more(self) -> list["GraphNetCell"]:
        if len(self.ops) == MAX_OPS:
            return []
        cells = []
        for i, j in np.argwhere(self.adjacency):
            new = i + 1  # the vertices from here on move up
            matrix = np.insert(np.insert(np.array(self.adjacency), new, 0, axis=0), new, 0, axis=1)
            matrix[i, j + 1] = 0
            matrix[i, new] = matrix[new, j + 1] = 1
            cells += [GraphNetCell(matrix, (*self.ops[:i], op, *self.ops[i:])) for op in OPS]
        return cells

    def _with_one_less(self) -> list["GraphNetCell"]:
        cells = []
        for i in range(len(self.ops)):
            matrix = np.array(self.adjacency)
            matrix |= np.outer(matrix[:, i + 1], matrix[i + 1])
            rest = np.delete(np.delete(matrix, i + 1, axis=0), i + 1, axis=1)
            cells.append(GraphNetCell(rest, (*self.ops[:i], *self.ops[i + 1 :])))
        return cells

    def canonical(self) -> "GraphNetCell":
        """Return the same cell with its vertices in an order that all isomorphic cells share.

        They are sorted by what renumbering can't change: the longest way from the input, then the
        operation, then those of the vertices around, and so on (colour refinement). Where that
        leaves a tie, the order is taken that gives the smallest matrix.
        """
        vertices = range(len(self.adjacency))
        matrix = np.array(self.adjacency, dtype=np.uint8)
        sources = [np.flatnonzero(matrix[:, v]) for v in vertices]
        targets = [np.flatnonzero(matrix[v]) for v in vertices]
        depth: list[int] = []
        for v in vertices:
            depth.append(max((depth[s] + 1 for s in sources[v]), default=0))
        labels = (INPUT, *self.ops, OUTPUT)
        colours = _ranks(list(zip(depth, labels, strict=True)))
        for _ in vertices:
            around = [
                tuple(tuple(sorted(colours[w] for w in near[v])) for near in (sources, targets))
                for v in vertices
            ]
            colours = _ranks(list(zip(colours, around, strict=True)))
        ties = [[v for v in vertices if colours[v] == colour] for colour in sorted(set(colours))]
        orders = (sum(order, ()) for order in itertools.product(*map(itertools.permutations, ties)))
        best = min(orders, key=lambda order: matrix[np.ix_(order, order)].tobytes())
        return GraphNetCell(matrix[np.ix_(best, best)], tuple(labels[v] for v in best[1:-1]))

    def isomorphism_class(self) -> str:
        """Return a name that two cells share exactly if they differ in numbering alone."""
        return str(self.canonical())

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Encode as a graph, padded to eight vertices; the output follows the last operation.

        Returns:
            Adjacency of shape (8, 8) and one-hot labels of shape (8, 30) in the order of
            ``VERTEX_LABELS``, both float32; absent vertices are zero.
        """
        used = len(self.adjacency)
        adjacency = np.zeros((MAX_VERTICES, MAX_VERTICES), dtype=np.float32)
        adjacency[:used, :used] = self.adjacency
        labels = np.zeros((MAX_VERTICES, len(VERTEX_LABELS)), dtype=np.float32)
        names = (INPUT, *self.ops, OUTPUT)
        labels[range(used), [VERTEX_LABELS.index(name) for name in names]] = 1
        return adjacency, labels


_EDITS = (
    GraphNetCell._other_operations,
    GraphNetCell._other_edges,
    GraphNetCell._with_one_more,
    GraphNetCell._with_one_less,
)


def _ranks(values: list[Any]) -> list[int]:
    """Replace values by their places among the distinct ones in order."""
    place = {value: rank for rank, value in enumerate(sorted(set(values)))}
    return [place[value] for value in values]


def _off_path(matrix: np.ndarray) -> np.ndarray:
    """Return the vertices of an upper-triangular matrix that lack a source or a target."""
    feeds, is_fed = matrix.any(axis=1), matrix.any(axis=0)
    feeds[-1] = is_fed[0] = True
    return np.flatnonzero(~(feeds & is_fed))


def _checked_ops(ops: Any) -> tuple[str, ...]:
    """Return the operations in plain types.

    Raises:
        ArchitectureError: If they are not those of a cell.
    """
    if not isinstance(ops, Iterable) or isinstance(ops, str):
        raise ArchitectureError(f"the operations of a GraphNet cell are a list, not {ops!r}")
    names = tuple(ops)
    if len(names) > MAX_OPS:
        raise ArchitectureError(
            f"a GraphNet cell has at most {MAX_OPS} operations, not {len(names)}: {names}"
        )
    for op in names:
        if not isinstance(op, str) or op not in OPS:
            raise ArchitectureError(f"unknown GraphNet operation {op!r}. Valid: {', '.join(OPS)}.")
    return tuple(map(str, names))


def _checked_matrix(adjacency: Any, vertices: int) -> tuple[tuple[int, ...], ...]:
    """Return an adjacency matrix in plain types.

    Raises:
        ArchitectureError: If it has another size or entries, or a vertex on no path.
    """
    try:
        rows = tuple(map(integers, adjacency))
    except (TypeError, ValueError):
        rows = ()
    if len(rows) != vertices or any(len(row) != vertices for row in rows):
        raise ArchitectureError(
            f"{vertices - 2} operations need a {vertices} x {vertices} matrix of 0 and 1, "
            f"not {adjacency!r}"
        )
    for i, j in itertools.product(range(vertices), repeat=2):
        if rows[i][j] not in ((0, 1) if i < j else (0,)):
            raise ArchitectureError(
                f"entry ({i}, {j}) of the adjacency matrix is {rows[i][j]}: it must be 0 or 1 "
                "above the diagonal and 0 elsewhere"
            )
    if len(lost := _off_path(np.array(rows))):
        raise ArchitectureError(
            f"vertices {lost.tolist()} are on no path from the input (0) to the output "
            f"({vertices - 1})"
        )
    return rows
