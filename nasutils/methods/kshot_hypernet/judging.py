"""How good sub-nets are: batch-norm statistics recomputed, then accuracy, cell by cell.

Source: Zhuge et al., WANT@ICML 2024, Section 4; Yu et al., "Slimmable Neural Networks", ICLR 2019.
"""

import copy
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import nn

from nasutils.errors import NasutilsError
from nasutils.methods.kshot_hypernet.tasks import Images
from nasutils.networks.nasbench201_supernet import Choice, NASBench201SuperNet, effective
from nasutils.spaces.nasbench201 import NASBench201Cell

#: Training images that batch-norm statistics are recomputed from.
STATISTICS_IMAGES = 2_048
_BATCH = 512


@torch.no_grad()
def recompute_statistics(supernet: NASBench201SuperNet, choice: Choice, images: Images) -> None:
    """Set the running statistics of what is chosen to those of the images, in place.

    They are the means over batches of 512 of the batches' own statistics.
    """
    norms = [m for m in supernet.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    supernet.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative mean
    for x in images.x.split(_BATCH):
        supernet(x, choice)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@torch.no_grad()
def accuracy(supernet: NASBench201SuperNet, choice: Choice, images: Images) -> float:
    """Return the accuracy of what is chosen, in percent."""
    supernet.eval()
    correct = sum(
        int((supernet(x, choice).argmax(1) == y).sum())
        for x, y in zip(images.x.split(_BATCH), images.y.split(_BATCH), strict=True)
    )
    return 100 * correct / len(images)


def judge(
    supernet: NASBench201SuperNet,
    cells: Sequence[NASBench201Cell],
    train: Images,
    images: Images,
    *,
    recompute: bool = True,
    track: Callable[[Iterable], Iterable] = iter,
) -> np.ndarray:
    """Return the accuracy of cells with the super-net's weights, in percent, shape (len(cells),).

    Cells that differ in operations without effect alone are judged once.

    Args:
        supernet: It stays as it is.
        cells: Any cells.
        train: Training images; the first 2,048 give the batch-norm statistics.
        images: Images to judge by.
        recompute: Whether to recompute the statistics; else those gathered in training are used.
        track: Wraps the distinct cells, as for a progress bar.

    Raises:
        NasutilsError: If there are no images to judge by.
    """
    if not len(images):
        raise NasutilsError("there are no images to judge by.")
    supernet = copy.deepcopy(supernet)
    statistics = train.first(STATISTICS_IMAGES)
    functions = [effective(cell) for cell in cells]
    found: dict[NASBench201Cell, float] = {}
    for cell in track(list(dict.fromkeys(functions))):
        choice = Choice.cell(cell)
        if recompute:
            recompute_statistics(supernet, choice, statistics)
        found[cell] = accuracy(supernet, choice, images)
    return np.array([found[cell] for cell in functions])
