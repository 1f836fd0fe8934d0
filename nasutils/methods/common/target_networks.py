"""Target networks whose convolutions a hypernetwork supplies (Section 3.4).

A target is a network of ``nasutils.networks`` without weights of its own. Each convolution inside
a cell belongs to a vertex of the cell sequence, from whose feature its weights will be made. Batch
norm has neither scale nor shift and takes the statistics of the batch, as in Appendix A. Stem and
classifier stand outside the cells; their weights are learned and shared by all architectures, which
is ours.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.func import functional_call

from nasutils.errors import NasutilsError
from nasutils.methods.common.cell_sequences import CellSequences
from nasutils.networks.counting import build_on_meta
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.networks.nasbench201 import NASBench201Network


@dataclass(frozen=True, slots=True)
class Place:
    """Where a convolution's weights come from."""

    parameter: str  #: name of the weights in the network
    position: int  #: of the cell in the sequence
    vertex: int  #: of that cell
    head: str  #: name of the hypernetwork's head: the kernel size, or ``projection``
    shape: tuple[int, int, int, int]  #: of the weights, (C_out, C_in, k, k)


@dataclass(frozen=True, slots=True)
class Target:
    """A network of one architecture that waits for its weights."""

    network: nn.Module  #: its parameters are on the meta device
    places: tuple[Place, ...]  #: of the convolutions inside the cells
    shared: Mapping[str, tuple[int, ...]]  #: shapes of all other parameters

    @classmethod
    def build(cls, make: Callable[[], nn.Module]) -> "Target":
        """Build a network without weights and find the places of its convolutions.

        Raises:
            NasutilsError: If it is of a class whose places are not known.
        """
        network = build_on_meta(make)
        if type(network) not in _PATTERNS:
            names = ", ".join(known.__name__ for known in _PATTERNS)
            raise NasutilsError(f"no hypernetwork for a {type(network).__name__}. Valid: {names}.")
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                _strip(module)
        shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
        places = {name: _place(type(network), name, shape) for name, shape in shapes.items()}
        return cls(
            network.train(),
            tuple(place for place in places.values() if place is not None),
            {name: shapes[name] for name, place in places.items() if place is None},
        )

    def check(self, sequences: CellSequences) -> None:
        """Make sure that every place is a vertex of the sequences.

        Raises:
            NasutilsError: If one is not: the sequences are of another network.
        """
        vertices = [sequences.cells[which].labels.shape[1] for which in sequences.order]
        for place in self.places:
            if place.position >= len(vertices) or place.vertex >= vertices[place.position]:
                raise NasutilsError(
                    f"{place.parameter} would be made from vertex {place.vertex} of cell "
                    f"{place.position}, which the sequences do not have"
                )

    def __call__(self, weights: Mapping[str, Tensor], images: Tensor) -> Tensor:
        """Classify images (B, C, H, W) under given weights, of all parameters by name."""
        return functional_call(self.network, dict(weights), (images,))


def _strip(norm: nn.BatchNorm2d) -> None:
    """Leave a batch norm nothing but the statistics of the batch."""
    norm.affine = norm.track_running_stats = False
    norm.weight = norm.bias = None
    norm.running_mean = norm.running_var = norm.num_batches_tracked = None


_PROJECTION = "projection"

#: Network -> patterns of parameter names with a position and, for some, a number; the vertex is
#: the number plus an offset; the head is the kernel size if not named.
_PATTERNS: dict[type[nn.Module], tuple[tuple[str, int, str | None], ...]] = {
    NASBench201Network: (
        (r"stages\.(\d+)\.edges\.(\d+)\.1\.weight", 1, None),
        (r"stages\.(\d+)\.conv_a\.1\.weight", 1, None),
        (r"stages\.(\d+)\.conv_b\.1\.weight", 2, None),
        (r"stages\.(\d+)\.shortcut\.1\.weight", 4, None),
    ),
    NASBench101Network: (
        (r"stacks\.(\d+)\.ops\.(\d+)\.0\.weight", 1, None),
        # The 1x1 convolution on what a vertex reads from the cell's input.
        (r"stacks\.(\d+)\.projections\.(\d+)\.0\.weight", 0, _PROJECTION),
    ),
}


def _place(network: type[nn.Module], name: str, shape: tuple[int, ...]) -> Place | None:
    for pattern, offset, head in _PATTERNS[network]:
        match = re.fullmatch(pattern, name)
        if match is not None:
            position, *number = map(int, match.groups())
            return Place(name, position, sum(number) + offset, head or str(shape[-1]), shape)
    return None
