"""Accuracies of chosen networks after a short training (Appendix E.1 and E.2).

The paper trains for 50 epochs of CIFAR-100 with batches of 256, half an hour a network; that is the
``paper`` scale. ``bench`` has 10,000 images of CIFAR-10, averaged to 16 pixels, and ten epochs;
``demo`` NB201-Digits' images and schedule. All under the book's one cycle, which is not the
paper's cosine schedule, and without augmentation.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from tqdm import tqdm

from nasutils.digits import task as digits
from nasutils.methods.generative.kept_values import KeptValues
from nasutils.methods.kshot_hypernet.tasks import Task, load_task
from nasutils.networks.graphnet import GraphNetNetwork
from nasutils.paths import cache_dir
from nasutils.spaces.graphnet_sequence import GraphNetSequence
from nasutils.training.classifiers import Schedule, accuracy, train

_VALUES = ["valid", "test", "seconds"]


@dataclass(frozen=True, slots=True)
class ShortTraining:
    """What networks are trained on, and for how long.

    Attributes:
        task: ``digits``, ``cifar10`` or ``cifar100``.
        pixels: Height and width of the images.
        images: Training images, the first ones.
        schedule: Epochs, batch size, learning rate.
    """

    task: str
    pixels: int
    images: int
    schedule: Schedule

    @property
    def key(self) -> str:
        """A name of the settings, for files."""
        s = self.schedule
        return f"{self.task}-{self.pixels}px-{self.images}-{s.epochs}x{s.batch_size}-{s.max_lr}"

    def load(self) -> Task:
        """Return the images.

        Raises:
            UnknownNameError: If there is no such data set.
            NasutilsError: If its images cannot have this size.
            DataError: If the images cannot be had.
        """
        return load_task(self.task, self.pixels)


#: Scale -> how chosen networks are trained.
TRAININGS = {
    "demo": ShortTraining("digits", 8, 1_000, digits.SCHEDULE),
    "bench": ShortTraining("cifar10", 16, 10_000, Schedule(epochs=10, batch_size=100)),
    "paper": ShortTraining("cifar100", 32, 40_000, Schedule(epochs=50, batch_size=256)),
}


def train_network(
    sequence: GraphNetSequence, training: ShortTraining, seed: int
) -> dict[str, float]:
    """Return the accuracies (percent) of a trained network, and how long it took.

    Args:
        sequence: The network's cells.
        training: On what, and for how long.
        seed: Of the weights and the order of the images.

    Returns:
        ``valid``: accuracy on 1,000 images for choices; ``test``: on those for results;
        ``seconds``: wall time.
    """
    task, start = training.load(), time.perf_counter()
    learnt, valid = task.train.first(training.images), task.valid.first(1_000)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = GraphNetNetwork(sequence, task.num_classes, in_channels=learnt.x.shape[1])
    network.to(memory_format=torch.channels_last)
    history = train(network, learnt.x, learnt.y, valid.x, valid.y, training.schedule, [seed])
    return {
        "valid": float(history.valid_accuracy[0, -1]),
        "test": float(accuracy(network, task.test.x, task.test.y)[0]),
        "seconds": time.perf_counter() - start,
    }


def short_accuracies(
    sequences: Sequence[GraphNetSequence],
    training: ShortTraining,
    *,
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Train networks one after the other; each is kept, and trained once.

    Args:
        sequences: Whose networks.
        training: On what, and for how long.
        seed: As of ``train_network``.
        progress: Whether to show a bar.

    Returns:
        Columns ``valid``, ``test`` and ``seconds``, one row a sequence, in their order.
    """
    folder = cache_dir() / "generative" / "short_training"
    kept = KeptValues(folder / f"{training.key}-{seed}.parquet", _VALUES)
    rows = [
        kept.get(str(s), lambda s=s: train_network(s, training, seed))
        for s in tqdm(sequences, unit="network", disable=not progress)
    ]
    return pd.DataFrame(rows, columns=_VALUES)
