"""SynFlow as a method that learns nothing, and as what ranks the children of a search."""

from functools import partial

import numpy as np
import pytest
import torch

from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.rows import nasbench201_synflow
from nasutils.methods.base import get_method
from nasutils.methods.baselines.synflow import _by_network, synflow
from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.proxies import score
from nasutils.spaces.registry import get_space


def cells_of(space, number):
    rng = np.random.default_rng(3)
    return [get_space(space).random(rng) for _ in range(number)]


BUILD = {
    "nasbench101": partial(NASBench101Network, channels=16),
    "darts": partial(DARTSNetwork, channels=8, num_cells=8),
}


@pytest.mark.parametrize("space", BUILD)
def test_scores_do_not_depend_on_what_was_asked_before(space):
    cells = cells_of(space, 3)
    state = torch.random.get_rng_state()
    rank = _by_network(BUILD[space])
    first = rank(cells)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert rank(cells[::-1]) == first[::-1]
    assert _by_network(BUILD[space])(cells[1:]) == first[1:]
    assert len(set(first)) == 3


def test_scores_are_the_proxys():
    [cell] = cells_of("nasbench101", 1)
    torch.manual_seed(0)
    network = NASBench101Network(cell, channels=16)
    expected = score(network, torch.rand(4, 3, 32, 32), names="synflow")["synflow"]
    rank = synflow.fit(get_benchmark("nb101-test"), None)
    assert rank([cell]) == [pytest.approx(expected, rel=1e-12)]


def test_digits_are_scored_by_their_table():
    benchmark = get_benchmark("nb201-digits")
    scores = synflow.predict(benchmark, benchmark.splits(1, [0])).scores[0]
    assert scores.tolist() == benchmark.table["synflow"].tolist()


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_nasbench201_has_public_scores():
    cells = cells_of("nasbench201", 5)
    found = synflow.fit(get_benchmark("nb201-c10"), None)(cells)
    assert found == nasbench201_synflow().loc[map(str, cells)].tolist()


def test_it_is_a_baseline_that_needs_no_labels():
    assert get_method("baselines/SynFlow, of built networks") is synflow
    assert not synflow.needs
    assert synflow.obstacle(get_benchmark("mbv3-imagenet")) == "does not read ofa_mbv3"
