"""The auxiliary task (Section 3.4): target networks, and images to train and evaluate them on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
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
    """What a hypernetwork is trained and evaluated on."""

    network: Callable[[Any], nn.Module]  #: from an architecture to its target network
    cells_per_stage: int  #: of that network, hence of its cell sequences
    train: Images  #: images to learn
    valid: Images  #: images to evaluate on

    def target(self, architecture: Any) -> Target:
        """Return the target network of an architecture."""
        return Target.build(lambda: self.network(architecture))


_REDUCED = 8, 1  # channels of the first stage and cells a stage

#: Space -> its network on CIFAR-10, its name of the cells a stage, and the benchmark's own channels
#: and cells.
_ON_CIFAR10: dict[str, tuple[Callable[..., nn.Module], str, tuple[int, int]]] = {
    "nasbench201": (NASBench201Network, "cells_per_stage", (16, 5)),
    "nasbench101": (NASBench101Network, "cells_per_stack", (128, 3)),
}
#: Networks, as of ``cell_sequences.NETWORKS``, that have an auxiliary task.
NETWORKS = ("nb201_digits", *_ON_CIFAR10)

#: Height and width of the images of reduced target networks.
REDUCED_SIZE = 16


def load_auxiliary(
    network: str, *, full: bool = False, device: torch.device | str = "cpu"
) -> Auxiliary:
    """Return the auxiliary task of one of ``NETWORKS``: the digits' own, or CIFAR-10.

    Target networks start with 8 channels and have one cell a stage, and images have 16 x 16
    pixels, unless ``full``: then networks are the benchmark's, and images have 32 x 32. Images
    lie on the device, and hence training takes place there.

    Raises:
        UnknownNameError: If there is none for the network.
        DataError: If the images cannot be had.
    """
    if network not in NETWORKS:
        raise UnknownNameError("network with an auxiliary task", network, NETWORKS)
    if network == "nb201_digits":
        train, valid = (Images(*digits.images(split, str(device))) for split in ("train", "valid"))
        return Auxiliary(digits.build_network, 1, train, valid)
    build, stage, own = _ON_CIFAR10[network]
    channels, cells = own if full else _REDUCED
    images = cifar10_images(32 if full else REDUCED_SIZE, str(device))
    return Auxiliary(partial(build, channels=channels, **{stage: cells}), cells, *images)


@cache
def cifar10_images(size: int = 32, device: str = "cpu") -> tuple[Images, Images]:
    """Return CIFAR-10's training images, normalised: 45,000 to train on and 5,000 to evaluate on.

    Smaller ones than 32 x 32 are means of squares of pixels. They lie on the device.

    Raises:
        NasutilsError: If 32 is no multiple of the size.
        DataError: If the images cannot be had.
    """
    if size < 1 or 32 % size:
        raise NasutilsError(f"CIFAR-10's 32 pixels cannot be averaged to {size}.")
    pixels, labels = load_images("cifar10", "train")
    images = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (CIFAR10_MEAN, CIFAR10_STD))
    images = F.avg_pool2d((images - mean) / std, 32 // size).to(device)
    every = Images(images, torch.tensor(labels).to(device))
    return every[:-_VALIDATION], every[-_VALIDATION:]
