"""Graphs put together from small fragments that repeat, without a torch module.

A fragment is made once and kept; a graph is a list of fragments and of what feeds them, so that
most of the work is a handful of numpy calls.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np

from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.operators import (
    BATCH_NORM,
    CODES,
    CONV,
    DEPTHWISE,
    INPUT,
    LINEAR,
    MEAN,
    OUTPUT,
)  # fmt: skip

Row = tuple[int, ...]


def node(op: str, channels: int, size: int, size_out: int | None = None) -> Row:
    """Return the row of an operator without weights; sizes are those of square maps, in and out."""
    out = size if size_out is None else size_out
    return CODES[op], channels, channels, size, out, size, out, 0, 0, 0, 0, 0


def conv(
    c_in: int,
    c_out: int,
    kernel: int,
    size: int,
    size_out: int | None = None,
    *,
    depthwise: bool = False,
    bias: bool = False,
) -> Row:
    """Return the row of a convolution with a square kernel; sizes as for ``node``."""
    out = size if size_out is None else size_out
    sizes = c_in, c_out, size, out, size, out
    weight = c_out, 1 if depthwise else c_in, kernel, kernel
    return CODES[DEPTHWISE if depthwise else CONV], *sizes, *weight, int(bias)


def linear(c_in: int, c_out: int) -> Row:
    """Return the row of a linear layer with a bias."""
    return CODES[LINEAR], c_in, c_out, 1, 1, 1, 1, c_out, c_in, 1, 1, 1


class Fragment:
    """Nodes, of ``node``, ``conv`` or ``linear``, and edges between them; the last is the output.

    An edge's source -1 is the fragment's first input, -2 its second, and so on.
    """

    __slots__ = ("edges", "rows")

    def __init__(self, rows: Iterable[Row], edges: Iterable[tuple[int, int]]) -> None:
        self.rows = np.array(list(rows), dtype=np.int32)  # (V, 1 + 11)
        self.edges = np.array(list(edges), dtype=np.int64)  # (E, 2)


def chain(*rows: Row) -> Fragment:
    """Return a fragment of operators one after the other."""
    return Fragment(rows, [(v - 1, v) for v in range(len(rows))])


@cache
def conv_bn(c_in: int, c_out: int, kernel: int, size: int) -> Fragment:
    """Return a fragment of a convolution and its batch norm."""
    return chain(conv(c_in, c_out, kernel, size), node(BATCH_NORM, c_out, size))


@cache
def _classifier(channels: int, size: int, classes: int) -> Fragment:
    return chain(node(MEAN, channels, size, 1), linear(channels, classes))


@cache
def merge(op: str, inputs: int, channels: int, size: int) -> Fragment:
    """Return a single operator with several inputs."""
    return Fragment([node(op, channels, size)], [(-1 - i, 0) for i in range(inputs)])


class Assembly:
    """A graph in the making, which starts with images of so many channels and of a size."""

    def __init__(self, channels: int, size: int) -> None:
        self._rows = [np.array([node(INPUT, channels, size)], dtype=np.int32)]
        self._placed: list[tuple[Fragment, int, tuple[int, ...]]] = []  # with offset and sources
        self._size = 1

    def add(self, fragment: Fragment, *sources: int) -> int:
        """Append a fragment that reads the given nodes; return the number of its last node."""
        self._placed.append((fragment, self._size, sources))
        self._rows.append(fragment.rows)
        self._size += len(fragment.rows)
        return self._size - 1

    def classify(self, source: int, channels: int, size: int, classes: int) -> ComputationGraph:
        """Return the graph that ends with the mean over whole maps and a linear layer."""
        return self.finish(self.add(_classifier(channels, size, classes), source), classes)

    def finish(self, source: int, channels: int) -> ComputationGraph:
        """Return the graph whose output is what the node ``source`` computes: so many logits."""
        self.add(chain(node(OUTPUT, channels, 1)), source)
        rows = np.concatenate(self._rows)
        return ComputationGraph(rows[:, 0], rows[:, 1:], self._edges())

    def _edges(self) -> np.ndarray:
        """Number the fragments' edges anew and return them in order, (2, E)."""
        fragments, offsets, sources = zip(*self._placed, strict=True)
        which = np.repeat(np.arange(len(fragments)), [len(f.edges) for f in fragments])
        widest = max(map(len, sources))
        inputs = np.array([given + (0,) * (widest - len(given)) for given in sources])
        source, target = np.concatenate([fragment.edges for fragment in fragments]).T
        outside = inputs[which, np.where(source < 0, -1 - source, 0)]
        offset = np.array(offsets)[which]
        source = np.where(source < 0, outside, source + offset)
        # One node may feed another in two places, as in x + x; that is one edge.
        keys = np.unique(source * self._size + target + offset)
        return np.stack(np.divmod(keys, self._size))
