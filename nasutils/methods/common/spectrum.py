"""How alike two computation graphs are in structure: eigenvalues of the normalised Laplacian.

Source: Han et al., "A General-Purpose Transferable Predictor for NAS", Section 4.2. Nothing but the
underlying undirected graph counts here: two cells that differ in the types of their operators alone
have distance zero.
"""

import numpy as np
from scipy.linalg import eigh
from scipy.spatial import cKDTree

from nasutils.errors import NasutilsError
from nasutils.graphs import ComputationGraph

#: Smallest eigenvalues that are compared, k in the paper.
NUM_EIGENVALUES = 11

#: Eigenvectors that tell a node its place: those of the smallest eigenvalues but the first, whose
#: vector says no more than how many neighbours a node has.
NUM_POSITIONS = NUM_EIGENVALUES - 1

_TINY = 1e-9


def normalised_laplacian(graph: ComputationGraph) -> np.ndarray:
    """Return I - D^(-1/2) A D^(-1/2) of the undirected graph (Eq. 4.4), float64 of shape (V, V).

    The row of a node without neighbours is zero, so that 0 is an eigenvalue as often as there are
    components.
    """
    adjacency = np.zeros((graph.num_nodes, graph.num_nodes))
    source, target = graph.edges
    adjacency[source, target] = adjacency[target, source] = 1
    degrees = adjacency.sum(1)
    scale = np.where(degrees > 0, np.maximum(degrees, 1) ** -0.5, 0)
    return np.diag((degrees > 0).astype(float)) - scale[:, None] * adjacency * scale


def spectrum(graph: ComputationGraph) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest eigenvalues of a graph of V nodes and the positions of its nodes.

    The positions are Laplacian positional encodings as in Dwivedi & Bresson, "A Generalization of
    Transformer Networks to Graphs", https://arxiv.org/abs/2012.09699: entries of the eigenvectors,
    here times V^(1/2), so that their size does not depend on the graph's. An eigenvector has two
    signs; ours makes the entry of the graph's first node, the input, positive, and where that is
    zero, the entry that is the largest in size. Training flips signs at random. Where an eigenvalue
    is multiple, the choice of its vectors remains arbitrary.

    Returns:
        Eigenvalues from 0 to 2 in ascending order, float64 of shape (11,), followed by zeros where
        the graph has fewer nodes; positions of shape (V, 10), padded likewise.

    Raises:
        NasutilsError: If the graph has no nodes.
    """
    if not graph.num_nodes:
        raise NasutilsError("a graph without nodes has no spectrum.")
    found = min(NUM_EIGENVALUES, graph.num_nodes)
    values, vectors = eigh(
        normalised_laplacian(graph), subset_by_index=(0, found - 1), overwrite_a=True
    )
    missing = NUM_EIGENVALUES - found
    positions = _signed(vectors[:, 1:]) * graph.num_nodes**0.5
    return (np.pad(values.clip(0, 2), (0, missing)), np.pad(positions, ((0, 0), (0, missing))))


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Choose the sign of each column of (V, K)."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(0)[None], 0)[0]
    deciding = np.where(np.abs(vectors[0]) > _TINY, vectors[0], largest)
    return np.where(deciding < 0, -vectors, vectors)


def most_similar(eigenvalues: np.ndarray, size: int) -> np.ndarray:
    """Find the graphs at the smallest spectral distance of each, without a matrix of all pairs.

    From the eigenvalues of N graphs, (N, 11), to rows of so many others, the nearest first and any
    of equals, int of shape (N, size).

    Raises:
        NasutilsError: If there are not as many others.
    """
    if not 0 < size < len(eigenvalues):
        raise NasutilsError(
            f"{len(eigenvalues)} graphs have 1 to {len(eigenvalues) - 1} others, not {size}."
        )
    _, found = cKDTree(eigenvalues).query(eigenvalues, k=size + 1)
    # Among many equals a graph need not find itself: then the last is dropped.
    own = found == np.arange(len(found))[:, None]
    own[~own.any(1), -1] = True
    return found[~own].reshape(len(found), size)
