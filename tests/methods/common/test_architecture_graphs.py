"""Families: that graphs, labels and scores belong to the same architectures."""

import numpy as np
import pytest

from nasutils.data import load_table
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.graphs import darts_graph, nasbench101_graph, nasbench201_graph, ofa_mbv3_graph
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable import families
from nasutils.methods.transferable.families import load_family, random_family


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """Graphs of these tests are made anew; the tables stay where they are."""
    monkeypatch.setattr(families, "cache_dir", lambda: tmp_path)
    return tmp_path / "graphs"


def check_graphs(family, graph):
    expected = GraphSet.of(map(graph, family.architectures))
    assert np.array_equal(family.graphs.num_nodes, expected.num_nodes)
    assert np.array_equal(family.graphs.edges, expected.edges)
    assert np.array_equal(family.graphs.eigenvalues, expected.eigenvalues)
    assert len(family) == len(family.labels) == len(family.synflow) == len(family.graphs)


def test_digits_need_no_file():
    family = load_family("nb201_digits", 6)
    check_graphs(family, families._digits_graph)
    table = load_table("nb201_digits").set_index("arch").loc[map(str, family.architectures)]
    assert family.labels.tolist() == table["test"].tolist()
    assert family.synflow.tolist() == table["synflow"].tolist()


def test_all_digits_cells_pass_a_signal():
    cells = families._digits().frame
    dead = len(load_table("nb201_digits")) - len(cells)
    assert 0 < dead < len(cells)


def test_a_seed_draws_the_same_and_small_draws_begin_large_ones():
    small, large, other = (
        load_family("nb201_digits", size, seed=seed).architectures
        for size, seed in ((3, 1), (6, 1), (6, 2))
    )
    assert large[:3] == small
    assert large != other


def test_graphs_are_kept_and_damaged_copies_made_again(own_cache, monkeypatch):
    first = load_family("nb201_digits", 3)
    (copy,) = own_cache.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(GraphSet, "of", None)  # read, not made
        again = load_family("nb201_digits", 3)
    assert np.array_equal(first.graphs.positions, again.graphs.positions)
    copy.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="damaged.*made again"):
        third = load_family("nb201_digits", 3)
    assert np.array_equal(first.graphs.positions, third.graphs.positions)
    assert GraphSet.load(copy).num_nodes.tolist() == third.graphs.num_nodes.tolist()


def test_a_cache_that_cannot_be_written_to_costs_no_more_than_time(own_cache):
    own_cache.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="cannot keep"):
        assert len(load_family("nb201_digits", 3)) == 3


@pytest.mark.parametrize("name", families.SPACES)
def test_random_networks_differ_and_have_no_labels(name):
    family = random_family(name, 5)
    check_graphs(family, families.SPACES[name][1])
    assert len({a.isomorphism_class() for a in family.architectures}) == 5
    assert np.isnan(family.labels).all()
    assert np.isnan(family.synflow).all()
    if name == "nasbench201":
        assert all("none" not in cell.ops for cell in family.architectures)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_nasbench201_without_zeroize():
    rows = families._nasbench201()
    assert len(rows.frame) == 4096
    family = load_family("nasbench201", 4)
    check_graphs(family, nasbench201_graph)
    table = load_table("nasbench201").set_index("arch")
    for cell, label in zip(family.architectures, family.labels, strict=True):
        assert label == table.loc[str(cell), "test_c10"]
    assert np.isfinite(family.synflow).all()


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("name", ["nasbench101", "nasbench101_scored"])
def test_nasbench101(name):
    family = load_family(name, 4)
    check_graphs(family, nasbench101_graph)
    tests = load_table("nasbench101").set_index("hash")["test"]
    assert family.labels.tolist() == [tests[cell.hash] for cell in family.architectures]
    assert np.isfinite(family.synflow).all() == (name == "nasbench101_scored")


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(
    ("name", "table", "label"),
    [
        ("nasbench301", "nasbench301_surrogate", "surrogate_valid_c10"),
        ("nasbench301_scored", "nasbench301_proxies", "valid_c10"),
        ("ofa_mbv3", "ofa_mbv3", "top1"),
    ],
)
def test_of_strings(name, table, label):
    family = load_family(name, 3)
    check_graphs(family, ofa_mbv3_graph if name == "ofa_mbv3" else darts_graph)
    rows = load_table(table).set_index("arch").loc[map(str, family.architectures)]
    assert family.labels.tolist() == rows[label].tolist()
    assert np.isfinite(family.synflow).all() == (name == "nasbench301_scored")


def test_bad_input():
    with pytest.raises(UnknownNameError, match="Did you mean 'nasbench101'"):
        load_family("nasbench-101")
    with pytest.raises(NasutilsError, match="architectures to draw from, not 99999"):
        load_family("nb201_digits", 99999)
    with pytest.raises(UnknownNameError, match="darts, nasbench101, nasbench201, ofa_mbv3"):
        random_family("resnet", 3)
