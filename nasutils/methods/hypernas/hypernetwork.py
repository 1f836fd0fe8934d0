"""The shared hypernetwork: from the feature of a vertex to the weights of its operation (Eq. 7).

What the paper leaves open follows its precedents: heads decode the hidden features to a fixed
shape, of which a layer takes the slice that it needs, repeated where it needs more, scaled by its
fan-in. Sources: Zhang et al., "Graph HyperNetworks for Neural Architecture Search", ICLR 2019,
https://arxiv.org/abs/1810.05749; Knyazev et al., "Parameter Prediction for Unseen Deep
Architectures", NeurIPS 2021, https://arxiv.org/abs/2110.13100.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from nasutils.errors import UnknownNameError
from nasutils.methods.common.target_networks import Place
from nasutils.settings import Count, check_ranges


@dataclass(frozen=True, slots=True)
class HypernetworkSettings:
    """Sizes of the hypernetwork."""

    hidden: Count = 96  #: features of its layers
    layers: Count = 3  #: hidden layers
    channels: Count = 32  #: channels in and out that a head makes; ours, enough for NB201-Digits

    def __post_init__(self) -> None:
        check_ranges(self)


#: Head -> kernel size of what it makes.
HEADS = {"1": 1, "3": 3, "projection": 1}


class Hypernetwork(nn.Module):
    """H of Eq. 7, shared by all vertices, with a head for each kernel size.

    The input, d features of a vertex, is brought to unit scale first, since a deep GCN's are
    small; this is ours. The parameters outside the cells, of the ``shared`` shapes by name, are
    learned as they are.
    """

    def __init__(
        self, inputs: int, shared: Mapping[str, tuple[int, ...]], settings: HypernetworkSettings
    ) -> None:
        super().__init__()
        widths = [inputs, *[settings.hidden] * settings.layers]
        layers: list[nn.Module] = [nn.LayerNorm(inputs)]
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.mlp = nn.Sequential(*layers)
        c, h = settings.channels, settings.hidden
        self.heads = nn.ParameterDict(
            {head: torch.randn(c, c, k, k, h) / h**0.5 for head, k in HEADS.items()}
        )
        # Names of parameters have dots, which module names may not have.
        self.names = {name: name.replace(".", "/") for name in shared}
        self.shared = nn.ParameterDict(
            {self.names[name]: _initial(shape) for name, shape in shared.items()}
        )

    def forward(
        self, features: Sequence[Tensor], places: Sequence[Sequence[Place]]
    ) -> list[dict[str, Tensor]]:
        """Make all weights of the networks of B architectures: for each, by name of the parameter.

        Features are those of the vertices of each of the N cells, (B, F, d); places those of the
        convolutions of each network.

        Raises:
            UnknownNameError: If there is no head for a place.
        """
        common = {name: self.shared[key] for name, key in self.names.items()}
        networks = [dict(common) for _ in places]
        by_head = defaultdict(list)
        for row, network in enumerate(places):
            for place in network:
                by_head[place.head].append((row, place))
        for head, group in by_head.items():
            vertices = torch.stack([features[p.position][row, p.vertex] for row, p in group])
            for (row, place), made in zip(group, self._decode(vertices, head), strict=True):
                networks[row][place.parameter] = _fitted(made, place.shape)
        return networks

    def _decode(self, vertices: Tensor, head: str) -> Tensor:
        """Make what a head makes of V vertices: (V, d) to (V, C, C, k, k)."""
        if head not in self.heads:
            raise UnknownNameError("head", head, self.heads)
        # All of it, even where a slice would do: slicing the decoder is slower, since the gradient
        # of every slice fills a decoder with zeros.
        return torch.einsum("vh,oiklh->voikl", self.mlp(vertices), self.heads[head])


def _fitted(made: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Cut weights to a layer's shape, repeated where it needs more, scaled by its fan-in."""
    for dim, size in enumerate(shape[:2]):
        repeats = -(-size // made.shape[dim])
        made = torch.cat([made] * repeats, dim) if repeats > 1 else made
        made = made.narrow(dim, 0, size)
    return made * (2 / made[0].numel()) ** 0.5


def _initial(shape: tuple[int, ...]) -> Tensor:
    """Draw He-normal weights; biases are zero."""
    if len(shape) == 1:
        return torch.zeros(shape)
    fan_in = torch.Size(shape[1:]).numel()
    return torch.randn(shape) * (2 / fan_in) ** 0.5
