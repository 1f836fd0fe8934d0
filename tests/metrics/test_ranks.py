"""Mean ranks: by hand, and the critical difference of Demšar's own example."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nasutils.errors import NasutilsError
from nasutils.metrics.ranks import RankComparison, compare_ranks


def test_mean_ranks_by_hand_with_a_tie():
    figures = pd.DataFrame([[0.9, 0.5], [0.8, 0.5], [0.7, 0.6]], index=["A", "B", "C"])
    assert compare_ranks(figures).mean_ranks.to_dict() == {"A": 1.75, "C": 2.0, "B": 2.25}


def test_critical_difference_is_that_of_the_source():
    # Demšar, Section 3.2.2: four classifiers on fourteen data sets, 2.569 * sqrt(20 / 84).
    figures = pd.DataFrame(np.random.default_rng(0).random((4, 14)))
    assert compare_ranks(figures).critical_difference == pytest.approx(1.25, abs=0.005)


def test_p_value_is_friedmans():
    figures = pd.DataFrame(np.random.default_rng(1).random((5, 6)) + np.arange(5)[:, None])
    found = compare_ranks(figures)
    assert found.p_value == stats.friedmanchisquare(*figures.to_numpy()).pvalue
    assert found.is_significant
    assert found.mean_ranks.to_dict() == {4: 1, 3: 2, 2: 3, 1: 4, 0: 5}


def test_groups_are_the_largest_without_a_difference():
    ranks = pd.Series({"A": 1.0, "B": 1.8, "C": 2.4, "D": 4.0})
    assert RankComparison(ranks, 0.01, 1.0).groups() == [("A", "B"), ("B", "C")]
    assert RankComparison(ranks, 0.01, 9.0).groups() == [("A", "B", "C", "D")]
    assert RankComparison(ranks, 0.01, 0.1).groups() == []


@pytest.mark.parametrize("shape", [(2, 5), (3, 1)])
def test_too_few_are_refused(shape):
    with pytest.raises(NasutilsError, match=f"{shape[0]} methods on {shape[1]}"):
        compare_ranks(pd.DataFrame(np.ones(shape)))


def test_a_gap_is_refused_and_named():
    figures = pd.DataFrame([[1, 2], [2, np.nan], [3, 1]], index=["A", "B", "C"])
    with pytest.raises(NasutilsError, match="B lacks"):
        compare_ranks(figures)
