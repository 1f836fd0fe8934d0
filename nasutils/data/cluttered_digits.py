"""Cluttered digits: the images behind NB201-Digits, rendered from scikit-learn's 8x8 digits.

A digit lies at a random place on a 12x12 canvas among three 4x4 scraps of other digits, under
Gaussian noise. The plain digits are too easy to rank architectures by: nearly every cell reaches
98 %. The recipe is that of cluttered MNIST (Mnih et al., "Recurrent Models of Visual Attention",
NeurIPS 2014, https://arxiv.org/abs/1406.6247), at a size that trains in seconds on a CPU.
"""

from functools import cache
from typing import Literal, get_args

import numpy as np

from nasutils.errors import UnknownNameError

Split = Literal["train", "valid", "test"]

CANVAS = 12
SCRAP = 4
NUM_SCRAPS = 3
NOISE = 0.15

# Images rendered of each split, and the handwritten digits that they are rendered from.
NUM_IMAGES = {"train": 2000, "valid": 1000, "test": 4000}
_NUM_SOURCES = {"train": 900, "valid": 400, "test": 497}
_SEED = 201


@cache
def cluttered_digits(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Render one split; always the same images.

    The splits share no handwritten digit, neither as a subject nor as a scrap.

    Args:
        split: ``train`` (2,000 images), ``valid`` (1,000) or ``test`` (4,000).

    Returns:
        Read-only images of shape (N, 12, 12), float32, standardised with the mean and the standard
        deviation of the training split; labels of shape (N,), int64.

    Raises:
        UnknownNameError: If there is no such split.
    """
    if split not in NUM_IMAGES:
        raise UnknownNameError("split", split, NUM_IMAGES)
    images, labels = _render(split)
    mean, std = _training_moments()
    images = (images - mean) / std
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


@cache
def _training_moments() -> tuple[np.float32, np.float32]:
    images, _ = _render("train")
    return images.mean(), images.std()


def _render(split: Split) -> tuple[np.ndarray, np.ndarray]:
    digits, targets = _sources(split)
    rng = np.random.default_rng((_SEED, get_args(Split).index(split)))
    n = NUM_IMAGES[split]
    subjects = rng.integers(len(digits), size=n)
    canvases = np.zeros((n, CANVAS, CANVAS), dtype=np.float32)
    for canvas, subject in zip(canvases, subjects, strict=True):
        _paste(canvas, digits[subject], rng)
        for scrap in digits[rng.integers(len(digits), size=NUM_SCRAPS)]:
            row, column = rng.integers(scrap.shape[0] - SCRAP + 1, size=2)
            _paste(canvas, scrap[row : row + SCRAP, column : column + SCRAP], rng)
    noise = rng.normal(scale=NOISE, size=canvases.shape).astype(np.float32)
    return canvases + noise, targets[subjects]


def _paste(canvas: np.ndarray, patch: np.ndarray, rng: np.random.Generator) -> None:
    """Lay a square patch over a random place of the canvas, brighter pixels on top."""
    size = len(patch)
    row, column = rng.integers(CANVAS - size + 1, size=2)
    window = canvas[row : row + size, column : column + size]
    np.maximum(window, patch, out=window)


def _sources(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return the split's handwritten digits, (M, 8, 8) in [0, 1], and their labels (M,)."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(_SEED).permutation(len(data.target))
    ends = dict(zip(_NUM_SOURCES, np.cumsum(list(_NUM_SOURCES.values())), strict=True))
    chosen = order[ends[split] - _NUM_SOURCES[split] : ends[split]]
    return (data.images[chosen] / 16).astype(np.float32), data.target[chosen].astype(np.int64)
