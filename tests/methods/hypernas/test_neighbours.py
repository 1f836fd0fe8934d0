"""Neighbours by features: the accuracy itself orders them, and noise does not."""

import numpy as np

from nasutils.methods.hypernas.neighbours import neighbour_tau, sample


def test_features_that_are_the_accuracy_or_noise():
    rng = np.random.default_rng(0)
    accuracy = rng.normal(size=400)
    noise = rng.normal(size=(400, 8))
    assert neighbour_tau(np.c_[accuracy, accuracy], accuracy) > 0.95
    assert abs(neighbour_tau(noise, accuracy)) < 0.15


def test_a_sample_is_in_order_without_repetition(digits):
    drawn = sample(digits, 3)
    assert len(set(drawn.tolist())) == 500
    assert (np.diff(drawn) > 0).all()
    assert len(sample(digits, 3, size=5000)) == 1500
