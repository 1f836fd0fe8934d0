"""Cluttered digits: the images behind NB201-Digits, rendered from scikit-learn's 8x8 digits.

A digit is shifted by up to two pixels on its 8x8 canvas, so that its rim may be cut off; two 3x3
scraps of other digits lie on top, under Gaussian noise. The plain digits are too easy to rank
architectures by: almost every cell learns them almost perfectly. The recipe is that of cluttered
MNIST (Mnih et al., "Recurrent Models of Visual Attention", NeurIPS 2014,
https://arxiv.org/abs/1406.6247), at a size that trains in seconds on a CPU.
"""

from functools import cache
from typing import Literal, get_args

import numpy as np

from nasutils.errors import lookup

Split = Literal["train", "valid", "test"]

CANVAS = 8
MAX_SHIFT = 2
SCRAP = 3
NUM_SCRAPS = 2
NOISE = 0.15

# Images rendered of each split, and the handwritten digits that they are rendered from.
NUM_IMAGES = {"train": 1200, "valid": 1000, "test": 2000}
_NUM_SOURCES = {"train": 900, "valid": 400, "test": 497}
_SEED = 201


@cache
def cluttered_digits(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Render one split; always the same images.

    The splits share no handwritten digit, neither as a subject nor as a scrap.

    Returns:
        Read-only images of shape (N, 8, 8), float32, standardised with the mean and the standard
        deviation of the training split; labels of shape (N,), int64.

    Raises:
        UnknownNameError: If there is no such split.
    """
    lookup("split", split, NUM_IMAGES)
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
        canvas[:] = _shifted(digits[subject], rng)
        for scrap in digits[rng.integers(len(digits), size=NUM_SCRAPS)]:
            _paste_scrap(canvas, scrap, rng)
    noise = rng.normal(scale=NOISE, size=canvases.shape).astype(np.float32)
    return canvases + noise, targets[subjects]


def _shifted(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move a digit by up to two pixels each way; what leaves the canvas is lost."""
    padded = np.pad(digit, MAX_SHIFT)
    row, column = rng.integers(2 * MAX_SHIFT + 1, size=2)
    return padded[row : row + CANVAS, column : column + CANVAS]


def _paste_scrap(canvas: np.ndarray, digit: np.ndarray, rng: np.random.Generator) -> None:
    """Lay a random 3x3 piece of a digit over a random place, brighter pixels on top."""
    top, left, row, column = rng.integers(CANVAS - SCRAP + 1, size=4)
    window = canvas[row : row + SCRAP, column : column + SCRAP]
    np.maximum(window, digit[top : top + SCRAP, left : left + SCRAP], out=window)


def _sources(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return the split's handwritten digits, (M, 8, 8) in [0, 1], and their labels (M,)."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(_SEED).permutation(len(data.target))
    ends = dict(zip(_NUM_SOURCES, np.cumsum(list(_NUM_SOURCES.values())), strict=True))
    chosen = order[ends[split] - _NUM_SOURCES[split] : ends[split]]
    return (data.images[chosen] / 16).astype(np.float32), data.target[chosen].astype(np.int64)
