"""Kendall's tau taken apart: pairs, ties, and what a value of tau looks like.

Sources: Kendall, "A new measure of rank correlation", Biometrika 1938; with ties ("tau-b"), "The
treatment of ties in ranking problems", Biometrika 1945. For everyday use there is
``nasutils.metrics.kendall_tau``, which gives the same in less time.
"""

import numpy as np
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError


def tau_by_pairs(x: ArrayLike, y: ArrayLike) -> float:
    """Return Kendall's tau-b of N items, pair by pair; NasutilsError if there is no ranking."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if not np.ptp(x) or not np.ptp(y):
        raise NasutilsError("all values of one list are equal: there is no pair to compare.")
    first, second = np.triu_indices(len(x), k=1)  # every pair once
    in_x = np.sign(x[first] - x[second])
    in_y = np.sign(y[first] - y[second])  # 0 for a tie
    agreement = in_x * in_y  # 1 concordant, -1 discordant
    untied = np.abs(in_x).sum() * np.abs(in_y).sum()
    return float(agreement.sum() / np.sqrt(untied))


def normals_with_tau(tau: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw pairs of normal numbers, (size, 2), whose rankings agree to a given expected tau.

    Two standard normals of correlation r have tau = (2 / pi) arcsin r.
    """
    r = np.sin(np.pi * tau / 2)
    x, noise = rng.standard_normal((2, size))
    return np.stack([x, r * x + np.sqrt(1 - r**2) * noise], axis=1)


def reliability_of_mean(tau: float, repeats: int) -> float:
    """Return the tau of two means over ``repeats`` measurements, if single ones agree to ``tau``.

    The Spearman-Brown formula, for correlations, between two changes of scale; normal values.
    """
    r = np.sin(np.pi * tau / 2)
    return float(2 / np.pi * np.arcsin(repeats * r / (1 + (repeats - 1) * r)))


def ceiling_from_reliability(tau: float) -> float:
    """Return the highest tau that a score can reach on noisy labels.

    Two measurements of the same items agree to ``tau``, from 0 to 1. If both are normal, equally
    noisy copies of a truth, their correlation is r, and that of either with the truth is the root
    of r.
    """
    if not 0 <= tau <= 1:
        raise NasutilsError(f"a reliability is between 0 and 1, not {tau}.")
    r = np.sin(np.pi * tau / 2)
    return float(2 / np.pi * np.arcsin(np.sqrt(r)))
