"""Vision transformers of the AutoFormer-Tiny super-net.

A network has 12 to 14 transformer layers of one embedding width; each layer has its own number of
attention heads and its own ratio of MLP width to embedding width.

Source: Chen et al., "AutoFormer: Searching Transformers for Visual Recognition", ICCV 2021,
https://arxiv.org/abs/2107.00651, Table 1 (AutoFormer-tiny).
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError
from nasutils.spaces.values import integers, literal

WIDTHS = (192, 216, 240)
DEPTHS = (12, 13, 14)
MLP_RATIOS = (3.5, 4.0)
HEADS = (3, 4)
MAX_DEPTH = max(DEPTHS)

LAYERS = tuple(itertools.product(MLP_RATIOS, HEADS))

# The network as a chain of layers; the input is the patch embedding, labelled by its width.
VERTEX_LABELS = (
    *(f"embed_{width}" for width in WIDTHS),
    *(f"layer_r{ratio}_h{heads}" for ratio, heads in LAYERS),
    "none",
    "output",
)

_EXAMPLE = "{'hidden_dim': 192, 'mlp_ratio': [3.5, ...], 'depth': 12, 'num_heads': [3, ...]}"


@dataclass(frozen=True, slots=True)
class AutoFormerTiny:
    """One network: the embedding width, and a ratio and a number of heads for each layer.

    ArchitectureError if a value is not in the space or the two lists differ in length.
    """

    width: int
    mlp_ratios: tuple[float, ...]
    heads: tuple[int, ...]

    def __post_init__(self) -> None:
        try:
            (width,), heads = integers([self.width]), integers(self.heads)
            ratios = tuple(half / 2 for half in integers(2 * ratio for ratio in self.mlp_ratios))
        except (TypeError, ValueError):
            raise ArchitectureError(
                "an AutoFormer network is a width, MLP ratios and numbers of heads, "
                f"not {self.width!r}, {self.mlp_ratios!r}, {self.heads!r}"
            ) from None
        if len(ratios) != len(heads):
            raise ArchitectureError(
                f"an AutoFormer network has one MLP ratio and one number of heads a layer, not "
                f"{len(ratios)} and {len(heads)}"
            )
        for name, values, valid in (
            ("width", [width], WIDTHS),
            ("depth", [len(heads)], DEPTHS),
            ("MLP ratio", ratios, MLP_RATIOS),
            ("number of heads", heads, HEADS),
        ):
            for value in values:
                if value not in valid:
                    raise ArchitectureError(f"AutoFormer-Tiny {name} {value!r} is not in {valid}")
        for name, value in (("width", width), ("mlp_ratios", ratios), ("heads", heads)):
            object.__setattr__(self, name, value)

    @property
    def depth(self) -> int:
        """The number of transformer layers."""
        return len(self.heads)

    @classmethod
    def from_string(cls, network: Any) -> "AutoFormerTiny":
        """Read a dictionary like the benchmark's, or its text, which is not evaluated.

        Raises:
            ArchitectureError: If it is malformed or no network of this space.
        """
        if isinstance(network, cls):
            return network
        try:
            fields = literal(network)
            (depth,) = integers([fields["depth"]])
            ratios, heads = tuple(map(float, fields["mlp_ratio"])), tuple(fields["num_heads"])
            width = fields["hidden_dim"]
        except (ValueError, TypeError, KeyError, IndexError):
            raise ArchitectureError(
                f"malformed AutoFormer string {network!r}. It should look like {_EXAMPLE!r}."
            ) from None
        found = cls(width, ratios, heads)
        if found.depth != depth:
            raise ArchitectureError(
                f"depth {depth!r} is not the number of layers, {found.depth}: {network!r}"
            )
        return found

    def __str__(self) -> str:
        """Return the benchmark's own dictionary as a string."""
        fields = {
            "hidden_dim": self.width,
            "mlp_ratio": list(self.mlp_ratios),
            "depth": self.depth,
            "num_heads": list(self.heads),
        }
        return str(fields)

    @classmethod
    def random(cls, rng: np.random.Generator) -> "AutoFormerTiny":
        """Draw depth, width, ratios and heads uniformly, as the super-net's training does."""
        depth = DEPTHS[rng.integers(len(DEPTHS))]
        return cls(
            WIDTHS[rng.integers(len(WIDTHS))],
            tuple(MLP_RATIOS[i] for i in rng.integers(len(MLP_RATIOS), size=depth)),
            tuple(HEADS[i] for i in rng.integers(len(HEADS), size=depth)),
        )

    def neighbours(self) -> list["AutoFormerTiny"]:
        """Return the networks one step away, in a symmetric relation.

        A step changes the width, the ratio or heads of one layer, drops the last layer, or appends
        a layer (any of the four).
        """
        layers = tuple(zip(self.mlp_ratios, self.heads, strict=True))
        networks = [
            AutoFormerTiny(width, self.mlp_ratios, self.heads)
            for width in WIDTHS
            if width != self.width
        ]
        for i, (ratio, heads) in enumerate(layers):
            for layer in LAYERS:
                if (layer[0] == ratio) != (layer[1] == heads):
                    networks.append(self._with_layers((*layers[:i], layer, *layers[i + 1 :])))
        if self.depth > min(DEPTHS):
            networks.append(self._with_layers(layers[:-1]))
        if self.depth < MAX_DEPTH:
            networks += [self._with_layers((*layers, layer)) for layer in LAYERS]
        return networks

    def _with_layers(self, layers: tuple[tuple[float, int], ...]) -> "AutoFormerTiny":
        ratios, heads = zip(*layers, strict=True)
        return AutoFormerTiny(self.width, ratios, heads)

    def mutate(self, rng: np.random.Generator) -> "AutoFormerTiny":
        """Return a uniformly drawn neighbour."""
        neighbours = self.neighbours()
        return neighbours[rng.integers(len(neighbours))]

    def isomorphism_class(self) -> str:
        """Return a name of the network; different values are different networks here."""
        return str(self)

    def one_hot(self) -> np.ndarray:
        """Encode as a float32 matrix of shape (14, 7): layers by ratios, heads and widths.

        The width is repeated in every layer; the row of an absent layer is zero.
        """
        starts = np.cumsum([0, len(MLP_RATIOS), len(HEADS), len(WIDTHS)])
        encoding = np.zeros((MAX_DEPTH, starts[-1]), dtype=np.float32)
        for layer, (ratio, heads) in enumerate(zip(self.mlp_ratios, self.heads, strict=True)):
            choices = MLP_RATIOS.index(ratio), HEADS.index(heads), WIDTHS.index(self.width)
            encoding[layer, starts[:-1] + choices] = 1
        return encoding

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Encode as a chain: patch embedding, up to 14 layers, output.

        An absent layer is an isolated vertex with the label "none".

        Returns:
            Adjacency of shape (16, 16), upper triangular, and one-hot labels of shape (16, 9) in
            the order of ``VERTEX_LABELS``; both float32.
        """
        size = MAX_DEPTH + 2
        adjacency = np.zeros((size, size), dtype=np.float32)
        chain = [*range(self.depth + 1), size - 1]
        adjacency[chain[:-1], chain[1:]] = 1
        layers = [f"layer_r{r}_h{h}" for r, h in zip(self.mlp_ratios, self.heads, strict=True)]
        absent = ["none"] * (MAX_DEPTH - self.depth)
        names = [f"embed_{self.width}", *layers, *absent, "output"]
        labels = [VERTEX_LABELS.index(name) for name in names]
        return adjacency, np.eye(len(VERTEX_LABELS), dtype=np.float32)[labels]
