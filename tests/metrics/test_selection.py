import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.metrics.selection import pareto_front, regret, top_overlap

TRUTH = [50, 90, 70, 80, 60]


def test_regret_by_hand():
    scores = [5, 1, 4, 3, 2]
    assert [regret(scores, TRUTH, k) for k in (1, 2, 3, 5)] == [40, 20, 10, 0]
    assert regret(TRUTH, TRUTH, 1) == 0


def test_overlap_by_hand():
    scores = [5, 4, 3, 2, 1]
    assert top_overlap(scores, TRUTH, 2) == 0.5
    assert top_overlap(TRUTH, TRUTH, 3) == 1
    assert top_overlap([-value for value in TRUTH], TRUTH, 2) == 0


@pytest.mark.parametrize("k", [0, 6])
def test_more_than_there_are(k):
    with pytest.raises(NasutilsError, match="choose from 1 to 5"):
        regret(TRUTH, TRUTH, k)


def test_front_by_hand():
    cost = [3, 1, 2, 2, 5, 4, 1]
    gain = [70, 50, 60, 65, 90, 70, 40]
    assert pareto_front(cost, gain).tolist() == [1, 3, 0, 4]


def test_equal_items_count_once():
    assert pareto_front([1, 1, 2], [5, 5, 5]).tolist() == [0]


def test_front_is_what_the_definition_says():
    rng = np.random.default_rng(0)
    cost, gain = rng.integers(20, size=(2, 80))
    beaten = [
        any((cost <= c) & (gain >= g) & ((cost < c) | (gain > g)))
        for c, g in zip(cost, gain, strict=True)
    ]
    points = {(c, g) for c, g, b in zip(cost, gain, beaten, strict=True) if not b}
    front = pareto_front(cost, gain)
    assert {(cost[i], gain[i]) for i in front} == points
    assert len(front) == len(points)
