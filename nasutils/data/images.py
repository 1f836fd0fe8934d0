"""Images: scikit-learn's digits, CIFAR-10, CIFAR-100, as unsigned bytes."""

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nasutils.data.fetch import fetch
from nasutils.data.safe_pickle import load_pickle
from nasutils.errors import DataError, UnknownNameError
from nasutils.files import is_file
from nasutils.paths import cache_dir, named_folder

SPLITS = ("train", "test")

#: Of CIFAR-10's training pixels, red, green, blue, after division by 255.
CIFAR10_MEAN, CIFAR10_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)

# scikit-learn's digits come unsplit: the first ones train, the rest test (other writers).
_DIGITS_TRAIN = 1_200

# Batches of the official archives, and the key of their labels.
_BATCHES = {
    ("cifar10", "train"): tuple(f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)),
    ("cifar10", "test"): ("cifar-10-batches-py/test_batch",),
    ("cifar100", "train"): ("cifar-100-python/train",),
    ("cifar100", "test"): ("cifar-100-python/test",),
}
_LABELS = {"cifar10": b"labels", "cifar100": b"fine_labels"}

# SHA-256 of the pixels, (N, 32, 32, 3) in the order of the official files.
_PIXELS = {
    ("cifar10", "train"): "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
    ("cifar10", "test"): "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    ("cifar100", "train"): "4e457917601a66aed021f5fa37957b56c6319557c0a8ed5484de3c390af45430",
    ("cifar100", "test"): "4cb8e5d9309da489bf6b19cc10cd96c3ae6f8daf225380b605aaee4c0d6aee19",
}

# SHA-256 of the labels, (N,), as little-endian integers of 64 bits.
_CLASSES = {
    ("cifar10", "train"): "f5cfe00b0f00968c0cc5ff3b1d2de51b10e33efa277c2986f4e0fa63e58c9f4f",
    ("cifar10", "test"): "cbb7365de8ed11f05cc4c3a1e7f78144127c5e851efd83762fb18202461230bb",
    ("cifar100", "train"): "8bf4935e7c77a3096270043c6f3b221b6ecb9c63d1a08608e9af66cff17e977a",
    ("cifar100", "test"): "80031c23f8300724c6fbc588e4bccbe41c6392041782148727bb497b0132c4ad",
}

# What damaged bytes make the readers of archives and arrays raise.
_DAMAGE = (OSError, EOFError, ValueError, TypeError, KeyError, zlib.error)


def load_images(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of one split.

    CIFAR is read from ``<name>.npz`` (arrays ``x_train, y_train, x_test, y_test``) in the folder
    ``NASUTILS_IMAGES`` or in ``images/`` of the cache, else from the official archive in the cache,
    the mirror or at its URL; pixels and labels are verified. The digits ship inside scikit-learn;
    their split (first 1,200, last 597) is ours.

    Returns:
        Images of shape (N, H, W, C), uint8 (CIFAR: 0 to 255, C = 3; digits: 0 to 16, C = 1), and
        labels of shape (N,), int64 (CIFAR-100: the fine ones).

    Raises:
        UnknownNameError: If there is no such data set or split.
        DataError: If the files cannot be had, or are damaged.
    """
    if name not in ("digits", *_LABELS):
        raise UnknownNameError("image data set", name, ("digits", *_LABELS))
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
    if name == "digits":
        return _digits(split)
    npz = _find_npz(name)
    images, labels = _from_archive(name, split) if npz is None else _from_npz(npz, split)
    if images.dtype != np.uint8 or images.shape[1:] != (32, 32, 3) or labels.ndim != 1:
        raise DataError(
            f"{npz or 'the archive of ' + name} holds {images.dtype} of shape {images.shape} and "
            f"labels of shape {labels.shape}, not bytes of shape (N, 32, 32, 3) and (N,)."
        )
    for kind, array, expected in (
        ("pixels", np.ascontiguousarray(images), _PIXELS[name, split]),
        ("labels", labels.astype("<i8"), _CLASSES[name, split]),
    ):
        found = hashlib.sha256(array).hexdigest()
        if found != expected:
            raise DataError(
                f"the {split} {kind} of {npz or 'the archive of ' + name} have SHA-256 {found}, "
                f"expected {expected}. Remove the file and unpack it again."
            )
    return images, labels.astype(np.int64)


def _digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    part = slice(_DIGITS_TRAIN) if split == "train" else slice(_DIGITS_TRAIN, None)
    return digits.images[part, :, :, None].astype(np.uint8), digits.target[part].astype(np.int64)


def _find_npz(name: str) -> Path | None:
    folders = [cache_dir() / "images"]
    if chosen := named_folder("NASUTILS_IMAGES"):
        folders.insert(0, chosen)
    return next((path for folder in folders if is_file(path := folder / f"{name}.npz")), None)


def _from_npz(path: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return arrays[f"x_{split}"], arrays[f"y_{split}"]
    except (*_DAMAGE, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{path} is damaged ({error}). Remove it and unpack the images again."
        ) from error


def _from_archive(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        archive = fetch(f"{name}_archive")
    except DataError as error:
        raise DataError(f"{error} A {name}.npz in NASUTILS_IMAGES would do as well.") from error
    batches = _read_batches(archive, _BATCHES[name, split])
    try:
        pixels = np.concatenate([batch[b"data"] for batch in batches])
        labels = np.concatenate([batch[_LABELS[name]] for batch in batches])
        # Stored as (N, 3072): red, green, blue plane, each row by row.
        images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{archive} has not the layout of the {name} archive: {error}") from error
    return np.ascontiguousarray(images), labels


def _read_batches(archive: Path, members: tuple[str, ...]) -> list[Mapping[bytes, Any]]:
    try:
        with tarfile.open(archive, "r:gz") as files:
            return [load_pickle(files.extractfile(member).read()) for member in members]
    # KeyError: no such member; AttributeError: a member that is not a regular file.
    except (*_DAMAGE, tarfile.TarError, AttributeError) as error:
        raise DataError(f"{archive} is damaged: {error}") from error
