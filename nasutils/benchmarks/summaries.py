"""Summaries of a table that are small enough to publish and still can be drawn."""

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.metrics import kendall_tau


def frame_of(benchmark: Benchmark) -> pd.DataFrame:
    """Return ``accuracy`` (that judges, %), ``valid`` where it is another, costs and counts."""
    measured = {"accuracy": benchmark.test_accuracy}
    if benchmark.has_validation:
        measured["valid"] = benchmark.labels
    return pd.concat([pd.DataFrame(measured), benchmark.features], axis=1)


def histogram(values: pd.Series, window: tuple[float, float], bins: int = 20) -> pd.Series:
    """Return the share of values in each of ``bins`` equal bins, by the bin's left edge.

    Values beyond the window count in the first or last bin.
    """
    edges = np.linspace(*window, bins + 1)
    counts, _ = np.histogram(np.clip(values, *window), edges)
    return pd.Series(counts / len(values), index=edges[:-1].round(6))


def median_by_value(frame: pd.DataFrame, feature: str, at_least: int = 10) -> pd.Series:
    """Return the median accuracy at each value of a feature that ``at_least`` cells share."""
    groups = frame.groupby(feature)["accuracy"]
    return groups.median()[groups.size() >= at_least]


def lines_by_feature(medians: pd.Series) -> dict[str, pd.Series]:
    """Sort published medians, under rows like ``conv3x3 = 2``, into a line a feature."""
    names = medians.index.str.split(" = ")
    features, values = names.str[0], names.str[1].astype(float)
    return {
        feature: medians[features == feature].set_axis(values[features == feature])
        for feature in features.unique()
    }


def cost_profile(frame: pd.DataFrame, cost: str, bins: int = 12) -> pd.DataFrame:
    """Return what accuracy costs: over equally filled bins of cost, cheapest first.

    A bin has its largest ``cost``, and ``median`` and ``best`` accuracy.
    """
    fine = frame[cost].rank(method="first", pct=True)
    groups = frame.groupby(np.ceil(fine * bins).astype(int))
    accuracy = groups["accuracy"]
    return pd.DataFrame(
        {"cost": groups[cost].max(), "median": accuracy.median(), "best": accuracy.max()}
    )


def tau_within_best(
    frame: pd.DataFrame, score: str, shares: tuple[float, ...], at_least: int = 10
) -> pd.Series:
    """Return tau between a score and accuracy among the best cells, by share of all cells.

    Shares of fewer than ``at_least`` cells are left out.
    """
    ranks = frame["accuracy"].rank(ascending=False, pct=True)
    best = {share: frame[ranks <= share] for share in shares}
    return pd.Series(
        {
            share: kendall_tau(part[score], part["accuracy"])
            for share, part in best.items()
            if len(part) >= at_least
        }
    )


def tau_of_samples(
    frame: pd.DataFrame, score: str, size: int, rng: np.random.Generator, repeats: int = 300
) -> np.ndarray:
    """Return tau between a score and accuracy on random samples of cells, of shape (repeats,)."""
    scores, accuracy = frame[score].to_numpy(), frame["accuracy"].to_numpy()
    draws = (rng.choice(len(frame), size, replace=False) for _ in range(repeats))
    return np.array([kendall_tau(scores[draw], accuracy[draw]) for draw in draws])


def shuffled(truth: np.ndarray, where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return true accuracies with those at ``where`` in random order."""
    scores = truth.copy()
    scores[where] = rng.permutation(scores[where])
    return scores
