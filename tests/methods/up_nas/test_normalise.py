"""Normalisations by hand, and what holds for all of them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, rankdata

from nasutils.errors import DataError, UnknownNameError
from nasutils.methods.up_nas.normalise import NORMALISATIONS, Normalisation


def one_column(name, train, values, proxy="nwot"):
    normalisation = Normalisation.fit(name, pd.DataFrame({proxy: train}))
    return normalisation.transform(pd.DataFrame({proxy: values}))[proxy].tolist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("raw", [1, 3, 7]),
        ("min_max", [0, 0.5, 1.5]),
        ("z_score", [-(2**0.5), 0, 8**0.5]),  # mean 3, variance 2
        ("rank", [1 / 8, 4 / 8, 8 / 8]),  # of 4: half a tie; one below, two ties; all below
        ("flan", [0, 0.5, 1.5]),
    ],
)
def test_by_hand(name, expected):
    assert one_column(name, [1, 3, 3, 5], [1, 3, 7]) == pytest.approx(expected)


def test_normal_scores_are_quantiles_of_ranks():
    # Of three cells the middle one is the median; p and 1 - p lie as far apart to both sides.
    low, middle, high, beyond = one_column("normal_score", [3, 1, 8], [1, 3, 8, 99])
    assert middle == pytest.approx(0, abs=1e-12)
    assert high == pytest.approx(-low) == pytest.approx(norm.ppf(0.75))  # (3 x 5/6 + 1/2) / 4
    assert beyond == pytest.approx(norm.ppf(7 / 8))


def test_flan_takes_logarithms_of_the_gradient_family():
    # log1p maps 0, e - 1 and e^2 - 1 to 0, 1 and 2.
    train = [0, np.e - 1, np.e**2 - 1]
    assert one_column("flan", train, train, proxy="snip") == pytest.approx([0, 0.5, 1])
    assert one_column("flan", [1, 3], [1, 3, 7], proxy="grasp") == pytest.approx([-1, 1, 5])


def test_flan_keeps_the_order_of_negative_scores():
    scores = [-50.0, -2.0, -0.5, 0.0, 3.0]
    assert np.all(np.diff(one_column("flan", scores, scores, proxy="synflow")) > 0)


def test_rank_of_training_cells_is_their_mean_rank():
    train = np.random.default_rng(0).integers(10, size=50)
    expected = (rankdata(train) - 0.5) / 50
    assert one_column("rank", train, train) == pytest.approx(expected.tolist())


@pytest.mark.parametrize("factor", [1e-3, 1e6])
@pytest.mark.parametrize("name", ["min_max", "z_score", "rank", "normal_score"])
def test_invariant_under_change_of_unit(name, factor):
    train, values = np.random.default_rng(1).normal(size=(2, 40))
    assert one_column(name, factor * train + 5, factor * values + 5) == pytest.approx(
        one_column(name, train, values)
    )


@pytest.mark.parametrize("name", NORMALISATIONS)
@pytest.mark.parametrize("proxy", ["snip", "grasp", "nwot"])
def test_order_is_kept(name, proxy):
    train, values = np.random.default_rng(2).lognormal(size=(2, 60))
    values = np.sort(values)
    assert np.all(np.diff(one_column(name, train, values, proxy)) >= 0)


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_scores_that_are_not_finite_have_a_fixed_meaning(name):
    train = [2.0, np.nan, 4.0, -np.inf, 9.0, np.inf]
    odd = one_column(name, train, [-np.inf, np.nan, np.inf])
    assert odd == pytest.approx(one_column(name, train, [2.0, 4.0, 9.0]))
    assert np.isfinite(odd).all()


@pytest.mark.parametrize("name", ["min_max", "z_score", "flan"])
@pytest.mark.parametrize("proxy", ["snip", "grasp", "nwot"])
def test_a_proxy_that_does_not_vary_says_nothing(name, proxy):
    assert one_column(name, [3.0, 3.0], [3.0, 3.0], proxy) == [0, 0]


def test_other_cells_do_not_change_the_fit():
    scores = pd.DataFrame({"nwot": [1.0, 2.0, 3.0], "zen": [5.0, 4.0, 0.0]})
    normalisation = Normalisation.fit("z_score", scores)
    alone = normalisation.transform(scores)
    beside = normalisation.transform(pd.concat([scores, 100 * scores], ignore_index=True))
    pd.testing.assert_frame_equal(alone, beside.iloc[:3])


def test_the_rows_keep_their_index_and_only_the_fitted_proxies_come_back():
    scores = pd.DataFrame({"zen": [0, 1], "nwot": [1, 2]}, index=[7, 3])
    other = scores.assign(arch=["a", "b"])
    normalised = Normalisation.fit("rank", scores).transform(other)
    assert list(normalised.columns) == ["zen", "nwot"]
    assert list(normalised.index) == [7, 3]


def test_bad_input():
    scores = pd.DataFrame({"nwot": [1.0, 2.0]})
    with pytest.raises(UnknownNameError, match="Did you mean 'rank'"):
        Normalisation.fit("ranks", scores)
    with pytest.raises(DataError, match="no scores of nwot"):
        Normalisation.fit("rank", scores).transform(pd.DataFrame({"zen": [1.0]}))
    with pytest.raises(DataError, match="'nwot' has no finite score"):
        Normalisation.fit("rank", pd.DataFrame({"nwot": [np.nan, -np.inf]}))


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_training_cells_without_a_score_change_nothing(name):
    scores = [3.0, 1.0, 8.0, 5.0, -np.inf]
    gaps = [*scores, *[np.nan] * 20]
    assert one_column(name, gaps, [1, 4, 9]) == one_column(name, scores, [1, 4, 9])
