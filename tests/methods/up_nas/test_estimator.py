"""The estimator's loss by hand, its shapes, and that it learns."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.up_nas import (
    MPE_SCHEDULES,
    MPESchedule,
    MultiProxyEstimator,
    ProxyModel,
    VGAESchedule,
    get_codec,
    train_estimator,
    train_vgae,
)
from nasutils.methods.up_nas.estimator import mpe_loss
from nasutils.spaces.nasbench201 import NASBench201Cell

QUICK = MPESchedule(epochs=30, batch_size=16, learning_rate=1e-2)


def test_loss_by_hand():
    # s = (1, 2) and (0, -3): s.s = 5 and 9.
    predicted = torch.tensor([[1.0, 2.0], [5.0, 0.0]])
    scores = torch.tensor([[0.0, 0.0], [5.0, 3.0]])
    assert float(mpe_loss(predicted, scores)) == 7


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_hidden_layers_are_linear_bn_relu(layers):
    mlp = MultiProxyEstimator(128, 13, layers=layers).mlp
    assert [type(m) for m in mlp] == [nn.Linear, nn.BatchNorm1d, nn.ReLU] * layers + [nn.Linear]
    assert [m.out_features for m in mlp if isinstance(m, nn.Linear)] == [256] * layers + [13]


def test_schedules_are_the_papers():
    assert MPE_SCHEDULES["nasbench201"] == MPESchedule(70, 16, 1e-3)
    assert MPE_SCHEDULES["darts"] == MPESchedule(50, 64, 5e-4)


@pytest.fixture(scope="module")
def linear_task():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(320, 6, generator=generator)
    return z, z @ torch.randn(6, 3, generator=generator)


def test_learns_a_linear_map_and_is_frozen(linear_task):
    z, scores = linear_task
    estimator, losses = train_estimator(z[:256], scores[:256], QUICK, seed=0)
    error = mpe_loss(estimator(z[256:]), scores[256:]) / scores[256:].square().sum(1).mean()
    assert error < 0.1
    assert losses[-1] < losses[0] / 4
    assert not estimator.training
    assert not any(p.requires_grad for p in estimator.parameters())


def test_the_same_seed_trains_the_same(linear_task):
    schedule = MPESchedule(epochs=1, batch_size=16, learning_rate=1e-3)
    first, again, other = (train_estimator(*linear_task, schedule, seed=s)[1] for s in (1, 1, 2))
    assert first == again != other


def test_bad_input(linear_task):
    z, scores = linear_task
    with pytest.raises(NasutilsError, match="320 embeddings, but scores of 319 cells"):
        train_estimator(z, scores[1:], QUICK, seed=0)
    with pytest.raises(NasutilsError, match="do not fill a batch of 16"):
        train_estimator(z[:3], scores[:3], QUICK, seed=0)
    with pytest.raises(NasutilsError, match="not finite"):
        train_estimator(z, scores.log(), QUICK, seed=0)


@pytest.fixture(scope="module")
def model():
    codec, rng = get_codec("nasbench201"), np.random.default_rng(0)
    cells = [NASBench201Cell.random(rng) for _ in range(32)]
    vgae, _ = train_vgae(*codec.encode(cells), seed=0, schedule=VGAESchedule(epochs=2))
    scores = pd.DataFrame(rng.normal(size=(32, 2)), columns=["nwot", "zen"])
    schedule = MPESchedule(epochs=2, batch_size=16, learning_rate=1e-3)
    return ProxyModel.fit(codec, vgae, cells, scores, schedule, seed=0), cells


def test_unified_estimate_is_the_weighted_sum_of_the_estimates(model):
    model, cells = model
    predicted = model.predict(cells)
    assert list(predicted.columns) == ["nwot", "zen"]
    weights = pd.Series({"zen": -0.5, "nwot": 2.0})
    expected = 2 * predicted["nwot"] - 0.5 * predicted["zen"]
    np.testing.assert_allclose(model.unified(weights).score(cells), expected, rtol=1e-4, atol=1e-5)
    only = model.unified(pd.Series({"zen": 1.0})).score(cells)
    np.testing.assert_allclose(only, predicted["zen"], rtol=1e-5, atol=1e-6)


def test_no_estimate_of_an_unknown_proxy(model):
    with pytest.raises(DataError, match="no estimate of snip; there are: nwot, zen"):
        model[0].unified(pd.Series({"snip": 1.0, "zen": 1.0}))
