"""Cells that were measured twice, and what follows for the labels."""

import numpy as np
import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.repeats import REPEATED, TWINS, noise_taus, repeated_measurements
from nasutils.errors import UnknownNameError
from nasutils.metrics import kendall_tau
from nasutils.metrics.kendall import ceiling_from_reliability, reliability_of_mean


def test_seeds_of_the_embedded_benchmark():
    scores = repeated_measurements("nb201-digits", np.random.default_rng(0))
    truth = get_benchmark("nb201-digits").test_accuracy
    assert scores.mean(axis=1) == pytest.approx(truth, abs=1e-4)


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name in REPEATED if name != "nb201-digits"])
def test_repeated_measurements(real_data, name):
    pairs = repeated_measurements(name, np.random.default_rng(0))
    assert pairs.shape[1] == (2 if name in TWINS else 3)
    assert (pairs[:, 0] != pairs[:, 1]).any()
    again = repeated_measurements(name, np.random.default_rng(0))
    assert (pairs == again).all()
    # The same cells, so close together: closer than two random ones.
    apart = np.abs(pairs[:, 0] - pairs[:, 1]).mean()
    assert apart < np.abs(pairs[:, 0] - np.roll(pairs[:, 1], 1)).mean() / 2


def test_nothing_measured_twice():
    with pytest.raises(UnknownNameError, match="nb101-test"):
        repeated_measurements("nb301-surrogate", np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "trainings"), [("nb101-test", 3), ("nb201-c10", 3), ("nb201-c100", 1)]
)
def test_taus_of_two_measurements(name, trainings):
    rng = np.random.default_rng(0)
    pairs = rng.normal(size=(60, 1)) + rng.normal(size=(60, 2)) / 4
    taus = noise_taus(name, pairs, np.random.default_rng(0))
    tau = kendall_tau(pairs[:, 0], pairs[:, 1])
    assert taus["reliability"] == tau
    # A label is the mean of so many trainings.
    assert taus["ceiling"] == ceiling_from_reliability(reliability_of_mean(tau, trainings))
    better = pairs[pairs.mean(1) >= np.median(pairs.mean(1))]
    assert len(better) == 30
    assert taus["better half"] == kendall_tau(better[:, 0], better[:, 1])
