import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.metrics import kendall_tau
from nasutils.metrics.kendall import (
    ceiling_from_reliability,
    normals_with_tau,
    reliability_of_mean,
    tau_by_pairs,
)


@pytest.mark.parametrize(
    ("x", "y", "tau"),
    [
        ([1, 2, 3], [1, 2, 3], 1),
        ([1, 2, 3], [3, 2, 1], -1),
        ([1, 2, 3, 4], [1, 2, 4, 3], 4 / 6),
        # Ten pairs: eight concordant, one discordant, one tied in x.
        ([1, 2, 2, 3, 4], [60, 70, 65, 90, 80], 7 / np.sqrt(9 * 10)),
    ],
)
def test_by_hand(x, y, tau):
    assert tau_by_pairs(x, y) == pytest.approx(tau)


@pytest.mark.parametrize("levels", [3, 10, 1000])
def test_agrees_with_the_fast_one_however_many_ties(levels):
    x, y = np.random.default_rng(levels).integers(levels, size=(2, 60))
    assert tau_by_pairs(x, y) == pytest.approx(kendall_tau(x, y))


def test_a_constant_list_has_no_ranking():
    with pytest.raises(NasutilsError, match="all values of one list are equal"):
        tau_by_pairs([1, 1, 1], [1, 2, 3])


@pytest.mark.parametrize("tau", [-0.5, 0, 0.6])
def test_normals_have_the_wanted_tau(tau):
    x, y = normals_with_tau(tau, 20_000, np.random.default_rng(0)).T
    assert kendall_tau(x, y) == pytest.approx(tau, abs=0.02)
    assert (x.std(), y.std()) == pytest.approx((1, 1), abs=0.02)


def test_ceiling_is_what_a_simulation_finds():
    rng = np.random.default_rng(0)
    truth, first, second = rng.standard_normal((3, 20_000))
    first, second = truth + 0.7 * first, truth + 0.7 * second
    ceiling = ceiling_from_reliability(kendall_tau(first, second))
    assert ceiling == pytest.approx(kendall_tau(truth, first), abs=0.01)


def test_reliability_of_means_is_what_a_simulation_finds():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal(20_000) + 1.2 * rng.standard_normal((6, 20_000))
    single = kendall_tau(scores[0], scores[3])
    means = kendall_tau(scores[:3].mean(0), scores[3:].mean(0))
    assert reliability_of_mean(single, 3) == pytest.approx(means, abs=0.015)
    assert reliability_of_mean(single, 1) == pytest.approx(single)


@pytest.mark.parametrize("tau", [0, 1])
def test_no_noise_and_nothing_but_noise(tau):
    assert ceiling_from_reliability(tau) == pytest.approx(tau)


@pytest.mark.parametrize("tau", [-0.1, 1.1, float("nan")])
def test_ceiling_of_no_reliability(tau):
    with pytest.raises(NasutilsError, match="between 0 and 1"):
        ceiling_from_reliability(tau)
