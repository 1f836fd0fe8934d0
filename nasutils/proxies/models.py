"""Networks and batches by name: of timm, of torchvision, or of anyone's Python."""

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.data.images import CIFAR10_MEAN, CIFAR10_STD, load_images
from nasutils.errors import NasutilsError, UnknownNameError

FORMS = "timm:NAME, torchvision:NAME or package.module:factory"
BATCHES = ("cifar10", "cifar100", "random")

_CIFAR100 = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)
_STATISTICS = {"cifar10": (CIFAR10_MEAN, CIFAR10_STD), "cifar100": _CIFAR100}


def load_network(name: str, *, seed: int = 0, **options: Any) -> nn.Module:
    """Build a network with new weights.

    Args:
        name: ``timm:resnet18``, ``torchvision:resnet18``, or ``package.module:factory``, a function
            or class whose call gives a network.
        seed: Of the weights; torch's random state is left as it was.
        **options: For the call, such as ``num_classes``.

    Raises:
        UnknownNameError: If the library, or the module, has no such network.
        NasutilsError: If the name has another form, the library or module cannot be imported, or
            the call fails.
    """
    library, _, model = name.partition(":")
    if not library or not model:
        raise NasutilsError(f"a network is {FORMS}, not {name!r}.")
    module = _import(library)
    if library == "timm":
        names, build = module.list_models(), module.create_model
    elif library == "torchvision":
        names, build = module.models.list_models(module.models), module.models.get_model
    else:
        names = [n for n, value in vars(module).items() if callable(value) and n[0] != "_"]
        build = None
    if model not in names and not hasattr(module, model):
        raise UnknownNameError(f"network of {library}", model, names)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            network = build(model, **options) if build else getattr(module, model)(**options)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise NasutilsError(f"{name} cannot be built: {reason}") from error
    if not isinstance(network, nn.Module):
        raise NasutilsError(f"{name} gives {type(network).__name__}, not a torch.nn.Module.")
    return network


def _import(library: str) -> ModuleType:
    if library in ("timm", "torchvision"):
        declare_operators()
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise NasutilsError(
            f"{library} cannot be imported ({error}): a network is {FORMS}; timm and torchvision "
            "are installed by `pip install timm torchvision`."
        ) from error


def declare_operators() -> None:
    """Let torchvision be imported where its own library does not load.

    The package index has torchvision for one build of torch alone. With another, say for the CPU,
    the classifiers work all the same, but on import two operators of detectors are missing.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in ("nms", "qnms"):
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{name}", schema)
    except ImportError:
        pass


def load_batch(
    name: str, *, images: int = 64, size: int | None = None, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Return a batch of images, (B, 3, H, W), normalised by channel, and its classes, (B,).

    Args:
        name: ``cifar10`` or ``cifar100``, random training images, or ``random``, normal numbers and
            ten classes.
        images: B.
        size: Height and width; 32 by default, otherwise interpolated.
        seed: Of the choice.

    Raises:
        UnknownNameError: If there is no such batch.
        NasutilsError: If a number is not positive, or the data set has not as many images.
    """
    if name not in BATCHES:
        raise UnknownNameError("batch", name, BATCHES)
    if images < 1 or (size is not None and size < 1):
        raise NasutilsError(f"a batch has at least one image, of one pixel: not {images}, {size}.")
    generator = np.random.default_rng(seed)
    if name == "random":
        x = torch.from_numpy(generator.normal(size=(images, 3, 32, 32))).float()
        labels = torch.from_numpy(generator.integers(10, size=images))
    else:
        pixels, classes = load_images(name, "train")
        if images > len(pixels):
            raise NasutilsError(f"{name} has {len(pixels):,} training images, not {images:,}.")
        chosen = generator.choice(len(pixels), images, replace=False)
        mean, std = _STATISTICS[name]
        x = torch.tensor((pixels[chosen] / 255 - mean) / std, dtype=torch.float32)
        x, labels = x.permute(0, 3, 1, 2), torch.tensor(classes[chosen])
    if size not in (None, 32):
        x = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True)
    return x, labels
