"""How well one ranking agrees with another, and how far that can be trusted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from nasutils.errors import NasutilsError

Metric = Callable[[ArrayLike, ArrayLike], float]


def kendall_tau(x: ArrayLike, y: ArrayLike) -> float:
    """Return Kendall's tau-b of N items: concordant minus discordant pairs, corrected for ties.

    Raises:
        NasutilsError: If the shapes differ, fewer than two items are given, a score is not
            finite, or all of x or all of y are equal, so that there is no ranking.
    """
    return float(stats.kendalltau(*_checked(x, y)).statistic)


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's rho, the linear correlation of the ranks; arguments as ``kendall_tau``."""
    return float(stats.spearmanr(*_checked(x, y)).statistic)


def bootstrap_interval(
    x: ArrayLike,
    y: ArrayLike,
    metric: Metric = kendall_tau,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a rank correlation over its N items.

    Resamples without a ranking, all of whose values are equal, do not count.
    """
    x, y = _checked(x, y)

    def correlation(first: np.ndarray, second: np.ndarray) -> float:
        return metric(first, second) if np.ptp(first) and np.ptp(second) else np.nan

    draws = stats.bootstrap(
        (x, y), correlation, paired=True, vectorized=False, n_resamples=resamples, rng=rng,
        method="percentile",
    ).bootstrap_distribution  # fmt: skip
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a table of noisy accuracies can be trusted as a ranking.

    Attributes:
        seed_tau: Kendall's tau between two single seeds, mean over all pairs; as observed.
        mean_tau: Tau between two independent means over as many seeds as there are; estimated.
        ceiling: Tau between the cells' true accuracies and the mean over the seeds; estimated. No
            predictor can be expected to reach more.
    """

    seed_tau: float
    mean_tau: float
    ceiling: float


def seed_reliability(
    scores: ArrayLike, *, rng: np.random.Generator, simulations: int = 20
) -> Reliability:
    """Estimate the reliability of seed means from the scatter between the seeds.

    One-way random effects: a score is the item's true value plus noise of one variance for all. The
    observed means, shrunk to the variance that is not noise, stand for the true values; fresh means
    are then simulated around them. Scores have shape (N, S): N items under S seeds each.

    Raises:
        NasutilsError: If there are fewer than two items or two seeds, or the noise explains all.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or min(scores.shape) < 2:
        raise NasutilsError(f"scores of shape {scores.shape}: at least 2 items and 2 seeds needed.")
    seeds = scores.shape[1]
    means, noise = scores.mean(1), scores.var(1, ddof=1) / seeds  # both (N,)
    observed = means.var(ddof=1)
    if observed <= noise.mean():
        raise NasutilsError("the seeds differ as much as the items: there is nothing to rank.")
    shrinkage = np.sqrt(1 - noise.mean() / observed)
    truth = means.mean() + shrinkage * (means - means.mean())
    draws = truth + np.sqrt(noise.mean()) * rng.standard_normal((simulations, 2, len(means)))
    pairs = [(i, j) for i in range(seeds) for j in range(i)]
    return Reliability(
        seed_tau=float(np.mean([kendall_tau(scores[:, i], scores[:, j]) for i, j in pairs])),
        mean_tau=float(np.mean([kendall_tau(a, b) for a, b in draws])),
        ceiling=float(np.mean([kendall_tau(truth, a) for a, _ in draws])),
    )


def _checked(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise NasutilsError(
            f"a rank correlation needs two lists of the same length, at least 2; "
            f"got shapes {x.shape} and {y.shape}."
        )
    for name, values in (("first", x), ("second", y)):
        if not np.isfinite(values).all():
            raise NasutilsError(f"the {name} list has {(~np.isfinite(values)).sum()} NaN or inf.")
        if np.ptp(values) == 0:
            raise NasutilsError(f"all values of the {name} list are {values[0]}: no ranking.")
    return x, y
