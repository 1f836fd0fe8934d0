"""Cells with proxies and accuracies: sizes, published correlations, alignment."""

import numpy as np
import pytest

from nasutils.benchmarks.zero_cost import ZERO_COST, darts_training_proxies, load_zero_cost_cells
from nasutils.data import load_table
from nasutils.data.proxy_files import PROXIES
from nasutils.errors import UnknownNameError
from nasutils.metrics import spearman


def test_digits_are_the_embedded_table():
    cells = load_zero_cost_cells("nb201-digits")
    table = load_table("nb201_digits").set_index("arch")
    assert cells.proxies.shape == (1500, 13)
    assert list(cells.proxies) == list(PROXIES)
    assert cells.proxies["zen"].equals(table["zen"])
    assert cells.valid.equals(table["valid"])
    assert cells.test.equals(table["test"])


def test_unknown_benchmark():
    with pytest.raises(UnknownNameError, match="nb201-digits"):
        load_zero_cost_cells("nb201")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "cells", "proxies"),
    [
        ("nb201-c10", 9445, 13),
        ("nb201-c100", 9445, 13),
        ("nb201-in16", 9445, 13),
        ("nb101-c10", 292, 11),
        ("nb301", 1218, 12),
    ],
)
def test_sizes_of_the_public_tables(real_data, name, cells, proxies):
    scored = load_zero_cost_cells(name)
    assert name in ZERO_COST
    assert scored.proxies.shape == (cells, proxies)
    assert scored.proxies.index.is_unique
    assert scored.test.index.equals(scored.proxies.index)
    assert scored.valid is None or scored.valid.index.equals(scored.proxies.index)
    assert np.isfinite(scored.test).all()


@pytest.mark.real_data
def test_public_correlations_on_cifar10(real_data):
    # Spearman's rho over the 9,445 cells, as published with the scores.
    cells = load_zero_cost_cells("nb201-c10")
    published = {"nwot": 0.81, "synflow": 0.78, "params": 0.80, "jacov": 0.80}
    lowest = cells.proxies.replace(-np.inf, -1e300)
    for proxy, rho in published.items():
        assert spearman(lowest[proxy], cells.test) == pytest.approx(rho, abs=0.03), proxy


@pytest.mark.real_data
def test_darts_training_cells(real_data):
    proxies = darts_training_proxies()
    assert proxies.shape == (1218 + 11221, 13)
    assert proxies.notna().sum()[["params", "nwot", "zen"]].tolist() == [1218, 11946, 11221]
