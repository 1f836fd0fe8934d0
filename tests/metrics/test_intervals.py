"""Intervals of a mean cover it as often as they say, one alone and several at once."""

import numpy as np
import pytest
from scipy import stats

from nasutils.errors import NasutilsError
from nasutils.metrics.intervals import holm_intervals, mean_interval

TRIALS = 2000


@pytest.mark.parametrize("size", [3, 5, 10])
def test_coverage_of_the_mean_of_normal_values(size):
    values = np.random.default_rng(size).normal(0.3, 2.0, size=(TRIALS, size))
    intervals = np.array([mean_interval(each) for each in values])
    held = ((intervals[:, 0] <= 0.3) & (intervals[:, 1] >= 0.3)).sum()
    # What a binomial of 95 % reaches in all but one of 1,000 such tests.
    low, high = stats.binom.interval(0.999, TRIALS, 0.95)
    assert low <= held <= high


@pytest.mark.parametrize("size", [3, 5, 10])
def test_the_percentile_bootstrap_would_not_cover_it(size):
    # Why the intervals are Student's: on few seeds the bootstrap promises too much.
    rng = np.random.default_rng(size)
    values = rng.normal(size=(500, size))
    draws = rng.integers(size, size=(300, size))
    low, high = np.quantile(values[:, draws].mean(2), [0.025, 0.975], axis=1)
    assert ((low <= 0) & (high >= 0)).mean() < {3: 0.80, 5: 0.87, 10: 0.93}[size]


def test_interval_by_hand():
    # t of 2 degrees of freedom at 97.5 %: 4.3027; standard deviation 1, three values.
    reach = 4.302652729911275 / np.sqrt(3)
    assert mean_interval([1, 2, 3]) == pytest.approx((2 - reach, 2 + reach))
    assert mean_interval([2, 2, 2]) == (2, 2)
    assert mean_interval([2]) == (-np.inf, np.inf)


def test_interval_is_that_of_the_paired_t_test():
    ours, other = np.random.default_rng(0).normal(size=(2, 8))
    expected = stats.ttest_rel(ours, other).confidence_interval(0.9)
    assert mean_interval(ours - other, 0.9) == pytest.approx((expected.low, expected.high))


def test_holm_by_hand():
    # Two-sided p: 0 (equal values), .0099 and .3910; so levels 1/3, 1/2 and 1 of .05.
    samples = [[1.0, 2.0, -1.0], [5.0, 5.0, 5.0], [0.9, 1.0, 1.1, 0.4]]
    p_values = [stats.ttest_1samp(samples[i], 0).pvalue for i in (0, 2)]
    assert p_values[1] < 0.025
    assert p_values[0] > 0.05
    expected = [
        mean_interval(samples[0], 1 - 0.05),
        (5, 5),
        mean_interval(samples[2], 1 - 0.05 / 2),
    ]
    assert np.allclose(holm_intervals(samples), expected)
    assert holm_intervals([]) == []
    assert holm_intervals(samples[:1]) == [mean_interval(samples[0])]


@pytest.mark.parametrize("seed", range(5))
def test_intervals_exclude_zero_where_holms_test_does(seed):
    rng = np.random.default_rng(seed)
    samples = rng.normal(rng.choice([0.0, 1.0], size=(8, 1)), size=(8, 6))
    p_values = stats.ttest_1samp(samples, 0, axis=1).pvalue
    order = np.argsort(p_values)
    fails = p_values[order] > 0.05 / np.arange(8, 0, -1)
    sure = np.zeros(8, dtype=bool)
    sure[order[: np.argmax(fails) if fails.any() else 8]] = True
    found = np.array(holm_intervals(samples))
    assert ((found[:, 0] > 0) | (found[:, 1] < 0)).tolist() == sure.tolist()


def test_holm_keeps_the_chance_of_any_false_alarm():
    values = np.random.default_rng(1).normal(size=(1000, 6, 5))
    alarms = 0
    for samples in values:
        found = np.array(holm_intervals(samples))
        alarms += ((found[:, 0] > 0) | (found[:, 1] < 0)).any()
    assert alarms <= stats.binom.ppf(0.999, 1000, 0.05)


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], [1.0, np.nan]])
def test_no_interval_of_these(values):
    with pytest.raises(NasutilsError, match="no interval of"):
        mean_interval(values)
