"""Images: scikit-learn's digits, CIFAR-10, CIFAR-100, as unsigned bytes."""

import hashlib
import tarfile
import tomllib
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

# SHA-256 of pixels and labels, by data set and split.
_SHA256 = tomllib.loads((Path(__file__).parent / "images.toml").read_text(encoding="utf-8"))

# What damaged bytes make the readers of archives and arrays raise.
_DAMAGE = (OSError, EOFError, ValueError, TypeError, KeyError, zlib.error)


def load_images(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of one split, ``train`` or ``test``.

    CIFAR is read from ``<name>.npz`` (arrays ``x_train, y_train, x_test, y_test``) in the folder
    ``NASUTILS_IMAGES`` or in ``images/`` of the cache, else from the official archive in the cache,
    the mirror or at its URL; pixels and labels are verified. The digits ship inside scikit-learn;
    their split (first 1,200, last 597) is ours.

    Returns:
        Images of shape (N, H, W, C), uint8 (0 to 255 and C = 3 of CIFAR, 0 to 16 and C = 1 of the
        digits), and labels of shape (N,), int64 (the fine ones of CIFAR-100).

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
    arrays = {"pixels": np.ascontiguousarray(images), "labels": labels.astype("<i8")}
    for kind, expected in _SHA256[name][split].items():
        found = hashlib.sha256(arrays[kind]).hexdigest()
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
