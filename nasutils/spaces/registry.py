"""What every search space's architecture can do, and the spaces by name."""

from collections.abc import Hashable
from typing import Protocol, Self, runtime_checkable

import numpy as np

from nasutils.errors import lookup
from nasutils.spaces.autoformer import AutoFormerTiny
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3


@runtime_checkable
class Architecture(Hashable, Protocol):
    """An architecture: a frozen value that is written as text by ``str`` and read back."""

    @classmethod
    def from_string(cls, string: str, /) -> Self:
        """Return the architecture that a text describes; ArchitectureError where it is none."""

    @classmethod
    def random(cls, rng: np.random.Generator, /) -> Self:
        """Draw an architecture."""

    def mutate(self, rng: np.random.Generator, /) -> Self:
        """Draw one of the neighbours, which differ by one edit."""

    def neighbours(self) -> list[Self]:
        """Return all architectures that differ by one edit."""

    def isomorphism_class(self) -> str:
        """Return a name that all architectures share which describe the same network."""

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the graphs of the cells: adjacency matrices and one-hot operations."""


#: Name of a search space -> the class of its architectures.
SPACES: dict[str, type[Architecture]] = {
    "nasbench101": NASBench101Cell,
    "nasbench201": NASBench201Cell,
    "darts": DARTSGenotype,
    "ofa_mbv3": OFAMobileNetV3,
    "autoformer": AutoFormerTiny,
    "graphnet_cell": GraphNetCell,
    "graphnet": GraphNetSequence,
}


def get_space(name: str) -> type[Architecture]:
    """Return the class of a space's architectures; UnknownNameError if there is no such space."""
    return lookup("search space", name, SPACES)
