"""Mixtures that are known: as many clusters as there are, and conditional means in closed form."""

import numpy as np
import pandas as pd
import pytest

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.generative.clusters import VECTOR, Clusters, plateau_of

CENTRES = np.array([[0, 0, 0, 0], [9, 0, 1, 1], [0, 9, 2, 1], [9, 9, 3, 5]], dtype=float)


def vectors(n: int = 150) -> pd.DataFrame:
    """Four groups far apart, of n cells each."""
    rng = np.random.default_rng(0)
    raw = np.concatenate([centre + 0.3 * rng.normal(size=(n, 4)) for centre in CENTRES])
    frame = pd.DataFrame(raw, columns=list(VECTOR))
    return frame.assign(**{name: np.exp(frame[name]) for name in VECTOR if VECTOR[name]})


@pytest.fixture(scope="module")
def clusters() -> Clusters:
    return Clusters.fit(vectors(), seed=0, counts=(1, 2, 3, 4, 5, 6, 8))


def test_finds_the_groups(clusters):
    assert len(clusters) == 4
    found = clusters.assign(clusters.scale(vectors())).reshape(4, -1)
    assert (found == found[:, :1]).all()
    assert len(set(found[:, 0])) == 4
    np.testing.assert_allclose(clusters.weights, 1 / 4, atol=1e-3)
    centres = clusters.means[found[:, 0]] * clusters.spread + clusters.centre
    np.testing.assert_allclose(centres, CENTRES, atol=0.1)


def test_the_scale_goes_both_ways(clusters):
    z = clusters.scale(vectors())
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(0), 1)
    pd.testing.assert_frame_equal(clusters.unscale(z), vectors())


def test_the_same_again_and_from_text(clusters):
    again = Clusters.fit(vectors(), seed=0, counts=(1, 2, 3, 4, 5, 6, 8))
    np.testing.assert_array_equal(again.means, clusters.means)
    read = Clusters.from_json(clusters.to_json())
    for name in ("centre", "spread", "weights", "means", "covariances"):
        np.testing.assert_array_equal(getattr(read, name), getattr(clusters, name))
    z = clusters.scale(vectors())
    np.testing.assert_array_equal(read.assign(z), clusters.assign(z))
    pd.testing.assert_frame_equal(read.criteria, clusters.criteria)


def test_the_plateau():
    frame = pd.DataFrame(
        {"bic": [100.0, 20, 4, 0, 30], "aic": [200.0, 80, 11, 9, 0]}, index=[1, 2, 4, 8, 16]
    )
    assert plateau_of(frame, 0.05) == 8  # BIC is there at 4, AIC not yet: 11 of 200
    assert plateau_of(frame, 0.06) == 4
    assert plateau_of(frame, 0.04) == 16  # where BIC has risen again
    assert plateau_of(frame, 1.0) == 1


def test_completion_of_one_normal_distribution_is_a_regression():
    covariance = np.array([[1.0, 0.5, 0, 0], [0.5, 2, 0, 0], [0, 0, 1, 0.9], [0, 0, 0.9, 1]])
    mean = np.array([[1.0, 2, 3, 4]])
    one = Clusters(np.zeros(4), np.ones(4), np.ones(1), mean, covariance[None], pd.DataFrame())
    found = one.complete(np.array([3.0, np.nan, np.nan, 2.0]))
    np.testing.assert_allclose(found, [3, 2 + 0.5 * 2, 3 + 0.9 * -2, 2])
    np.testing.assert_allclose(one.complete(np.full(4, np.nan)), mean[0])


def test_completion_takes_the_cluster_that_fits(clusters):
    for mean in clusters.means:
        part = np.array([mean[0], mean[1], np.nan, np.nan])
        np.testing.assert_allclose(clusters.complete(part), mean, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda frame: frame.drop(columns="flops"), "lack flops"),
        (lambda frame: frame.head(8), "8 cells are too few for 8 clusters"),
        (lambda frame: frame.assign(nwot=-np.inf), "cell 0 has no finite proxy vector"),
        (lambda frame: frame.assign(params=0.0), "cell 0 has no finite proxy vector"),
        (lambda frame: frame.assign(nwot=3.0), "all cells have the same nwot"),
    ],
)
def test_bad_vectors(change, match):
    with pytest.raises(NasutilsError, match=match):
        Clusters.fit(change(vectors()), seed=0, counts=(1, 8))


@pytest.mark.parametrize("text", ["", "{}", '{"centre": [1]}', "[1, 2]"])
def test_bad_text(text):
    with pytest.raises(DataError, match="describes no clusters"):
        Clusters.from_json(text)
