"""Ridge regression on counts: what it counts, and that it can learn."""

import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError
from nasutils.graphs import OPERATORS, darts_graph, nasbench101_graph, nasbench201_graph
from nasutils.methods.base import get_method
from nasutils.methods.baselines.ridge import operator_counts, ridge
from nasutils.methods.common import architecture_graphs
from nasutils.methods.common.architecture_graphs import random_networks
from nasutils.methods.common.graph_set import GraphSet
from nasutils.metrics import spearman


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(architecture_graphs, "cache_dir", lambda: tmp_path)


def benchmark_of(labels, cells=None):
    """Random NAS-Bench-201 cells, with these labels."""
    cells = cells or random_networks("nasbench201", len(labels))
    rows = pd.DataFrame({"arch": [str(cell) for cell in cells], "label": labels})
    return Benchmark("tiny", "tiny", "tiny", "nasbench201", lambda: rows, "label", "label")


@pytest.mark.parametrize(
    ("space", "graph"),
    [("nasbench101", nasbench101_graph), ("nasbench201", nasbench201_graph),
     ("darts", darts_graph)],
)  # fmt: skip
def test_counts_are_those_of_the_graphs(space, graph):
    graphs = [graph(each) for each in random_networks(space, 3)]
    slow = [[int((each.ops == op).sum()) for op in range(len(OPERATORS))] for each in graphs]
    assert operator_counts(GraphSet.of(graphs)).tolist() == slow


def test_labels_that_are_counts_are_learnt():
    cells = random_networks("nasbench201", 40)
    counts = operator_counts(GraphSet.of(map(nasbench201_graph, cells)))
    benchmark = benchmark_of(counts @ np.linspace(1, 2, len(OPERATORS)), cells)
    split = Split(0, np.arange(25), np.arange(25, 40))
    scores = ridge.predict(benchmark, [split]).scores[0]
    assert spearman(scores[25:], benchmark.labels[25:]) > 0.95
    # Whoever is asked about alone gets the same score.
    assert ridge.fit(benchmark, split)(cells[30:33]) == pytest.approx(scores[30:33])


def test_labels_beyond_the_split_play_no_part():
    labels = np.random.default_rng(0).random(12)
    hidden = np.where(np.arange(12) < 6, labels, np.nan)
    split = Split(0, np.arange(6), np.arange(12))
    known, unknown = (
        ridge.predict(benchmark_of(each), [split]).scores for each in (labels, hidden)
    )
    assert known.tolist() == unknown.tolist()


def test_equal_labels_are_refused():
    with pytest.raises(NasutilsError, match="all labels"):
        ridge.fit(benchmark_of(np.ones(8)), Split(0, np.arange(4), np.arange(8)))


def test_it_is_a_baseline_of_every_space_with_graphs():
    assert get_method("baselines/Ridge") is ridge
    assert ridge.obstacle(get_benchmark("mbv3-imagenet")) == ""
    assert ridge.obstacle(get_benchmark("vit-c100")) == "does not read autoformer"
