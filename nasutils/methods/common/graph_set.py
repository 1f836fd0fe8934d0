"""Many computation graphs in a few arrays, with their spectra, and batches of them.

A node is a number into a list of distinct nodes (type and sizes): 50,000 NAS-Bench-101 graphs have
six million nodes, but no more than some thousand distinct ones, which are embedded once a batch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from nasutils.errors import NasutilsError
from nasutils.files import atomic_write
from nasutils.graphs import ComputationGraph
from nasutils.methods.common.spectrum import NUM_POSITIONS, spectrum


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B graphs side by side, V nodes and E edges in all."""

    kinds: Tensor  #: distinct nodes as type and features, int64 of shape (K, 12)
    node: Tensor  #: the kind of each node, int64 of shape (V,)
    graph: Tensor  #: the graph of each node, int64 of shape (V,)
    place: Tensor  #: the number of each node within its graph, int64 of shape (V,)
    edges: Tensor  #: source and target, numbered through all graphs; int64 of shape (2, E)
    sizes: Tensor  #: nodes of each graph, int64 of shape (B,)
    positions: Tensor  #: Laplacian positional encodings, float32 of shape (V, 10)

    def to(self, device: torch.device | str) -> "Batch":
        """Return the batch on a device."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))

    def with_random_signs(self, generator: torch.Generator) -> "Batch":
        """Return the batch with the sign of each graph's eigenvectors drawn anew.

        The generator is on the CPU, so that every device sees the same signs.
        """
        signs = torch.randint(2, (len(self.sizes), NUM_POSITIONS), generator=generator) * 2 - 1
        signs = signs.to(self.positions.device)
        return replace(self, positions=self.positions * signs[self.graph])


@dataclass(frozen=True, slots=True, eq=False)
class GraphSet:
    """N computation graphs with their spectra; V nodes and E edges in all."""

    kinds: np.ndarray  #: distinct nodes as type and features, int32 of shape (K, 12)
    nodes: np.ndarray  #: the kind of each node, graph by graph; int32 of shape (V,)
    edges: np.ndarray  #: source and target, numbered within the graph; int32 of shape (2, E)
    num_nodes: np.ndarray  #: nodes of each graph, int64 of shape (N,)
    num_edges: np.ndarray  #: edges of each graph, int64 of shape (N,)
    eigenvalues: np.ndarray  #: the smallest of the normalised Laplacian, float32 of shape (N, 11)
    positions: np.ndarray  #: of each node (see ``spectrum``), float16 of shape (V, 10)

    @classmethod
    def of(cls, graphs: Iterable[ComputationGraph], *, progress: bool = False) -> "GraphSet":
        """Pack graphs, of which none is kept, and compute their spectra, 2 to 10 ms a graph."""
        parts = [_single(g) for g in tqdm(graphs, "spectra", unit="graph", disable=not progress)]
        return cls.concatenate(parts)

    @classmethod
    def concatenate(cls, sets: Sequence["GraphSet"]) -> "GraphSet":
        """Return the graphs of several sets as one.

        Raises:
            NasutilsError: If there is none.
        """
        if not sets:
            raise NasutilsError("a set of graphs needs at least one graph.")

        def joined(name: str) -> np.ndarray:
            return np.concatenate([getattr(part, name) for part in sets], axis=int(name == "edges"))

        kinds, renamed = np.unique(joined("kinds"), axis=0, return_inverse=True)
        starts = np.cumsum([0, *(len(part.kinds) for part in sets[:-1])])
        numbers = [part.nodes + start for part, start in zip(sets, starts, strict=True)]
        nodes = renamed.astype(np.int32)[np.concatenate(numbers)]
        rest = ("edges", "num_nodes", "num_edges", "eigenvalues", "positions")
        return cls(kinds, nodes, *map(joined, rest))

    def __len__(self) -> int:
        return len(self.num_nodes)

    def take(self, rows: Sequence[int] | np.ndarray) -> "GraphSet":
        """Return the set of some of the graphs, in the given order.

        Raises:
            NasutilsError: If there is no such row.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if rows.ndim != 1 or not len(rows) or rows.min() < 0 or rows.max() >= len(self):
            raise NasutilsError(f"a list of rows from 0 to {len(self) - 1} is needed, not {rows}.")
        nodes = _slices(self.num_nodes, rows)
        return GraphSet(
            self.kinds,
            self.nodes[nodes],
            self.edges[:, _slices(self.num_edges, rows)],
            self.num_nodes[rows],
            self.num_edges[rows],
            self.eigenvalues[rows],
            self.positions[nodes],
        )

    def batch(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Return some of the graphs as tensors, in the given order; raises as ``take``."""
        few = self.take(rows)
        starts = np.cumsum(few.num_nodes) - few.num_nodes
        graph = np.repeat(np.arange(len(few)), few.num_nodes)
        present, node = np.unique(few.nodes, return_inverse=True)
        edges = few.edges + np.repeat(starts, few.num_edges)
        return Batch(
            kinds=torch.from_numpy(few.kinds[present].astype(np.int64)),
            node=torch.from_numpy(node),
            graph=torch.from_numpy(graph),
            place=torch.from_numpy(np.arange(len(few.nodes)) - starts[graph]),
            edges=torch.from_numpy(edges),
            sizes=torch.from_numpy(few.num_nodes),
            positions=torch.from_numpy(few.positions.astype(np.float32)),
        )

    def split(self, rows: np.ndarray, max_nodes: int) -> list[np.ndarray]:
        """Sort graphs, rows (n,), by size and cut them so that no part takes much memory.

        A part's graphs times the nodes of its largest, which all are padded to for attention, are
        at most ``max_nodes``; a graph that is larger has a part of its own.

        Returns:
            Positions in ``rows``, part by part.
        """
        order = np.argsort(self.num_nodes[rows], kind="stable")
        parts: list[list[int]] = [[]]
        for position in order.tolist():
            size = int(self.num_nodes[rows[position]])
            if parts[-1] and (len(parts[-1]) + 1) * size > max_nodes:
                parts.append([])
            parts[-1].append(position)
        return [np.array(part, dtype=np.int64) for part in parts]

    def save(self, path: Path) -> None:
        """Write all arrays to one compressed file; OSError where it cannot be written."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        with atomic_write(path) as part, part.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> "GraphSet":
        """Read what ``save`` wrote; ``cached`` knows whether it is damaged."""
        with path.open("rb") as file, np.load(file) as arrays:
            return cls(*(arrays[field.name] for field in fields(cls)))


def _single(graph: ComputationGraph) -> GraphSet:
    values, positions = spectrum(graph)
    return GraphSet(
        np.column_stack((graph.ops, graph.features)).astype(np.int32),
        np.arange(graph.num_nodes, dtype=np.int32),
        graph.edges.astype(np.int32),
        np.array([graph.num_nodes]),
        np.array([graph.num_edges]),
        values[None].astype(np.float32),
        positions.astype(np.float16),
    )


def _slices(counts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the positions of the items of some rows, where row i holds ``counts[i]`` items."""
    starts = np.cumsum(counts) - counts
    taken = counts[rows]
    within = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
    return np.repeat(starts[rows], taken) + within
