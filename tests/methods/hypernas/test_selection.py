"""Cross-validation among training labels: who trains, who judges, and what is never read."""

from dataclasses import replace

import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.hypernas import selection
from nasutils.methods.hypernas.encoder import EncoderSettings
from nasutils.methods.hypernas.predictor import Recipe, fit
from nasutils.methods.hypernas.selection import cross_validate
from nasutils.metrics import kendall_tau
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell

SETTINGS = EncoderSettings(hidden=16, layers=2, context="none", regressor=16)
QUICK = Recipe(SETTINGS, epochs=40, learning_rate=5e-3)
RNG = np.random.default_rng(0)
CELLS = [NASBench201Cell.random(RNG) for _ in range(120)]
ACCURACY = np.array([cell.ops.count(CONV3) for cell in CELLS]) + 0.01 * RNG.normal(size=120)
SPLITS = np.array([range(80), range(40, 120)])


@pytest.fixture(scope="module")
def sequences():
    return cell_sequences("nb201_digits", CELLS)


@pytest.fixture
def trained(monkeypatch):
    """The training cells of every predictor, as soon as there are some."""
    rows = []
    monkeypatch.setattr(
        selection, "fit", lambda *args: (rows.extend(np.asarray(args[2])), fit(*args))[1]
    )
    return rows


def test_a_rule_is_found_and_noise_is_not(sequences):
    taus = cross_validate(sequences, ACCURACY, SPLITS, QUICK, (0, 1))
    assert taus.shape == (2, 4)
    assert taus.mean() > 0.6
    # Cells that had been trained on would be ranked even by labels without a rule.
    noise = np.random.default_rng(1).permutation(120)
    longer = replace(QUICK, epochs=200)
    assert abs(cross_validate(sequences, noise, SPLITS, longer, (0, 1)).mean()) < 0.2
    learnt = fit(sequences, noise, SPLITS[:1], longer, [0]).predict(sequences)[0, :80]
    assert kendall_tau(learnt, noise[:80]) > 0.4


def test_each_cell_is_held_out_once(sequences, trained):
    cross_validate(sequences, ACCURACY, SPLITS[:, :24], QUICK, (0, 1), folds=3)
    for split, rows in zip(SPLITS[:, :24], (trained[:3], trained[3:]), strict=True):
        assert [len(set(row)) for row in rows] == [16] * 3
        held = np.concatenate([np.setdiff1d(split, row) for row in rows])
        np.testing.assert_array_equal(np.sort(held), split)


def test_cells_left_over_train_every_predictor(sequences, trained):
    cross_validate(sequences, ACCURACY, [range(26)], QUICK, [0])
    assert [len(row) for row in trained] == [20] * 4
    assert len(set.intersection(*(set(row) for row in trained))) == 2


def test_each_fold_is_judged_by_its_own_predictor(sequences, trained):
    taus = cross_validate(sequences, ACCURACY, SPLITS[:1], QUICK, [3])[0]
    rng = np.random.default_rng(3)
    rng.permutation(80)
    for tau, rows, seed in zip(taus, list(trained), rng.integers(2**31, size=4), strict=True):
        held = np.setdiff1d(SPLITS[0], rows)
        alone = fit(sequences, ACCURACY, [rows], QUICK, [int(seed)]).predict(sequences)[0]
        assert tau == pytest.approx(kendall_tau(alone[held], ACCURACY[held]), abs=0.06)


def test_labels_outside_the_split_are_never_read(sequences):
    hidden = ACCURACY.copy()
    hidden[80:] = np.nan
    first, second = (
        cross_validate(sequences, y, SPLITS[:1], QUICK, [0]) for y in (ACCURACY, hidden)
    )
    np.testing.assert_array_equal(first, second)


def test_repetitions_differ(sequences):
    taus = cross_validate(sequences, ACCURACY, SPLITS[[0, 0, 0]], QUICK, (5, 6, 5))
    assert (taus[0] != taus[1]).any()
    np.testing.assert_allclose(taus[0], taus[2], atol=0.05)


@pytest.mark.parametrize(
    ("rows", "folds", "message"),
    [
        ([range(20)], 1, "20 cells do not make 1 folds"),
        ([range(7)], 4, "7 cells do not make 4 folds: at least 2 folds of 2 cells"),
        ([[0, 1, 2, 3, 4, 0]], 3, "a split has a cell twice"),
        ([range(8), range(8)], 2, "1 seeds need training cells"),
        ([range(113, 121)], 2, "numbered 0 to 119"),
    ],
)
def test_bad_splits(sequences, rows, folds, message):
    with pytest.raises(NasutilsError, match=message):
        cross_validate(sequences, ACCURACY, rows, QUICK, [0], folds=folds)


def test_bad_labels(sequences):
    labels = np.where(np.arange(120) == 7, np.nan, ACCURACY)
    with pytest.raises(NasutilsError, match="1 training labels are NaN"):
        cross_validate(sequences, labels, SPLITS, QUICK, (0, 1))
