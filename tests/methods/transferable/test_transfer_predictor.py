"""Methods by name: who learns what, what stays frozen, and what an ensemble is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.transferable.encoder import CLEncoder, GraphEncoderSettings
from nasutils.methods.transferable.evaluation import (
    METHODS,
    Learner,
    Method,
    _Memory,
    beginner,
    transfer,
    unseen_spearman,
)
from nasutils.methods.transferable.graph_predictor import FitRecipe, Predictor

QUICK = FitRecipe(epochs=2, batch_size=8, learning_rate=1e-2)
SMALL = GraphEncoderSettings(embedding=16, node=8, gnn_layers=1, transformer_layers=1)


def learner(members=1, whole=False):
    torch.manual_seed(0)
    encoder = CLEncoder(SMALL).requires_grad_(False)
    method = Method(whole=whole, source=QUICK, fine_tune=QUICK, members=members)
    predictors = [Predictor(encoder) for _ in range(members)]
    return Learner(method, predictors, None if whole else _Memory(encoder))


@pytest.fixture(scope="module")
def lessons(tiny_sets):
    """Graphs and how many edges they have."""
    return [(graphs, graphs.num_edges.astype(float)) for graphs in tiny_sets]


def same(first, second):
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_frozen_encoder_stays_and_its_head_learns(lessons):
    before = learner()
    after = before.learn_sources(lessons[:1], 0)
    assert same(before.predictors[0].encoder, after.predictors[0].encoder)
    assert not same(before.predictors[0].head, after.predictors[0].head)


def test_a_whole_network_learns_as_a_whole(lessons):
    before = learner(whole=True)
    after = before.learn_sources(lessons[:1], 0)
    assert not same(before.predictors[0].encoder, after.predictors[0].encoder)


def test_remembered_embeddings_change_nothing(lessons):
    one = learner().learn_sources(lessons[:1], 0)
    graphs = lessons[1][0]
    alone = one.predictors[0].predict(graphs)
    assert one.predict(graphs) == pytest.approx(alone)
    assert one.predict(graphs) == pytest.approx(alone)  # from memory


def test_an_ensemble_is_the_mean_of_its_members(lessons):
    graphs = lessons[0][0]
    for whole in (False, True):
        several = learner(members=3, whole=whole)
        each = [predictor.predict(graphs) for predictor in several.predictors]
        assert several.predict(graphs) == pytest.approx(np.mean(each, axis=0), abs=1e-6)
        assert np.std(each, axis=0).max() > 0


def test_two_methods_side_by_side_are_the_mean_of_both(lessons):
    graphs = lessons[1][0]
    whole, frozen = learner(whole=True), learner(members=2)
    both = replace(whole, beside=frozen)
    assert both.predict(graphs) == pytest.approx(
        (whole.predict(graphs) + frozen.predict(graphs)) / 2
    )
    taught, tuned = both.learn_sources(lessons[:1], 1), both.fine_tune(lessons[1], 2)
    for found, alone in (
        (taught, [each.learn_sources(lessons[:1], 1) for each in (whole, frozen)]),
        (tuned, [each.fine_tune(lessons[1], 2) for each in (whole, frozen)]),
    ):
        expected = np.mean([each.predict(graphs) for each in alone], axis=0)
        assert found.predict(graphs) == pytest.approx(expected)


def test_a_transfer_is_its_steps_one_by_one(lessons):
    (source, target), rows = lessons[:2], np.arange(5)
    found = transfer(learner(), [source], target, [rows, rows[:4]], seed=3)
    taught = learner().learn_sources([source], 3)
    assert found.zero_shot == pytest.approx(taught.predict(target[0]))
    tuned = taught.fine_tune((target[0].take(rows[:4]), target[1][:4]), 4)
    assert found.fine_tuned[1] == pytest.approx(tuned.predict(target[0]))
    assert transfer(learner(), [], target, [rows], seed=0).zero_shot is None


def test_beginners_repeat_and_members_differ(tiny_sets, monkeypatch):
    several = replace(METHODS["One GNN"], members=3, beside="One GNN")
    monkeypatch.setitem(METHODS, "Three GNNs", several)
    first, again = (beginner("Three GNNs", tiny_sets, seed=1) for _ in range(2))
    assert len(first.predictors) == 3
    for a, b in zip(first.predictors, again.predictors, strict=True):
        assert same(a, b)
    assert not same(first.predictors[0], first.predictors[1])
    [alone] = beginner("One GNN", tiny_sets, seed=1).predictors
    assert same(first.predictors[0], alone)
    assert same(first.beside.predictors[0], alone)


def test_untrained_and_contrastive_encoders_differ_in_training_alone(tiny_sets, monkeypatch):
    seen = []

    def fake(families, recipe, **options):
        seen.append((recipe, options))
        torch.manual_seed(5)
        return type("Found", (), {"encoder": CLEncoder()})()

    monkeypatch.setattr("nasutils.methods.transferable.evaluation.pretrained", fake)
    plain = beginner("Untrained encoder", tiny_sets, seed=1)
    trained = beginner("CL-fine-tune", tiny_sets, seed=1, epochs=2)
    assert seen[0][0].epochs == 2
    assert seen[0][1]["seed"] == 1
    assert same(plain.predictors[0].head, trained.predictors[0].head)
    assert not same(plain.predictors[0].encoder, trained.predictors[0].encoder)


def test_only_unseen_graphs_judge():
    labels = np.array([0.0, 1, 2, 3, 4])
    predicted = np.array([9.0, 1, 2, 3, -9])
    assert unseen_spearman(predicted, labels, np.array([0, 4])) == pytest.approx(1)
    assert unseen_spearman(predicted, labels, np.array([], dtype=int)) < 0


def test_bad_input_says_what_is_wrong(tiny_sets, lessons):
    with pytest.raises(UnknownNameError, match="CL-fine-tune"):
        beginner("CL", tiny_sets, seed=0)
    with pytest.raises(NasutilsError, match="all labels"):
        learner().fine_tune((lessons[0][0], np.ones(12)), 0)
