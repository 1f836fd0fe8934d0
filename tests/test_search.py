"""Searches count every question, and evolve by the rules of Real et al."""

import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.search import evolutionary_search, random_search
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell


class CountedScore:
    """The number of 3x3 convolutions, and how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self, cells):
        self.asked += len(cells)
        return [cell.ops.count(CONV3) for cell in cells]


@pytest.mark.parametrize("budget", [1, 7, 100, 101])
@pytest.mark.parametrize("batch", [1, 10])
def test_random_search_spends_exactly_its_budget(budget, batch):
    score = CountedScore()
    result = random_search(
        NASBench201Cell.random, score, budget=budget, rng=np.random.default_rng(0), batch=batch
    )
    assert score.asked == budget == len(result.architectures) == len(result.scores)


@pytest.mark.parametrize("budget", [1, 9, 10, 11, 64])
@pytest.mark.parametrize("children", [1, 4])
@pytest.mark.parametrize("regularised", [True, False])
def test_evolution_spends_exactly_its_budget(budget, children, regularised):
    score = CountedScore()
    result = evolutionary_search(
        NASBench201Cell.random,
        NASBench201Cell.mutate,
        score,
        budget=budget,
        rng=np.random.default_rng(0),
        population=10,
        tournament=3,
        children=children,
        regularised=regularised,
    )
    assert score.asked == budget == len(result.architectures) == len(result.scores)


def asked_when_children_are_worse(regularised):
    """Start from 5 and 1; the best of all members always becomes the parent."""
    start = iter([5.0, 1.0])
    result = evolutionary_search(
        lambda rng: next(start),
        lambda parent, rng: parent - 10,
        lambda numbers: numbers,
        budget=5,
        rng=np.random.default_rng(0),
        population=2,
        tournament=50,
        regularised=regularised,
    )
    return result.architectures


def test_regularised_evolution_drops_the_oldest():
    # 5, 1 | parent 5, which dies of age | parent 1, which dies | parent -5
    assert asked_when_children_are_worse(regularised=True) == [5, 1, -5, -9, -15]


def test_plain_evolution_drops_the_worst():
    assert asked_when_children_are_worse(regularised=False) == [5, 1, -5, -5, -5]


def test_a_tournament_of_one_ignores_the_scores():
    values = iter(range(4))
    result = evolutionary_search(
        lambda rng: next(values),
        lambda parent, rng: parent,
        lambda numbers: numbers,
        budget=4 + 400,
        rng=np.random.default_rng(0),
        population=4,
        tournament=1,
        children=400,
    )
    parents = np.bincount(result.architectures[4:], minlength=4)
    np.testing.assert_allclose(parents, 100, atol=30)


def test_evolution_climbs_where_chance_does_not():
    cells = NASBench201Cell.random, NASBench201Cell.mutate
    evolved = evolutionary_search(
        *cells, CountedScore(), budget=300, rng=np.random.default_rng(0), population=20
    )
    assert evolved.score == 6
    assert evolved.best == NASBench201Cell((CONV3,) * 6)


def test_the_best_is_the_first_of_equals():
    numbers = iter([3.0, 1.0, 7.0, 7.0, 2.0])
    result = random_search(
        lambda rng: next(numbers), lambda x: x, budget=5, rng=np.random.default_rng(0)
    )
    assert (result.best, result.score) == (7, 7)


def test_same_seed_same_search():
    def search():
        return evolutionary_search(
            NASBench201Cell.random,
            NASBench201Cell.mutate,
            CountedScore(),
            budget=60,
            rng=np.random.default_rng(3),
            population=10,
        ).architectures

    assert search() == search()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budget": 0}, "at least one question"),
        ({"budget": 5, "population": 0}, "one population"),
        ({"budget": 5, "tournament": 0}, "one tournament"),
        ({"budget": 5, "children": -1}, "one children"),
    ],
)
def test_sizes_must_be_positive(settings, message):
    with pytest.raises(NasutilsError, match=message):
        evolutionary_search(
            NASBench201Cell.random,
            NASBench201Cell.mutate,
            CountedScore(),
            rng=np.random.default_rng(0),
            **settings,
        )


def test_a_nan_score_names_the_architecture():
    with pytest.raises(NasutilsError, match=r"score of \|.*is NaN"):
        random_search(
            NASBench201Cell.random,
            lambda cells: [np.nan] * len(cells),
            budget=3,
            rng=np.random.default_rng(0),
        )


def test_a_score_must_answer_for_every_architecture():
    with pytest.raises(NasutilsError, match="asked for 3 scores"):
        random_search(
            NASBench201Cell.random, lambda cells: [1.0], budget=3, rng=np.random.default_rng(0)
        )
