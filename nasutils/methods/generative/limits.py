"""What a network may cost at most, and random sequences that cost no more."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from nasutils.errors import NasutilsError
from nasutils.networks.graphnet import network_size
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import CHANNELS, GraphNetSequence, SizedCell

A = TypeVar("A")

_SMALLEST = GraphNetSequence([SizedCell(GraphNetCell([[0, 1], [0, 0]], ()), CHANNELS[0])])
_TRIES = 10_000  # draws in a row that may be too large


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network may cost at most.

    Attributes:
        params: Parameters, in millions.
        flops: FLOPs of one image, in millions.
        image_shape: One image's (C, H, W).
        num_classes: Width of the classifier.

    Raises:
        NasutilsError: If no network of the space is so small.
    """

    params: float = np.inf
    flops: float = np.inf
    image_shape: tuple[int, int, int] = (3, 32, 32)
    num_classes: int = 10

    def __post_init__(self) -> None:
        self.check(_SMALLEST, "the smallest GraphNet")

    def __str__(self) -> str:
        """Return both limits in words."""
        return f"at most {self.params:g} M parameters and {self.flops:g} M FLOPs"

    def allow(self, sequence: GraphNetSequence) -> bool:
        """Whether a sequence's network costs no more."""
        size = network_size(sequence, self.image_shape, self.num_classes)
        return size.params <= self.params and size.flops <= self.flops

    def check(self, sequence: GraphNetSequence, name: str) -> None:
        """Raise a NasutilsError if a sequence's network costs more."""
        if not self.allow(sequence):
            size = network_size(sequence, self.image_shape, self.num_classes)
            raise NasutilsError(
                f"{name} has {size.params:.4g} M parameters and {size.flops:.4g} M FLOPs: "
                f"networks of {self} cannot be searched for."
            )

    def first(self, draw: Callable[[], A], sequence_of: Callable[[A], GraphNetSequence]) -> A:
        """Return the first of the draws whose sequence is allowed.

        Raises:
            NasutilsError: If 10,000 in a row are not.
        """
        for _ in range(_TRIES):
            if self.allow(sequence_of(drawn := draw())):
                return drawn
        raise NasutilsError(f"none of {_TRIES:,} networks in a row has {self}.")

    def random(self, rng: np.random.Generator, *, chain: bool = False) -> GraphNetSequence:
        """Draw a random sequence; where it is too large, halve all its channels until it is not.

        Of the plain draws under a million parameters, nine in ten have a single cell.

        Raises:
            NasutilsError: If 10,000 sequences in a row are too large at 8 channels.
        """
        return self.first(lambda: self._narrowed(GraphNetSequence.random(rng, chain=chain)), _same)

    def _narrowed(self, sequence: GraphNetSequence) -> GraphNetSequence:
        while not self.allow(sequence):
            cells = [replace(c, channels=max(8, c.channels // 16 * 8)) for c in sequence.cells]
            narrower = GraphNetSequence(cells)
            if narrower == sequence:
                break
            sequence = narrower
        return sequence


def _same(sequence: GraphNetSequence) -> GraphNetSequence:
    return sequence
