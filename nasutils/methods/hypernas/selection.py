"""Choosing a recipe among training labels alone, without a look at the cells that judge it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError
from nasutils.methods.common.cell_sequences import Stacks
from nasutils.methods.common.label_scales import checked_labels
from nasutils.methods.hypernas.predictor import Recipe, fit
from nasutils.metrics import kendall_tau


def cross_validate(
    stacks: Stacks,
    accuracy: ArrayLike,
    rows: ArrayLike,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    folds: int = 4,
) -> np.ndarray:
    """Rank each fold of the training cells by a predictor of the others.

    All predictors train side by side. Folds are equally large; cells that are left over are in none
    and train every predictor. The same rows under several seeds are repetitions.

    Args:
        stacks: M architectures.
        accuracy: Their labels, (M,), which are targets and judge; only those of ``rows`` are read.
        rows: The training cells of each of R splits, positions of shape (R, n).
        recipe: How each predictor is built and trained.
        seeds: One a split, of its folds and predictors.
        folds: Of each split.

    Returns:
        Kendall's tau between predictions and labels of every held-out fold, (R, folds).

    Raises:
        NasutilsError: As ``predictor.fit``; or if there are fewer than two folds or than two cells
            in one, a split has a cell twice, or the labels of a fold are all alike.
    """
    checked_labels(len(stacks), accuracy, rows, seeds)
    accuracy, rows = np.asarray(accuracy, dtype=float), np.asarray(rows)
    _check_folds(rows, folds)
    splits = [_split(row, folds, seed) for row, seed in zip(rows, seeds, strict=True)]
    training, held, weights = (np.concatenate(parts) for parts in zip(*splits, strict=True))
    predictor = fit(stacks, accuracy, training, recipe, weights.tolist())
    used, places = np.unique(held, return_inverse=True)
    predicted = predictor.predict(stacks[torch.from_numpy(used)])  # (R * folds, used)
    scores = np.take_along_axis(predicted, places.reshape(held.shape), axis=1)
    taus = [kendall_tau(*pair) for pair in zip(scores, accuracy[held], strict=True)]
    return np.reshape(taus, (len(rows), folds))


def _check_folds(rows: np.ndarray, folds: int) -> None:
    if folds < 2 or rows.shape[1] < 2 * folds:
        raise NasutilsError(
            f"{rows.shape[1]} cells do not make {folds} folds: at least 2 folds of 2 cells needed."
        )
    if (np.diff(np.sort(rows)) == 0).any():
        raise NasutilsError("a split has a cell twice, which would judge what it has taught.")


def _split(row: np.ndarray, folds: int, seed: int) -> tuple[np.ndarray, ...]:
    """Return each fold's training cells, (folds, n - size), its own, (folds, size), and seed."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(row)
    held = shuffled[: len(row) // folds * folds].reshape(folds, -1)
    training = np.stack([shuffled[~np.isin(shuffled, fold)] for fold in held])
    return training, held, rng.integers(2**31, size=folds)
