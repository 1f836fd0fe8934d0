"""The yardstick: cells trained from scratch, on the super-net's network, images and epochs."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.keeping import kept_accuracies
from nasutils.methods.kshot_hypernet.tasks import Task
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.training.classifiers import Schedule, accuracy, initialise, train


def train_from_scratch(
    cell: NASBench201Cell, config: SuperNetConfig, task: Task
) -> torch.nn.Module:
    """Return the trained plain network of a cell.

    Channels, cells a stage, batch size, epochs, peak learning rate, weight decay and seed are the
    super-net's; the learning rate follows the book's one cycle.
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
    valid = task.valid.first(1_000)
    train(network, task.train.x, task.train.y, valid.x, valid.y, schedule, [config.seed])
    return network


def scratch_accuracies(
    path: Path,
    cells: list[NASBench201Cell],
    config: SuperNetConfig,
    task: Task,
    images: int,
    *,
    progress: bool = False,
) -> pd.DataFrame:
    """Return the test accuracies (percent) of cells trained from scratch, kept one by one.

    Args:
        path: Where they are kept.
        cells: Which cells.
        config: How their super-net is trained.
        task: Images.
        images: Number of test images, the first ones.
        progress: Whether to show a progress bar.
    """
    test = task.test.first(images)

    def find(some: list[NASBench201Cell]) -> np.ndarray:
        networks = [train_from_scratch(cell, config, task) for cell in some]
        return np.concatenate([accuracy(net, test.x, test.y) for net in networks])

    return kept_accuracies(path, cells, find, chunk=1, progress=progress)
