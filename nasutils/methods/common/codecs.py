"""How a space's architectures become the graphs of the auto-encoder, and graphs architectures.

An architecture is G graphs of N vertices, each vertex with one of K labels: one graph of 8 with 7
labels for NAS-Bench-201, two graphs of 11 with 11 for DARTS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nasutils.errors import ArchitectureError
from nasutils.spaces import darts
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench201 import NONE, OPS, VERTEX_LABELS, NASBench201Cell
from nasutils.spaces.registry import Architecture


@dataclass(frozen=True, slots=True)
class Codec:
    """A space's two directions between architectures and labelled graphs."""

    graphs: int  #: graphs an architecture has, G
    vertices: int  #: vertices of a graph, N
    labels: int  #: labels that a vertex can have, K
    #: from adjacency (G, N, N) and one-hot labels (G, N, K) to the architecture; raises
    #: ``ArchitectureError`` where they encode none
    decode_graphs: Callable[[np.ndarray, np.ndarray], Architecture]
    #: from logits of edges (B, G, N, N) and labels (B, G, N, K) to the likeliest graphs that encode
    #: an architecture: adjacency (B, G, N, N) and labels (B, G, N)
    nearest: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

    def encode(self, architectures: Sequence[Architecture]) -> tuple[Tensor, Tensor]:
        """Return adjacencies (B, G, N, N), upper triangular, and one-hot labels (B, G, N, K)."""
        pairs = zip(*(each.adjacency_and_ops() for each in architectures), strict=True)
        adjacency, labels = (torch.from_numpy(np.array(part, dtype=np.float32)) for part in pairs)
        shape = len(architectures), self.graphs, self.vertices
        return adjacency.view(*shape, self.vertices), labels.view(*shape, self.labels)

    def decode(self, adjacency: np.ndarray, labels: np.ndarray) -> Architecture | None:
        """Return the architecture that the graphs encode, or None if they encode none.

        Valid are graphs whose input and output vertices are where the space has them, whose other
        vertices bear operations of the space, and whose adjacency is one of the space. It is upper
        triangular, of zeros and ones, (G, N, N); labels are numbers, (G, N).
        """
        one_hot = np.eye(self.labels, dtype=np.float32)[labels]
        try:
            return self.decode_graphs(adjacency, one_hot)
        except ArchitectureError:
            return None

    def decode_all(self, adjacency: Tensor, labels: Tensor) -> list[Architecture | None]:
        """Decode the graphs of B architectures, (B, G, N, N) and (B, G, N)."""
        pairs = zip(adjacency.numpy(), labels.numpy(), strict=True)
        return [self.decode(*pair) for pair in pairs]


def _nasbench201_cell(adjacency: np.ndarray, labels: np.ndarray) -> NASBench201Cell:
    names = [VERTEX_LABELS[i] for i in labels[0].argmax(1)]
    cell = NASBench201Cell(tuple(names[1:-1]))  # refuses "input" and "output" among them
    for given, right in zip((adjacency[0], labels[0]), cell.adjacency_and_ops(), strict=True):
        if not np.array_equal(given, right):
            raise ArchitectureError("adjacency and labels encode no NAS-Bench-201 cell")
    return cell


def _nearest_nasbench201_cell(edges: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Take each vertex's likeliest operation; all cells have the same adjacency."""
    adjacency, names = NASBench201Cell((NONE,) * 6).adjacency_and_ops()
    numbers = torch.from_numpy(names.argmax(1)).expand(labels.shape[:-1]).clone()
    numbers[..., 1:-1] = _likeliest(labels[..., 1:-1, :], VERTEX_LABELS, OPS)
    return torch.from_numpy(adjacency).expand(*labels.shape[:2], -1, -1), numbers


def _likeliest(logits: Tensor, vocabulary: Sequence[str], allowed: Sequence[str]) -> Tensor:
    """Return the number of the highest logit among the allowed labels: (..., K) to (...)."""
    numbers = torch.tensor([vocabulary.index(name) for name in allowed])
    return numbers[logits[..., numbers].argmax(-1)]


def _nearest_darts_cells(edges: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Take each vertex's likeliest operation and each node's likeliest two sources.

    Given the labels, edges of different nodes are independent, so that the likeliest cell is made
    of the likeliest pairs of sources: those with the highest sums of the logits of their edges.
    """
    cell = ((darts.SKIP, 0), (darts.SKIP, 1)) * 4
    # Of any genotype: what all have in common stays.
    adjacency, names = map(torch.from_numpy, DARTSGenotype(cell, cell).adjacency_and_ops())
    adjacency = adjacency.expand(len(edges), -1, -1, -1).clone()
    numbers = names.argmax(-1).expand(len(edges), -1, -1).clone()
    numbers[..., 2:-1] = _likeliest(labels[..., 2:-1, :], darts.VERTEX_LABELS, darts.OPS)
    for node in darts.CONCAT:
        own, earlier = darts.vertices_of_node(node), range(node)
        # How much likelier a vertex is with each source than without: (B, G, sources) a vertex.
        gains = [
            torch.stack([edges[..., darts.vertices_of_node(s), v].sum(-1) for s in earlier], -1)
            for v in own
        ]
        pairs = gains[0].unsqueeze(-1) + gains[1].unsqueeze(-2)  # (B, G, sources, sources)
        pairs.diagonal(dim1=-2, dim2=-1).fill_(-torch.inf)  # two different ones
        best = pairs.flatten(-2).argmax(-1)
        for vertex, source in zip(own, (best // node, best % node), strict=True):
            for s in earlier:
                chosen = (source == s).float().unsqueeze(-1)
                adjacency[..., darts.vertices_of_node(s), vertex] = chosen
    return adjacency, numbers


#: Search space -> its codec.
CODECS: dict[str, Codec] = {
    "nasbench201": Codec(1, 8, 7, _nasbench201_cell, _nearest_nasbench201_cell),
    "darts": Codec(2, 11, 11, DARTSGenotype.from_adjacency_and_ops, _nearest_darts_cells),
}
