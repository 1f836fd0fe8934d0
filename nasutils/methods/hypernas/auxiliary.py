"""The auxiliary task (Section 3.4): target networks, and images to train and evaluate them on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from nasutils.data.images import CIFAR10_MEAN, CIFAR10_STD, load_images
from nasutils.digits import task as digits
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.target_networks import Target
from nasutils.methods.hypernas.joint import Images
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.networks.nasbench201 import NASBench201Network

_VALIDATION = 5_000  # last images of CIFAR-10's training split


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """What a hypernetwork is trained and evaluated on.

    Attributes:
        network: From an architecture to its target network.
        cells_per_stage: Of that network, hence of its cell sequences.
        train: Images to learn.
        valid: Images to evaluate on.
    """

    network: Callable[[Any], nn.Module]
    cells_per_stage: int
    train: Images
    valid: Images

    def target(self, architecture: Any) -> Target:
        """Return the target network of an architecture."""
        return Target.build(lambda: self.network(architecture))


def _nasbench201(cell: Any, channels: int, cells: int) -> nn.Module:
    return NASBench201Network(cell, 10, channels=channels, cells_per_stage=cells)


def _nasbench101(cell: Any, channels: int, cells: int) -> nn.Module:
    return NASBench101Network(cell, 10, channels=channels, cells_per_stack=cells)


_REDUCED = 8, 1  # channels of the first stage and cells a stage

#: Space -> its network on CIFAR-10, and the benchmark's own channels and cells.
_ON_CIFAR10: dict[str, tuple[Callable[[Any, int, int], nn.Module], tuple[int, int]]] = {
    "nasbench201": (_nasbench201, (16, 5)),
    "nasbench101": (_nasbench101, (128, 3)),
}
#: Networks, as of ``cell_sequences.NETWORKS``, that have an auxiliary task.
NETWORKS = ("nb201_digits", *_ON_CIFAR10)

#: Height and width of the images of reduced target networks.
REDUCED_SIZE = 16


def load_auxiliary(
    network: str, *, full: bool = False, device: torch.device | str = "cpu"
) -> Auxiliary:
    """Return the auxiliary task of a kind of network: the digits' own, or CIFAR-10.

    Args:
        network: One of ``NETWORKS``.
        full: Whether target networks are the benchmark's and images have 32 x 32 pixels. Else
            networks start with 8 channels and have one cell a stage, and images 16 x 16 pixels.
        device: Where the images lie, and hence training takes place.

    Raises:
        UnknownNameError: If there is none for the network.
        DataError: If the images cannot be had.
    """
    if network not in NETWORKS:
        raise UnknownNameError("network with an auxiliary task", network, NETWORKS)
    if network == "nb201_digits":
        train, valid = (Images(*digits.images(split, str(device))) for split in ("train", "valid"))
        return Auxiliary(digits.build_network, 1, train, valid)
    build, own = _ON_CIFAR10[network]
    channels, cells = own if full else _REDUCED
    return Auxiliary(
        lambda cell: build(cell, channels, cells),
        cells,
        *cifar10_images(32 if full else REDUCED_SIZE, str(device)),
    )


@cache
def cifar10_images(size: int = 32, device: str = "cpu") -> tuple[Images, Images]:
    """Return CIFAR-10's training images, normalised: 45,000 to train on and 5,000 to evaluate on.

    Args:
        size: Height and width; smaller ones are means of squares of pixels. 32 or a divisor of it.
        device: Where they lie.

    Raises:
        NasutilsError: On another size.
        DataError: If the images cannot be had.
    """
    if size < 1 or 32 % size:
        raise NasutilsError(f"CIFAR-10's 32 pixels cannot be averaged to {size}.")
    pixels, labels = load_images("cifar10", "train")
    images = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (CIFAR10_MEAN, CIFAR10_STD))
    images = F.avg_pool2d((images - mean) / std, 32 // size).to(device)
    classes = torch.tensor(labels).to(device)
    return (
        Images(images[:-_VALIDATION], classes[:-_VALIDATION]),
        Images(images[-_VALIDATION:], classes[-_VALIDATION:]),
    )
