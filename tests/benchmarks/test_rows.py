"""Cells with proxies and accuracies: sizes, published correlations, alignment."""

import numpy as np
import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.rows import darts_proxies, nasbench201_synflow
from nasutils.data import load_table
from nasutils.data.proxy_files import PROXIES
from nasutils.metrics import spearman


def test_digits_have_all_proxies():
    benchmark = get_benchmark("nb201-digits")
    assert benchmark.proxies.shape == (1500, 13)
    assert list(benchmark.proxies) == list(PROXIES)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("id", "cells", "proxies"),
    [
        ("nb201-c10-proxies", 9445, 13),
        ("nb201-c100-proxies", 9445, 13),
        ("nb201-in16-proxies", 9445, 13),
        ("nb101-naslib-proxies", 292, 11),
        ("nb301-surrogate", 1218, 12),
    ],
)
def test_sizes_of_the_public_tables(real_data, id, cells, proxies):
    benchmark = get_benchmark(id)
    assert benchmark.proxies.shape == (cells, proxies)
    assert len(set(benchmark.architectures)) == cells
    assert np.isfinite(benchmark.test_accuracy).all()
    assert np.isfinite(benchmark.labels).all()


@pytest.mark.real_data
def test_rows_of_proxies_and_accuracies_are_of_the_same_cell(real_data):
    whole = get_benchmark("nb201-c100").table.set_index("arch")
    table = get_benchmark("nb201-c100-proxies").table
    assert table["params"].corr(whole.loc[table["arch"], "params"].reset_index(drop=True)) > 0.9999
    assert (table["test"] == whole.loc[table["arch"], "test_c100"].to_numpy()).all()
    table = get_benchmark("nb101-naslib-proxies").table
    whole = load_table("nasbench101").set_index("hash").loc[table["hash"]]
    assert (table["test"] == whole["test"].to_numpy()).all()
    assert table["params"].corr(whole["params"].reset_index(drop=True)) > 0.9999


@pytest.mark.real_data
def test_public_correlations_on_cifar10(real_data):
    # Spearman's rho over the 9,445 cells, as published with the scores.
    benchmark = get_benchmark("nb201-c10-proxies")
    published = {"nwot": 0.81, "synflow": 0.78, "params": 0.80, "jacov": 0.80}
    lowest = benchmark.proxies.replace(-np.inf, -1e300)
    for proxy, rho in published.items():
        assert spearman(lowest[proxy], benchmark.test_accuracy) == pytest.approx(rho, abs=0.03)


@pytest.mark.real_data
def test_darts_training_cells(real_data):
    proxies = darts_proxies()
    assert proxies.shape == (1218 + 11221, 13)
    assert proxies.notna().sum()[["params", "nwot", "zen"]].tolist() == [1218, 11946, 11221]
    assert proxies.index[:1218].tolist() == get_benchmark("nb301-surrogate").table["arch"].tolist()


@pytest.mark.real_data
def test_synflow_is_of_all_cells(real_data):
    assert set(nasbench201_synflow().index) == set(load_table("nasbench201")["arch"])
