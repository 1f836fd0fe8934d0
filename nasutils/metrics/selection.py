"""What a ranking is worth to a search, which tries only its first few."""

import numpy as np
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError


def regret(scores: ArrayLike, truth: ArrayLike, k: int) -> float:
    """Return how far the best of the k highest scores (N,) falls short of the best of all.

    Of equal scores the earlier comes first. NasutilsError if k is not between 1 and N.
    """
    truth = np.asarray(truth, dtype=float)
    return float(truth.max() - truth[_top(scores, k)].max())


def top_overlap(scores: ArrayLike, truth: ArrayLike, k: int) -> float:
    """Return the share of the k truly best items that are among the k highest scores."""
    return len(np.intersect1d(_top(scores, k), _top(truth, k))) / k


def pareto_front(cost: ArrayLike, gain: ArrayLike) -> np.ndarray:
    """Return the positions that no other beats in cost without loss in gain, cheapest first.

    Both have shape (N,); of several equal items the first counts.
    """
    cost, gain = np.asarray(cost, dtype=float), np.asarray(gain, dtype=float)
    order = np.lexsort((-gain, cost))  # cheapest first, then best
    best_so_far = np.maximum.accumulate(gain[order])
    improves = np.diff(best_so_far, prepend=-np.inf) > 0
    return order[improves]


def _top(scores: ArrayLike, k: int) -> np.ndarray:
    scores = np.asarray(scores, dtype=float)
    if not 1 <= k <= len(scores):
        raise NasutilsError(f"the top {k} of {len(scores)}: choose from 1 to {len(scores)}.")
    return np.argsort(-scores, kind="stable")[:k]
