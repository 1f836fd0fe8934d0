"""Proxies as the auxiliary task: they are learnt, training starts from them, bad ones are named."""

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.hypernas.encoder import EncoderSettings
from nasutils.methods.hypernas.graphs import graphs_of, take_all
from nasutils.methods.hypernas.predictor import Recipe, fit
from nasutils.methods.hypernas.pretraining import learn_proxies
from nasutils.spaces.nasbench201 import CONV3, POOL, NASBench201Cell

ENCODER = EncoderSettings(hidden=16, layers=2, context="none", regressor=16)
QUICK = {"steps": 300, "batch_size": 32, "learning_rate": 1e-2}
RNG = np.random.default_rng(0)
CELLS = [NASBench201Cell.random(RNG) for _ in range(100)]
COUNTS = pd.DataFrame({op: [float(cell.ops.count(op)) for cell in CELLS] for op in (CONV3, POOL)})


@pytest.fixture(scope="module")
def sequences():
    return cell_sequences("nb201_digits", CELLS)


def learn(sequences, proxies, seeds=(0, 1), **changes):
    return learn_proxies(sequences, proxies, ENCODER, seeds, **QUICK | changes)


def predicted(network, sequences):
    rows = torch.arange(len(sequences)).expand(2, -1)
    with torch.no_grad():
        return network(take_all(graphs_of(sequences, ENCODER.normalisation), rows))


def test_every_proxy_is_learnt_by_every_replica(sequences):
    made = predicted(learn(sequences, COUNTS), sequences)
    assert made.shape == (2, 100, 2)
    for replica in made:
        for i, column in enumerate(COUNTS):
            assert np.corrcoef(replica[:, i], COUNTS[column])[0, 1] > 0.95


def test_a_single_proxy_is_learnt(sequences):
    made = predicted(learn(sequences, COUNTS[[CONV3]]), sequences)
    for replica in made:
        assert np.corrcoef(replica, COUNTS[CONV3])[0, 1] > 0.95


def test_what_is_learnt_are_ranks(sequences):
    curved = COUNTS.apply(np.exp)
    curved = curved.where(curved < curved.max(), np.inf)
    for plain, bent in zip(
        learn(sequences, COUNTS).parameters(), learn(sequences, curved).parameters(), strict=True
    ):
        assert torch.equal(plain, bent)


def test_seeds_determine_replicas_one_by_one(sequences):
    together, alone = learn(sequences, COUNTS, (3, 4)), learn(sequences, COUNTS, (4,))
    for both, one in zip(together.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(both[1:], one, rtol=1e-2, atol=1e-3)


def test_labels_start_from_what_proxies_taught(sequences):
    start = learn(sequences, COUNTS)
    rows = [range(20), range(20)]
    # A rate of zero changes nothing but what a start brings.
    still = Recipe(ENCODER, epochs=1, learning_rate=0.0)
    found = fit(sequences, COUNTS[CONV3], rows, still, (0, 1), start=start).network
    pairs = zip(start.encoder.parameters(), found.encoder.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    assert torch.equal(start.regressor[0].weight, found.regressor[0].weight)
    assert found.regressor[-1].weight.shape == (2, 16, 1)
    slow = Recipe(ENCODER, epochs=1, encoder_rate=0.0)
    found = fit(sequences, COUNTS[CONV3], rows, slow, (0, 1), start=start).network
    pairs = zip(start.encoder.parameters(), found.encoder.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    assert not torch.equal(start.regressor[0].weight, found.regressor[0].weight)


def test_bad_input(sequences):
    with pytest.raises(NasutilsError, match="100 architectures, but proxies of 99"):
        learn(sequences, COUNTS[1:])
    with pytest.raises(DataError, match="no proxy to learn"):
        learn(sequences, COUNTS[[]])
    with pytest.raises(DataError, match=r"missing .* in flat"):
        learn(sequences, COUNTS.assign(flat=np.nan))
    with pytest.raises(DataError, match="flat has one value"):
        learn(sequences, COUNTS.assign(flat=1.0))
    with pytest.raises(NasutilsError, match="0 steps"):
        learn(sequences, COUNTS, steps=0)
