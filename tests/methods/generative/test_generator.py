"""The parts together: requests, draws, and how well requests are obeyed."""

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.generative.ccnf import CCNF
from nasutils.methods.generative.cell_tensors import CellTensors
from nasutils.methods.generative.clusters import Clusters
from nasutils.methods.generative.generator import (
    CellSampler,
    Drawing,
    assemble,
    cell_size,
    obedience,
)
from nasutils.networks.graphnet import Size
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence


@pytest.fixture(scope="module")
def sampler(small_gvae) -> CellSampler:
    torch.manual_seed(0)
    flow = CCNF(48, 4, hidden=16, layers=1).eval()
    flow.steps += 1
    # Two families, of which parameters (the third proxy) and FLOPs are correlated by 0.8.
    block = np.eye(4)
    block[2, 3] = block[3, 2] = 0.8
    means = np.array([[0.0, 0, -2, -2], [0, 0, 2, 2]])
    clusters = Clusters(
        np.array([0.0, 100, 1, 3]),
        np.array([1.0, 10, 2, 2]),
        np.full(2, 0.5),
        means,
        np.stack([block, block]),
        pd.DataFrame(),
    )
    return CellSampler(clusters, small_gvae, flow)


def test_a_request_is_scaled_and_completed(sampler):
    target = sampler.target(params=np.exp(1 + 2 * 2), flops=np.exp(3 + 2 * 3))
    torch.testing.assert_close(target[2:], torch.tensor([2.0, 3.0]))
    torch.testing.assert_close(target[:2], torch.zeros(2))
    alone = sampler.target(params=np.exp(1 + 2 * 5))  # far in the second family
    assert alone[3].item() == pytest.approx(2 + 0.8 * 3, abs=1e-4)


def test_draws_follow_their_seed(sampler, graphnet_cells):
    for draw in (
        lambda seed: sampler.random(30, seed),
        lambda seed: sampler.neighbourhood(graphnet_cells[0], 30, seed),
        lambda seed: sampler.of_cluster(1, 30, seed),
        lambda seed: sampler.sample(torch.zeros(4), 30, seed),
    ):
        assert draw(0) == draw(0)
        assert len(draw(0)) == 30
    near = sampler.neighbourhood(graphnet_cells[0], 20, 0, noise=0.01)
    assert near == [graphnet_cells[0]] * 20


class Stub:
    """Gives one cell for all of a family."""

    def __init__(self, cells):
        self.cells, self.calls = cells, []

    def of_cluster(self, cluster, count, seed, *, nearest):
        assert nearest
        self.calls.append((cluster, seed))
        return [self.cells[cluster]] * count


def test_draws_one_at_a_time_are_made_32_at_once(graphnet_cells):
    stub = Stub(graphnet_cells)
    draw, rng = Drawing(stub), np.random.default_rng(0)
    found = [draw(cluster, rng) for cluster in [3] * 33 + [5]]
    assert found == [graphnet_cells[3]] * 33 + [graphnet_cells[5]]
    assert [cluster for cluster, _ in stub.calls] == [3, 3, 5]
    assert len({seed for _, seed in stub.calls}) == 3


def test_families_become_cells(graphnet_cells):
    network = assemble(
        ((3, 16, 1), (5, 64, 2)), Drawing(Stub(graphnet_cells)), np.random.default_rng(0)
    )
    assert isinstance(network, GraphNetSequence)
    assert [c.cell for c in network.cells] == [graphnet_cells[3], graphnet_cells[5]]
    assert [(c.channels, c.stride) for c in network.cells] == [(16, 1), (64, 2)]


def test_obedience_by_hand():
    chain = np.eye(3, k=1, dtype=int)
    small, large = (GraphNetCell(chain, [op]) for op in ("conv_1x1", "conv_3x3"))
    size = cell_size(small)
    found = obedience(
        Size(2 * size.params, size.flops),
        [small, small, None, small, large],
        cell_size,
        CellTensors.of([small]).keys(),
    )
    assert found["valid"] == 4 / 5
    assert found["unique"] == 2 / 4
    assert found["novel"] == 1 / 4
    assert found["params"] == pytest.approx(size.params)
    assert found["params_error"] == pytest.approx(1)  # by a factor of two
    assert found["flops_error"] == pytest.approx(0)
    nothing = obedience(size, [None], cell_size)
    assert nothing["valid"] == 0
    assert np.isnan(nothing["params_error"])
    with pytest.raises(NasutilsError, match="at least one"):
        obedience(size, [], cell_size)


def test_bad_requests(sampler, small_gvae, tmp_path):
    with pytest.raises(NasutilsError, match="no proxy latency"):
        sampler.target(latency=1.0)
    with pytest.raises(NasutilsError, match="params is -1: it must be positive"):
        sampler.target(params=-1.0)
    with pytest.raises(NasutilsError, match="no cluster 2: there are 2"):
        sampler.of_cluster(2, 1, 0)
    with pytest.raises(NasutilsError, match="count=0"):
        sampler.random(0, 0)
    with pytest.raises(NasutilsError, match="CCNF is untrained"):
        CellSampler(sampler.clusters, small_gvae, CCNF(48, 4, hidden=8, layers=1))
    other = CCNF(8, 4, hidden=8, layers=1)
    other.steps += 1
    with pytest.raises(NasutilsError, match="48 and 8 latents"):
        CellSampler(sampler.clusters, small_gvae, other)
    with pytest.raises(DataError, match=r"clusters.json cannot be read"):
        CellSampler.load(tmp_path)
