"""A baseline without network: randomised trees on counts of operations and features of paths.

It says how much of a ranking simple properties of the cell explain. Zero-cost proxies may join them
as further columns. Trees: Geurts et al., "Extremely randomized trees", Machine Learning 2006.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.ensemble import ExtraTreesRegressor
from torch import Tensor

from nasutils.errors import DataError
from nasutils.methods.common.cell_sequences import ABSENT, Cells, Stacks
from nasutils.methods.common.label_scales import LABEL_SCALES, checked_labels
from nasutils.methods.common.paths import Paths

# Larger than any proxy; what a forest of float32 thresholds can still tell apart.
_LARGEST = 1e30


def path_features(stacks: Stacks) -> pd.DataFrame:
    """Describe the cells of B stacks by their operations and by their paths.

    The columns, for each distinct cell that is not the same in all architectures:

    - ``count``: vertices of each label; ``live``: those of them that lie on a path;
    - ``passes``: how often paths pass each label, summed over the paths;
    - ``most`` and ``fewest``: times that a single path passes each label, over the paths; zero
      where there is no path;
    - ``paths``, ``longest`` and ``shortest``: their number and their lengths in vertices.

    Returns:
        A row an architecture, float64; columns are named like ``0/most/nor_conv_3x3``.
    """
    parts = {}
    for which, cell in enumerate(stacks.cells):
        if not cell.shared:
            described = _describe(cell, stacks.vocabulary)
            parts |= {f"{which}/{name}": column for name, column in described.items()}
    return pd.DataFrame(parts)


def _describe(cell: Cells, vocabulary: tuple[str, ...]) -> dict[str, np.ndarray]:
    one_hot = cell.one_hot(len(vocabulary)).double()
    present = (cell.labels != ABSENT)[..., None].double()
    paths = Paths.of(cell, vocabulary)
    most, fewest = _extremes(paths, one_hot)
    longest, shortest = _extremes(paths, present)
    by_label = {
        "count": one_hot.sum(1),
        "live": (one_hot * (paths.through > 0)[..., None]).sum(1),
        "passes": (one_hot * paths.through[..., None]).sum(1),
        "most": most,
        "fewest": fewest,
    }
    features = {
        f"{kind}/{label}": values[:, i].numpy()
        for kind, values in by_label.items()
        for i, label in enumerate(vocabulary)
        if values[:, i].any()
    }
    features["paths"] = (paths.through * paths.ends).sum(1).numpy()
    return features | {"longest": longest[:, 0].numpy(), "shortest": shortest[:, 0].numpy()}


def _extremes(paths: Paths, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest and the smallest total weight of a path; zero where there is none.

    Args:
        paths: Of B cells.
        weights: C weights of every vertex, (B, F, C).

    Returns:
        Two tensors of shape (B, C).
    """
    return _largest(paths, weights), -_largest(paths, -weights)


def _largest(paths: Paths, weights: Tensor) -> Tensor:
    lowest = -torch.inf
    totals = torch.where(paths.starts[..., None], weights, lowest)  # (B, F, C)
    for vertex in range(1, weights.shape[1]):
        linked = paths.edges[:, :vertex, vertex, None] > 0
        best = torch.where(linked, totals[:, :vertex], lowest).amax(1) + weights[:, vertex]
        totals[:, vertex] = torch.maximum(totals[:, vertex], best)
    at_end = torch.where(paths.ends[..., None], totals, lowest).amax(1)
    return torch.where(at_end == lowest, 0.0, at_end)


def predict_by_trees(
    features: pd.DataFrame,
    accuracy: ArrayLike,
    rows: Sequence[ArrayLike],
    seeds: Sequence[int],
    *,
    trees: int = 300,
    labels: str = "z_score",
) -> np.ndarray:
    """Fit one forest a seed on its own n rows, and predict all M rows.

    Args:
        features: A row an architecture; infinite values rank as very large ones.
        accuracy: Labels of shape (M,); only those of ``rows`` are read.
        rows: The training cells of each forest, positions of shape (R, n).
        seeds: One a forest.
        trees: Trees of a forest.
        labels: One of ``labels.LABEL_SCALES``.

    Returns:
        Predictions of shape (R, M), on the scale of the training targets.

    Raises:
        NasutilsError: As ``predictor.fit``.
        DataError: If a feature is missing.
    """
    missing = features.columns[features.isna().any()]
    if len(missing):
        raise DataError(f"features are missing (NaN) in {', '.join(map(str, missing))}")
    values = features.to_numpy(float).clip(-_LARGEST, _LARGEST).astype(np.float32)
    targets, rows = checked_labels(len(values), accuracy, rows, seeds)
    targets = LABEL_SCALES[labels](targets)
    # Many architectures have the same features: each is asked for once.
    distinct, places = np.unique(values, axis=0, return_inverse=True)
    predictions = []
    for seed, target, row in zip(seeds, targets.numpy(), rows.numpy(), strict=True):
        forest = ExtraTreesRegressor(trees, random_state=seed).fit(values[row], target)
        predictions.append(forest.predict(distinct)[places])
    return np.stack(predictions)
