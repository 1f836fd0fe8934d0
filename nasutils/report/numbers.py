"""Figures as a page writes them: digits, units, deviations, minus signs."""

import numpy as np

from nasutils.data.paper_numbers import METRICS

_DIGITS = {"weight": 2}
_NEGLIGIBLE = 1e-9  # a deviation that rounding alone leaves


def minus(text: str) -> str:
    """Return text with true minus signs for hyphens."""
    return text.replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with its sign."""
    return minus(f"{value:+.{digits}f}")


def with_deviation(mean: float, std: float, digits: int | None) -> str:
    """Write a mean and its standard deviation, where there is one."""
    if np.isnan(std) or std < _NEGLIGIBLE:
        return plain_number(mean, digits)
    return f"{plain_number(mean, digits)} ± {plain_number(std, digits)}"


def format_number(value: float, metric: str = "", *, std: float = float("nan")) -> str:
    """Write a figure with its metric's digits and unit, and its deviation if there is one.

    >>> format_number(0.7123, "kendall_tau", std=0.0041)
    '0.712 ± 0.004'
    """
    text = with_deviation(value, std, digits_of(metric))
    return text + (" %" if _is_percent(metric) else "")


def plain_number(value: float, digits: int | None) -> str:
    """Write a number with a true minus sign; four significant digits where none are set."""
    if digits is None:
        text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    else:
        text = f"{value:.{digits}f}"
    return minus(text)


def digits_of(metric: str) -> int | None:
    """Return the decimals of a metric; None where four significant digits serve."""
    if metric in _DIGITS:
        return _DIGITS[metric]
    if "fraction" in METRICS.get(metric, ""):
        return 3
    return 2 if _is_percent(metric) else None


def _is_percent(metric: str) -> bool:
    return METRICS.get(metric, "").endswith("percent")
