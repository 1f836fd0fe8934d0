"""Two rows of a table under the same seeds: by how much one exceeds the other, and how surely."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from nasutils.metrics.intervals import holm_intervals
from nasutils.report.estimate import Estimate
from nasutils.report.numbers import signed
from nasutils.report.verdicts import Effect

#: Headings of ``Contrast.lines``.
COLUMNS = ("Row", "Against", "Where", "Gain", "From", "To", "Outcome")
BETTER, WORSE, TIE, UNDECIDED = "better", "worse", "tie", "undecided"

#: Metric -> the smallest difference of interest, in its unit: what lies within is a tie.
SMALLEST_EFFECTS = {"kendall_tau": 0.01, "spearman": 0.01, "accuracy": 0.5, "test_accuracy": 0.1}


@dataclass(frozen=True)
class Gain:
    """By how much one row exceeds another in one place, the column of their table.

    Attributes:
        first: The row that is hoped to be better.
        values: The difference of each seed that both have, two or more.
        smallest: The smallest difference of interest; 0 where none is stated.
    """

    first: str
    second: str
    where: str
    values: tuple[float, ...]
    smallest: float = 0.0

    def outcome(self, low: float, high: float) -> str:
        """Name what an interval of the mean says.

        A *tie* is a difference that is too small to matter, a statement of its own; where the
        interval holds zero and larger differences as well, the seeds are too few: *undecided*.
        """
        if low > 0 or high < 0:
            return BETTER if low > 0 else WORSE
        return TIE if -self.smallest <= low and high <= self.smallest else UNDECIDED


@dataclass(frozen=True)
class Contrast:
    """Paired differences of rows that are read at once, each with its 95 % interval.

    The intervals are those of the paired t test, widened by Holm's procedure for their number.
    """

    gains: tuple[Gain, ...]

    @classmethod
    def of(
        cls, first: str, second: str, gains: Mapping[str, pd.Series], smallest: float = 0.0
    ) -> "Contrast":
        """Make the contrast of two rows, of which the first is hoped to be better.

        ``gains`` are, by column, the differences of each seed; those of fewer than two are left
        out.
        """
        enough = {where: tuple(gain) for where, gain in gains.items() if len(gain) > 1}
        return cls(tuple(Gain(first, second, *each, smallest) for each in enough.items()))

    @cached_property
    def intervals(self) -> list[tuple[float, float]]:
        """The interval of each mean difference."""
        return holm_intervals([gain.values for gain in self.gains])

    @property
    def lines(self) -> pd.DataFrame:
        """A place each, with the headings ``COLUMNS``."""
        lines = []
        for gain, ends in zip(self.gains, self.intervals, strict=True):
            mean = sum(gain.values) / len(gain.values)
            names = gain.first, gain.second, gain.where
            lines.append((*names, mean, *ends, gain.outcome(*ends)))
        return pd.DataFrame(lines, columns=COLUMNS)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Places where the first row is surely better, surely worse, and all."""
        outcomes = self.lines["Outcome"]
        return int((outcomes == BETTER).sum()), int((outcomes == WORSE).sum()), len(outcomes)

    def said(self, columns: str) -> str:
        """Write the counts as a sentence about so many ``columns``, such as splits."""
        better, worse, number = self.counts
        return f"better in {better}, worse in {worse} of {number} {columns}"

    def effects(
        self, figures: Mapping[str, float] | None = None, tolerance: float = 0.0
    ) -> tuple[Effect, ...]:
        """Return what a claim that the first row is better rests on, an effect a place.

        ``figures`` are the paper's differences of the two rows by column, where it gives both; the
        tolerance is half of the last printed digits of both.
        """
        return tuple(
            Effect(ends, (figures or {}).get(gain.where), tolerance, smallest=gain.smallest)
            for gain, ends in zip(self.gains, self.intervals, strict=True)
        )


def all_of(contrasts: Iterable[Contrast]) -> Contrast:
    """Return several contrasts as one, whose lines are read at once."""
    return Contrast(tuple(gain for contrast in contrasts for gain in contrast.gains))


def table_of_contrasts(contrasts: Iterable[Contrast]) -> pd.DataFrame:
    """Return the lines of contrasts as text, with signs; the intervals are those of each alone."""
    lines = [contrast.lines for contrast in contrasts if contrast.gains]
    table = pd.concat(lines, ignore_index=True) if lines else pd.DataFrame(columns=COLUMNS)
    ends = zip(table["From"], table["To"], strict=True)
    table["Gain"] = [
        Estimate(signed(gain), gain, interval, is_gain=True)
        for gain, interval in zip(table["Gain"], ends, strict=True)
    ]
    for heading in ("From", "To"):
        table[heading] = [signed(value) for value in table[heading]]
    return table


def gain_text(gain: pd.Series) -> Estimate | str:
    """Return a mean difference with its standard error; "" where there is none."""
    return "" if gain.empty else Estimate.of_gain(gain)
