"""The auxiliary task: images as they should be, and networks that fit the sequences."""

import numpy as np
import pytest
import torch

from nasutils.data import images as data_images
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.hypernas import auxiliary
from nasutils.methods.hypernas.auxiliary import cifar10_images, load_auxiliary
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(256, size=(6000, 32, 32, 3), dtype=np.uint8)
LABELS = RNG.integers(10, size=6000)


@pytest.fixture
def fake_cifar10(monkeypatch):
    assert data_images.load_images is auxiliary.load_images
    monkeypatch.setattr(auxiliary, "load_images", lambda name, split: (PIXELS, LABELS))
    cifar10_images.cache_clear()
    yield
    cifar10_images.cache_clear()


@pytest.mark.usefixtures("fake_cifar10")
def test_images_are_normalised_averaged_and_split():
    train, valid = cifar10_images(16)
    assert train.images.shape == (1000, 3, 16, 16)
    assert valid.images.shape == (5000, 3, 16, 16)
    np.testing.assert_array_equal(torch.cat([train.labels, valid.labels]), LABELS)
    # The mean of four red pixels, by hand.
    red = (PIXELS[0, 2:4, 4:6, 0].mean() / 255 - 0.4914) / 0.2470
    assert train.images[0, 0, 1, 2].item() == pytest.approx(red, abs=1e-5)
    for size in (0, 12, 64):
        with pytest.raises(NasutilsError, match="32 pixels"):
            cifar10_images(size)


@pytest.mark.usefixtures("fake_cifar10")
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("space", "cell"),
    [
        ("nasbench201", NASBench201Cell.random(RNG)),
        ("nasbench101", NASBench101Cell.random(RNG)),
        ("nb201_digits", NASBench201Cell.random(RNG)),
    ],
)
def test_targets_belong_to_the_sequences(space, cell, full):
    task = load_auxiliary(space, full=full)
    target = task.target(cell)
    sequences = cell_sequences(space, [cell], cells_per_stage=task.cells_per_stage)
    target.check(sequences)
    assert {place.position for place in target.places} <= set(range(len(sequences.order)))
    # Random weights of the right shapes make logits of its images.
    shapes = {place.parameter: place.shape for place in target.places} | dict(target.shared)
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(s, generator=generator) for name, s in shapes.items()}
    assert target(weights, task.valid.images[:4]).shape == (4, 10)


def test_unknown_space():
    with pytest.raises(UnknownNameError, match="nasbench201"):
        load_auxiliary("darts")
