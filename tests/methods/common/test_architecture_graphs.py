"""Graphs of architectures: that they belong to them, are made once, and what has none."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.registry import get_benchmark
from nasutils.digits.task import IMAGE_SHAPE, build_network
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.graphs import trace
from nasutils.methods.common import architecture_graphs
from nasutils.methods.common.architecture_graphs import (
    GRAPHS,
    SPACES_WITH_GRAPHS,
    benchmark_graphs,
    has_graph,
    labelled_graphs,
    random_graphs,
    random_networks,
    rank_by_graphs,
    rows_with_graph,
)
from nasutils.methods.common.graph_set import GraphSet
from nasutils.spaces.nasbench201 import NASBench201Cell

DEAD = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """Graphs of these tests are made anew; the tables stay where they are."""
    monkeypatch.setattr(architecture_graphs, "cache_dir", lambda: tmp_path)
    yield tmp_path / "graphs"
    benchmark_graphs.cache_clear()
    random_graphs.cache_clear()


@pytest.fixture
def few():
    """Five digits cells after one that passes no signal."""
    return few_digits()


def few_digits():
    live = get_benchmark("nb201-digits").table["arch"][:5]
    rows = pd.DataFrame({"arch": [DEAD, *live], "accuracy": [10.0, 20, 30, 40, 50, 60]})
    return Benchmark(
        "few", "few", "few", "nasbench201", lambda: rows, "accuracy", "accuracy",
        network="nb201_digits",
    )  # fmt: skip


def same(first, second):
    return np.array_equal(first.edges, second.edges) and np.array_equal(
        first.eigenvalues, second.eigenvalues
    )


def test_graphs_of_a_benchmark_are_those_of_its_architectures(few):
    assert rows_with_graph(few).tolist() == [1, 2, 3, 4, 5]
    found = benchmark_graphs(few)
    assert same(found, GraphSet.of(map(GRAPHS["nb201_digits"], few.architectures[1:])))


def test_digits_are_put_into_their_own_networks(few):
    cell = few.architecture(1)
    expected = trace(build_network(cell), IMAGE_SHAPE)
    assert GRAPHS["nb201_digits"](cell).fingerprint() == expected.fingerprint()


def test_labelled_graphs_keep_their_order_and_leave_out_what_has_none(few):
    graphs, labels = labelled_graphs(few, np.array([4, 0, 2]))
    assert labels.tolist() == [50, 30]
    assert same(graphs, benchmark_graphs(few).take([3, 1]))


def test_what_has_no_graph_comes_last(few):
    predict = rank_by_graphs(few, lambda graphs: -graphs.num_nodes.astype(float))
    every = predict(few.architectures)
    assert every[1:].tolist() == (-benchmark_graphs(few).num_nodes).tolist()
    assert every[0] < every[1:].min()
    # Some of them, which are made there and then, score the same.
    assert predict([*few.architectures[:3]]).tolist() == every[:3].tolist()
    assert predict([few.architecture(0)]).tolist() == every[:1].tolist()


def test_graphs_are_cached_and_damaged_copies_made_again(few, own_cache, monkeypatch):
    first = benchmark_graphs(few)
    assert benchmark_graphs(few) is first
    (copy,) = own_cache.glob("*.npz")
    with monkeypatch.context() as patch:
        patch.setattr(GraphSet, "of", None)  # read, not made
        again = benchmark_graphs(few_digits())
    assert np.array_equal(first.positions, again.positions)
    copy.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="damaged.*made again"):
        third = benchmark_graphs(few_digits())
    assert np.array_equal(first.positions, third.positions)
    assert same(GraphSet.load(copy), first)


def test_a_cache_that_cannot_be_written_to_costs_no_more_than_time(few, own_cache):
    own_cache.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="cannot keep"):
        assert len(benchmark_graphs(few)) == 5


@pytest.mark.parametrize("space", sorted(SPACES_WITH_GRAPHS))
def test_random_networks_differ_and_a_seed_repeats_them(space):
    found = random_networks(space, 5, seed=1)
    assert len({each.isomorphism_class() for each in found}) == 5
    assert random_networks(space, 7, seed=1)[:5] == found
    assert random_networks(space, 5, seed=2) != found
    assert same(random_graphs(space, 5, seed=1), GraphSet.of(map(GRAPHS[space], found)))
    if space == "nasbench201":
        assert all("none" not in cell.ops for cell in found)


def test_a_signal_passes_or_not():
    assert not has_graph(NASBench201Cell.from_string(DEAD))
    assert has_graph(random_networks("nasbench101", 1)[0])


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(
    "id", ["nb101-test-5k", "nb201-c10-4096", "nb301-approx-1k", "mbv3-imagenet"]
)
def test_real_benchmarks(id):
    benchmark = get_benchmark(id)
    rows = benchmark.table.iloc[:3]
    first = Benchmark(
        "first", "", "", benchmark.space, lambda: rows, benchmark.label, benchmark.test,
        values=benchmark.values,
    )  # fmt: skip
    expected = GraphSet.of(map(GRAPHS[benchmark.space], benchmark.architectures_at([0, 1, 2])))
    assert same(benchmark_graphs(first), expected)


def test_bad_input(monkeypatch):
    vit = partial(Benchmark, "vit", "", "", "autoformer", pd.DataFrame, "a", "a")
    with pytest.raises(UnknownNameError, match="network with graphs 'autoformer'"):
        rank_by_graphs(vit(), len)
    with pytest.raises(UnknownNameError, match="search space 'resnet'"):
        random_networks("resnet", 3)
    monkeypatch.setattr(architecture_graphs, "_ATTEMPTS", 1)
    with pytest.raises(NasutilsError, match="no 200 different networks"):
        random_networks("nasbench201", 200)
