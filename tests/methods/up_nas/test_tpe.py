"""The search of weights finds what it should, and again."""

import itertools

import numpy as np
import optuna
import pandas as pd
import pytest

from nasutils.errors import NasutilsError
from nasutils.methods.up_nas.tpe import search_weights
from nasutils.methods.up_nas.unify import unified_proxy
from nasutils.metrics import kendall_tau


@pytest.fixture(scope="module")
def cells():
    """Sixty cells whose accuracy is a known sum of three proxies."""
    scores = pd.DataFrame(
        np.random.default_rng(0).normal(size=(60, 3)), columns=["snip", "zen", "nwot"]
    )
    return scores, scores["snip"] - 0.5 * scores["zen"]


def test_finds_the_signs_and_reports_what_it_found(cells):
    scores, accuracy = cells
    found = search_weights(scores, accuracy, seed=0, trials=60)
    assert found.tau > 0.85
    assert found.tau == pytest.approx(kendall_tau(unified_proxy(scores, found.weights), accuracy))
    assert found.weights["snip"] > 0 > found.weights["zen"]
    assert found.weights.abs().max() <= 1
    assert list(found.weights.index) == ["snip", "zen", "nwot"]


def test_history_is_the_best_so_far(cells):
    found = search_weights(*cells, seed=1, trials=15)
    assert found.history.shape == (15,)
    assert np.all(np.diff(found.history) >= 0)
    assert found.history[-1] == found.tau


def test_the_same_seed_finds_the_same_weights(cells):
    first, again, other = (search_weights(*cells, seed=s, trials=15) for s in (4, 4, 5))
    pd.testing.assert_series_equal(first.weights, again.weights)
    assert not first.weights.equals(other.weights)


def test_rounded_weights_are_judged_as_rounded(cells):
    scores, accuracy = cells
    found = search_weights(scores, accuracy, seed=0, trials=60, rounded=True)
    # By hand: of the 27 roundings, snip - zen ranks best but for what zen's half weight would add.
    options = [pd.Series(w, scores.columns) for w in itertools.product((-1, 0, 1), repeat=3)]
    taus = [kendall_tau(unified_proxy(scores, w), accuracy) for w in options if w.any()]
    assert found.tau == pytest.approx(max(taus))
    assert set(found.weights) <= {-1, 0, 1}
    assert found.tau == pytest.approx(kendall_tau(unified_proxy(scores, found.weights), accuracy))


def test_optuna_is_silent_and_then_speaks_as_before(cells, capfd):
    before = optuna.logging.get_verbosity()
    search_weights(*cells, seed=0, trials=2)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr().err == ""


def test_bad_input(cells):
    scores, accuracy = cells
    with pytest.raises(NasutilsError, match="at least one trial"):
        search_weights(scores, accuracy, seed=0, trials=0)
    with pytest.raises(NasutilsError, match="no ranking"):
        search_weights(scores, np.ones(60), seed=0, trials=1)
