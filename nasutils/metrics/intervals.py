"""Where a mean lies, from a few seeds; and how sure several such statements are at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit  # Student's t: distribution and its inverse

from nasutils.errors import NasutilsError


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Return Student's t interval of the mean of normal values (S,), a figure a seed.

    Of the differences of two methods under the same seeds it is the interval of the paired t test.
    A single value has no spread, so that its interval is the whole line.

    Raises:
        NasutilsError: If there are no values, they are no list, or one is not finite.
    """
    values = _checked(values)
    if len(values) == 1:
        return -np.inf, np.inf
    reach = stdtrit(len(values) - 1, (1 + confidence) / 2) * _standard_error(values)
    return float(values.mean() - reach), float(values.mean() + reach)


def holm_intervals(
    samples: Sequence[ArrayLike], confidence: float = 0.95
) -> list[tuple[float, float]]:
    """Return the intervals of several means that are read at once; each as ``mean_interval``.

    Holm's procedure ("A simple sequentially rejective multiple test procedure", 1979): of m means
    the surest has the level of m looks, the next that of m - 1, and so on up to the first that may
    be zero; all others keep the level of that one. An interval excludes zero exactly where Holm's
    test does, so that the chance of calling any mean of zero something else is 1 - ``confidence``.
    """
    intervals, looks = {}, len(samples)
    for place in np.argsort([_p_value(sample) for sample in samples], kind="stable"):
        low, high = mean_interval(samples[place], 1 - (1 - confidence) / looks)
        intervals[place] = low, high
        looks -= low > 0 or high < 0
    return [intervals[place] for place in range(len(samples))]


def _p_value(values: ArrayLike) -> float:
    """Return the p-value of the two-sided t test that the mean is zero."""
    values = _checked(values)
    if len(values) == 1 or not values.any():
        return 1.0
    with np.errstate(divide="ignore"):  # equal values: infinitely sure
        t = abs(values.mean()) / _standard_error(values)
    return float(2 * stdtr(len(values) - 1, -t))


def _standard_error(values: np.ndarray) -> float:
    return values.std(ddof=1) / np.sqrt(len(values))


def _checked(values: ArrayLike) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise NasutilsError(
            f"no interval of {values.tolist()}: a list of one or more finite numbers is needed."
        )
    return values
