"""Choosing a recipe among training labels alone, without a look at the cells that evaluate it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError
from nasutils.methods.common.cell_sequences import CellSequences
from nasutils.methods.common.label_scales import checked_labels
from nasutils.methods.hypernas.predictor import RECIPES, Recipe, fit
from nasutils.metrics import kendall_tau

_OURS = RECIPES["tuned"]


def _encoder(reduction: str = "none", **changes: Any) -> Recipe:
    """Return our recipe with another encoder."""
    return replace(_OURS, encoder=replace(_OURS.encoder, **changes), reduction=reduction)


#: Setting -> our recipe with this setting changed.
CANDIDATES: dict[str, Recipe] = {
    "ours": _OURS,
    "labels: z-scores": replace(_OURS, labels="z_score"),
    "loss: pairwise ranking": replace(_OURS, loss="pairwise"),
    "weight decay 0": replace(_OURS, weight_decay=0.0),
    "weight decay .01": replace(_OURS, weight_decay=1e-2),
    "200 epochs": replace(_OURS, epochs=200),
    "initial gain 1": _encoder(gain=1.0),
    "adjacency: symmetric": _encoder(normalisation="symmetric"),
    "adjacency: sum": _encoder(normalisation="sum"),
    "adjacency: without loops": _encoder(normalisation="raw"),
    "dead vertices kept": replace(_OURS, prune_dead=False),
    "context: sum": _encoder("block", context="sum"),
    "context: position": _encoder("block", context="position"),
    "context: concatenate": _encoder("block", context="concatenate"),
    "context: sum, reductions as one vertex": _encoder("node", context="sum"),
    "context: sum, no reductions": _encoder(context="sum"),
}


def cross_validate(
    sequences: CellSequences,
    accuracy: ArrayLike,
    rows: ArrayLike,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    folds: int = 4,
) -> np.ndarray:
    """Rank each fold of the training cells by a predictor of the others: tau with their labels.

    All predictors train side by side. Folds are equally large; cells that are left over are in none
    and train every predictor. The same rows under several seeds are repetitions.

    Args:
        sequences: M architectures.
        accuracy: Their labels, (M,), targets and measure; only those of ``rows`` are read.
        rows: The training cells of each of R splits, positions of shape (R, n).
        recipe: How each predictor is built and trained.
        seeds: One a split, of its folds and predictors.
        folds: Of each split; the taus are of shape (R, folds).

    Raises:
        NasutilsError: As ``predictor.fit``; or if there are fewer than two folds or than two cells
            in one, a split has a cell twice, or the labels of a fold are all alike.
    """
    checked_labels(len(sequences), accuracy, rows, seeds)
    accuracy, rows = np.asarray(accuracy, dtype=float), np.asarray(rows)
    _check_folds(rows, folds)
    splits = [_split(row, folds, seed) for row, seed in zip(rows, seeds, strict=True)]
    training, held, weights = (np.concatenate(parts) for parts in zip(*splits, strict=True))
    predictor = fit(sequences, accuracy, training, recipe, weights.tolist())
    used, places = np.unique(held, return_inverse=True)
    predicted = predictor.predict(sequences[used])  # (R * folds, used)
    scores = np.take_along_axis(predicted, places.reshape(held.shape), axis=1)
    taus = [kendall_tau(*pair) for pair in zip(scores, accuracy[held], strict=True)]
    return np.reshape(taus, (len(rows), folds))


def _check_folds(rows: np.ndarray, folds: int) -> None:
    if folds < 2 or rows.shape[1] < 2 * folds:
        raise NasutilsError(
            f"{rows.shape[1]} cells do not make {folds} folds: at least 2 folds of 2 cells needed."
        )
    if (np.diff(np.sort(rows)) == 0).any():
        raise NasutilsError("a split has a cell twice, which would test what it has trained.")


def _split(row: np.ndarray, folds: int, seed: int) -> tuple[np.ndarray, ...]:
    """Return each fold's training cells, (folds, n - size), its own, (folds, size), and seed."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(row)
    held = shuffled[: len(row) // folds * folds].reshape(folds, -1)
    training = np.stack([shuffled[~np.isin(shuffled, fold)] for fold in held])
    return training, held, rng.integers(2**31, size=folds)
