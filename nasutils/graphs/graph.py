"""The value that stands for a network: primitive operators, what flows between them, their sizes.

Source: Han et al., "A General-Purpose Transferable Predictor for Neural Architecture Search",
https://arxiv.org/abs/2302.10835, Section 3.2 and Figure 2.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from nasutils.errors import GraphError
from nasutils.graphs.operators import CODES, OPERATORS, WEIGHTED

#: The columns of ``ComputationGraph.features``: channels and pixels going in and coming out; for an
#: operator with weights (C_out, C_in / groups, kernel height, kernel width) and 1 for a bias.
FEATURES = (
    *("c_in", "c_out", "h_in", "h_out", "w_in", "w_out"),
    *("weight_out", "weight_in", "kernel_h", "kernel_w", "bias"),
)

_WEIGHTED_CODES = [CODES[name] for name in WEIGHTED]


@dataclass(frozen=True, slots=True, eq=False)
class ComputationGraph:
    """A network as a directed graph without cycles; every node lies between input and output.

    Two graphs that differ only in the numbering of their nodes share their ``fingerprint()``.

    Attributes:
        ops: Type of each node, a position in ``OPERATORS``; int of shape (V,).
        features: Sizes of each node in the order of ``FEATURES``; int of shape (V, 11), zero where
            an operator has no weights.
        edges: Source and target of each edge; int of shape (2, E). Targets have higher numbers than
            sources, and no edge occurs twice.

    GraphError if the shapes do not fit, a type is unknown, or an edge leads nowhere or back.
    """

    ops: np.ndarray
    features: np.ndarray
    edges: np.ndarray

    def __post_init__(self) -> None:
        nodes = len(self.ops)
        shapes = self.ops.shape, self.features.shape, self.edges.shape
        if shapes != ((nodes,), (nodes, len(FEATURES)), (2, self.edges.shape[-1])):
            raise GraphError(
                f"a graph has arrays of shape (V,), (V, {len(FEATURES)}), (2, E), not {shapes}"
            )
        if nodes and not 0 <= self.ops.min() <= self.ops.max() < len(OPERATORS):
            raise GraphError(f"the types of nodes are 0 to {len(OPERATORS) - 1}: {self.ops}")
        if self.edges.size and not (
            self.edges.min() >= 0
            and self.edges.max() < nodes
            and (self.edges[0] < self.edges[1]).all()
        ):
            raise GraphError(f"edges lead from a node to a later one of 0 to {nodes - 1}")

    @property
    def num_nodes(self) -> int:
        """Number of nodes V, input and output included."""
        return len(self.ops)

    @property
    def num_edges(self) -> int:
        """Number of edges E."""
        return self.edges.shape[1]

    @property
    def num_weighted(self) -> int:
        """Number of nodes with trainable weights: convolutions and linear layers."""
        return int(np.isin(self.ops, _WEIGHTED_CODES).sum())

    def names(self) -> list[str]:
        """Return the types of the nodes by name."""
        return [OPERATORS[code] for code in self.ops]

    def fingerprint(self) -> str:
        """Return a hash that isomorphic graphs, types and features included, have in common.

        Every node is hashed with all that leads to it and all that follows from it, and then once
        more with these hashes in place of the types. As with Weisfeiler-Lehman refinement, graphs
        that differ may share the hash in contrived cases.
        """
        labels = np.column_stack((self.ops, self.features)).astype(np.int64)
        hashes = [_digest(row.tobytes()) for row in labels]
        nodes = range(self.num_nodes)  # in topological order
        sources: list[list[int]] = [[] for _ in nodes]
        targets: list[list[int]] = [[] for _ in nodes]
        for source, target in self.edges.T.tolist():
            sources[target].append(source)
            targets[source].append(target)
        for _ in range(2):
            before, after = hashes.copy(), hashes.copy()
            for v in nodes:
                before[v] = _digest(hashes[v], *sorted(before[u] for u in sources[v]))
            for v in reversed(nodes):
                after[v] = _digest(hashes[v], *sorted(after[w] for w in targets[v]))
            hashes = [_digest(*pair) for pair in zip(before, after, strict=True)]
        return _digest(*sorted(hashes)).hex()


def _digest(*parts: bytes) -> bytes:
    return hashlib.md5(b"".join(parts), usedforsecurity=False).digest()
