"""The rendered digits: sizes, disjoint sources, standardised, always the same."""

import numpy as np
import pytest

from nasutils.data import cluttered_digits as module
from nasutils.data.cluttered_digits import NUM_IMAGES, cluttered_digits
from nasutils.errors import UnknownNameError


@pytest.mark.parametrize("split", NUM_IMAGES)
def test_shapes_and_classes(split):
    images, labels = cluttered_digits(split)
    assert images.shape == (NUM_IMAGES[split], 8, 8)
    assert images.dtype == np.float32
    assert set(labels) == set(range(10))
    assert np.bincount(labels).min() > 0.06 * len(labels)


def test_training_images_are_standardised():
    images, _ = cluttered_digits("train")
    assert images.mean() == pytest.approx(0, abs=1e-5)
    assert images.std() == pytest.approx(1, abs=1e-5)


def test_splits_share_no_handwritten_digit():
    sources = {split: module._sources(split)[0] for split in NUM_IMAGES}
    keys = {split: {digit.tobytes() for digit in digits} for split, digits in sources.items()}
    assert sum(map(len, sources.values())) == 1797
    assert not keys["train"] & keys["valid"]
    assert not keys["train"] & keys["test"]
    assert not keys["valid"] & keys["test"]


def test_rendering_again_gives_the_same_images():
    first, second = module._render("valid"), module._render("valid")
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_splits_differ():
    assert not np.allclose(cluttered_digits("train")[0][:50], cluttered_digits("test")[0][:50])


def test_images_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        cluttered_digits("train")[0][0] = 0


def test_without_noise_a_canvas_is_the_shifted_digit_under_brighter_scraps():
    rng = np.random.default_rng(0)
    digit = rng.random((8, 8), dtype=np.float32)
    shifted = {module._shifted(digit, rng).tobytes() for _ in range(300)}
    assert len(shifted) == 25  # five places each way
    assert digit.tobytes() in shifted
    canvas = digit.copy()
    module._paste_scrap(canvas, np.full((8, 8), 2, np.float32), rng)
    assert (canvas == 2).sum() == 9
    assert (canvas[canvas != 2] == digit[canvas != 2]).all()


def test_unknown_split():
    with pytest.raises(UnknownNameError, match=r"'dev'.*test, train, valid"):
        cluttered_digits("dev")
