"""The estimator's loss by hand, its shapes, and that it learns."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.flat_parameters import Schedule
from nasutils.methods.up_nas.estimator import (
    MPE_SCHEDULES,
    ProxyModel,
    mpe_loss,
    multi_proxy_estimator,
    train_estimator,
)

QUICK = Schedule(epochs=15, batch_size=16, learning_rate=1e-2)


def test_loss_by_hand():
    # s = (1, 2) and (0, -3): s.s = 5 and 9.
    predicted = torch.tensor([[1.0, 2.0], [5.0, 0.0]])
    scores = torch.tensor([[0.0, 0.0], [5.0, 3.0]])
    assert float(mpe_loss(predicted, scores)) == 7


def test_a_missing_score_adds_nothing():
    predicted = torch.tensor([[1.0, 2.0], [5.0, 0.0]], requires_grad=True)
    scores = torch.tensor([[0.0, torch.nan], [5.0, 3.0]])
    loss = mpe_loss(predicted, scores)
    assert float(loss.detach()) == (1 + 9) / 2
    loss.backward()
    assert predicted.grad.tolist() == [[1, 0], [0, -3]]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_hidden_layers_are_linear_bn_relu(layers):
    mlp = multi_proxy_estimator(128, 13, layers)
    assert [type(m) for m in mlp] == [nn.Linear, nn.BatchNorm1d, nn.ReLU] * layers + [nn.Linear]
    assert [m.out_features for m in mlp if isinstance(m, nn.Linear)] == [256] * layers + [13]


def test_schedules_are_the_papers():
    assert MPE_SCHEDULES["nasbench201"] == Schedule(70, 16, 1e-3)
    assert MPE_SCHEDULES["darts"] == Schedule(50, 64, 5e-4)


@pytest.fixture(scope="module")
def linear_task():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(320, 6, generator=generator)
    return z, z @ torch.randn(6, 3, generator=generator)


def test_learns_a_linear_map_and_is_frozen(linear_task):
    z, scores = linear_task
    estimator, losses = train_estimator(z[:256], scores[:256], QUICK, seed=0)
    error = mpe_loss(estimator(z[256:]), scores[256:]) / scores[256:].square().sum(1).mean()
    assert error < 0.2
    assert losses[-1] < losses[0] / 2
    assert not estimator.training
    assert not any(p.requires_grad for p in estimator.parameters())


def test_the_same_seed_trains_the_same(linear_task):
    schedule = Schedule(epochs=1, batch_size=16, learning_rate=1e-3)
    first, again, other = (train_estimator(*linear_task, schedule, seed=s)[1] for s in (1, 1, 2))
    assert first == again != other


def test_samples_blur_what_is_learnt(linear_task):
    # The best guess at a point is the mean over the training points that may have led there.
    z = torch.tensor([[-1.0], [1.0]]).repeat(64, 1)
    schedule = Schedule(epochs=150, batch_size=64, learning_rate=3e-3)
    blurred, _ = train_estimator(z, z.clone(), schedule, seed=0, std=torch.ones_like(z))
    sharp, _ = train_estimator(z, z.clone(), schedule, seed=0)
    point = torch.tensor([[1.0]])
    # By Bayes, at 1 the two points weigh 1 to exp(-2): tanh(1) = .76.
    assert float(blurred(point)) == pytest.approx(np.tanh(1), abs=0.15)
    assert float(sharp(point)) == pytest.approx(1, abs=0.15)


def test_bad_input(linear_task):
    z, scores = linear_task
    with pytest.raises(NasutilsError, match="320 embeddings, but scores of 319 cells"):
        train_estimator(z, scores[1:], QUICK, seed=0)
    with pytest.raises(NasutilsError, match="do not fill a batch of 16"):
        train_estimator(z[:3], scores[:3], QUICK, seed=0)
    with pytest.raises(NasutilsError, match="960 scores are infinite"):
        train_estimator(z, scores / 0, QUICK, seed=0)
    scores = scores.clone()
    scores[:, 1] = torch.nan
    with pytest.raises(NasutilsError, match="1 proxies have no score"):
        train_estimator(z, scores, QUICK, seed=0)


@pytest.fixture(scope="module", params=[True, False])
def model(request, few_cells, trained_vgae):
    scores = pd.DataFrame(np.random.default_rng(0).normal(size=(8, 2)), columns=["nwot", "zen"])
    schedule = Schedule(epochs=2, batch_size=4, learning_rate=1e-3)
    return ProxyModel.fit(
        CODECS["nasbench201"],
        trained_vgae[0],
        few_cells,
        scores,
        schedule,
        seed=0,
        sample=request.param,
    )


def test_unified_estimate_is_the_weighted_sum_of_the_estimates(model, few_cells):
    predicted = model.predict(few_cells)
    assert list(predicted.columns) == ["nwot", "zen"]
    weights = pd.Series({"zen": -0.5, "nwot": 2.0})
    expected = 2 * predicted["nwot"] - 0.5 * predicted["zen"]
    np.testing.assert_allclose(
        model.unified(weights).score(few_cells), expected, rtol=1e-4, atol=1e-5
    )
    only = model.unified(pd.Series({"zen": 1.0})).score(few_cells)
    np.testing.assert_allclose(only, predicted["zen"], rtol=1e-5, atol=1e-6)


def test_no_estimate_of_an_unknown_proxy(model):
    with pytest.raises(DataError, match="no estimate of snip; there are: nwot, zen"):
        model.unified(pd.Series({"snip": 1.0, "zen": 1.0}))
