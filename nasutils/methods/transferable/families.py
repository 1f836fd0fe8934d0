"""What the chapter compares on: families of computation graphs with their labels.

Sizes follow Han et al., "A General-Purpose Transferable Predictor for NAS", Section 5.1: 50,000
NAS-Bench-101 cells, the 4,096 of NAS-Bench-201 without zeroize, 10,000 of NAS-Bench-301.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nasutils.benchmarks.zero_cost import load_zero_cost_cells, nasbench201_synflow
from nasutils.cache import cached
from nasutils.data import load_table
from nasutils.data import nasbench101 as nasbench101_table
from nasutils.digits.task import IMAGE_SHAPE, build_network
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.graphs import (
    ComputationGraph,
    darts_graph,
    nasbench101_graph,
    nasbench201_graph,
    ofa_mbv3_graph,
    trace,
)
from nasutils.methods.common.graph_set import GraphSet
from nasutils.paths import cache_dir
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NONE, NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

# Raised whenever graphs or spectra of the same architectures change.
_VERSION = 1

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """N architectures of one benchmark.

    Attributes:
        title: Its name in prose.
        architectures: Their values.
        graphs: Their computation graphs.
        labels: Accuracies (%), (N,); NaN where there are none.
        synflow: Logarithms of their SynFlow scores, (N,); NaN where nothing is public.
    """

    title: str
    architectures: list[Any] = field(repr=False)
    graphs: GraphSet = field(repr=False)
    labels: np.ndarray = field(repr=False)
    synflow: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.architectures)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A benchmark's rows, of which only a sample becomes architectures.

    Attributes:
        frame: With ``label`` and, where it is public, ``synflow``.
        architectures: From some of the rows to values.
    """

    frame: pd.DataFrame
    architectures: Callable[[pd.DataFrame], list[Any]]


@dataclass(frozen=True, slots=True)
class _Benchmark:
    """Where a family comes from.

    Attributes:
        title: Its name in prose.
        graph: From an architecture to its graph.
        rows: Reads what there is.
        size: Architectures that are drawn if nothing else is asked for; all where None.
    """

    title: str
    graph: Callable[[Any], ComputationGraph]
    rows: Callable[[], _Rows]
    size: int | None = None


def load_family(
    name: str, size: int | None = None, *, seed: int = 0, progress: bool = False
) -> Family:
    """Draw architectures of a benchmark at random, with their graphs, which are cached.

    Args:
        name: One of ``FAMILIES``.
        size: Architectures; the paper's number if left out. Smaller draws of a seed are the
            beginnings of larger ones.
        seed: Of the draw.
        progress: Whether to draw a bar while spectra are computed.

    Raises:
        UnknownNameError: If there is no such family.
        NasutilsError: If there are fewer architectures.
        DataError: If a file that it needs cannot be had.
    """
    if name not in FAMILIES:
        raise UnknownNameError("family of graphs", name, FAMILIES)
    benchmark = FAMILIES[name]
    rows = benchmark.rows()
    if size is None:
        size = benchmark.size or len(rows.frame)
    if not 0 < size <= len(rows.frame):
        raise NasutilsError(
            f"{benchmark.title} has {len(rows.frame)} architectures to draw from, not {size}."
        )
    frame = rows.frame.iloc[np.random.default_rng(seed).permutation(len(rows.frame))[:size]]
    architectures = rows.architectures(frame)
    synflow = frame.get("synflow", pd.Series(np.nan, frame.index))
    return Family(
        benchmark.title,
        architectures,
        _cached_graphs(name, architectures, benchmark.graph, progress),
        frame["label"].to_numpy(dtype=float),
        synflow.to_numpy(dtype=float),
    )


def random_family(name: str, size: int, *, seed: int = 0, progress: bool = False) -> Family:
    """Draw different networks of a space, without labels: it needs no benchmark's files.

    Args:
        name: One of ``SPACES``.
        size: Networks.
        seed: Of the draw.
        progress: Whether to draw a bar while spectra are computed.

    Raises:
        UnknownNameError: If there is no such space.
        NasutilsError: If so many different networks are not found.
    """
    if name not in SPACES:
        raise UnknownNameError("space of graphs", name, SPACES)
    space, graph = SPACES[name]
    rng, found = np.random.default_rng(seed), {}
    for _ in range(_ATTEMPTS * size):
        if len(found) == size:
            break
        architecture = space.random(rng)
        if not _has_zeroize(architecture):
            found.setdefault(architecture.isomorphism_class(), architecture)
    if not found or len(found) < size:
        raise NasutilsError(f"no {size} different networks were found among random {name} ones.")
    architectures = list(found.values())
    unknown = np.full(size, np.nan)
    graphs = _cached_graphs(f"random_{name}", architectures, graph, progress)
    return Family(f"random networks of {name}", architectures, graphs, unknown, unknown)


def _has_zeroize(architecture: Any) -> bool:
    return isinstance(architecture, NASBench201Cell) and NONE in architecture.ops


def _cached_graphs(
    name: str,
    architectures: Sequence[Any],
    graph: Callable[[Any], ComputationGraph],
    progress: bool,
) -> GraphSet:
    """Return the graphs of architectures from the cache, or make and keep them."""
    text = "\n".join([str(_VERSION), *map(str, architectures)])
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = cache_dir() / "graphs" / f"{name}-{len(architectures)}-{key}.npz"
    return cached(
        path,
        load=GraphSet.load,
        make=lambda: GraphSet.of(map(graph, architectures), progress=progress),
        save=GraphSet.save,
    )


def _from_strings(space: type) -> Callable[[pd.DataFrame], list[Any]]:
    return lambda frame: [space.from_string(text) for text in frame["arch"]]


def _nasbench101() -> _Rows:
    frame = load_table("nasbench101").rename(columns={"test": "label"})
    return _Rows(frame, nasbench101_table.cells)


def _nasbench101_scored() -> _Rows:
    scored = load_zero_cost_cells("nb101-c10")
    frame = load_table("nasbench101").set_index("hash").loc[scored.test.index]
    frame = frame.assign(label=scored.test, synflow=scored.proxies["synflow"])
    return _Rows(frame, nasbench101_table.cells)


def _nasbench201() -> _Rows:
    table = load_table("nasbench201")
    synflow = nasbench201_synflow().loc[table["arch"]].to_numpy()
    frame = table.assign(label=table["test_c10"], synflow=synflow)
    whole = ~frame["arch"].str.contains(f"{NONE}~", regex=False)
    return _Rows(frame[whole], _from_strings(NASBench201Cell))


def _nasbench301() -> _Rows:
    frame = load_table("nasbench301_surrogate")
    frame = frame.rename(columns={"surrogate_valid_c10": "label"})
    return _Rows(frame, _from_strings(DARTSGenotype))


def _nasbench301_scored() -> _Rows:
    frame = load_table("nasbench301_proxies").rename(columns={"valid_c10": "label"})
    return _Rows(frame, _from_strings(DARTSGenotype))


def _ofa_mbv3() -> _Rows:
    frame = load_table("ofa_mbv3").rename(columns={"top1": "label"})
    return _Rows(frame, _from_strings(OFAMobileNetV3))


def _digits() -> _Rows:
    frame = load_table("nb201_digits").rename(columns={"test": "label"})
    # A cell that passes no signal has no graph.
    passes = [NASBench201Cell.from_string(text).is_connected for text in frame["arch"]]
    return _Rows(frame[passes], _from_strings(NASBench201Cell))


def _digits_graph(cell: NASBench201Cell) -> ComputationGraph:
    """Trace the small network that NB201-Digits trained, of three cells."""
    return trace(build_network(cell), IMAGE_SHAPE)


#: Name -> where it comes from. NAS-Bench-301's labels are those of the public approximation of its
#: surrogate for cells that were trained; "scored" families are the cells with public proxies, where
#: NAS-Bench-301's labels are the benchmark's own surrogate's.
FAMILIES: dict[str, _Benchmark] = {
    "nasbench101": _Benchmark("NAS-Bench-101", nasbench101_graph, _nasbench101, 50_000),
    "nasbench101_scored": _Benchmark(
        "NAS-Bench-101, cells with proxies", nasbench101_graph, _nasbench101_scored
    ),
    "nasbench201": _Benchmark("NAS-Bench-201 without zeroize", nasbench201_graph, _nasbench201),
    "nasbench301": _Benchmark("NAS-Bench-301", darts_graph, _nasbench301, 10_000),
    "nasbench301_scored": _Benchmark(
        "NAS-Bench-301, cells with proxies", darts_graph, _nasbench301_scored
    ),
    "ofa_mbv3": _Benchmark("Once-for-All MobileNetV3", ofa_mbv3_graph, _ofa_mbv3),
    "nb201_digits": _Benchmark("NB201-Digits", _digits_graph, _digits),
}

#: Name -> class of the architectures and their graphs; NAS-Bench-201 without zeroize.
SPACES: dict[str, tuple[type, Callable[[Any], ComputationGraph]]] = {
    "nasbench101": (NASBench101Cell, nasbench101_graph),
    "nasbench201": (NASBench201Cell, nasbench201_graph),
    "darts": (DARTSGenotype, darts_graph),
    "ofa_mbv3": (OFAMobileNetV3, ofa_mbv3_graph),
}
