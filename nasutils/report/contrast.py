"""Two rows of a table under the same seeds: by how much one exceeds the other, and how surely."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nasutils.errors import DataError
from nasutils.report.claims import verdict

#: Headings of ``Contrast.lines``.
COLUMNS = ("Row", "Against", "Where", "Gain", "From", "To")

_RESAMPLING = 0  # seed of the intervals


@dataclass(frozen=True)
class Contrast:
    """Paired differences of two rows, with a 95 % bootstrap interval a column.

    Attributes:
        lines: A column of the table each, with the headings ``COLUMNS``; only columns where both
            rows have two or more seeds in common.
    """

    lines: pd.DataFrame

    @classmethod
    def of(cls, first: str, second: str, gains: Mapping[str, pd.Series]) -> "Contrast":
        """Make the contrast of two rows.

        Args:
            first: The row that is hoped to be better.
            second: The other.
            gains: Column -> difference of each seed.
        """
        lines = []
        for where, gain in gains.items():
            if len(gain) > 1:
                rng = np.random.default_rng(_RESAMPLING)
                interval = paired_interval(gain, 0 * gain, rng=rng)
                lines.append((first, second, where, gain.mean(), *interval))
        return cls(pd.DataFrame(lines, columns=COLUMNS))

    @property
    def counts(self) -> tuple[int, int, int]:
        """Intervals above zero, those below, and all."""
        return (
            int((self.lines["From"] > 0).sum()),
            int((self.lines["To"] < 0).sum()),
            len(self.lines),
        )

    @property
    def verdict(self) -> str:
        """A verdict in the book's words: all intervals above zero, or some and none below."""
        above, below, number = self.counts
        return verdict(0 < above == number, above > 0 and not below)

    def said(self, columns: str) -> str:
        """Write the counts as a sentence about so many ``columns``, such as splits."""
        above, below, number = self.counts
        return f"better in {above}, worse in {below} of {number} {columns}"

    def claim(self, columns: str) -> tuple[str, str]:
        """Return ``said`` and ``verdict``, the last two cells of a line of verdicts."""
        return self.said(columns), self.verdict


def all_of(contrasts: Iterable[Contrast]) -> Contrast:
    """Return the lines of several contrasts as one, so that they have a common verdict."""
    return Contrast(pd.concat([contrast.lines for contrast in contrasts], ignore_index=True))


def table_of_contrasts(contrasts: Iterable[Contrast]) -> pd.DataFrame:
    """Return the lines of contrasts as text, with signs."""
    table = all_of(contrasts).lines
    for heading in COLUMNS[3:]:
        table[heading] = [f"{value:+.3f}".replace("-", "−") for value in table[heading]]
    return table


def gain_text(gain: pd.Series) -> str:
    """Write a mean difference with its standard error; nothing where there is none."""
    if gain.empty:
        return ""
    return f"{gain.mean():+.3f} ± {gain.sem():.3f}".replace("-", "−")


def paired_interval(
    ours: ArrayLike, other: ArrayLike, *, rng: np.random.Generator, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean difference of two methods.

    Args:
        ours: Shape (S,): one figure a seed.
        other: The other method's, under the same seeds in the same order.
        rng: Source of the resampling.
        confidence: Share of such intervals that hold the true difference.

    Raises:
        DataError: If the shapes differ or there are fewer than two seeds.
    """
    from scipy.stats import bootstrap

    first, second = np.asarray(ours, dtype=float), np.asarray(other, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or len(first) < 2:
        raise DataError(
            f"figures of shapes {first.shape} and {second.shape} cannot be paired: "
            "one a seed is needed, of the same two or more seeds."
        )
    found = bootstrap(
        (first - second,), np.mean, confidence_level=confidence, method="percentile", rng=rng
    ).confidence_interval
    return float(found.low), float(found.high)
