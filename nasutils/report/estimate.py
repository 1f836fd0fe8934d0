"""A figure of a table that is text to a reader, and numbers to a drawing."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nasutils.metrics.intervals import mean_interval
from nasutils.report.numbers import signed, with_deviation


@dataclass(frozen=True, eq=False)
class Estimate:
    """A mean over seeds as a cell of a table; it equals the text that it shows.

    Attributes:
        text: What a table shows.
        mean: The mean over the seeds.
        interval: Its 95 % interval; None where a single seed, or none, leaves it unknown.
        metric: What was measured; "" where it does not matter.
        is_gain: Whether it is a difference, of which zero means none.
        rows: Those of the published results that it comes from, among others.
    """

    text: str
    mean: float
    interval: tuple[float, float] | None = None
    metric: str = ""
    is_gain: bool = False
    rows: pd.DataFrame | None = None

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        digits: int | None,
        metric: str = "",
        rows: pd.DataFrame | None = None,
    ) -> Self:
        """Make an estimate of the values (S,) of one or more seeds: mean ± standard deviation."""
        values = np.asarray(values, dtype=float)
        std = values.std(ddof=1) if len(values) > 1 else np.nan
        text = with_deviation(values.mean(), std, digits)
        return cls(text, float(values.mean()), _interval(values), metric, rows=rows)

    @classmethod
    def of_gain(cls, values: ArrayLike) -> Self:
        """Make an estimate of differences (S,), one a seed: mean ± standard error."""
        values = np.asarray(values, dtype=float)
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        text = f"{signed(values.mean())} ± {error:.3f}"
        return cls(text, float(values.mean()), _interval(values), is_gain=True)

    @property
    def short(self) -> str:
        """The mean as the table writes it."""
        return self.text.split(" ± ")[0]

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def __format__(self, spec: str) -> str:
        return format(self.text, spec)

    def __eq__(self, other: object) -> bool:
        return self.text == str(other) if isinstance(other, Estimate | str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)


def _interval(values: np.ndarray) -> tuple[float, float] | None:
    return mean_interval(values) if len(values) > 1 else None
