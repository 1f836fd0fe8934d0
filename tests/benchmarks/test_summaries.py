import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks import summaries


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    accuracy = rng.normal(90, 2, size=200)
    return pd.DataFrame(
        {"accuracy": accuracy, "valid": accuracy, "cost": rng.integers(9, size=200)}
    )


def test_histogram_keeps_what_lies_beyond_its_window():
    shares = summaries.histogram(pd.Series([10, 80, 84.9, 85, 99]), (80, 90), bins=2)
    assert shares.to_dict() == {80: 0.6, 85: 0.4}


def test_median_needs_enough_cells():
    frame = pd.DataFrame({"accuracy": range(12), "ops": [0] * 10 + [1] * 2})
    assert summaries.median_by_value(frame, "ops").to_dict() == {0: 4.5}


def test_published_medians_become_lines():
    medians = pd.Series({"pool = 0": 9.0, "pool = 10": 8.0, "depth = 1": 7.0})
    lines = summaries.lines_by_feature(medians)
    assert {name: line.to_dict() for name, line in lines.items()} == {
        "pool": {0: 9, 10: 8},
        "depth": {1: 7},
    }


def test_cost_profile_by_hand():
    frame = pd.DataFrame({"accuracy": [5, 7, 6, 9, 8, 8], "cost": [1, 1, 2, 3, 4, 5]})
    profile = summaries.cost_profile(frame, "cost", bins=2)
    assert profile.to_numpy().tolist() == [[2, 6, 7], [5, 8, 9]]


def test_tau_within_the_best(frame):
    taus = summaries.tau_within_best(frame, "valid", (1, 0.5, 0.01))
    assert taus.to_dict() == pytest.approx({1: 1, 0.5: 1})


def test_tau_of_samples(frame):
    frame["valid"] += np.random.default_rng(1).normal(0, 2, size=len(frame))
    small, large = (
        summaries.tau_of_samples(frame, "valid", size, np.random.default_rng(0), repeats=60)
        for size in (10, 100)
    )
    assert small.shape == (60,)
    assert large.std() < small.std()
    repeated = summaries.tau_of_samples(frame, "valid", 10, np.random.default_rng(0), repeats=60)
    assert (small == repeated).all()
