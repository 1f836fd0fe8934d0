"""Ranges of numeric settings: stated with a field's type, checked when the settings are made.

A field whose type is ``Annotated[int, Range(1)]``, or one of the names below, refuses what lies
outside, NaN, and what is no number::

    @dataclass(frozen=True)
    class Schedule:
        epochs: Count
        dropout: Share = 0.0

        def __post_init__(self) -> None:
            check_ranges(self)
"""

import math
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from nasutils.errors import NasutilsError


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from one to another, infinity among them if it is the end."""

    low: float
    high: float = math.inf
    open_low: bool = False  #: whether the lower end is outside
    open_high: bool = False  #: whether the upper end is outside

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        return above and (value < self.high if self.open_high else value <= self.high)

    def __str__(self) -> str:
        lower = f"{'more than' if self.open_low else 'at least'} {self.low:g}"
        if self.high == math.inf:
            return f"{lower} and finite" if self.open_high else lower
        return f"{lower} and {'less than' if self.open_high else 'at most'} {self.high:g}"


Count = Annotated[int, Range(1)]
CountOrZero = Annotated[int, Range(0)]
PositiveOrInfinite = Annotated[float, Range(0, open_low=True)]
Positive = Annotated[float, Range(0, open_low=True, open_high=True)]
NonNegative = Annotated[float, Range(0, open_high=True)]
Share = Annotated[float, Range(0, 1)]
ShareBelowOne = Annotated[float, Range(0, 1, open_high=True)]


@cache
def ranges(settings: type) -> dict[str, tuple[type, Range, bool]]:
    """Return field -> its type (int or float), its range, and whether it may be None."""
    found = {}
    for name, hint in get_type_hints(settings, include_extras=True).items():
        parts = [hint, *get_args(hint)]
        for part in parts:
            if get_origin(part) is Annotated and isinstance(part.__metadata__[0], Range):
                found[name] = (part.__origin__, part.__metadata__[0], type(None) in parts)
    return found


def check_ranges(settings: Any) -> None:
    """Check the fields of a dataclass that state a ``Range``.

    Raises:
        NasutilsError: If a value is no number of its type or outside its range.
    """
    for name, (kind, allowed, optional) in ranges(type(settings)).items():
        value = getattr(settings, name)
        if optional and value is None:
            continue
        number = Integral if kind is int else Real
        if isinstance(value, bool) or not isinstance(value, number) or value not in allowed:
            noun = "a whole number, " if kind is int else ""
            words = f"{type(settings).__name__}: {name} must be {noun}{allowed}"
            raise NasutilsError(f"{words}{' or None' if optional else ''}, not {value!r}.")
