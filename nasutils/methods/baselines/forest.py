"""Baselines without network: randomised trees on counts of operations and features of paths.

They say how much of a ranking simple properties of the cell explain. Zero-cost proxies may join
them as further columns. Trees: Geurts et al., "Extremely randomized trees", Machine Learning 2006.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.ensemble import ExtraTreesRegressor
from torch import Tensor

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.errors import DataError
from nasutils.methods.base import Method, Need, Predict, Prediction, look_up, register
from nasutils.methods.common.benchmark_sequences import (
    benchmark_sequences,
    network_of,
    read_sequences,
)
from nasutils.methods.common.cell_sequences import ABSENT, Cells, CellSequences
from nasutils.methods.common.label_scales import LABEL_SCALES, checked_labels
from nasutils.methods.common.paths import Paths
from nasutils.spaces.registry import Architecture

# Larger than any proxy; what a forest of float32 thresholds can still tell apart.
_LARGEST = 1e30


def path_features(sequences: CellSequences) -> pd.DataFrame:
    """Describe the cells of B architectures by their operations and by their paths.

    The columns, for each distinct cell that is not the same in all architectures:

    - ``count``: vertices of each label; ``used``: those of them that lie on a path;
    - ``passes``: how often paths pass each label, summed over the paths;
    - ``most`` and ``fewest``: times that a single path passes each label, over the paths; zero
      where there is no path;
    - ``paths``, ``longest`` and ``shortest``: their number and their lengths in vertices.

    Returns:
        A row an architecture, float64; columns are named like ``0/most/nor_conv_3x3``.
    """
    parts = {}
    for which, cell in enumerate(sequences.cells):
        if not cell.shared:
            described = _describe(cell, sequences.vocabulary)
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
        "used": (one_hot * (paths.through > 0)[..., None]).sum(1),
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
    """Return the largest and the smallest total weight of a path, of C weights, both (B, C)."""
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
    """Fit one of R forests a seed on its n rows; predict all M rows, on the targets' scale: (R, M).

    Args:
        features: A row an architecture; infinite values rank as very large ones.
        accuracy: Labels of shape (M,); only those of ``rows`` are read.
        rows: The training cells of each forest, positions of shape (R, n).
        seeds: One a forest.
        trees: Trees of a forest.
        labels: One of ``label_scales.LABEL_SCALES``.

    Raises:
        NasutilsError: As ``predictor.fit``.
        DataError: If a feature is missing.
    """
    values = _checked_values(features)
    forests = _fit(values, accuracy, rows, seeds, trees, labels)
    # Many architectures have the same features: each is predicted once.
    distinct, places = np.unique(values, axis=0, return_inverse=True)
    return np.stack([forest.predict(distinct)[places] for forest in forests])


def _checked_values(features: pd.DataFrame) -> np.ndarray:
    if len(missing := features.columns[features.isna().any()]):
        raise DataError(f"features are missing (NaN) in {', '.join(map(str, missing))}")
    return features.to_numpy(float).clip(-_LARGEST, _LARGEST).astype(np.float32)


def _fit(
    values: np.ndarray,
    accuracy: ArrayLike,
    rows: Sequence[ArrayLike],
    seeds: Sequence[int],
    trees: int,
    labels: str,
) -> list[ExtraTreesRegressor]:
    targets, rows = checked_labels(len(values), accuracy, rows, seeds)
    targets = LABEL_SCALES[labels](targets)
    return [
        ExtraTreesRegressor(trees, random_state=seed).fit(values[row], target)
        for seed, target, row in zip(seeds, targets.numpy(), rows.numpy(), strict=True)
    ]


@dataclass(frozen=True)
class Forest:
    """A forest of a split's labels."""

    #: whether it sees the public zero-cost proxies too; then it can predict no architectures but
    #: the benchmark's
    proxies: bool = False
    trees: int = 300  #: trees of a forest
    labels: str = "z_score"  #: one of ``label_scales.LABEL_SCALES``

    def fit(self, benchmark: Benchmark, split: Split) -> Predict:
        """Fit one forest; as of ``Method``."""
        known = _features(benchmark, self.proxies)
        task = benchmark.labels, [split.labelled], [split.seed]
        values = _checked_values(known)
        (forest,) = _fit(values, *task, self.trees, self.labels)
        if self.proxies:
            return look_up(benchmark, forest.predict(values))

        def predict(architectures: Sequence[Architecture]) -> np.ndarray:
            features = path_features(read_sequences(network_of(benchmark), architectures))
            # What no architecture of the benchmark has is unknown to the forest.
            features = features.reindex(columns=known.columns, fill_value=0.0)
            return forest.predict(_checked_values(features))

        return predict

    def fit_predict(
        self, benchmark: Benchmark, splits: Sequence[Split], *, progress: bool = False
    ) -> Prediction:
        """Fit a forest a split, and predict all architectures; as of ``Method``."""
        began = time.perf_counter()
        task = _features(benchmark, self.proxies), benchmark.labels
        rows, seeds = zip(*((split.labelled, split.seed) for split in splits), strict=True)
        scores = predict_by_trees(*task, rows, seeds, trees=self.trees, labels=self.labels)
        return Prediction(scores, time.perf_counter() - began)


@lru_cache(maxsize=2)
def _features(benchmark: Benchmark, proxies: bool) -> pd.DataFrame:
    features = path_features(benchmark_sequences(benchmark))
    if not proxies:
        return features
    return pd.concat([features, benchmark.proxies.dropna(axis=1)], axis=1)


#: Their rows.
FORESTS = PLAIN, WITH_PROXIES = "Trees", "Trees + proxies"
for _name, _forest, _about, *_needs in (
    (PLAIN, Forest(), "300 random trees on counts of operations and paths"),
    (WITH_PROXIES, Forest(proxies=True), "the same, with zero-cost proxies as features",
     Need.PROXIES),
):  # fmt: skip
    register(
        Method(
            "baselines",
            _name,
            _forest.fit,
            needs=frozenset({Need.LABELS, *_needs}),
            description=_about,
            fit_predict=_forest.fit_predict,
        )
    )
