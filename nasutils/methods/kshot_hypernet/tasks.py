"""Images that super-nets are trained and judged on."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from nasutils.data.images import CIFAR10_MEAN, CIFAR10_STD, load_images
from nasutils.digits import task as digits
from nasutils.errors import NasutilsError, UnknownNameError

# Of CIFAR-100's training pixels, red, green, blue, after division by 255.
_CIFAR100_MEAN, _CIFAR100_STD = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)

#: Data set -> classes, size of its images, images held out of the training split (the last ones).
TASKS = {"digits": (10, 8, 0), "cifar10": (10, 32, 10_000), "cifar100": (100, 32, 10_000)}


@dataclass(frozen=True, slots=True)
class Images:
    """Normalised images (N, C, H, W) and their classes (N,)."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def first(self, n: int) -> "Images":
        """Return the first n."""
        return Images(self.x[:n], self.y[:n])


@dataclass(frozen=True, slots=True)
class Task:
    """A data set in three parts.

    Attributes:
        train: Images to learn, and to recompute batch-norm statistics from.
        valid: Images for choices: learning rates, the course of a run, search.
        test: Images for results.
        num_classes: Number of classes.
    """

    train: Images
    valid: Images
    test: Images
    num_classes: int


@cache
def load_task(name: str, size: int, *, all_train: bool = False, device: str = "cpu") -> Task:
    """Return a data set.

    CIFAR's images are averaged over squares of pixels; the last 10,000 of the training split are
    for choices. The digits are NB201-Digits' own three splits.

    Args:
        name: One of ``TASKS``.
        size: Height and width: the data set's own or, for CIFAR, a divisor of it.
        all_train: Whether the images for choices are learnt, too.
        device: Where the images lie.

    Raises:
        UnknownNameError: If there is no such data set.
        NasutilsError: If its images cannot have this size.
        DataError: If the images cannot be had.
    """
    if name not in TASKS:
        raise UnknownNameError("data set", name, TASKS)
    classes, own_size, held_out = TASKS[name]
    if name == "digits":
        if size != own_size:
            raise NasutilsError(f"the digits have {own_size} x {own_size} pixels, not {size}.")
        parts = (Images(*digits.images(split, device)) for split in ("train", "valid", "test"))
        return Task(*parts, classes)
    if size < 1 or own_size % size:
        raise NasutilsError(f"{name}'s {own_size} pixels cannot be averaged to {size}.")
    train, test = (_cifar(name, split, size, device) for split in ("train", "test"))
    valid = Images(train.x[-held_out:], train.y[-held_out:])
    return Task(train if all_train else train.first(len(train) - held_out), valid, test, classes)


def _cifar(name: str, split: str, size: int, device: str) -> Images:
    pixels, labels = load_images(name, split)
    own = (CIFAR10_MEAN, CIFAR10_STD) if name == "cifar10" else (_CIFAR100_MEAN, _CIFAR100_STD)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in own)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x = F.avg_pool2d((images - mean) / std, pixels.shape[1] // size)
    return Images(x.to(device), torch.from_numpy(labels).to(device))


def augmented(x: Tensor, generator: torch.Generator) -> Tensor:
    """Flip and shift images (B, C, H, W) at random, as NAS-Bench-201 does with CIFAR.

    Each image is mirrored with probability one half, padded with zeros by an eighth of its size (4
    pixels of 32) and cropped to its old size at a random place.
    """
    batch, _, size, _ = x.shape
    pad = size // 8
    draws = torch.randint(2 * pad + 1, (2, batch, 1), generator=generator)
    mirrored = torch.rand(batch, 1, generator=generator) < 0.5
    steps = torch.arange(size)
    rows = draws[0] + steps  # (B, size)
    columns = draws[1] + torch.where(mirrored, steps.flip(0), steps)
    rows, columns = rows.to(x.device), columns.to(x.device)
    padded = F.pad(x, (pad, pad, pad, pad)).permute(0, 2, 3, 1)
    images = torch.arange(batch, device=x.device)[:, None, None]
    return padded[images, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
