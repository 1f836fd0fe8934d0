"""Sampling without replacement: the paper's worked example, fairness, limits."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet.sampling import sample_cells, sample_choices


def draw(beta, n=20_000, sampling="focus_fair", temperature=1.0):
    generator = torch.Generator().manual_seed(0)
    return [
        tuple(map(tuple, sample_choices(beta, sampling, temperature, generator).tolist()))
        for _ in range(n)
    ]


def test_the_papers_example_has_thirty_percent():
    # Section 3.2: two edges, three operations; [o1, o2] comes first with .5 * .6.
    beta = torch.tensor([[0.2, 0.5, 0.3], [0.3, 0.1, 0.6]]).log()
    first = Counter(step[0] for step in draw(beta))
    assert first[1, 2] / 20_000 == pytest.approx(0.30, abs=0.01)
    uniform = Counter(step[0] for step in draw(beta, sampling="fair"))
    assert uniform[1, 2] / 20_000 == pytest.approx(1 / 9, abs=0.01)


def test_later_draws_are_weighted_among_what_is_left():
    weights = [0.2, 0.5, 0.3]
    beta = torch.tensor([weights]).log()
    orders = Counter(tuple(choice for (choice,) in step) for step in draw(beta))
    for order in itertools.permutations(range(3)):
        left, expected = 1.0, 1.0
        for choice in order:
            expected *= weights[choice] / left
            left -= weights[choice]
        assert orders[order] / 20_000 == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("sampling", ["fair", "focus_fair"])
def test_each_operation_of_each_edge_is_used_once_a_step(sampling):
    beta = 5 * torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    for step in draw(beta, 50, sampling, 1.5):
        for edge in np.array(step).T:
            assert sorted(edge) == [0, 1, 2, 3, 4]


def test_spos_draws_with_replacement():
    steps = draw(torch.zeros(6, 5), 50, "spos")
    assert any(len(set(edge)) < 5 for step in steps for edge in np.array(step).T)


def test_a_temperature_makes_weights_alike():
    beta = torch.tensor([[3.0, 0.0, 0.0]])
    shares = [
        np.mean([step[0] == (0,) for step in draw(beta, 5_000, temperature=t)])
        for t in (0.5, 1.5, 1e6)
    ]
    expected = [np.exp(3 / t) / (np.exp(3 / t) + 2) for t in (0.5, 1.5, 1e6)]
    assert shares == pytest.approx(expected, abs=0.03)


def test_extreme_parameters_still_let_every_operation_be_drawn():
    beta = torch.tensor([[200.0, 0.0, -200.0]]).expand(6, 3)
    assert all(sorted(edge) == [0, 1, 2] for edge in np.array(draw(beta, 1)[0]).T)


def test_cells_are_of_the_space():
    cells = sample_cells(torch.zeros(6, 5), "fair", 1.0, torch.Generator().manual_seed(0))
    assert len(cells) == 5
    assert all(len(set(ops)) == 5 for ops in zip(*(cell.ops for cell in cells), strict=True))


def test_bad_settings_are_named():
    with pytest.raises(UnknownNameError, match="focus_fair"):
        sample_cells(torch.zeros(6, 5), "focusfair", 1.0, torch.Generator())
    with pytest.raises(NasutilsError, match="temperature 0"):
        sample_cells(torch.zeros(6, 5), "focus_fair", 0, torch.Generator())
