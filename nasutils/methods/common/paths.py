"""Paths through cells: what of a cell takes part in the computation.

A path leads from a vertex without predecessor to the output; none passes a vertex labelled "none".
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nasutils.methods.common.cell_sequences import ABSENT, Cells, CellSequences


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one distinct cell of B architectures."""

    edges: Tensor  #: those that a path may take, float64 of shape (B, F, F)
    starts: Tensor  #: vertices where paths begin, bool of shape (B, F)
    ends: Tensor  #: the outputs, bool of shape (B, F)
    through: Tensor  #: number of paths through each vertex, float64 of shape (B, F)

    @classmethod
    def of(cls, cell: Cells, vocabulary: tuple[str, ...]) -> "Paths":
        """Find the paths of a cell."""
        passable = cell.labels != ABSENT
        if "none" in vocabulary:
            passable &= cell.labels != vocabulary.index("none")
        starts = passable & (cell.adjacency.sum(1) == 0)
        ends = cell.labels == vocabulary.index("output")
        edges = cell.adjacency.double() * passable[:, :, None] * passable[:, None]
        # From the outputs backwards, the last vertex is the first.
        after = _walks(edges.mT.flip(1, 2), ends.flip(1)).flip(1)
        return cls(edges, starts, ends, _walks(edges, starts) * after)


def _walks(edges: Tensor, starts: Tensor) -> Tensor:
    """Count the walks from any start to each vertex of upper-triangular graphs: (B, F)."""
    walks = starts.double()
    for vertex in range(1, edges.shape[1]):
        walks[:, vertex] += (walks[:, :vertex] * edges[:, :vertex, vertex]).sum(1)
    return walks


def prune_dead(sequences: CellSequences) -> CellSequences:
    """Leave out the vertices that lie on no path, but for inputs and outputs.

    NAS-Bench-101 has none by itself; in NAS-Bench-201 it cuts edges of "none" and what hangs on
    them, in MobileNetV3 the blocks beyond a stage's depth.
    """
    cells = tuple(_pruned(cell, sequences.vocabulary) for cell in sequences.cells)
    return replace(sequences, cells=cells)


def _pruned(cell: Cells, vocabulary: tuple[str, ...]) -> Cells:
    paths = Paths.of(cell, vocabulary)
    kept = (paths.through > 0) | paths.starts | paths.ends  # (B, F)
    edges = paths.edges * kept[:, :, None] * kept[:, None]
    labels = torch.where(kept, cell.labels, ABSENT)
    return replace(cell, adjacency=edges.to(torch.uint8), labels=labels.to(torch.int8))
