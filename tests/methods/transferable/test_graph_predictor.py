"""Heads and whole predictors: what they learn, start from, and leave alone."""

import copy

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError
from nasutils.methods.transferable.encoder import (
    CLEncoder,
    GraphEncoderSettings,
    mlp,
    regression_head,
)
from nasutils.methods.transferable.transfer_predictor import (
    FIT_RECIPES,
    FitRecipe,
    GraphPredictor,
    embed,
    fit,
    fit_head,
    gnn_baseline,
    predict_from,
    scaled_labels,
)
from nasutils.metrics import spearman

QUICK = FitRecipe(epochs=3, batch_size=8, learning_rate=1e-3)


@pytest.fixture
def predictor():
    torch.manual_seed(0)
    settings = GraphEncoderSettings(embedding=16, node=8, gnn_layers=1, transformer_layers=1)
    return GraphPredictor(CLEncoder(settings))


@pytest.fixture(scope="module")
def sources(tiny_sets):
    """Labels that count edges, on different scales."""
    sets = tiny_sets[1:]
    return [
        (graphs, graphs.num_edges * scale + shift)
        for graphs, scale, shift in zip(sets, (0.1, -3), (90, 5), strict=True)
    ]


def weights(module):
    return [p.detach().clone() for p in module.parameters()]


def changed(module, before):
    return any(not torch.equal(a, b) for a, b in zip(weights(module), before, strict=True))


def test_labels_are_scaled_family_by_family():
    found = scaled_labels([(range(3), [1, 2, 3]), (range(2), [90.0, 94.0])])
    root = 1.5**0.5
    assert found.tolist() == pytest.approx([-root, 0, root, -1, 1])


def test_many_graphs_in_parts_and_one_by_one(predictor, sources):
    graphs = sources[0][0]
    whole = embed(predictor.encoder, graphs)
    assert embed(predictor.encoder, graphs, chunk_nodes=1) == pytest.approx(whole, abs=1e-5)
    single = [predictor.predict(graphs.take([row]))[0] for row in range(len(graphs))]
    assert predictor.predict(graphs) == pytest.approx(np.array(single), abs=1e-5)


def test_a_head_is_the_closed_form_of_least_squares():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3)).astype(np.float32)
    y = x @ [1, -2, 0.5] + 0.1 * rng.standard_normal(40)
    torch.manual_seed(0)
    recipe = FitRecipe(epochs=1500, batch_size=40, learning_rate=0.01)
    head, losses = fit_head(torch.nn.Linear(3, 1), [(x, y)], recipe, seed=0)
    target = (y - y.mean()) / y.std()
    design = np.column_stack((x, np.ones(40)))
    best, rest, *_ = np.linalg.lstsq(design, target)
    assert predict_from(head, x) == pytest.approx(design @ best, abs=1e-3)
    assert losses[-1] == pytest.approx(rest[0] / 40, abs=1e-4)


def test_a_head_is_trained_on_a_copy_and_leaves_the_encoder(predictor, sources):
    graphs, labels = sources[0]
    before = weights(predictor)
    embeddings = embed(predictor.encoder, graphs)
    head, losses = fit_head(predictor.head, [(embeddings, labels)], QUICK, seed=0)
    assert not changed(predictor, before)
    assert changed(head, weights(predictor.head))
    assert losses.shape == (3,)


def test_a_whole_predictor_learns_on_a_copy(predictor, sources):
    before = weights(predictor)
    recipe = FitRecipe(epochs=60, batch_size=8, learning_rate=3e-3)
    found, losses = fit(predictor, sources, recipe, seed=0)
    assert not changed(predictor, before)
    assert changed(found.encoder, weights(predictor.encoder))
    assert losses[-5:].mean() < 0.5 * losses[0]
    for graphs, labels in sources:
        assert spearman(found.predict(graphs), labels) > 0.5


def test_fine_tuning_goes_on_from_the_sources(predictor, sources):
    trained, _ = fit(predictor, sources, FitRecipe(20, 8, 3e-3), seed=0)
    _, start = fit(trained, sources, FitRecipe(1, 8, 1e-9), seed=0)
    _, scratch = fit(predictor, sources, FitRecipe(1, 8, 1e-9), seed=0)
    assert start[0] < 0.8 * scratch[0]


@pytest.mark.parametrize(
    "make", [gnn_baseline, lambda: GraphPredictor(CLEncoder(GraphEncoderSettings(16)))]
)
def test_a_seed_determines_everything(make, sources):
    torch.manual_seed(0)
    start = make()
    graphs = sources[0][0]
    runs = [fit(start, sources, QUICK, seed=seed) for seed in (1, 1, 2)]
    assert runs[0][1].tolist() == runs[1][1].tolist() != runs[2][1].tolist()
    assert np.array_equal(runs[0][0].predict(graphs), runs[1][0].predict(graphs))


def test_scale_and_shift_of_a_familys_labels_do_not_matter(predictor, sources):
    (a, x), (b, y) = sources
    found = fit(predictor, sources, QUICK, seed=0)[1]
    moved = fit(predictor, [(a, 7 * x + 3), (b, y / 4)], QUICK, seed=0)[1]
    assert moved == pytest.approx(found, rel=1e-4)


def test_sizes_of_the_baseline():
    baseline = gnn_baseline()
    assert len(baseline.encoder.layers.layers) == 6
    assert baseline.encoder.embedding == 32
    assert len([m for m in baseline.head if isinstance(m, torch.nn.Linear)]) == 5


def test_recipes_are_gennapes():
    assert FIT_RECIPES["source"] == FitRecipe(40, 32, 1e-4)
    assert FIT_RECIPES["fine_tune"] == FitRecipe(100, 32, 1e-4)


def test_trained_predictors_can_be_copied_and_trained_again(predictor, sources):
    once, _ = fit(predictor, sources, QUICK, seed=0)
    again, _ = fit(copy.deepcopy(once), sources, QUICK, seed=0)
    assert changed(again, weights(once))


def test_default_heads(predictor):
    assert [m.out_features for m in mlp(3, 4, 1, 2) if isinstance(m, torch.nn.Linear)] == [4, 1]
    assert str(predictor.head) == str(regression_head(16))


def test_bad_input(predictor, sources):
    graphs, labels = sources[0]
    for bad, message in (
        (labels[:5], "family 0 has 8 graphs"),
        (np.where(np.arange(8) < 2, np.nan, labels), "2 labels of family 0 are NaN"),
        (np.full(8, 94.0), "all labels of family 0 are the same"),
    ):
        with pytest.raises(NasutilsError, match=message):
            fit(predictor, [(graphs, bad)], QUICK, seed=0)
    with pytest.raises(NasutilsError, match="at least one family"):
        fit_head(predictor.head, [], QUICK, seed=0)
