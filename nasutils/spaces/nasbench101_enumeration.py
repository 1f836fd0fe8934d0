"""All 423,624 NAS-Bench-101 cells, in the order of the benchmark's graph hash.

The benchmark's own generator hashes each of the 1,293,208 labelled graphs with seven rounds of MD5
a vertex. Here the graphs are first told apart by the same colour refinement on 64-bit integers,
the first of each class is kept, as the generator does, and only these get their MD5 hash.

Source: Ying et al., "NAS-Bench-101", ICML 2019, https://arxiv.org/abs/1902.09635, Section 2 and
``nasbench/scripts/generate_graphs.py``.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from nasutils.spaces import nasbench101 as space
from nasutils.spaces.nasbench101 import HASH_LABELS, MAX_VERTICES, OPS, edge_bit, graph_hash

# Matrices handled at a time, so that intermediate arrays stay in the processor's cache.
_MATRICES = 64

# Odd multipliers that keep a vertex's predecessors and successors apart.
_PREDECESSOR, _SUCCESSOR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)


@dataclass(frozen=True)
class Enumeration:
    """Cells as arrays, one row a cell.

    Attributes:
        hashes: The benchmark's MD5 graph hash, bytes of length 32; shape (N,).
        vertices: Number of vertices, int8; shape (N,).
        bits: Adjacency as bits, see ``edge_bit``, int32; shape (N,).
        labels: Index in ``OPS`` of each interior vertex, then -1; int8 of shape (N, 5).
    """

    hashes: np.ndarray
    vertices: np.ndarray
    bits: np.ndarray
    labels: np.ndarray


def enumerate_cells(max_vertices: int = MAX_VERTICES) -> Enumeration:
    """Return every distinct cell, sorted by hash; all 423,624 take about a minute."""
    parts = [_describe(bits, labels) for bits, labels in representatives(max_vertices)]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0])
    return Enumeration(*(column[order] for column in columns))


def representatives(max_vertices: int = MAX_VERTICES) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return one graph of each isomorphism class.

    It is the one that the benchmark's generator meets first: fewest vertices, then smallest
    adjacency bits, then first labels. Channels are split by vertex number, so this choice decides
    a cell's exact parameter count.

    Returns:
        For each number of vertices V from 2 on, adjacency bits, int32 of shape (N,), and labels of
        the interior vertices, int8 of shape (N, V - 2).
    """
    graphs = [_labelled_graphs(vertices) for vertices in range(2, max_vertices + 1)]
    keys = np.concatenate([_class_keys(bits, labels).ravel() for bits, labels in graphs])
    first = np.sort(np.unique(keys, return_index=True)[1])
    starts = np.cumsum([0] + [len(bits) * len(labels) for bits, labels in graphs])
    chosen = []
    for (bits, labels), start, stop in zip(graphs, starts, starts[1:], strict=False):
        here = first[(first >= start) & (first < stop)] - start
        matrix, labelling = np.divmod(here, len(labels))
        chosen.append((bits[matrix], labels[labelling]))
    return chosen


def adjacency_matrices(bits: np.ndarray, vertices: int = MAX_VERTICES) -> np.ndarray:
    """Unpack adjacency bits into uint8 matrices of shape (N, vertices, vertices)."""
    matrices = np.zeros((len(bits), vertices, vertices), dtype=np.uint8)
    for source, target in itertools.combinations(range(vertices), 2):
        matrices[:, source, target] = (bits >> edge_bit(source, target)) & 1
    return matrices


def _labelled_graphs(vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """List the bits (M,), ascending, and labels (3 ** (V - 2), V - 2) of all graphs of a size."""
    bits = np.arange(1 << edge_bit(0, vertices), dtype=np.int32)
    bits = bits[np.bitwise_count(bits) <= space.MAX_EDGES]
    # In a graph without cycles it is enough that no vertex lacks an edge in or out.
    for v in range(1, vertices):
        bits = bits[bits & sum(1 << edge_bit(source, v) for source in range(v)) != 0]
    for v in range(vertices - 1):
        bits = bits[bits & sum(1 << edge_bit(v, target) for target in range(v + 1, vertices)) != 0]
    interior = vertices - 2
    labels = np.array(list(itertools.product(range(len(OPS)), repeat=interior)), dtype=np.int8)
    return bits, labels.reshape(len(OPS) ** interior, interior)


def _describe(bits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the columns of ``Enumeration`` for graphs of one size."""
    count, interior = labels.shape
    vertices = interior + 2
    matrices, full = adjacency_matrices(bits, vertices).tolist(), _with_terminals(labels).tolist()
    hashes = np.array([graph_hash(*graph).encode() for graph in zip(matrices, full, strict=True)])
    padding = ((0, 0), (0, MAX_VERTICES - vertices))
    padded = np.pad(labels, padding, constant_values=-1)
    return hashes, np.full(count, vertices, dtype=np.int8), bits, padded


def _class_keys(bits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a 64-bit key of every graph, (M, L), from bits (M,) and interior labels (L, V - 2).

    Isomorphic graphs share it. The colours are refined like the benchmark's hashes, but a
    neighbourhood is hashed by adding up its pseudo-random colours, which needs no sorting.
    """
    vertices = labels.shape[1] + 2
    # From one on: zero would scramble to zero.
    shifted = _with_terminals(labels) - min(HASH_LABELS.values()) + 1
    colours_at_first = _scramble(shifted.T.astype(np.uint64))  # (V, L)
    keys = np.empty((len(bits), len(labels)), dtype=np.uint64)
    for start in range(0, len(bits), _MATRICES):
        rows = slice(start, start + _MATRICES)
        adjacency = adjacency_matrices(bits[rows], vertices).astype(np.uint64)  # (m, V, V)
        transposed = adjacency.transpose(0, 2, 1)
        spread = np.eye(vertices, dtype=np.uint64) + _PREDECESSOR * transposed
        spread += _SUCCESSOR * adjacency
        colours = colours_at_first
        for _ in range(vertices):
            colours = _scramble(spread @ colours)  # (m, V, L)
        keys[rows] = colours.sum(axis=1)
    return keys


def _scramble(x: np.ndarray) -> np.ndarray:
    """Spread 64-bit integers pseudo-randomly and one to one (the finaliser of SplitMix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _with_terminals(labels: np.ndarray) -> np.ndarray:
    """Put the input's and the output's hash label around interior labels of shape (N, V - 2)."""
    ends = (HASH_LABELS[space.INPUT], HASH_LABELS[space.OUTPUT])
    return np.pad(labels, ((0, 0), (1, 1)), constant_values=((0, 0), ends))
