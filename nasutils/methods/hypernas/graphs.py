"""Cells as the tensors of a GCN: both directions of a normalised adjacency, and one-hot labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nasutils.errors import lookup
from nasutils.methods.common.cell_sequences import ABSENT, Cells, CellSequences

Normalise = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Graphs:
    """One distinct cell of B architectures for each of R replicas."""

    along: Tensor  #: What Eq. 1 calls E, normalised and halved, (R * B, F, F).
    against: Tensor  #: the same for the transposed adjacency
    one_hot: Tensor  #: labels of shape (R, B, F, K), zero for an absent vertex
    inverse_size: Tensor  #: one over the number of vertices, (R, B, 1)
    kind: int  #: which GCN encodes it

    def take(self, rows: Tensor) -> "Graphs":
        """Return the cells at positions (R', B') of this batch, whose R is 1: others a replica."""
        rows = rows.to(self.along.device)
        if len(self.along) == 1:  # shared by all
            rows = torch.zeros_like(rows)
        flat = rows.flatten()
        return Graphs(
            self.along[flat],
            self.against[flat],
            self.one_hot[0, rows],
            self.inverse_size[0, rows],
            self.kind,
        )


def graphs_of(
    sequences: CellSequences, normalisation: str, device: torch.device | str = "cpu"
) -> list[Graphs]:
    """Return the distinct cells of B architectures as graphs of one replica, on a device.

    Raises:
        UnknownNameError: If there is no such normalisation.
    """
    normalise = lookup("normalisation", normalisation, NORMALISATIONS)
    vocabulary = len(sequences.vocabulary)
    return [_graphs(cell.to(device), vocabulary, normalise) for cell in sequences.cells]


def _graphs(cell: Cells, vocabulary: int, normalise: Normalise) -> Graphs:
    present = cell.labels != ABSENT  # (B, F)
    adjacency = cell.adjacency.float()
    loops = torch.diag_embed(present.float())
    return Graphs(
        normalise(adjacency, loops) / 2,
        normalise(adjacency.mT, loops) / 2,
        cell.one_hot(vocabulary)[None].float(),
        1 / present.sum(1).float()[None, :, None],
        cell.kind,
    )


def _row(adjacency: Tensor, loops: Tensor) -> Tensor:
    """Divide each row of A + I by its sum: a mean over a vertex and those it leads to."""
    looped = adjacency + loops
    return looped / looped.sum(-1, keepdim=True).clamp(min=1)


def _symmetric(adjacency: Tensor, loops: Tensor) -> Tensor:
    """Divide entry (i, j) of A + I by the root of row sum i times column sum j."""
    looped = adjacency + loops
    rows, columns = looped.sum(-1, keepdim=True), looped.sum(-2, keepdim=True)
    return looped / (rows * columns).clamp(min=1).sqrt()


#: Name -> from adjacency and loops, both (B, F, F), to the matrix of the messages. NP has ``row``;
#: ``sum`` leaves A + I as it is, ``raw`` A without loops, Eq. 1 to the letter.
NORMALISATIONS: dict[str, Normalise] = {
    "row": _row,
    "symmetric": _symmetric,
    "sum": torch.add,
    "raw": lambda adjacency, loops: adjacency,
}


def take_all(graphs: Sequence[Graphs], rows: Tensor) -> list[Graphs]:
    """Return the graphs of some architectures, (R, B) of them, as ``Graphs.take``."""
    return [graph.take(rows) for graph in graphs]
