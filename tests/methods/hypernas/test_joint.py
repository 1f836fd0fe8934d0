"""HyperNAS in small: both tasks learn, repeat, and refuse what does not fit."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nasutils.digits import task
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.common.target_networks import Target
from nasutils.methods.hypernas.encoder import EncoderSettings, GHNEncoder
from nasutils.methods.hypernas.graphs import graphs_of
from nasutils.methods.hypernas.hypernetwork import HypernetworkSettings
from nasutils.methods.hypernas.joint import VARIANTS, Images, JointRecipe, fit_jointly
from nasutils.methods.hypernas.predictor import Recipe
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell

RNG = np.random.default_rng(0)
CELLS = [NASBench201Cell((CONV3, *NASBench201Cell.random(RNG).ops[1:5], CONV3)) for _ in range(3)]
ACCURACY = np.arange(3.0)
RECIPE = JointRecipe(
    Recipe(
        EncoderSettings(hidden=16, layers=2, gain=2.0), epochs=15, batch_size=3, learning_rate=5e-3
    ),
    HypernetworkSettings(hidden=16, layers=2, channels=8),
    images=20,
)


@pytest.fixture(scope="module")
def sequences():
    return cell_sequences("nb201_digits", CELLS)


@pytest.fixture(scope="module")
def images():
    # Two classes told apart by their brightness.
    labels = torch.arange(80) % 2
    noise = torch.randn(80, *task.IMAGE_SHAPE, generator=torch.Generator().manual_seed(0))
    pattern = torch.linspace(-1, 1, 8).expand(8, 8)
    return Images(noise + 2 * (2 * labels - 1).view(-1, 1, 1, 1) * pattern, labels)


def target_of(row):
    return Target.build(lambda: task.build_network(CELLS[row]))


def fitted(sequences, images, recipe=RECIPE, seed=0):
    return fit_jointly(sequences, ACCURACY, target_of, images, recipe, seed)


@pytest.mark.parametrize("variant", VARIANTS)
def test_learns(sequences, images, variant):
    model = fitted(sequences, images, replace(RECIPE, variant=variant))
    errors, entropies = model.losses
    assert entropies[0] > 0.7 * math.log(10)
    assert entropies[-1] < entropies[0] / 2
    targets = [target_of(row) for row in range(3)]
    assert model.evaluate(sequences, targets, images)["accuracy"].mean() > 70
    if variant == "hypernas":
        assert errors[-1] < errors[0]
        assert model.predictor.predict(sequences).shape == (1, 3)
        assert len(model.weights) == 2
    else:
        assert np.isnan(errors).all()
        assert model.predictor is None
        assert model.weights.size == 0


def test_repeats(sequences, images):
    recipe = replace(RECIPE, predictor=replace(RECIPE.predictor, epochs=2))
    first, again, other = (fitted(sequences, images, recipe, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.losses, again.losses)
    assert (first.losses != other.losses).any()


def test_each_generated_network_is_evaluated_for_itself(sequences, images):
    model = fitted(
        sequences, images, replace(RECIPE, predictor=replace(RECIPE.predictor, epochs=1))
    )
    targets = [target_of(row) for row in range(3)]
    together = model.evaluate(sequences, targets, images)
    alone = model.evaluate(sequences[2:], targets[2:], images)
    assert together.iloc[2].tolist() == alone.iloc[0].tolist()
    cells = graphs_of(sequences[:1], model.normalisation)
    features = [vertices[0] for vertices, _ in model.encoder.walk(cells)]
    logits = targets[0](model.hypernetwork(features, [targets[0].places])[0], images.images)
    expected = nn.functional.cross_entropy(logits, images.labels).item()
    assert together["cross_entropy"][0] == pytest.approx(expected)
    assert together["accuracy"][0] == 100 * (logits.argmax(1) == images.labels).float().mean()


@pytest.mark.parametrize("variant", ["hypernas_h", "ghn"])
def test_without_prediction_labels_do_not_matter(sequences, images, variant):
    short = replace(RECIPE.predictor, epochs=2)
    recipe = replace(RECIPE, variant=variant, predictor=short)
    with_labels = fitted(sequences, images, recipe)
    without = fit_jointly(sequences, None, target_of, images, recipe, 0)
    np.testing.assert_array_equal(with_labels.losses, without.losses)
    with pytest.raises(NasutilsError, match="labels are missing"):
        fit_jointly(sequences, None, target_of, images, replace(recipe, variant="hypernas"), 0)


def test_bad_input(sequences, images):
    with pytest.raises(UnknownNameError, match="ghn, hypernas, hypernas_h"):
        JointRecipe(variant="hypernas_p")
    with pytest.raises(NasutilsError, match="80 images do not fill a batch of 81"):
        fitted(sequences, images, replace(RECIPE, images=81))
    with pytest.raises(NasutilsError, match="nothing to learn"):
        fit_jointly(sequences, np.ones(3), target_of, images, RECIPE, 0)
    with pytest.raises(NasutilsError, match="which the sequences do not have"):
        fit_jointly(
            cell_sequences("nb201_digits", CELLS, reduction="node"),
            ACCURACY,
            target_of,
            images,
            RECIPE,
            0,
        )


def test_messages_of_the_graph_hypernetwork_against_loops(sequences):
    torch.manual_seed(0)
    encoder = GHNEncoder(len(sequences.vocabulary), sequences.order, hidden=5, rounds=2)
    features = [vertices[0] for vertices, _ in encoder.walk(graphs_of(sequences, "raw"))]
    assert len(features) == 5
    for row in range(3):
        edges = sequences.cells[0].adjacency[row]
        states = [encoder.embedding.weight[:, label] for label in sequences.cells[0].labels[row]]
        for _ in range(2):
            for matrix, order in ((edges.T, range(8)), (edges, range(7, -1, -1))):
                for v in order:
                    sent = [encoder.message(states[u]) for u in range(8) if matrix[v, u]]
                    received = sum(sent, start=torch.zeros(5))
                    states[v] = encoder.update(received[None], states[v][None])[0]
        torch.testing.assert_close(features[0][row], torch.stack(states), rtol=1e-4, atol=1e-5)


def test_the_encoder_is_shared(sequences, images):
    model = fitted(
        sequences, images, replace(RECIPE, predictor=replace(RECIPE.predictor, epochs=1))
    )
    assert model.encoder is model.predictor.network.encoder
    assert isinstance(model.encoder, nn.Module)


def test_fewer_networks_and_half_precision_learn_too(sequences, images):
    recipe = replace(RECIPE, networks=1, precision="bfloat16")
    model = fitted(
        sequences, images, replace(recipe, predictor=replace(RECIPE.predictor, epochs=40))
    )
    errors, entropies = model.losses
    assert np.isfinite(model.losses).all()
    assert entropies[-1] < entropies[0] / 2
    assert errors[-1] < errors[0]


def test_bad_options():
    with pytest.raises(UnknownNameError, match="float32"):
        replace(RECIPE, precision="float16")
    with pytest.raises(NasutilsError, match="networks must be a whole number"):
        replace(RECIPE, networks=0)
