"""All 423,624 NAS-Bench-101 cells, in the order of the benchmark's graph hash.

The benchmark's own generator hashes each of the 1,293,208 labelled graphs with seven rounds of MD5
a vertex. Here the graphs are first told apart by the same colour refinement on 64-bit integers,
the first of each class is kept, as the generator does, and only these get their MD5 hash, many
at once.

Source: Ying et al., "NAS-Bench-101", ICML 2019, https://arxiv.org/abs/1902.09635, Section 2 and
``nasbench/scripts/generate_graphs.py``.
"""

import binascii
import functools
import hashlib
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from nasutils.spaces.md5 import md5
from nasutils.spaces.nasbench101 import (
    HASH_LABELS,
    INPUT,
    MAX_EDGES,
    MAX_VERTICES,
    OPS,
    OUTPUT,
    edge_bit,
)

# Rows handled at a time, so that intermediate arrays stay in the processor's cache.
_MATRICES, _MESSAGES = 64, 24_576

# numpy releases the interpreter's lock, so threads share the hashing.
_THREADS = 2

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
    """Return every distinct cell, sorted by hash; all 423,624 take some ten seconds."""
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


def graph_hashes(adjacency: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Hash many graphs of equal size as the benchmark does; see ``nasbench101.graph_hash``.

    Args:
        adjacency: Upper-triangular matrices of shape (N, V, V); every vertex has an edge.
        labels: Integer labels of shape (N, V).

    Returns:
        Hexadecimal MD5 digests, bytes of length 32 and shape (N,).
    """
    adjacency = adjacency.astype(bool)
    groups = _groups_of_equal_degrees(adjacency)
    order = np.concatenate(groups)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    neighbourhoods = [_neighbourhood(adjacency, group, place) for group in groups]

    digests = _initial_digests(adjacency, labels)[order]
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in range(labels.shape[1]):
            rehash = functools.partial(_rehash, _ranks(digests), _hexes(digests))
            digests = np.concatenate(list(pool.map(rehash, neighbourhoods)))

    ranks, hexes, members = _ranks(digests), _hexes(digests), place.reshape(labels.shape)
    fingerprints = [
        md5(*_printed_list(hexes, _sorted_by(ranks, members[rows])))
        for rows in _slices(len(labels), _MESSAGES)
    ]
    return _hexes(np.concatenate(fingerprints)).view("S32").ravel()


def _labelled_graphs(vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """List the adjacency bits and the labellings of all graphs of one size.

    Returns:
        Bits of shape (M,), ascending, of the matrices with at most nine edges and every vertex on
        a path from input to output; labels of shape (3 ** interior, interior).
    """
    bits = np.arange(1 << edge_bit(0, vertices), dtype=np.int32)
    bits = bits[np.bitwise_count(bits) <= MAX_EDGES]
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
    hashes = graph_hashes(adjacency_matrices(bits, vertices), _with_terminals(labels))
    padding = ((0, 0), (0, MAX_VERTICES - vertices))
    padded = np.pad(labels, padding, constant_values=-1)
    return hashes, np.full(count, vertices, dtype=np.int8), bits, padded


def _class_keys(bits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a 64-bit key of every graph, equal for isomorphic ones.

    The colours are refined like the benchmark's hashes, but a neighbourhood is hashed by adding up
    its pseudo-random colours, which needs no sorting.

    Args:
        bits: Adjacency bits of shape (M,).
        labels: Interior labels of shape (L, V - 2).

    Returns:
        Keys, uint64 of shape (M, L).
    """
    vertices = labels.shape[1] + 2
    shifted = (
        _with_terminals(labels) - min(HASH_LABELS.values()) + 1
    )  # Zero would scramble to zero.
    colours_at_first = _scramble(shifted.T.astype(np.uint64))  # (V, L)
    keys = np.empty((len(bits), len(labels)), dtype=np.uint64)
    for rows in _slices(len(bits), _MATRICES):
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
    return np.pad(
        labels,
        ((0, 0), (1, 1)),
        constant_values=((0, 0), (HASH_LABELS[INPUT], HASH_LABELS[OUTPUT])),
    )


def _initial_digests(adjacency: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Hash each vertex's degrees and label: digests of shape (N * V, 16)."""
    vertices = labels.shape[1]
    lowest, highest = min(HASH_LABELS.values()), max(HASH_LABELS.values())
    shape = (vertices, vertices, highest - lowest + 1)
    digests = b"".join(
        hashlib.md5(str((out, in_, label + lowest)).encode(), usedforsecurity=False).digest()
        for out, in_, label in np.ndindex(shape)
    )
    degrees_and_label = (adjacency.sum(axis=2), adjacency.sum(axis=1), labels - lowest)
    start = np.ravel_multi_index(degrees_and_label, shape)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, 16)[start.ravel()]


def _groups_of_equal_degrees(adjacency: np.ndarray) -> list[np.ndarray]:
    """Group the vertices of all graphs so that their messages are equally long.

    Returns:
        Positions in the flattened (N, V) array, a batch of messages each.
    """
    degrees = adjacency.sum(axis=1) * adjacency.shape[1] + adjacency.sum(axis=2)
    groups = [np.flatnonzero(degrees == value) for value in np.unique(degrees)]
    return [group[rows] for group in groups for rows in _slices(len(group), _MESSAGES)]


def _neighbourhood(
    adjacency: np.ndarray, group: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places of n vertices of equal degrees and of their neighbours.

    Args:
        adjacency: (N, V, V).
        group: Positions of the vertices in the flattened (N, V) array.
        place: Where each vertex of that array is kept.

    Returns:
        Places of the vertices, shape (n,), of their predecessors, (n, in-degree), and of their
        successors, (n, out-degree).
    """
    graph, vertex = np.divmod(group, adjacency.shape[1])
    sources = np.nonzero(adjacency[graph, :, vertex])[1].reshape(len(group), -1)
    targets = np.nonzero(adjacency[graph, vertex])[1].reshape(len(group), -1)
    first = (group - vertex)[:, None]
    return place[group], place[first + sources], place[first + targets]


def _ranks(digests: np.ndarray) -> np.ndarray:
    """Return integers that sort as the digests do (by the first eight bytes, ample here)."""
    return digests[:, :8].copy().view(">u8").ravel().astype(np.uint64)


def _hexes(digests: np.ndarray) -> np.ndarray:
    """Write digests of shape (N, 16) as hexadecimal digits, uint8 of shape (N, 32)."""
    return np.frombuffer(binascii.hexlify(digests), dtype=np.uint8).reshape(-1, 32)


def _rehash(
    ranks: np.ndarray, hexes: np.ndarray, neighbourhood: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray:
    """Hash the sorted neighbours and the vertex itself: digests of shape (n, 16)."""
    own, sources, targets = neighbourhood
    incoming = _joined(hexes, _sorted_by(ranks, sources))
    outgoing = _joined(hexes, _sorted_by(ranks, targets))
    return md5(incoming, _bytes("|"), outgoing, _bytes("|"), hexes.take(own, axis=0))


def _bytes(text: str) -> np.ndarray:
    """Return text as one row of bytes, uint8 of shape (1, length)."""
    return np.frombuffer(text.encode(), dtype=np.uint8)[None]


def _joined(hexes: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Join the hex digits at positions of shape (n, k) to bytes of shape (n, 32 * k)."""
    count, terms = positions.shape
    return hexes.take(positions, axis=0).reshape(count, 32 * terms)


def _printed_list(hexes: np.ndarray, positions: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the parts of what Python prints for the list of hashes at positions (n, V)."""
    for index, column in enumerate(positions.T):
        yield _bytes("', '" if index else "['")
        yield hexes.take(column, axis=0)
    yield _bytes("']")


def _sorted_by(ranks: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Sort each row of positions by the ranks found there."""
    if positions.shape[1] < 2:
        return positions
    return np.take_along_axis(positions, np.argsort(ranks[positions], axis=1), axis=1)


def _slices(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))
