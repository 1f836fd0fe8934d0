"""The computation graphs of architectures, packed with their spectra; of benchmarks, cached."""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.cache import cached
from nasutils.digits.task import CHANNELS, IMAGE_SHAPE
from nasutils.errors import NasutilsError, lookup
from nasutils.graphs import (
    ComputationGraph,
    darts_graph,
    nasbench101_graph,
    nasbench201_graph,
    ofa_mbv3_graph,
)
from nasutils.methods.base import Predict
from nasutils.methods.common.benchmark_sequences import network_of
from nasutils.methods.common.graph_set import GraphSet
from nasutils.paths import cache_dir
from nasutils.spaces.nasbench201 import NONE
from nasutils.spaces.registry import Architecture, get_space

#: Graphs and their labels, (n,).
Labelled = tuple[GraphSet, np.ndarray]

#: Network (the search space's own, or what ``Benchmark.network`` names) -> from an architecture to
#: its graph.
GRAPHS: dict[str, Callable[[Any], ComputationGraph]] = {
    "nasbench101": nasbench101_graph,
    "nasbench201": nasbench201_graph,
    "nb201_digits": partial(
        nasbench201_graph, channels=CHANNELS, cells_per_stage=1, image=IMAGE_SHAPE[:2]
    ),
    "darts": darts_graph,
    "ofa_mbv3": ofa_mbv3_graph,
}

#: The search spaces whose architectures have graphs.
SPACES_WITH_GRAPHS = frozenset(GRAPHS) - {"nb201_digits"}

# Raised whenever graphs or spectra of the same architectures change.
_VERSION = 1

# Below any prediction: what passes no signal is known to learn nothing.
_NO_SIGNAL = -1e6

_ATTEMPTS = 20


def has_graph(architecture: Architecture) -> bool:
    """Whether a signal passes: what cuts every path has no computation graph."""
    return getattr(architecture, "is_connected", True)


@lru_cache(maxsize=16)
def rows_with_graph(benchmark: Benchmark) -> np.ndarray:
    """Return the positions of a benchmark's architectures that have a graph, ascending."""
    return np.flatnonzero([has_graph(each) for each in benchmark.architectures])


@lru_cache(maxsize=16)
def benchmark_graphs(benchmark: Benchmark) -> GraphSet:
    """Return the graphs of all architectures of a benchmark that have one, from the cache.

    Raises:
        UnknownNameError: If there is no way from its architectures to graphs.
        DataError: If a file that it needs cannot be had.
    """
    rows = rows_with_graph(benchmark)
    architectures = [benchmark.architectures[row] for row in rows]
    return _cached_graphs(network_of(benchmark), architectures)


def labelled_graphs(benchmark: Benchmark, positions: ArrayLike) -> Labelled:
    """Return the graphs and labels of some architectures of a benchmark, where they have graphs."""
    rows, kept = rows_with_graph(benchmark), np.asarray(positions)
    kept = kept[np.isin(kept, rows)]
    return benchmark_graphs(benchmark).take(np.searchsorted(rows, kept)), benchmark.labels[kept]


def random_networks(space: str, size: int, *, seed: int = 0) -> list[Architecture]:
    """Draw different architectures of a space; of NAS-Bench-201 those without zeroize.

    Raises:
        UnknownNameError: If there is no such space.
        NasutilsError: If so many different ones are not found.
    """
    draw, rng = get_space(space).random, np.random.default_rng(seed)
    found: dict[str, Architecture] = {}
    for _ in range(_ATTEMPTS * size):
        if len(found) == size:
            return list(found.values())
        architecture = draw(rng)
        if not (space == "nasbench201" and NONE in architecture.ops):
            found.setdefault(architecture.isomorphism_class(), architecture)
    raise NasutilsError(f"no {size} different networks were found among random {space} ones.")


@lru_cache(maxsize=16)
def random_graphs(space: str, size: int, *, seed: int = 0) -> GraphSet:
    """Return the graphs of ``random_networks``, from the cache: no benchmark's file is needed."""
    return _cached_graphs(space, random_networks(space, size, seed=seed))


def rank_by_graphs(benchmark: Benchmark, predict: Callable[[GraphSet], np.ndarray]) -> Predict:
    """Return what scores architectures by their graphs; those without one come last.

    The benchmark says what networks they are put into, and its own graphs are made once; to
    ``predict`` is from N graphs to scores, (N,).
    """
    graph = lookup("network with graphs", network_of(benchmark), GRAPHS)

    def scores(architectures: Sequence[Architecture]) -> np.ndarray:
        found = np.full(len(architectures), _NO_SIGNAL)
        if architectures is benchmark.architectures:
            found[rows_with_graph(benchmark)] = predict(benchmark_graphs(benchmark))
            return found
        passes = [has_graph(each) for each in architectures]
        if any(passes):
            found[passes] = predict(GraphSet.of(map(graph, filter(has_graph, architectures))))
        return found

    return scores


def _cached_graphs(network: str, architectures: Sequence[Architecture]) -> GraphSet:
    """Return the graphs of architectures from the cache, or make them and write the file."""
    graph = lookup("network with graphs", network, GRAPHS)
    text = "\n".join([str(_VERSION), *map(str, architectures)])
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return cached(
        cache_dir() / "graphs" / f"{network}-{len(architectures)}-{key}.npz",
        load=GraphSet.load,
        make=lambda: GraphSet.of(map(graph, architectures), progress=len(architectures) > 2000),
        save=GraphSet.save,
    )
