"""Rank correlations by hand, by enumeration, and on data whose answer is known."""

import itertools

import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.metrics import bootstrap_interval, kendall_tau, seed_reliability, spearman


def tau_b_by_pairs(x, y):
    pairs = list(itertools.combinations(range(len(x)), 2))
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in pairs]
    untied_x = sum(a != 0 for a, _ in signs)
    untied_y = sum(b != 0 for _, b in signs)
    return sum(a * b for a, b in signs) / np.sqrt(untied_x * untied_y)


def test_tau_by_hand():
    # Of the six pairs only (2, 3) is discordant: (5 - 1) / 6.
    assert kendall_tau([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)


@pytest.mark.parametrize("seed", range(5))
def test_tau_b_with_ties_equals_its_definition(seed):
    x, y = np.random.default_rng(seed).integers(4, size=(2, 15))
    assert kendall_tau(x, y) == pytest.approx(tau_b_by_pairs(x, y))


def test_spearman_is_the_correlation_of_ranks():
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    ranks = [np.argsort(np.argsort(v)) for v in (x, y)]
    assert spearman(x, y) == pytest.approx(np.corrcoef(*ranks)[0, 1])


@pytest.mark.parametrize("metric", [kendall_tau, spearman])
def test_only_the_order_matters(metric):
    x, y = np.random.default_rng(1).normal(size=(2, 50))
    assert metric(np.exp(x), y**3) == pytest.approx(metric(x, y))
    assert metric(-x, y) == pytest.approx(-metric(x, y))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [1, 2, 3], "same length"),
        ([1], [2], "at least 2"),
        ([[1, 2]], [[1, 2]], "same length"),
        ([1, np.nan], [1, 2], "first list has 1 NaN"),
        ([1, 2], [np.inf, 2], "second list has 1 NaN or inf"),
        ([3, 3, 3], [1, 2, 3], "first list are 3.0: no ranking"),
    ],
)
def test_bad_input(x, y, message):
    with pytest.raises(NasutilsError, match=message):
        kendall_tau(x, y)


def test_bootstrap_interval_covers_the_truth_as_often_as_it_says():
    # Bivariate normal with correlation r has tau = 2 / pi * arcsin(r).
    r, truth, hits = 0.6, 2 / np.pi * np.arcsin(0.6), 0
    rng = np.random.default_rng(0)
    for _ in range(100):
        x, noise = rng.normal(size=(2, 60))
        low, high = bootstrap_interval(
            x, r * x + np.sqrt(1 - r * r) * noise, rng=rng, resamples=200
        )
        hits += low <= truth <= high
    assert 88 <= hits <= 100  # 95 expected, 3 standard errors of 2.2


def test_bootstrap_interval_is_reproducible():
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    first, second = (bootstrap_interval(x, y, rng=np.random.default_rng(5)) for _ in range(2))
    assert first == second


def test_reliability_of_simulated_seeds_matches_the_closed_form():
    # Truth and noise normal with variances 4 and 1: correlations are known, and tau from them.
    rng = np.random.default_rng(0)
    scores = 2 * rng.normal(size=(1500, 1)) + rng.normal(size=(1500, 3))
    found = seed_reliability(scores, rng=rng)
    tau = {
        "seed_tau": 2 / np.pi * np.arcsin(4 / 5),
        "mean_tau": 2 / np.pi * np.arcsin(4 / (4 + 1 / 3)),
        "ceiling": 2 / np.pi * np.arcsin(np.sqrt(4 / (4 + 1 / 3))),
    }
    for name, value in tau.items():
        assert getattr(found, name) == pytest.approx(value, abs=0.02), name


@pytest.mark.parametrize("shape", [(5,), (1, 3), (5, 1)])
def test_reliability_needs_items_and_seeds(shape):
    with pytest.raises(NasutilsError, match="at least 2 items and 2 seeds"):
        seed_reliability(np.zeros(shape), rng=np.random.default_rng(0))


def test_reliability_of_pure_noise_is_refused():
    scores = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]])
    with pytest.raises(NasutilsError, match="nothing to rank"):
        seed_reliability(scores, rng=np.random.default_rng(0))
