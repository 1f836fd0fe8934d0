"""SynFlow as what ranks the children of a search."""

import numpy as np
import pytest
import torch

from nasutils.errors import UnknownNameError
from nasutils.methods.baselines.synflow import rank_by_synflow
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.proxies import score
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell


def cells_of(space, number):
    rng = np.random.default_rng(3)
    return [space.random(rng) for _ in range(number)]


@pytest.mark.parametrize(
    ("name", "space"), [("nasbench101", NASBench101Cell), ("nasbench301", DARTSGenotype)]
)
def test_scores_do_not_depend_on_what_was_asked_before(name, space):
    cells = cells_of(space, 3)
    state = torch.random.get_rng_state()
    rank = rank_by_synflow(name)
    first = rank(cells)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert rank(cells[::-1]) == first[::-1]
    assert rank_by_synflow(name)(cells[1:]) == first[1:]
    assert len(set(first)) == 3


def test_scores_are_the_proxys():
    [cell] = cells_of(NASBench101Cell, 1)
    torch.manual_seed(0)
    network = NASBench101Network(cell, channels=16)
    expected = score(network, torch.rand(4, 3, 32, 32), names="synflow")["synflow"]
    assert rank_by_synflow("nasbench101")([cell]) == [pytest.approx(expected, rel=1e-12)]


def test_unknown_names_list_the_known():
    with pytest.raises(UnknownNameError, match="nasbench101, nasbench201, nasbench301"):
        rank_by_synflow("nb201_digits")
