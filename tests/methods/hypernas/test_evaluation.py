"""The methods of the chapter: all run, the better informed win, and bad names are named."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasutils.errors import UnknownNameError
from nasutils.methods.hypernas import contest
from nasutils.methods.hypernas.auxiliary import load_auxiliary
from nasutils.methods.hypernas.evaluation import (
    JOINT,
    METHODS,
    NETWORKS,
    compete,
    compete_jointly,
    evolve,
    generated_accuracy,
    neighbour_tau,
    recipe_of,
)
from nasutils.methods.hypernas.proxy_task import ProxySchedule
from nasutils.methods.hypernas.tasks import agreement, load_task
from nasutils.methods.hypernas.teacher import ALONE, TeacherSettings
from nasutils.spaces.nasbench201 import NASBench201Cell


@pytest.fixture(scope="module")
def task():
    return load_task("nb201-digits")


@pytest.fixture(scope="module")
def ours(task):
    return compete("Ours", task, task.draw(40, (0, 1)), (0, 1))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_competes(task, method, monkeypatch, tmp_path):
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    short = {name: replace(recipe, epochs=2) for name, recipe in NETWORKS.items()}
    monkeypatch.setattr(contest, "NETWORKS", short)
    monkeypatch.setattr(contest, "_PROXY_SCHEDULE", ProxySchedule(steps=2))
    monkeypatch.setattr(contest, "_TAUGHT", replace(contest._TAUGHT, epochs=2))
    once = replace(ALONE, predictor=replace(ALONE.predictor, epochs=1))
    monkeypatch.setattr(contest, "_TEACHER", TeacherSettings(cells=8, recipe=once))
    outcome = compete(method, task, task.draw(20, (0, 1)), (0, 1))
    assert outcome.predicted.shape == (2, 1500)
    assert np.isfinite(outcome.predicted).all()
    assert outcome.training > 0
    assert (outcome.predictor is None) == (method not in NETWORKS)


@pytest.fixture(autouse=True)
def _forget():
    """Let no test meet networks that another has taught by a shorter schedule."""
    yield
    contest._taught.cache_clear()


def test_both_are_the_mean_of_standardised_predictions(task, monkeypatch):
    monkeypatch.setattr(contest, "_PROXY_SCHEDULE", ProxySchedule(steps=2))
    arguments = task, task.draw(20, (0, 1)), (0, 1)
    both = compete(contest.BOTH, *arguments).predicted
    expected = np.zeros_like(both)
    for name in ("Trees + proxies", contest.PROXY_TASK):
        predicted = compete(name, *arguments).predicted
        expected += (predicted - predicted.mean(1, keepdims=True)) / predicted.std(1, keepdims=True)
    np.testing.assert_allclose(both, expected / 2, atol=1e-4)


def test_methods_rank_and_proxies_help(task, ours):
    rows = task.draw(40, (0, 1))
    taus, rhos = agreement(task, ours.predicted, rows)
    assert min(taus) > 0.3
    assert all(rho > tau for rho, tau in zip(rhos, taus, strict=True))
    plain, informed = (
        np.mean(agreement(task, compete(name, task, rows, (0, 1)).predicted, rows)[0])
        for name in ("Trees", "Trees + proxies")
    )
    assert informed > plain > 0.25


def test_proxies_teach_the_encoder(task, ours, monkeypatch):
    monkeypatch.setattr(contest, "_PROXY_SCHEDULE", ProxySchedule(steps=300))
    rows = task.draw(40, (0, 1))
    taught = compete(contest.PROXY_TASK, task, rows, (0, 1))
    taus, plain = (np.mean(agreement(task, each.predicted, rows)[0]) for each in (taught, ours))
    assert taus > plain


def test_averaging_is_over_members_that_differ_by_seed(task):
    rows = task.draw(20, (4,))
    averaged = compete(contest.AVERAGED, task, rows, (4,)).predicted
    members = compete("Ours", task, np.repeat(rows, 3, axis=0), (4, 1004, 2004)).predicted
    np.testing.assert_allclose(averaged[0], members.mean(0), rtol=1e-4, atol=1e-5)


def test_a_member_predicts_what_it_predicts_among_others(task, ours):
    stacks = task.stacks("none", live=True)[:50]
    alone = ours.predictor.member(1).predict(stacks)
    assert alone.shape == (1, 50)
    np.testing.assert_allclose(alone[0], ours.predicted[1, :50], rtol=1e-4, atol=1e-5)


def test_features_lead_to_the_predictions(task, ours):
    stacks = task.stacks("none", live=True)[:50]
    features = ours.predictor.features(stacks)
    assert features.shape == (2, 50, 72)
    scores = ours.predictor.network.regressor(torch.from_numpy(features))[..., 0]
    np.testing.assert_allclose(scores, ours.predicted[:, :50], rtol=1e-4, atol=1e-5)


def test_sizes_by_space():
    assert recipe_of("HyperNAS-P", "darts").encoder.hidden == 144
    assert recipe_of("Ours", "autoformer").encoder.layers == 3
    assert recipe_of("HyperNAS-P", "nasbench101").encoder.hidden == 72
    assert recipe_of("NP", "darts") == NETWORKS["NP"]
    with pytest.raises(UnknownNameError, match="HyperNAS-P"):
        recipe_of("HyperNAS-Q", "darts")


def test_evolution_finds_what_the_predictor_ranks_high(ours):
    member = ours.predictor.member(0)
    found = evolve(member, "nb201_digits", NASBench201Cell, budget=300, seed=0)
    assert len(found.scores) == 300
    again = evolve(member, "nb201_digits", NASBench201Cell, budget=300, seed=0)
    assert found.best == again.best
    # 300 of 15,625 cells asked, and better than 99 of 100 of those in the table.
    assert found.score > np.quantile(ours.predicted[0], 0.99)


def test_neighbours_of_features_that_are_the_accuracy_or_noise():
    rng = np.random.default_rng(0)
    accuracy = rng.normal(size=400)
    noise = rng.normal(size=(400, 8))
    assert neighbour_tau(np.c_[accuracy, accuracy], accuracy) > 0.95
    assert abs(neighbour_tau(noise, accuracy)) < 0.15


@pytest.mark.parametrize("name", JOINT)
def test_joint_methods(task, name):
    auxiliary = load_auxiliary("nb201_digits")
    recipe = replace(JOINT[name], images=16, networks=1)
    recipe = replace(recipe, predictor=replace(recipe.predictor, epochs=2))
    row = task.draw(12, [0])[0]
    model = compete_jointly(task, auxiliary, row, recipe, seed=0)
    judged = {"networks": 3, "seed": 0}
    accuracy = generated_accuracy(model, task, auxiliary, row, **judged)
    assert 0 < accuracy < 100
    assert accuracy == generated_accuracy(model, task, auxiliary, row, **judged)
    assert (model.predictor is None) == (name in ("HyperNAS-H", "GHN"))
