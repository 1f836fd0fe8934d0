"""The one parameter of every chapter: how much data, which images, what machine."""

from enum import StrEnum

from nasutils.errors import UnknownNameError


class Scale(StrEnum):
    """A scale, equal to its name: ``Scale("bench") == "bench"``."""

    DEMO = "demo"  # what comes with the package; any laptop CPU, about 2 minutes a chapter
    BENCH = "bench"  # the public tables, short trainings; CPU, at most about an hour a chapter
    PAPER = "paper"  # the same tables, all of CIFAR, the paper's schedule; one GPU

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise UnknownNameError("scale", value, cls)
