"""The yardstick: cells trained from scratch, on the super-net's network, images and epochs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.judging import STATISTICS_IMAGES, recompute_statistics
from nasutils.methods.kshot_hypernet.keeping import kept_accuracies
from nasutils.methods.kshot_hypernet.tasks import Images, Task
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.networks.nasbench201_supernet import NASBench201SuperNet
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.training.classifiers import Schedule, accuracy, initialise, train


def train_from_scratch(
    cell: NASBench201Cell, config: SuperNetConfig, task: Task, soft: Tensor | None = None
) -> NASBench201Network:
    """Return the trained plain network of a cell.

    Channels, cells a stage, batch size, epochs, peak learning rate, weight decay and seed are the
    super-net's; the learning rate follows the book's one cycle.

    Args:
        cell: The cell.
        config: How its super-net is trained.
        task: Images.
        soft: What to learn instead of the labels: probabilities (N, classes) of the N images.
    """
    network = NASBench201Network(
        cell,
        task.num_classes,
        channels=config.channels,
        cells_per_stage=config.cells_per_stage,
        in_channels=task.train.x.shape[1],
    )
    initialise(network, [config.seed])
    network.to(task.train.x.device, memory_format=torch.channels_last)
    schedule = Schedule(
        epochs=config.epochs,
        batch_size=config.batch_size,
        max_lr=config.lr,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    valid, targets = task.valid.first(1_000), task.train.y if soft is None else soft
    train(network, task.train.x, targets, valid.x, valid.y, schedule, [config.seed])
    return network


@torch.no_grad()
def soft_labels(supernet: NASBench201SuperNet, images: Images) -> Tensor:
    """Return what the whole super-net makes of images, probabilities (N, classes).

    Its batch-norm statistics become those of the first 2,048 images.
    """
    choice = supernet.mixture()
    recompute_statistics(supernet, choice, images.first(STATISTICS_IMAGES))
    supernet.eval()
    return torch.cat([supernet(x, choice).softmax(1) for x in images.x.split(512)])


def scratch_accuracies(
    path: Path,
    cells: list[NASBench201Cell],
    config: SuperNetConfig,
    task: Task,
    images: int,
    *,
    soft: Callable[[], Tensor] | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Return the test accuracies (percent) of cells trained from scratch, kept one by one.

    Args:
        path: Where they are kept.
        cells: Which cells.
        config: How their super-net is trained.
        task: Images.
        images: Number of test images, the first ones.
        soft: Makes what they learn instead of the labels, once it is needed.
        progress: Whether to show a progress bar.
    """
    test = task.test.first(images)

    def find(some: list[NASBench201Cell]) -> np.ndarray:
        targets = None if soft is None else soft()
        networks = [train_from_scratch(cell, config, task, targets) for cell in some]
        return np.concatenate([accuracy(net, test.x, test.y) for net in networks])

    return kept_accuracies(path, cells, find, chunk=1, progress=progress)
