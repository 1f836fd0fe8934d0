"""Gradient ascent on landscapes whose summits and borders are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.errors import NasutilsError
from nasutils.methods.up_nas import (
    MPESchedule,
    ProxyModel,
    VGAESchedule,
    get_codec,
    gradient_ascent,
    train_vgae,
)
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell


class Integers:
    """Whole numbers from 0 to 9, embedded as themselves, under a height of choice."""

    def __init__(self, height):
        self.height = height
        self.checked = 0

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


def test_climbs_a_concave_hill_from_both_sides():
    result = gradient_ascent(Integers(hill), [0, 9], max_steps=300, learning_rate=0.05)
    assert (result.best, result.score) == (6, 0)
    assert result.ends == [6, 6]
    assert result.scores == {number: -((number - 6) ** 2) for number in range(10)}
    assert result.steps.tolist() == [300, 300]
    assert result.decodings == 600


def test_stops_at_the_border_of_the_space():
    # On a slope each of Adam's steps is the learning rate: 8 + 8 x 0.2 = 9.6 rounds to 10.
    result = gradient_ascent(Integers(slope), [8, 5], max_steps=100, learning_rate=0.2)
    assert result.steps.tolist() == [8, 23]
    assert result.decodings == 8 + 23
    assert result.ends == [9, 9]
    assert result.best == 9
    assert set(result.scores) == {5, 6, 7, 8, 9}


def test_starts_do_not_disturb_each_other():
    together = gradient_ascent(Integers(hill), [1, 4, 9], max_steps=40, learning_rate=0.1)
    alone = [
        gradient_ascent(Integers(hill), [start], max_steps=40, learning_rate=0.1)
        for start in (1, 4, 9)
    ]
    assert together.ends == [result.ends[0] for result in alone]
    assert together.decodings == sum(result.decodings for result in alone)


def test_only_changed_graphs_are_checked():
    landscape = Integers(slope)
    gradient_ascent(landscape, [0], max_steps=12, learning_rate=0.1)
    assert landscape.checked == 2  # at 0, then once at 1


def test_the_start_counts_even_if_the_first_step_leaves_the_space():
    result = gradient_ascent(Integers(slope), [9], learning_rate=1.0)
    assert (result.best, result.steps.tolist()) == (9, [1])


def test_bad_input():
    for starts, steps in ([], 5), ([1], 0):
        with pytest.raises(NasutilsError, match="needs a start and a step"):
            gradient_ascent(Integers(hill), starts, max_steps=steps)


def test_climbs_to_cells_of_higher_predicted_score():
    # The one proxy is the number of 3x3 convolutions.
    codec, rng = get_codec("nasbench201"), np.random.default_rng(0)
    cells = [NASBench201Cell.random(rng) for _ in range(256)]
    scores = pd.DataFrame({"flops": [cell.ops.count(CONV3) / 6 for cell in cells]})
    schedule = VGAESchedule(epochs=12, learning_rate=3e-3)
    vgae, _ = train_vgae(*codec.encode(cells), seed=0, schedule=schedule)
    quick = MPESchedule(epochs=10, batch_size=16, learning_rate=3e-3)
    model = ProxyModel.fit(codec, vgae, cells, scores, quick, seed=0)
    landscape = model.unified(pd.Series({"flops": 1.0}))
    starts = cells[:8]
    result = gradient_ascent(landscape, starts, max_steps=300, learning_rate=1e-2)
    assert result.score == pytest.approx(landscape.score([result.best])[0], abs=1e-5)
    assert result.score > landscape.score(starts).max()
    assert result.best.ops.count(CONV3) > max(cell.ops.count(CONV3) for cell in starts)
    assert all(isinstance(cell, NASBench201Cell) for cell in result.scores)
