"""What a cell of NB201-Digits has to learn, and the order in which cells enter the table."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from nasutils.data.cluttered_digits import CANVAS, Split, cluttered_digits
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.spaces.nasbench201 import NASBench201Cell, representatives
from nasutils.training.classifiers import Schedule

CHANNELS = 8
NUM_CLASSES = 10
SCHEDULE = Schedule(epochs=4, batch_size=40)
SEEDS = (0, 1, 2)

# Validation images behind the learning curves; the final figure takes all of them.
CURVE_IMAGES = 250

IMAGE_SHAPE = (1, CANVAS, CANVAS)

_ORDER_SEED = 201


def build_network(cell: NASBench201Cell, replicas: int = 1) -> NASBench201Network:
    """Return the benchmark's network around a cell: 8, 16 and 32 channels, one cell a stage."""
    return NASBench201Network(
        cell,
        NUM_CLASSES,
        channels=CHANNELS,
        cells_per_stage=1,
        in_channels=IMAGE_SHAPE[0],
        replicas=replicas,
    )


@cache
def images(split: Split, device: str = "cpu") -> tuple[Tensor, Tensor]:
    """Return a split as tensors: images (N, 1, 8, 8) and labels (N,)."""
    x, y = cluttered_digits(split)
    return torch.tensor(x, device=device)[:, None], torch.tensor(y, device=device)


@cache
def cell_order() -> tuple[NASBench201Cell, ...]:
    """Return one cell of each of the 6,466 isomorphism classes, in a fixed random order.

    The table holds the first n of them, so that it is a random sample at every length.
    """
    cells = representatives()
    return tuple(cells[i] for i in np.random.default_rng(_ORDER_SEED).permutation(len(cells)))
