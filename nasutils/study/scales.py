"""The one parameter of every chapter: how much data, which images, what machine."""

from enum import StrEnum
from typing import TypeVar

from nasutils.errors import UnknownNameError

T = TypeVar("T")


class Scale(StrEnum):
    """A scale, equal to its name: ``Scale("bench") == "bench"``.

    Attributes:
        data: The tables that a chapter reads.
        images: The images that it trains on.
        machine: What it needs, and how long it takes.
    """

    data: str
    images: str
    machine: str

    DEMO = (
        "demo",
        "NB201-Digits, which comes with the package",
        "cluttered digits, which come with scikit-learn",
        "any laptop CPU, about 2 minutes a chapter, no network",
    )
    BENCH = (
        "bench",
        "NAS-Bench-101/201/301, OFA, AutoFormer (downloaded once)",
        "CIFAR where needed, short schedules",
        "CPU, at most about an hour a chapter",
    )
    PAPER = (
        "paper",
        "NAS-Bench-101/201/301, OFA, AutoFormer (downloaded once)",
        "all of CIFAR, the paper's schedule",
        "one GPU",
    )

    def __new__(cls, name: str, data: str, images: str, machine: str) -> "Scale":
        """Make a member that is its name and knows what it stands for."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.data, member.images, member.machine = data, images, machine
        return member

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise UnknownNameError("scale", value, cls)


def by_scale(scale: str, *, demo: T, bench: T, paper: T) -> T:
    """Return the value meant for ``scale``, as in ``by_scale(scale, demo=2, bench=10, paper=10)``.

    Raises:
        UnknownNameError: If ``scale`` is none of the three.
    """
    return {Scale.DEMO: demo, Scale.BENCH: bench, Scale.PAPER: paper}[Scale(scale)]
