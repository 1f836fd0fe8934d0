"""Contrastive pre-training: its batches, that it learns, and that a seed determines it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.spectrum import most_similar
from nasutils.methods.transferable import pretraining
from nasutils.methods.transferable.encoder import CLEncoder, GraphEncoderSettings, projection_head
from nasutils.methods.transferable.pretraining import ContrastiveRecipe, FamilyBatches, pretrain
from nasutils.methods.transferable.transfer_predictor import embed

SMALL = ContrastiveRecipe(
    GraphEncoderSettings(embedding=16, node=8, gnn_layers=1, transformer_layers=1),
    epochs=2,
    batch_size=24,
    near=3,
)


@pytest.fixture
def families(tiny_sets):
    return tiny_sets


def batches_of(families, recipe, seed=0):
    family = np.repeat(np.arange(len(families)), [len(graphs) for graphs in families])
    graphs = GraphSet.concatenate(families)
    return FamilyBatches(graphs, family, recipe, np.random.default_rng(seed)), family, graphs


def test_batches_are_even_and_every_graph_comes(families):
    batches, family, _ = batches_of(families, replace(SMALL, near=0, batch_size=12))
    seen = np.zeros(len(family), int)
    for _ in range(6):
        rows, classes = batches.draw()
        assert np.bincount(classes).tolist() == [4, 4, 4]
        assert classes.tolist() == family[rows].tolist()
        assert len(set(rows)) == 12
        seen[rows] += 1
    # 24 draws of each family: twice 12, three times 8.
    assert seen.tolist() == [2] * 12 + [3] * 8 + [2] * 12


def test_half_a_family_batch_is_similar_to_the_other_half(families):
    batches, family, _ = batches_of(families, SMALL)
    for _ in range(5):
        rows, classes = batches.draw()
        assert len(set(rows)) == len(rows)
        assert (np.bincount(classes) <= 8).all()
        assert (np.bincount(classes) >= 4).all()
        assert classes.tolist() == family[rows].tolist()


def test_pairs_are_a_graph_and_one_of_the_most_similar(families):
    batches, _, graphs = batches_of(families, replace(SMALL, positives="pair"))
    near = most_similar(graphs.eigenvalues, 3)
    picked = set()
    for _ in range(5):
        rows, classes = batches.draw()
        assert classes.tolist() == [*range(12), *range(12)]
        for anchor, partner in zip(rows[:12], rows[12:], strict=True):
            assert partner in near[anchor]
            picked.add(near[anchor].tolist().index(partner))
    assert picked == {0, 1, 2}


@pytest.mark.parametrize("positives", ["family", "pair"])
def test_a_seed_determines_everything(families, positives):
    recipe = replace(SMALL, positives=positives)
    first, same, other = (pretrain(families, recipe, seed=seed) for seed in (1, 1, 2))
    assert first.losses.tolist() == same.losses.tolist()
    assert first.losses.tolist() != other.losses.tolist()
    assert np.array_equal(embed(first.encoder, families[0]), embed(same.encoder, families[0]))


def test_global_random_numbers_are_left_alone(families):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    pretrain(families, replace(SMALL, epochs=1), seed=0)
    assert torch.equal(torch.rand(3), expected)


def test_it_learns_to_tell_families_apart(families):
    found = pretrain(families, replace(SMALL, epochs=60, learning_rate=3e-3), seed=0)
    assert found.losses.shape == (60,)
    assert found.losses[-5:].mean() < 0.8 * found.losses[:5].mean()
    with torch.no_grad():
        z = [found.head(torch.from_numpy(embed(found.encoder, graphs))) for graphs in families]
    z = torch.nn.functional.normalize(torch.cat(z), dim=1)
    family = torch.repeat_interleave(torch.arange(3), torch.tensor([12, 8, 12]))
    nearest = (z @ z.T).fill_diagonal_(-2).argmax(1)
    assert (family[nearest] == family).float().mean() > 0.95


def test_parts_of_a_batch_give_the_same_projections_and_gradients(families):
    graphs = GraphSet.concatenate(families)
    rows = np.array([31, 0, 14, 3, 20])
    found = []
    for chunk_nodes in (10**9, 20):
        torch.manual_seed(0)
        encoder = CLEncoder(SMALL.encoder)
        place = encoder.branches[1].place.weight
        with torch.no_grad():
            place.zero_()  # the parts draw other signs
        model = torch.nn.ModuleList([encoder, projection_head(16)])
        z = pretraining._project(model, graphs, rows, chunk_nodes, torch.Generator())
        z.square().sum().backward()
        found.append((z.detach(), *(p.grad for p in model.parameters() if p is not place)))
    assert len(graphs.split(rows, 20)) > 2
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-5)


def test_bad_input(families):
    with pytest.raises(UnknownNameError, match="family, pair"):
        ContrastiveRecipe(positives="pairs")
    with pytest.raises(UnknownNameError, match="distant, similar, uniform"):
        ContrastiveRecipe(weights="equal")
    with pytest.raises(NasutilsError, match="near is at least 1"):
        ContrastiveRecipe(positives="pair", near=0)
    with pytest.raises(NasutilsError, match="smallest family has 8"):
        pretrain(families, replace(SMALL, batch_size=100), seed=0)
    with pytest.raises(NasutilsError, match="8 similar ones to choose from"):
        pretrain(families, replace(SMALL, near=8), seed=0)
    with pytest.raises(NasutilsError, match="draws 1 graphs"):
        pretrain(families, replace(SMALL, batch_size=6), seed=0)
