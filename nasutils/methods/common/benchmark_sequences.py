"""Cell sequences as predictors read them: of any architectures, or of a whole benchmark."""

from collections.abc import Sequence
from functools import lru_cache

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.methods.common.cell_sequences import (
    CellSequences,
    cell_sequences,
    nasbench101_cell_sequences,
)
from nasutils.methods.common.paths import prune_dead
from nasutils.spaces.registry import Architecture


def network_of(benchmark: Benchmark) -> str:
    """Return the name of the networks that a benchmark puts its architectures into."""
    return benchmark.network or benchmark.space


def read_sequences(
    network: str,
    architectures: Sequence[Architecture],
    reduction: str = "block",
    *,
    prune: bool = False,
) -> CellSequences:
    """Return the cell sequences of architectures, without dead vertices where ``prune``."""
    found = cell_sequences(network, architectures, reduction=reduction)
    return prune_dead(found) if prune else found


@lru_cache(maxsize=8)
def benchmark_sequences(
    benchmark: Benchmark,
    reduction: str = "block",
    *,
    prune: bool = False,
    cells_per_stage: int | None = None,
) -> CellSequences:
    """Return the cell sequences of all M architectures, built once.

    Without dead vertices where ``prune``; other arguments as of ``cell_sequences``.
    """
    options = {"reduction": reduction, "cells_per_stage": cells_per_stage}
    if network_of(benchmark) == "nasbench101" and "adjacency" in benchmark.table:
        # As values, half a million cells would take a minute.
        found = nasbench101_cell_sequences(benchmark.table, **options)
    else:
        found = cell_sequences(network_of(benchmark), benchmark.architectures, **options)
    return prune_dead(found) if prune else found
