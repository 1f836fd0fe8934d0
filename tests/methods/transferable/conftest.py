"""Families of tiny graphs, and benchmarks of a dozen cells."""

import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.graphs import (
    FEATURES,
    ComputationGraph,
)
from nasutils.methods.common import architecture_graphs
from nasutils.methods.common.architecture_graphs import random_networks
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable import pretraining
from nasutils.methods.transferable.sources import fitted_to_sources, unfitted


def tiny_graph(rng, nodes, share, ops):
    """A chain with a random share of all short cuts."""
    source, target = np.triu_indices(nodes, 1)
    kept = (target == source + 1) | (rng.random(len(source)) < share)
    features = np.zeros((nodes, len(FEATURES)), dtype=int)
    features[:, :2] = 16
    return ComputationGraph(rng.choice(ops, nodes), features, np.stack((source, target))[:, kept])


@pytest.fixture(scope="session")
def tiny_sets():
    """Three families of 12, 8 and 12 graphs of no more than 16 nodes: sparse, dense, between."""
    rng = np.random.default_rng(0)
    settings = (12, 0.0, [2, 6]), (8, 0.5, [2, 6]), (12, 0.2, [6, 7])
    return [
        GraphSet.of(tiny_graph(rng, rng.integers(9, 17), share, ops) for _ in range(size))
        for size, share, ops in settings
    ]


@pytest.fixture
def tiny_benchmarks(monkeypatch, tmp_path):
    """Twelve NAS-Bench-201 cells and ten of NAS-Bench-101, by the number of their operations."""
    monkeypatch.setattr(architecture_graphs, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(pretraining, "cache_dir", lambda: tmp_path)

    def tiny(space, size):
        cells = random_networks(space, size)
        accuracy = [100 * str(cell).count("3x3") + i for i, cell in enumerate(cells)]
        rows = pd.DataFrame({"arch": [str(cell) for cell in cells], "accuracy": accuracy})
        entry = Benchmark(
            f"tiny-{space}", "", "", space, lambda: rows, "accuracy", "accuracy",
            evaluate_on_all=False,
        )  # fmt: skip
        monkeypatch.setitem(BENCHMARKS, entry.id, entry)
        return entry

    yield tiny("nasbench201", 12), tiny("nasbench101", 10)
    unfitted.cache_clear()
    fitted_to_sources.cache_clear()
