"""Methods by name: who learns what, what stays frozen, and what an ensemble is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError
from nasutils.methods.transferable import transfer_predictor
from nasutils.methods.transferable.encoder import CLEncoder, GraphEncoderSettings
from nasutils.methods.transferable.methods import RECIPES
from nasutils.methods.transferable.transfer_predictor import (
    FitRecipe,
    GraphPredictor,
    TransferPredictor,
    TransferRecipe,
    embed,
    frozen,
    pretrained_predictor,
)

QUICK = FitRecipe(epochs=2, batch_size=8, learning_rate=1e-2)
SMALL = GraphEncoderSettings(embedding=16, node=8, gnn_layers=1, transformer_layers=1)


def untrained(members=1, whole=False):
    torch.manual_seed(0)
    encoder = CLEncoder(SMALL).requires_grad_(False)
    recipe = TransferRecipe(whole=whole, source=QUICK, fine_tune=QUICK, members=members)
    predictors = [GraphPredictor(encoder) for _ in range(members)]
    return TransferPredictor(recipe, predictors, None if whole else frozen(encoder))


@pytest.fixture(scope="module")
def labelled(tiny_sets):
    """Graphs and how many edges they have."""
    return [(graphs, graphs.num_edges.astype(float)) for graphs in tiny_sets]


def same(first, second):
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_frozen_encoder_stays_and_its_head_learns(labelled):
    before = untrained()
    after = before.fit_sources(labelled[:1], 0)
    assert same(before.members[0].encoder, after.members[0].encoder)
    assert not same(before.members[0].head, after.members[0].head)


def test_a_whole_network_learns_as_a_whole(labelled):
    before = untrained(whole=True)
    after = before.fit_sources(labelled[:1], 0)
    assert not same(before.members[0].encoder, after.members[0].encoder)


def test_remembered_embeddings_change_nothing(labelled):
    one = untrained().fit_sources(labelled[:1], 0)
    graphs = labelled[1][0]
    alone = one.members[0].predict(graphs)
    assert one.predict(graphs) == pytest.approx(alone)
    assert one.predict(graphs) == pytest.approx(alone)  # from memory


def test_an_ensemble_is_the_mean_of_its_members(labelled):
    graphs = labelled[0][0]
    for whole in (False, True):
        several = untrained(members=3, whole=whole)
        each = [predictor.predict(graphs) for predictor in several.members]
        assert several.predict(graphs) == pytest.approx(np.mean(each, axis=0), abs=1e-6)
        assert np.std(each, axis=0).max() > 0


def test_two_methods_side_by_side_are_the_mean_of_both(labelled):
    graphs = labelled[1][0]
    whole, headed = untrained(whole=True), untrained(members=2)
    both = replace(whole, beside=headed)
    assert both.predict(graphs) == pytest.approx(
        (whole.predict(graphs) + headed.predict(graphs)) / 2
    )
    fitted, tuned = both.fit_sources(labelled[:1], 1), both.fine_tune(labelled[1], 2)
    for found, alone in (
        (fitted, [each.fit_sources(labelled[:1], 1) for each in (whole, headed)]),
        (tuned, [each.fine_tune(labelled[1], 2) for each in (whole, headed)]),
    ):
        expected = np.mean([each.predict(graphs) for each in alone], axis=0)
        assert found.predict(graphs) == pytest.approx(expected)


def test_each_set_of_graphs_is_embedded_once_and_no_set_is_mistaken_for_another(
    labelled, monkeypatch
):
    embedded = []

    def counting(encoder, graphs):
        embedded.append(graphs)
        return embed(encoder, graphs)

    monkeypatch.setattr(transfer_predictor, "embed", counting)
    once = frozen(CLEncoder(SMALL))
    for start in range(4):  # sets that are thrown away at once, whose memory is used again
        graphs = labelled[0][0].take([start, start + 1])
        first = once(graphs)
        assert once(graphs) is first
        assert np.array_equal(first, embed(once.__wrapped__.args[0], graphs))
    assert len(embedded) == 4


def test_untrained_predictors_repeat_and_members_differ(tiny_sets):
    several = replace(RECIPES["One GNN"], members=3, beside=RECIPES["One GNN"])
    first, again = (pretrained_predictor(several, lambda: tiny_sets, seed=1) for _ in range(2))
    assert len(first.members) == 3
    for a, b in zip(first.members, again.members, strict=True):
        assert same(a, b)
    assert not same(first.members[0], first.members[1])
    [alone] = pretrained_predictor(RECIPES["One GNN"], lambda: tiny_sets, seed=1).members
    assert same(first.members[0], alone)
    assert same(first.beside.members[0], alone)
    assert first.encoder is first.members[0].encoder


def test_untrained_and_contrastive_encoders_differ_in_training_alone(tiny_sets, monkeypatch):
    seen = []

    def fake(families, recipe, **options):
        seen.append((recipe, options))
        torch.manual_seed(5)
        return type("Found", (), {"encoder": CLEncoder()})()

    monkeypatch.setattr(transfer_predictor, "pretrained", fake)
    plain = pretrained_predictor(RECIPES["Untrained encoder"], lambda: tiny_sets, seed=1)
    trained = pretrained_predictor(RECIPES["CL-fine-tune"], lambda: tiny_sets, seed=1, epochs=2)
    assert seen[0][0].epochs == 2
    assert seen[0][1]["seed"] == 1
    assert same(plain.members[0].head, trained.members[0].head)
    assert not same(plain.members[0].encoder, trained.members[0].encoder)


def test_bad_input_says_what_is_wrong(labelled):
    with pytest.raises(NasutilsError, match="all labels"):
        untrained().fine_tune((labelled[0][0], np.ones(12)), 0)
