"""GraphNet's macro architectures: sequences of cells, each with its channels and stride.

Source: "Towards Neural Architecture Search through Hierarchical Generative Modeling", Section 3
("Macro search space"). The paper counts 127 channels where 8 to 1024 in eights are 128: all are
valid here. It names no distribution of random sequences (its searches start from one of three
cells): one to 20 cells, each number as likely, of independent cells, channels and strides, the
latter two uniform.
"""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.values import integers

MAX_CELLS = 20
CHANNELS = tuple(range(8, 1025, 8))
STRIDES = (1, 2)

_TERM = re.compile(r"(.+)@(\d{1,4})/(\d)")
_EXAMPLE = "|conv_3x3~0|+|output~1|@32/1 > |conv_3x3~0|+|output~0~1|@64/2"


@dataclass(frozen=True, slots=True)
class SizedCell:
    """A cell with its two hyperparameters, the paper's triple [x, c, s].

    Attributes:
        cell: The graph of operations.
        channels: Of all its vertices, a multiple of 8 from 8 to 1024.
        stride: 1, or 2 to halve the resolution before the cell.

    Raises:
        ArchitectureError: If one of them is not valid.
    """

    cell: GraphNetCell
    channels: int
    stride: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.cell, GraphNetCell):
            raise ArchitectureError(f"not a GraphNet cell: {self.cell!r}")
        for name, value, valid in (
            ("channels", self.channels, CHANNELS),
            ("stride", self.stride, STRIDES),
        ):
            try:
                (number,) = integers([value])
            except ValueError:
                number = -1
            if number not in valid:
                shown = "1 or 2" if valid is STRIDES else "8 to 1024 in steps of 8"
                raise ArchitectureError(f"{name} of a GraphNet cell: {value!r}. Valid: {shown}.")
            object.__setattr__(self, name, number)

    def __str__(self) -> str:
        """Return ``cell@channels/stride``."""
        return f"{self.cell}@{self.channels}/{self.stride}"


@dataclass(frozen=True, slots=True)
class GraphNetSequence:
    """One to 20 sized cells, from the image's side to the classifier's.

    >>> cell = GraphNetCell.from_string("|conv_3x3~0|+|output~1|")
    >>> str(GraphNetSequence([SizedCell(cell, 32), SizedCell(cell, 64, 2)]))
    '|conv_3x3~0|+|output~1|@32/1 > |conv_3x3~0|+|output~1|@64/2'

    Raises:
        ArchitectureError: If there are none or more than 20, or one is no ``SizedCell``.
    """

    cells: tuple[SizedCell, ...]

    def __post_init__(self) -> None:
        cells = tuple(self.cells) if isinstance(self.cells, Iterable) else ()
        if not 1 <= len(cells) <= MAX_CELLS:
            raise ArchitectureError(f"a GraphNet has 1 to {MAX_CELLS} cells, not {len(cells)}")
        if strange := [cell for cell in cells if not isinstance(cell, SizedCell)]:
            raise ArchitectureError(f"not a sized GraphNet cell: {strange[0]!r}")
        object.__setattr__(self, "cells", cells)

    @classmethod
    def from_string(cls, string: Any) -> "GraphNetSequence":
        """Parse the string that ``str(sequence)`` gives; a sequence is returned as it is.

        Raises:
            ArchitectureError: If it is malformed or the sequence is not valid.
        """
        if isinstance(string, cls):
            return string
        cells = []
        for term in string.split(">") if isinstance(string, str) else [""]:
            match = _TERM.fullmatch(term.strip())
            if match is None:
                raise ArchitectureError(
                    f"malformed GraphNet {string!r}. It should look like {_EXAMPLE!r}."
                )
            cell, channels, stride = match.groups()
            cells.append(SizedCell(GraphNetCell.from_string(cell), int(channels), int(stride)))
        return cls(cells)

    def __str__(self) -> str:
        """Return the sized cells' strings, joined by ``>``."""
        return " > ".join(map(str, self.cells))

    @classmethod
    def random(cls, rng: np.random.Generator, *, chain: bool = False) -> "GraphNetSequence":
        """Draw a sequence as the module says; of chains only, where asked for."""
        return cls(
            SizedCell(
                GraphNetCell.random(rng, chain=chain),
                CHANNELS[rng.integers(len(CHANNELS))],
                STRIDES[rng.integers(len(STRIDES))],
            )
            for _ in range(rng.integers(1, MAX_CELLS + 1))
        )

    @classmethod
    def stacked(
        cls, cell: GraphNetCell, *, channels: int = 16, cells_per_stage: int = 5
    ) -> "GraphNetSequence":
        """Repeat one cell as the paper does to judge it: 17 times, with its default arguments.

        Equation 2: channels double, and the resolution halves, at the 6th and the 12th cell.

        Args:
            cell: The cell.
            channels: Of the first stage.
            cells_per_stage: Cells N of the first stage; the two others have N + 1.

        Raises:
            ArchitectureError: If there are more than 20 cells or channels are not valid.
        """
        sized = [SizedCell(cell, channels)] * cells_per_stage
        for width in (2 * channels, 4 * channels):
            sized += [SizedCell(cell, width, 2)] + [SizedCell(cell, width)] * cells_per_stage
        return cls(sized)

    def replaced(self, index: int, **changes: Any) -> "GraphNetSequence":
        """Return the sequence with other fields of one sized cell."""
        return GraphNetSequence(
            (*self.cells[:index], replace(self.cells[index], **changes), *self.cells[index + 1 :])
        )

    def neighbours(self) -> list["GraphNetSequence"]:
        """Return the sequences that a single edit reaches.

        An edit exchanges the channels, the stride or the cell (for a neighbour) at one place, puts
        a copy of stride 1 behind a cell, or takes a cell out.
        """
        places = range(len(self.cells))
        found = [self.replaced(i, channels=c) for i, c in itertools.product(places, CHANNELS)]
        found += [self.replaced(i, stride=s) for i, s in itertools.product(places, STRIDES)]
        for i in places:
            found += [self.replaced(i, cell=cell) for cell in self.cells[i].cell.neighbours()]
        if len(self.cells) < MAX_CELLS:
            found += map(self.repeated, places)
        if len(self.cells) > 1:
            found += map(self.without, places)
        return [sequence for sequence in dict.fromkeys(found) if sequence != self]

    def repeated(self, index: int) -> "GraphNetSequence":
        """Return the sequence with a copy, of stride 1, behind one cell."""
        copy = replace(self.cells[index], stride=1)
        return GraphNetSequence((*self.cells[: index + 1], copy, *self.cells[index + 1 :]))

    def without(self, index: int) -> "GraphNetSequence":
        """Return the sequence without one cell."""
        return GraphNetSequence((*self.cells[:index], *self.cells[index + 1 :]))

    def mutate(self, rng: np.random.Generator, *, chain: bool = False) -> "GraphNetSequence":
        """Return a random neighbour: a place first, then a kind of edit, then one of that kind."""
        i = int(rng.integers(len(self.cells)))
        old = self.cells[i]
        kinds = ["channels", "stride", "cell"]
        kinds += ["repeat"] * (len(self.cells) < MAX_CELLS) + ["drop"] * (len(self.cells) > 1)
        match kinds[rng.integers(len(kinds))]:
            case "channels":
                others = [c for c in CHANNELS if c != old.channels]
                return self.replaced(i, channels=others[rng.integers(len(others))])
            case "stride":
                return self.replaced(i, stride=3 - old.stride)
            case "cell":
                return self.replaced(i, cell=old.cell.mutate(rng, chain=chain))
            case "repeat":
                return self.repeated(i)
            case _:
                return self.without(i)

    def isomorphism_class(self) -> str:
        """Return a name that two sequences share exactly if only their vertices' numbers differ."""
        return str(GraphNetSequence(replace(c, cell=c.cell.canonical()) for c in self.cells))

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the graphs of its L cells: float32 of shapes (L, 8, 8) and (L, 8, 30)."""
        pairs = [sized.cell.adjacency_and_ops() for sized in self.cells]
        adjacency, labels = map(np.stack, zip(*pairs, strict=True))
        return adjacency, labels
