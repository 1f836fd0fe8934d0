"""Sub-nets of the Once-for-All MobileNetV3 super-net.

Five stages of two to four inverted-residual blocks; each block has its own kernel size and
expansion ratio. The benchmark's own lists always have 20 blocks, of which those beyond a stage's
depth play no part: a value here holds only the active ones, so equal networks are equal values.

Source: Cai et al., "Once-for-All: Train One Network and Specialize it for Efficient Deployment",
ICLR 2020, https://arxiv.org/abs/1908.09791.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError
from nasutils.spaces.values import integers, literal

KERNELS = (3, 5, 7)
EXPANSIONS = (3, 4, 6)
DEPTHS = (2, 3, 4)
NUM_STAGES = 5
MAX_DEPTH = max(DEPTHS)
NUM_BLOCKS = NUM_STAGES * MAX_DEPTH

BLOCKS = tuple(itertools.product(KERNELS, EXPANSIONS))
NUM_SUBNETS = sum(len(BLOCKS) ** depth for depth in DEPTHS) ** NUM_STAGES  # about 2e19

# A stage as a cell: a chain from input to output, inactive blocks aside.
VERTEX_LABELS = ("input", *(f"mbconv_k{k}_e{e}" for k, e in BLOCKS), "none", "output")

# By equality: a block with numpy's types finds its like in Python's.
_PLAIN = {block: block for block in BLOCKS}

Block = tuple[int, int]
Stage = tuple[Block, ...]

_EXAMPLE = "{'wid': None, 'ks': [20 values], 'e': [20 values], 'd': [5 values], 'r': [224]}"


@dataclass(frozen=True, slots=True)
class OFAMobileNetV3:
    """One sub-net, as the (kernel size, expansion ratio) of the active blocks of each stage.

    ArchitectureError if a stage's depth, a kernel size or a ratio is not in the space.
    """

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        try:
            stages = tuple(tuple(map(tuple, stage)) for stage in self.stages)
            wrong = [block for stage in stages for block in stage if block not in _PLAIN]
        except TypeError:
            raise ArchitectureError(
                "an OFA-MobileNetV3 sub-net is stages of (kernel, expansion) blocks, "
                f"not {self.stages!r}"
            ) from None
        if len(stages) != NUM_STAGES:
            raise ArchitectureError(
                f"an OFA-MobileNetV3 sub-net has {NUM_STAGES} stages, not {len(stages)}"
            )
        for stage in stages:
            _checked_depth(len(stage))
        for block in wrong:
            raise ArchitectureError(
                f"OFA-MobileNetV3 block {block} is no (kernel, expansion) of "
                f"{KERNELS} x {EXPANSIONS}"
            )
        stages = tuple(tuple(_PLAIN[block] for block in stage) for stage in stages)
        object.__setattr__(self, "stages", stages)

    @classmethod
    def from_lists(cls, ks: Any, e: Any, d: Any) -> "OFAMobileNetV3":
        """Build from the super-net's own lists, dropping what is inactive.

        They are kernel sizes and expansion ratios of all 20 blocks, and depths of the five stages.

        Raises:
            ArchitectureError: If a list has another length or an active value is not in the space.
        """
        try:
            ks, e, d = map(tuple, (ks, e, d))
        except TypeError:
            raise ArchitectureError(
                f"ks, e and d of an OFA-MobileNetV3 sub-net are lists, not {(ks, e, d)!r}"
            ) from None
        if (len(ks), len(e), len(d)) != (NUM_BLOCKS, NUM_BLOCKS, NUM_STAGES):
            raise ArchitectureError(
                f"ks, e and d of an OFA-MobileNetV3 sub-net have 20, 20 and 5 values, "
                f"not {len(ks)}, {len(e)} and {len(d)}"
            )
        depths = map(_checked_depth, d)
        blocks = list(zip(ks, e, strict=True))
        starts = range(0, NUM_BLOCKS, MAX_DEPTH)
        return cls(tuple(tuple(blocks[s : s + n]) for s, n in zip(starts, depths, strict=True)))

    @classmethod
    def from_string(cls, subnet: Any) -> "OFAMobileNetV3":
        """Read the dictionary that the benchmark's files hold, or its text, which is not evaluated.

        Raises:
            ArchitectureError: If it is malformed or no sub-net of this space.
        """
        if isinstance(subnet, cls):
            return subnet
        try:
            fields = literal(subnet)
            lists = [tuple(fields[key]) for key in ("ks", "e", "d")]
        except (ValueError, TypeError, KeyError, IndexError):
            raise ArchitectureError(
                f"malformed OFA-MobileNetV3 string {subnet!r}. It should look like {_EXAMPLE!r}."
            ) from None
        return cls.from_lists(*lists)

    def __str__(self) -> str:
        """Return the benchmark's own string, with 3 for every value of an inactive block."""
        fields = {"wid": None, "ks": self.ks, "e": self.e, "d": self.d, "r": [224]}
        return str(fields)

    @property
    def ks(self) -> list[int]:
        """Kernel sizes of all 20 blocks; 3 where inactive."""
        return [kernel for kernel, _ in self._all_blocks()]

    @property
    def e(self) -> list[int]:
        """Expansion ratios of all 20 blocks; 3 where inactive."""
        return [expansion for _, expansion in self._all_blocks()]

    @property
    def d(self) -> list[int]:
        """Depths of the five stages."""
        return [len(stage) for stage in self.stages]

    def _all_blocks(self) -> list[Block]:
        # Any valid value will do for the inactive ones: the super-net's own code checks them.
        padded = [stage + BLOCKS[:1] * (MAX_DEPTH - len(stage)) for stage in self.stages]
        return list(itertools.chain.from_iterable(padded))

    @classmethod
    def random(cls, rng: np.random.Generator) -> "OFAMobileNetV3":
        """Draw depths, kernels and ratios uniformly, as the super-net's training does."""
        depths = [DEPTHS[i] for i in rng.integers(len(DEPTHS), size=NUM_STAGES)]
        return cls(
            tuple(
                tuple(BLOCKS[i] for i in rng.integers(len(BLOCKS), size=depth)) for depth in depths
            )
        )

    def neighbours(self) -> list["OFAMobileNetV3"]:
        """Return the sub-nets one step away, in a symmetric relation.

        A step changes the kernel size or the ratio of one block, drops the last block of a stage,
        or appends a block (any of the nine) to a stage.
        """
        return [
            OFAMobileNetV3((*self.stages[:i], changed, *self.stages[i + 1 :]))
            for i, stage in enumerate(self.stages)
            for changed in _stage_neighbours(stage)
        ]

    def mutate(self, rng: np.random.Generator) -> "OFAMobileNetV3":
        """Return a uniformly drawn neighbour."""
        neighbours = self.neighbours()
        return neighbours[rng.integers(len(neighbours))]

    def isomorphism_class(self) -> str:
        """Return a name of the network; different values are different networks here."""
        return str(self)

    def one_hot(self) -> np.ndarray:
        """Encode as a float32 matrix of shape (20, 6): blocks by three kernels and three ratios.

        The row of an inactive block is zero.
        """
        encoding = np.zeros((NUM_BLOCKS, len(KERNELS) + len(EXPANSIONS)), dtype=np.float32)
        for s, stage in enumerate(self.stages):
            for b, (kernel, expansion) in enumerate(stage):
                row = encoding[s * MAX_DEPTH + b]
                row[KERNELS.index(kernel)] = 1
                row[len(KERNELS) + EXPANSIONS.index(expansion)] = 1
        return encoding

    def adjacency_and_ops(self) -> tuple[np.ndarray, np.ndarray]:
        """Encode the five stages as five cells: chains of blocks.

        The vertices of a stage are its input, four blocks and its output; an inactive block is an
        isolated vertex with the label "none".

        Returns:
            Adjacency of shape (5, 6, 6), upper triangular, and one-hot labels of shape (5, 6, 12)
            in the order of ``VERTEX_LABELS``; both float32.
        """
        size = MAX_DEPTH + 2
        adjacency = np.zeros((NUM_STAGES, size, size), dtype=np.float32)
        labels = np.zeros((NUM_STAGES, size, len(VERTEX_LABELS)), dtype=np.float32)
        for s, stage in enumerate(self.stages):
            chain = [*range(len(stage) + 1), size - 1]
            adjacency[s, chain[:-1], chain[1:]] = 1
            names = [f"mbconv_k{k}_e{e}" for k, e in stage] + ["none"] * (MAX_DEPTH - len(stage))
            for vertex, name in enumerate(["input", *names, "output"]):
                labels[s, vertex, VERTEX_LABELS.index(name)] = 1
        return adjacency, labels


def _checked_depth(depth: Any) -> int:
    try:
        (number,) = integers([depth])
    except ValueError:
        number = 0
    if number not in DEPTHS:
        raise ArchitectureError(f"depth {depth!r} of an OFA-MobileNetV3 stage is not in {DEPTHS}")
    return number


def _stage_neighbours(stage: Stage) -> list[Stage]:
    changed = [
        (*stage[:i], block, *stage[i + 1 :])
        for i, (kernel, expansion) in enumerate(stage)
        for block in BLOCKS
        if (block[0] == kernel) != (block[1] == expansion)
    ]
    shorter = [stage[:-1]] if len(stage) > min(DEPTHS) else []
    longer = [(*stage, block) for block in BLOCKS] if len(stage) < MAX_DEPTH else []
    return changed + shorter + longer
