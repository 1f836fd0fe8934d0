"""How a space's architectures become the graphs of the auto-encoder, and graphs architectures.

An architecture is G graphs of N vertices, each vertex with one of K labels: one graph of 8 with 7
labels for NAS-Bench-201, two graphs of 11 with 11 for DARTS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nasutils.errors import ArchitectureError, UnknownNameError
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench201 import VERTEX_LABELS, NASBench201Cell

Architecture = Any  # a value of one of the spaces, with adjacency_and_ops()


@dataclass(frozen=True, slots=True)
class Codec:
    """A space's two directions between architectures and labelled graphs.

    Attributes:
        graphs: Graphs an architecture has, G.
        vertices: Vertices of a graph, N.
        labels: Labels that a vertex can have, K.
        decode_graphs: From adjacency (G, N, N) and one-hot labels (G, N, K) to the architecture;
            raises ``ArchitectureError`` where they encode none.
    """

    graphs: int
    vertices: int
    labels: int
    decode_graphs: Callable[[np.ndarray, np.ndarray], Architecture]

    def encode(self, architectures: Sequence[Architecture]) -> tuple[Tensor, Tensor]:
        """Return adjacencies (B, G, N, N), upper triangular, and one-hot labels (B, G, N, K)."""
        pairs = [architecture.adjacency_and_ops() for architecture in architectures]
        batch, n, k = len(pairs), self.vertices, self.labels
        adjacency = torch.from_numpy(np.array([pair[0] for pair in pairs], dtype=np.float32))
        labels = torch.from_numpy(np.array([pair[1] for pair in pairs], dtype=np.float32))
        return adjacency.view(batch, self.graphs, n, n), labels.view(batch, self.graphs, n, k)

    def decode(self, adjacency: np.ndarray, labels: np.ndarray) -> Architecture | None:
        """Return the architecture that the graphs encode, or None if they encode none.

        Valid are graphs whose input and output vertices are where the space has them, whose other
        vertices bear operations of the space, and whose adjacency is one of the space.

        Args:
            adjacency: Upper triangular, of shape (G, N, N), zeros and ones.
            labels: The number of each vertex's label, shape (G, N).
        """
        one_hot = np.eye(self.labels, dtype=np.float32)[labels]
        try:
            return self.decode_graphs(adjacency, one_hot)
        except ArchitectureError:
            return None


def _nasbench201_cell(adjacency: np.ndarray, labels: np.ndarray) -> NASBench201Cell:
    names = [VERTEX_LABELS[i] for i in labels[0].argmax(1)]
    cell = NASBench201Cell(tuple(names[1:-1]))  # refuses "input" and "output" among them
    for given, right in zip((adjacency[0], labels[0]), cell.adjacency_and_ops(), strict=True):
        if not np.array_equal(given, right):
            raise ArchitectureError("adjacency and labels encode no NAS-Bench-201 cell")
    return cell


CODECS: dict[str, Codec] = {
    "nasbench201": Codec(1, 8, 7, _nasbench201_cell),
    "darts": Codec(2, 11, 11, DARTSGenotype.from_adjacency_and_ops),
}


def get_codec(space: str) -> Codec:
    """Return the codec of a space.

    Raises:
        UnknownNameError: If there is none.
    """
    if space not in CODECS:
        raise UnknownNameError("space of UP-NAS", space, CODECS)
    return CODECS[space]
