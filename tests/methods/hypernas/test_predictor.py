"""The losses and scales by hand, and that predictors learn, repeat and refuse."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from nasutils.errors import DataError, NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import Cells, cell_sequences
from nasutils.methods.common.label_scales import LABEL_SCALES
from nasutils.methods.hypernas.encoder import EncoderSettings
from nasutils.methods.hypernas.predictor import (
    LOSSES,
    RECIPES,
    Recipe,
    fit,
    pairwise_loss,
)
from nasutils.metrics import kendall_tau
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell

QUICK = Recipe(EncoderSettings(hidden=16, layers=2, regressor=16), epochs=40, learning_rate=5e-3)
RNG = np.random.default_rng(0)
CELLS = [NASBench201Cell.random(RNG) for _ in range(120)]
ACCURACY = np.array([cell.ops.count(CONV3) for cell in CELLS]) + 0.01 * RNG.normal(size=120)


@pytest.fixture(scope="module")
def sequences():
    return cell_sequences("nb201_digits", CELLS)


@pytest.fixture(scope="module")
def predictor(sequences):
    return fit(sequences, ACCURACY, [range(40), range(30, 70)], QUICK, (0, 1))


def test_losses_by_hand():
    predicted, targets = (
        torch.tensor([[1.0, 3.0], [0.0, 0.0]]),
        torch.tensor([[1.0, 1.0], [2.0, 0]]),
    )
    assert LOSSES["squared"](predicted, targets).tolist() == [2.0, 2.0]
    # Two pairs: (0, 1) with margin 2 and (0, 2) with margin -1; 1 and 2 tie.
    predicted, targets = torch.tensor([[2.0, 0.0, 3.0]]), torch.tensor([[5.0, 1.0, 1.0]])
    expected = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(1))) / 2
    assert pairwise_loss(predicted, targets).item() == pytest.approx(expected)
    assert pairwise_loss(predicted, torch.ones(1, 3)).item() == 0


def test_label_scales():
    labels = torch.tensor([[1.0, 2.0, 3.0, 90.0], [5.0, 5.0, 1.0, 2.0]])
    z = LABEL_SCALES["z_score"](labels)
    # Mean 24 and variance (23^2 + 22^2 + 21^2 + 66^2) / 4 = 1452.5.
    expected = [-23 / 1452.5**0.5, -22 / 1452.5**0.5, -21 / 1452.5**0.5, 66 / 1452.5**0.5]
    assert z[0].tolist() == pytest.approx(expected)
    normal = LABEL_SCALES["normal_score"](labels)
    assert normal[0].tolist() == pytest.approx([-1.15035, -0.31864, 0.31864, 1.15035], abs=1e-5)
    assert normal[1, 0] == normal[1, 1]  # a tie stays one


def test_learning_rates():
    paper, baseline = RECIPES["hypernas_p"], RECIPES["np"]
    rates = [paper.rate(epoch / 200) for epoch in (0, 99, 100, 149, 150, 199)]
    assert rates == pytest.approx([1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4, 2.5e-4])
    assert [baseline.rate(share) for share in (0, 0.5, 1)] == pytest.approx([1e-4, 5e-5, 0])


def test_recipes_are_the_papers():
    paper = RECIPES["hypernas_p"]
    assert (paper.encoder.layers, paper.encoder.hidden, paper.encoder.context) == (6, 72, "sum")
    assert (paper.epochs, paper.batch_size, paper.learning_rate) == (200, 10, 1e-3)
    baseline = RECIPES["np"]
    assert (baseline.encoder.layers, baseline.encoder.hidden) == (3, 144)
    assert (baseline.epochs, baseline.batch_size, baseline.weight_decay) == (300, 10, 1e-3)


def test_learns_what_it_was_not_shown(sequences, predictor):
    predicted = predictor.predict(sequences)
    assert predicted.shape == (2, 120)
    assert (predictor.losses[:, -1] < predictor.losses[:, 0] / 10).all()
    for scores in predicted:
        assert kendall_tau(scores[70:], ACCURACY[70:]) > 0.6
    assert not any(p.requires_grad for p in predictor.network.parameters())


@pytest.mark.parametrize("change", [{"loss": "pairwise"}, {"labels": "normal_score"}])
def test_other_losses_and_scales_learn_too(sequences, change):
    predicted = fit(sequences, ACCURACY, [range(40)], replace(QUICK, **change), [0]).predict(
        sequences
    )
    assert kendall_tau(predicted[0, 70:], ACCURACY[70:]) > 0.6


def test_a_replica_learns_what_it_would_alone(sequences, predictor):
    alone = fit(sequences, ACCURACY, [range(30, 70)], QUICK, [1])
    np.testing.assert_allclose(alone.losses[0], predictor.losses[1], rtol=0.02)
    np.testing.assert_allclose(
        alone.predict(sequences)[0], predictor.predict(sequences)[1], atol=0.05
    )


def test_the_same_seed_gives_the_same(sequences):
    recipe = replace(QUICK, epochs=2, encoder=replace(QUICK.encoder, dropout=0.3))
    first, again, other = (fit(sequences, ACCURACY, [range(25)], recipe, [s]) for s in (4, 4, 5))
    np.testing.assert_array_equal(first.losses, again.losses)
    np.testing.assert_array_equal(first.predict(sequences), again.predict(sequences))
    assert (first.losses != other.losses).any()


def test_labels_of_other_cells_are_never_read(sequences):
    recipe = replace(QUICK, epochs=2)
    hidden = ACCURACY.copy()
    hidden[25:] = np.nan
    first, second = (fit(sequences, y, [range(25)], recipe, [0]) for y in (ACCURACY, hidden))
    np.testing.assert_array_equal(first.losses, second.losses)


def test_accumulated_gradients_are_those_of_a_batch(sequences):
    # One architecture a step and the mean over ten steps, as the paper has it.
    from nasutils.methods.hypernas.encoder import PredictorNetwork
    from nasutils.methods.hypernas.graphs import graphs_of, take_all

    network = PredictorNetwork(len(sequences.vocabulary), sequences.order, QUICK.encoder, [0])
    graphs = graphs_of(sequences, "row")
    targets = torch.tensor(ACCURACY[None, :10]).float()

    def gradient(rows, weight):
        network.zero_grad()
        for row in rows:
            predicted = network(take_all(graphs, row[None]))
            (weight * LOSSES["squared"](predicted, targets[:, row])).sum().backward()
        return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])

    together = gradient([torch.arange(10)], 1)
    one_by_one = gradient(torch.arange(10)[:, None], 0.1)
    torch.testing.assert_close(together, one_by_one, rtol=1e-3, atol=1e-5)


def test_predictions_do_not_depend_on_what_stands_beside(sequences, predictor):
    everything = predictor.predict(sequences)
    np.testing.assert_allclose(predictor.predict(sequences[7:9]), everything[:, 7:9], atol=1e-5)
    np.testing.assert_allclose(predictor.predict(sequences, threads=1), everything, atol=1e-5)


@pytest.mark.parametrize(
    ("rows", "seeds", "message"),
    [
        ([[3]], [0], "at least 2 labels, not 1"),
        ([[3, 4]], [0, 1], r"2 seeds need training cells of shape \(2, n\), not \(1, 2\)"),
        ([3, 4], [0], r"shape \(1, n\), not \(2,\)"),
        ([[3, 120]], [0], "numbered 0 to 119"),
        ([[-1, 4]], [0], "numbered 0 to 119"),
    ],
)
def test_bad_training_cells(sequences, rows, seeds, message):
    with pytest.raises(NasutilsError, match=message):
        fit(sequences, ACCURACY, rows, QUICK, seeds)


def test_bad_labels(sequences):
    with pytest.raises(NasutilsError, match="120 architectures need as many labels"):
        fit(sequences, ACCURACY[1:], [[0, 1]], QUICK, [0])
    with pytest.raises(NasutilsError, match="1 training labels are NaN or infinite"):
        fit(sequences, np.where(np.arange(120) == 0, np.nan, 1), [[0, 1]], QUICK, [0])
    with pytest.raises(NasutilsError, match="are the same: nothing to learn"):
        fit(sequences, np.ones(120), [[0, 1]], QUICK, [0])
    with pytest.raises(NasutilsError, match="are the same"):  # to the networks, in float32
        fit(sequences, 90 + np.arange(120) * 1e-9, [[0, 1]], QUICK, [0])


def test_no_architecture_and_no_such_member(sequences):
    predictor = fit(sequences, ACCURACY, [[0, 1, 2]], QUICK, [0])
    with pytest.raises(DataError, match="no architecture"):
        predictor.predict(sequences[:0])
    with pytest.raises(IndexError, match="numbered 0 to 0, not 5"):
        predictor.member(5)


def test_bad_recipes():
    with pytest.raises(UnknownNameError, match="normal_score, z_score"):
        Recipe(labels="rank")
    with pytest.raises(UnknownNameError, match="pairwise, squared"):
        Recipe(loss="mse")
    with pytest.raises(NasutilsError, match="epochs must be a whole number, at least 1, not 0"):
        Recipe(epochs=0)


def test_sequences_of_another_kind_are_refused(sequences, predictor):
    with pytest.raises(DataError, match=r"reads 5 cells .* these sequences have 17"):
        predictor.predict(cell_sequences("nasbench201", CELLS))
    with pytest.raises(DataError, match="maxpool3x3"):
        predictor.predict(cell_sequences("nasbench101", [NASBench101Cell.random(RNG)]))
    cell = sequences.cells[0]
    larger = Cells(
        torch.nn.functional.pad(cell.adjacency, (0, 1, 0, 1)),
        torch.nn.functional.pad(cell.labels, (0, 1)),
        cell.kind,
    )
    with pytest.raises(DataError, match=r"cells of \(8, 6\) vertices, not \(9, 6\)"):
        predictor.predict(replace(sequences, cells=(larger, sequences.cells[1])))


def test_a_recipe_names_a_reduction():
    with pytest.raises(UnknownNameError, match="block, node, none"):
        Recipe(reduction="pool")
