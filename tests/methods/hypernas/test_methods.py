"""The chapter's methods: a fit predicts what side-by-side training predicts, and each is itself."""

from dataclasses import replace

import numpy as np
import pytest

from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError
from nasutils.methods.base import METHODS, Need, get_method, methods_of
from nasutils.methods.baselines.forest import FORESTS
from nasutils.methods.hypernas.methods import (
    AVERAGED,
    BOTH,
    PROXY_TASK,
    NetworkMethod,
    predict_of,
)
from nasutils.methods.hypernas.predictor import RECIPES
from nasutils.methods.hypernas.pretraining import sequences_of
from nasutils.methods.hypernas.searches import evolve
from nasutils.spaces.nasbench201 import NASBench201Cell

IDS = [id for id, entry in METHODS.items() if entry.chapter == "hypernas"]
IDS += [f"baselines/{name}" for name in FORESTS]


@pytest.fixture(scope="module")
def ours(digits):
    """Two predictors of our recipe, of forty labels."""
    splits = digits.splits(40, (0, 1))
    return splits, get_method("hypernas/Ours").predict(digits, splits)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("id", IDS)
def test_a_fit_predicts_what_is_predicted_of_the_whole_benchmark(id):
    benchmark = get_benchmark("tiny-proxies")
    splits = benchmark.splits(12, (0, 1))
    prediction = get_method(id).predict(benchmark, splits)
    assert prediction.scores.shape == (2, 30)
    assert prediction.seconds > 0
    predict = get_method(id).fit(benchmark, splits[1])
    scores = np.asarray(predict(benchmark.architectures))
    np.testing.assert_allclose(scores, prediction.scores[1], rtol=1e-3, atol=1e-4)
    some = np.asarray(predict(benchmark.architectures_at([7, 3])))
    if id != "hypernas/HyperNAS, our training":  # its scores are all but equal after one epoch
        np.testing.assert_allclose(some, scores[[7, 3]], rtol=1e-3, atol=1e-4)


def test_needs_are_refused_by_name():
    without = get_benchmark("tiny-201")
    for name in (PROXY_TASK, BOTH):
        entry = get_method(f"hypernas/{name}")
        assert Need.PROXIES in entry.needs
        with pytest.raises(NasutilsError, match="tiny-201: no public proxies"):
            entry.predict(without, without.splits(12, [0]))
    vit = get_benchmark("tiny-vit")
    assert get_method("hypernas/Ours + hypernetwork").obstacle(vit) == "does not read autoformer"
    assert not get_method("hypernas/Ours").obstacle(vit)


def test_sizes_by_space():
    ours, baseline = NetworkMethod(RECIPES["tuned"]), NetworkMethod(RECIPES["np"], resized=False)
    assert ours.recipe_for("nasbench101").encoder == RECIPES["tuned"].encoder
    sizes = [ours.recipe_for(space).encoder for space in ("darts", "autoformer")]
    assert [(each.hidden, each.layers) for each in sizes] == [(144, 3), (256, 3)]
    assert baseline.recipe_for("darts") == RECIPES["np"]


@pytest.mark.usefixtures("quick")
def test_both_are_the_mean_of_standardised_predictions():
    benchmark = get_benchmark("tiny-proxies")
    splits = benchmark.splits(12, (0, 1))
    ids = f"hypernas/{BOTH}", "baselines/Trees + proxies", f"hypernas/{PROXY_TASK}"
    both, *parts = (get_method(id).predict(benchmark, splits).scores for id in ids)
    scaled = [(p - p.mean(1, keepdims=True)) / p.std(1, keepdims=True) for p in parts]
    np.testing.assert_allclose(both, np.mean(scaled, axis=0), atol=1e-4)


@pytest.mark.usefixtures("quick")
def test_averaging_is_over_members_that_differ_by_seed():
    benchmark = get_benchmark("tiny-201")
    split = benchmark.split(12, 4)
    averaged = get_method(f"hypernas/{AVERAGED}").predict(benchmark, [split])
    members = [replace(split, seed=seed) for seed in (4, 1004, 2004)]
    alone = get_method("hypernas/Ours").predict(benchmark, members)
    np.testing.assert_allclose(averaged.scores[0], alone.scores.mean(0), rtol=1e-4, atol=1e-5)
    assert averaged.model is None
    assert alone.model is not None


def test_proxies_help_and_pretraining_ranks(digits, ours):
    splits, prediction = ours
    figures = evaluate(digits, splits, prediction.scores)
    assert min(figures["kendall_tau"]) > 0.3
    plain, informed = (
        np.mean(evaluate(digits, splits, entry.predict(digits, splits).scores)["kendall_tau"])
        for entry in (methods_of("baselines")[name] for name in FORESTS)
    )
    assert informed > plain > 0.25


def test_a_member_predicts_what_it_predicts_among_others(digits, ours):
    _, prediction = ours
    predict = predict_of(prediction.model.member(1), digits)
    scores = predict(digits.architectures_at(range(50)))
    np.testing.assert_allclose(scores, prediction.scores[1, :50], rtol=1e-4, atol=1e-5)


def test_evolution_finds_what_the_predictor_ranks_high(digits, ours):
    _, prediction = ours
    predict = predict_of(prediction.model.member(0), digits)
    found, again = (evolve(predict, "nasbench201", budget=300, seed=0) for _ in range(2))
    assert len(found.scores) == 300
    assert isinstance(found.best, NASBench201Cell)
    assert found.best == again.best
    # 300 of 15,625 cells asked, and better than 99 of 100 of those in the table.
    assert found.score > np.quantile(prediction.scores[0], 0.99)


def test_features_lead_to_the_predictions(digits, ours):
    import torch

    _, prediction = ours
    sequences = sequences_of(prediction.model.recipe, digits)[:50]
    features = prediction.model.features(sequences)
    assert features.shape == (2, 50, 72)
    scores = prediction.model.network.regressor(torch.from_numpy(features))[..., 0]
    np.testing.assert_allclose(scores, prediction.scores[:, :50], rtol=1e-4, atol=1e-5)
