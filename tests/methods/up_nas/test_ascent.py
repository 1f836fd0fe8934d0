"""Gradient ascent on heights whose summits and borders are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.flat_parameters import Schedule
from nasutils.methods.up_nas.ascent import gradient_ascent
from nasutils.methods.up_nas.estimator import ProxyModel
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell


class Integers:
    """Whole numbers from 0 to 9, embedded as themselves, under a height of choice."""

    def __init__(self, height):
        self.height = height
        self.checked = 0
        self.model = self.codec = self  # it embeds and decodes by itself

    def embed(self, numbers):
        return torch.tensor(numbers, dtype=torch.float64).view(-1, 1)

    def objective(self, z):
        return self.height(z[:, 0])

    def graphs(self, z):
        return z.round().view(-1, 1, 1, 1), torch.zeros(len(z), 1, 1)

    def decode(self, adjacency, labels):
        self.checked += 1
        number = int(adjacency.item())
        return number if 0 <= number <= 9 else None

    def score(self, numbers):
        return self.objective(self.embed(numbers)).numpy()


def hill(z):
    return -((z - 6) ** 2)


def slope(z):
    return z


@pytest.mark.parametrize(("steps", "rate"), [("gradient", 0.02), ("adam", 0.05)])
def test_climbs_a_concave_hill_from_both_sides(steps, rate):
    result = gradient_ascent(Integers(hill), [0, 9], steps=steps, max_steps=300, learning_rate=rate)
    assert (result.best, result.score) == (6, 0)
    assert result.ends == [6, 6]
    assert result.scores == {number: -((number - 6) ** 2) for number in range(10)}
    assert result.steps.tolist() == [300, 300]
    assert result.rows == 2 * 300 + 10


def test_stops_at_the_border_of_the_space():
    # On a slope each of Adam's steps is the learning rate: 8 + 8 x 0.2 = 9.6 rounds to 10.
    result = gradient_ascent(
        Integers(slope), [8, 5], steps="adam", max_steps=100, learning_rate=0.2
    )
    assert result.steps.tolist() == [8, 23]
    assert result.rows == 2 * 23 + 5  # both starts share the batch to the end
    assert result.ends == [9, 9]
    assert result.best == 9
    assert set(result.scores) == {5, 6, 7, 8, 9}


def test_the_gradient_rule_is_equation_6():
    # z <- z + 0.1 x 2 (6 - z) from 2: 2.8, 3.44, 3.952, 4.36, 4.69, 4.95, ...
    result = gradient_ascent(Integers(hill), [2], max_steps=3, learning_rate=0.1)
    assert list(result.scores) == [2, 3, 4]


def test_starts_do_not_disturb_each_other():
    together = gradient_ascent(Integers(hill), [1, 4, 9], max_steps=40, learning_rate=0.1)
    alone = [
        gradient_ascent(Integers(hill), [start], max_steps=40, learning_rate=0.1)
        for start in (1, 4, 9)
    ]
    assert together.ends == [result.ends[0] for result in alone]
    assert together.steps.tolist() == [result.steps.item() for result in alone]


def test_only_changed_graphs_are_checked():
    numbers = Integers(slope)
    gradient_ascent(numbers, [0], max_steps=12, learning_rate=0.1)
    assert numbers.checked == 2  # at 0, then once at 1


def test_the_start_counts_even_if_the_first_step_leaves_the_space():
    result = gradient_ascent(Integers(slope), [9], learning_rate=1.0)
    assert (result.best, result.steps.tolist()) == (9, [1])


def test_bad_input():
    for starts, steps in ([], 5), ([1], 0):
        with pytest.raises(NasutilsError, match="needs a start and a step"):
            gradient_ascent(Integers(hill), starts, max_steps=steps)
    with pytest.raises(UnknownNameError, match="adam, gradient"):
        gradient_ascent(Integers(hill), [1], steps="sgd")


@pytest.mark.parametrize("steps", ["gradient", "adam"])
def test_on_cells_every_passed_one_is_valid_and_scored(few_cells, trained_vgae, steps):
    # The one proxy is the share of 3x3 convolutions.
    scores = pd.DataFrame({"flops": [cell.ops.count(CONV3) / 6 for cell in few_cells]})
    schedule = Schedule(epochs=30, batch_size=8, learning_rate=1e-2)
    codec = CODECS["nasbench201"]
    model = ProxyModel.fit(codec, trained_vgae[0], few_cells, scores, schedule, seed=0)
    estimator = model.unified(pd.Series({"flops": 1.0}))
    result = gradient_ascent(estimator, few_cells, steps=steps, max_steps=200)
    passed = list(result.scores)
    assert passed[:8] == few_cells
    assert all(isinstance(cell, NASBench201Cell) for cell in passed)
    np.testing.assert_allclose(estimator.score(passed), list(result.scores.values()), atol=1e-5)
    assert result.score == max(result.scores.values()) == result.scores[result.best]
    assert result.rows == 8 * result.steps.max() + len(passed)
