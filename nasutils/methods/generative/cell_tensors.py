"""Cells as small tensors, and back: which of 28 pairs are joined, and six operations.

A cell is written in its canonical order, so that isomorphic cells are the same; its output stands
in the last of eight slots, and slots between the operations and the output may be empty.
"""

from collections.abc import Iterable
from typing import Self

import numpy as np
import torch
from torch import Tensor

from nasutils.errors import ArchitectureError
from nasutils.spaces.graphnet import MAX_OPS, MAX_VERTICES, OPS, GraphNetCell

#: First and second slot of each pair.
PAIRS = torch.triu_indices(MAX_VERTICES, MAX_VERTICES, 1)
EMPTY = len(OPS)  # what stands in a slot without an operation
CHOICES = len(OPS) + 1


class CellTensors:
    """N cells.

    Args:
        edges: Zeros and ones, uint8 of shape (N, 28), in the order of ``PAIRS``.
        ops: Numbers of operations, or ``EMPTY``, uint8 of shape (N, 6).
    """

    def __init__(self, edges: Tensor, ops: Tensor) -> None:
        self.edges, self.ops = edges, ops

    @classmethod
    def of(cls, cells: Iterable[GraphNetCell]) -> Self:
        """Write cells, which are put into canonical order first."""
        numbers = {op: number for number, op in enumerate(OPS)}
        edges, ops = [], []
        for cell in cells:
            cell = cell.canonical()
            used = len(cell.ops)
            slots = [*range(used + 1), MAX_VERTICES - 1]
            matrix = np.zeros((MAX_VERTICES, MAX_VERTICES), dtype=np.uint8)
            matrix[np.ix_(slots, slots)] = cell.adjacency
            edges.append(matrix[*PAIRS.numpy()])
            ops.append([*(numbers[op] for op in cell.ops), *[EMPTY] * (MAX_OPS - used)])
        joined = torch.from_numpy(np.array(edges, dtype=np.uint8).reshape(-1, PAIRS.shape[1]))
        return cls(joined, torch.tensor(ops, dtype=torch.uint8).view(-1, MAX_OPS))

    @classmethod
    def nearest(cls, edge_logits: Tensor, op_logits: Tensor) -> Self:
        """Return the likeliest valid cells, (B, 28) and (B, 6, 29) logits.

        The likeliest operations stand in the first slots, as many as are likeliest; a vertex that
        no likely edge enters, or leaves, gets the likeliest one.
        """
        likelihoods = op_logits.log_softmax(-1)
        rows = [
            _nearest(*row) for row in zip(edge_logits.numpy(), likelihoods.numpy(), strict=True)
        ]
        edges, ops = (
            torch.from_numpy(np.array(part, dtype=np.uint8)) for part in zip(*rows, strict=True)
        )
        return cls(edges, ops)

    def __len__(self) -> int:
        return len(self.ops)

    def __getitem__(self, rows: Tensor | slice) -> Self:
        return type(self)(self.edges[rows], self.ops[rows])

    def keys(self) -> list[bytes]:
        """Return a key a cell, which isomorphic cells share."""
        return [row.tobytes() for row in torch.cat([self.edges, self.ops], 1).numpy()]

    def decode(self) -> list[GraphNetCell | None]:
        """Return the cells in canonical order; None where there is no valid one."""
        rows = zip(self.edges.numpy(), self.ops.numpy(), strict=True)
        return [_decoded(edges, ops) for edges, ops in rows]


def _nearest(edges: np.ndarray, ops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen, best = ops[:, :EMPTY].argmax(1), ops[:, :EMPTY].max(1)
    totals = [best[:n].sum() + ops[n:, EMPTY].sum() for n in range(MAX_OPS + 1)]
    used = int(np.argmax(totals))
    slots = np.array([*range(used + 1), MAX_VERTICES - 1])
    logits = np.full((MAX_VERTICES, MAX_VERTICES), -np.inf)
    logits[*PAIRS.numpy()] = edges
    logits = logits[np.ix_(slots, slots)]  # minus infinity where an edge would lead back
    joined = logits > 0
    for vertex in range(1, used + 2):
        joined[logits[:, vertex].argmax(), vertex] |= not joined[:, vertex].any()
    for vertex in range(used + 1):
        joined[vertex, logits[vertex].argmax()] |= not joined[vertex].any()
    matrix = np.zeros((MAX_VERTICES, MAX_VERTICES))
    matrix[np.ix_(slots, slots)] = joined
    chosen[used:] = EMPTY
    return matrix[*PAIRS.numpy()], chosen


def _decoded(edges: np.ndarray, ops: np.ndarray) -> GraphNetCell | None:
    matrix = np.zeros((MAX_VERTICES, MAX_VERTICES), dtype=int)
    matrix[*PAIRS.numpy()] = edges
    empty = np.flatnonzero(ops == EMPTY) + 1
    if matrix[empty].any() or matrix[:, empty].any():
        return None  # an edge of a slot that is empty
    slots = np.delete(np.arange(MAX_VERTICES), empty)
    names = tuple(OPS[op] for op in ops if op != EMPTY)
    try:
        return GraphNetCell(matrix[np.ix_(slots, slots)], names).canonical()
    except ArchitectureError:
        return None
