"""What became of a claim: the definitions of ``book/how_to_read.md``, computed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

import pandas as pd
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError
from nasutils.metrics.intervals import mean_interval
from nasutils.report.numbers import plain_number
from nasutils.report.table import Table


class Verdict(StrEnum):
    """What the book says of a claim."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT_REPRODUCED = "not reproduced"
    NOT_CONFIRMED = "not confirmed here"
    UNDECIDED = "undecided"
    NOT_RUN = "not run"


class Evidence(Enum):
    """What our interval says of one effect."""

    REACHED = auto()  # in the paper's direction, and it reaches the paper's figure
    MISSED = auto()  # in the paper's direction, but short of the figure
    OPEN = auto()  # it may be nothing as well as what the paper says
    ABSENT = auto()  # it may be nothing, and is less than what the paper says
    OPPOSITE = auto()  # in the other direction
    NONE = auto()  # not run


@dataclass(frozen=True)
class Effect:
    """Our interval of one effect, and what the paper says of it.

    Attributes:
        interval: Where ours lies: its 95 % interval, or twice the same figure where it is exact.
            None where it was not run.
        figure: The paper's figure; None where it gives none.
        tolerance: How far from the figure still counts as equal: half of its last printed digit.
        no_effect: The value that would mean that there is no effect.
        direction: 1 where the paper says that it is more than that, -1 where less; 0 where it only
            gives a figure, which ours has to meet.
        smallest: The smallest effect of interest. It stands for the figure where there is none.
    """

    interval: tuple[float, float] | None
    figure: float | None = None
    tolerance: float = 0.0
    no_effect: float = 0.0
    direction: int = 1
    smallest: float = 0.0

    def __post_init__(self) -> None:
        """Raise NasutilsError where no evidence could be read: of an interval, or a direction."""
        if self.interval is not None and not self.interval[0] <= self.interval[1]:
            raise NasutilsError(f"{self.interval} is no interval: a lower and an upper end needed.")
        if self.direction not in (-1, 0, 1):
            raise NasutilsError(f"direction {self.direction}: valid are 1, -1 and 0.")
        if self.direction == 0 and self.figure is None:
            raise NasutilsError("an effect without a direction needs the paper's figure.")

    @classmethod
    def of(cls, values: ArrayLike, printed: str = "", **attributes: float) -> "Effect":
        """Make an effect from our figures, one a seed; none where it was not run.

        ``printed`` is the paper's figure with its digits, like ``94.20``; "" where it gives none.
        """
        interval = mean_interval(values) if len(values) else None
        return cls(interval, **attributes, **_figure(printed))

    @classmethod
    def exactly(cls, value: float, printed: str = "", **attributes: float) -> "Effect":
        """Make an effect from a figure that no seed changes; NaN where it was not run."""
        interval = None if math.isnan(value) else (value, value)
        return cls(interval, **attributes, **_figure(printed))

    @property
    def evidence(self) -> Evidence:
        """What the interval says."""
        if self.interval is None:
            return Evidence.NONE
        low, high = self.interval
        if self.direction == 0:
            if not math.isfinite(high - low):
                return Evidence.OPEN
            meets = low <= self.figure + self.tolerance and high >= self.figure - self.tolerance
            return Evidence.REACHED if meets else Evidence.ABSENT
        # From here on the paper's direction is up, and no effect is zero.
        low, high = sorted(self.direction * (end - self.no_effect) for end in (low, high))
        if high < 0:
            return Evidence.OPPOSITE
        said = self.smallest or None
        if self.figure is not None:
            said = self.direction * (self.figure - self.no_effect) - self.tolerance
        reaches = high > 0 if said is None else high >= said
        if low > 0:
            return Evidence.REACHED if reaches or self.figure is None else Evidence.MISSED
        return Evidence.OPEN if reaches else Evidence.ABSENT


def _figure(printed: str) -> dict[str, float]:
    """Return a printed figure and half of its last digit; nothing where there is none."""
    if not printed:
        return {}
    decimals = len(printed.partition(".")[2])
    return {"figure": float(printed), "tolerance": 0.5 * 10.0**-decimals}


@dataclass(frozen=True)
class Claim:
    """A claim of a paper, and what we have found of it.

    The paper's method and one of ours are two claims: that of ours names itself in ``changes``.

    Attributes:
        claim: What is claimed.
        paper: What the paper gives for it.
        ours: What we have found, in figures.
        effects: One for each place that the claim is about; none where it was not run.
        changes: What we have changed; "" where the method is as written.
        data: On which other data; "" where it is the paper's.
        reduced: What is smaller than the paper's; "" where nothing is.
        needs: What it would take to run it, where it was not.
    """

    claim: str
    paper: str
    ours: str = ""
    effects: tuple[Effect, ...] = ()
    changes: str = ""
    data: str = ""
    reduced: str = ""
    needs: str = ""

    @property
    def is_as_published(self) -> bool:
        """Whether method, data and size are the paper's."""
        return not (self.changes or self.data or self.reduced)


def verdict(claim: Claim) -> Verdict:
    """Judge a claim by its evidence.

    A claim about several places holds if it holds in each, and in part if it surely holds in some
    and is surely contradicted in none.
    """
    found = {effect.evidence for effect in claim.effects}
    if found <= {Evidence.NONE}:
        return Verdict.NOT_RUN
    absent = Verdict.NOT_REPRODUCED if claim.is_as_published else Verdict.NOT_CONFIRMED
    if Evidence.OPPOSITE in found:
        return absent
    if found == {Evidence.REACHED} and claim.is_as_published:
        return Verdict.REPRODUCED
    if found & {Evidence.REACHED, Evidence.MISSED}:
        return Verdict.PARTLY
    return Verdict.UNDECIDED if Evidence.OPEN in found else absent


def claims_table(claims: Iterable[Claim], name: str = "verdicts") -> Table:
    """Show claims with their verdicts, and what a verdict has to name: changes, data, size."""
    lines = [
        (claim.claim, claim.paper, _ours(claim), f"{verdict(claim)}{_remarks(claim)}")
        for claim in claims
    ]
    headings = ("Claim", "Paper", "Ours", "Verdict")
    return Table(pd.DataFrame(lines, columns=headings), name, words=("Verdict", *headings[:3]))


def _ours(claim: Claim) -> str:
    intervals = [effect.interval for effect in claim.effects if effect.interval]
    if len(intervals) != 1 or intervals[0][0] == intervals[0][1]:
        return claim.ours
    low, high = (plain_number(end, None) for end in intervals[0])
    return f"{claim.ours} [{low}, {high}]".strip()


def _remarks(claim: Claim) -> str:
    if verdict(claim) == Verdict.NOT_RUN:
        return f": needs {claim.needs}" if claim.needs else ""
    kinds = {"changed": claim.changes, "data": claim.data, "reduced": claim.reduced}
    said = "; ".join(f"{kind}: {text}" for kind, text in kinds.items() if text)
    return f" ({said})" if said else ""
