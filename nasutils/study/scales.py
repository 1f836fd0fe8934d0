"""The one parameter of every chapter: how much data, which images, what machine."""

from enum import StrEnum
from typing import TypeVar

from nasutils.errors import UnknownNameError

T = TypeVar("T")


class Scale(StrEnum):
    """A scale, equal to its name: ``Scale("bench") == "bench"``."""

    DEMO = "demo"  # what comes with the package; any laptop CPU, about 2 minutes a chapter
    BENCH = "bench"  # the public tables, short trainings; CPU, at most about an hour a chapter
    PAPER = "paper"  # the same tables, all of CIFAR, the paper's schedule; one GPU

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise UnknownNameError("scale", value, cls)


def by_scale(scale: str, *, demo: T, bench: T, paper: T) -> T:
    """Return the value meant for ``scale``, as in ``by_scale(scale, demo=2, bench=9, paper=9)``."""
    return {Scale.DEMO: demo, Scale.BENCH: bench, Scale.PAPER: paper}[Scale(scale)]
