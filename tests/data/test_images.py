import hashlib
import io
import pickle
import struct
import tarfile
from typing import ClassVar

import numpy as np
import pytest

from nasutils.data import images
from nasutils.data.images import load_images
from nasutils.errors import DataError, UnknownNameError
from nasutils.paths import cache_dir

MEANS = {"cifar10": (0.4914, 0.4822, 0.4465), "cifar100": (0.5071, 0.4865, 0.4409)}


class Python2Pickler(pickle._Pickler):
    """Write text and bytes alike as Python 2's byte strings, as the CIFAR archives have them."""

    def save_string(self, value):
        data = value.encode() if isinstance(value, str) else value
        self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    dispatch: ClassVar = pickle._Pickler.dispatch | {str: save_string, bytes: save_string}


def python2_pickle(value):
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"numpy._core", b"numpy.core")


def toy_split(name, split):
    rng = np.random.default_rng([name == "cifar10", split == "train"])
    size = 50 if split == "train" else 10
    pixels = rng.integers(256, size=(size, 32, 32, 3), dtype=np.uint8)
    return pixels, rng.integers(10, size=size)


def batch(name, pixels, labels):
    content = {"data": pixels.transpose(0, 3, 1, 2).reshape(-1, 3072)}
    if name == "cifar10":
        content["labels"] = labels.tolist()
    else:
        content["fine_labels"] = labels.tolist()
        content["coarse_labels"] = (labels // 5).tolist()
    return python2_pickle(content)


def write_archive(path, name):
    members = {}
    for split in images.SPLITS:
        names = images._BATCHES[name, split]
        pixels, labels = (np.array_split(part, len(names)) for part in toy_split(name, split))
        members |= {n: batch(name, *part) for n, *part in zip(names, pixels, labels, strict=True)}
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_npz(path, name):
    arrays = {}
    for split in images.SPLITS:
        arrays[f"x_{split}"], arrays[f"y_{split}"] = toy_split(name, split)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return path


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Replace the known pixels by small ones, and the archives by ones in the official layout."""
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NASUTILS_IMAGES", raising=False)
    hashes = {
        name: {
            split: {
                kind: hashlib.sha256(part.tobytes()).hexdigest()
                for kind, part in zip(("pixels", "labels"), toy_split(name, split), strict=True)
            }
            for split in images.SPLITS
        }
        for name in images._SHA256
    }
    monkeypatch.setattr(images, "_SHA256", hashes)
    monkeypatch.setattr(images, "fetch", lambda name: tmp_path / f"{name}.tar.gz")
    return tmp_path


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_official_archive(small, name, split):
    write_archive(small / f"{name}_archive.tar.gz", name)
    pixels, labels = load_images(name, split)
    expected_pixels, expected_labels = toy_split(name, split)
    np.testing.assert_array_equal(pixels, expected_pixels)
    np.testing.assert_array_equal(labels, expected_labels)
    assert (pixels.dtype, labels.dtype) == (np.uint8, np.int64)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_npz_is_found_in_the_cache_and_in_the_named_folder(small, monkeypatch, name):
    path = write_npz(small / "cache" / "images" / f"{name}.npz", name)
    np.testing.assert_array_equal(load_images(name, "test")[0], toy_split(name, "test")[0])
    named = small / "named"
    named.mkdir()
    path.rename(named / path.name)
    monkeypatch.setenv("NASUTILS_IMAGES", str(named))
    np.testing.assert_array_equal(load_images(name, "train")[1], toy_split(name, "train")[1])


def test_wrong_pixels_are_refused(small, monkeypatch):
    write_npz(small / "cache" / "images" / "cifar10.npz", "cifar100")
    with pytest.raises(DataError, match=r"train pixels of .*cifar10\.npz have SHA-256"):
        load_images("cifar10", "train")


@pytest.mark.parametrize("change", [1, slice(None, None, -1)])
def test_wrong_labels_are_refused(small, change):
    pixels, labels = toy_split("cifar10", "test")
    labels = labels + change if change == 1 else labels[change]
    path = small / "cache" / "images" / "cifar10.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, x_test=pixels, y_test=labels)
    with pytest.raises(DataError, match=r"test labels of .*cifar10\.npz have SHA-256"):
        load_images("cifar10", "test")


@pytest.mark.parametrize("shape", [(10, 3072), (10, 3, 32, 32), (30720,)])
def test_pixels_of_another_shape_are_refused(small, shape):
    pixels, labels = toy_split("cifar10", "test")
    path = small / "cache" / "images" / "cifar10.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, x_test=pixels.reshape(shape), y_test=labels)
    with pytest.raises(DataError, match=r"cifar10\.npz holds uint8 of shape"):
        load_images("cifar10", "test")


@pytest.mark.parametrize("keep", [0, 10, 1_000, -100])
def test_cut_off_npz_is_named(small, keep):
    path = write_npz(small / "cache" / "images" / "cifar10.npz", "cifar10")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"cifar10\.npz is damaged"):
        load_images("cifar10", "test")


def test_npz_with_objects_is_refused(small):
    path = small / "cache" / "images" / "cifar10.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, x_test=np.array([{}], dtype=object), y_test=np.zeros(1))
    with pytest.raises(DataError, match=r"cifar10\.npz is damaged"):
        load_images("cifar10", "test")


@pytest.mark.parametrize("keep", [0, 10, 5_000, -100])
def test_cut_off_archive_is_named(small, keep):
    path = write_archive(small / "cifar10_archive.tar.gz", "cifar10")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"cifar10_archive\.tar\.gz is damaged"):
        load_images("cifar10", "test")


def test_archive_of_another_data_set_is_named(small):
    write_archive(small / "cifar10_archive.tar.gz", "cifar100")
    with pytest.raises(DataError, match=r"cifar10_archive\.tar\.gz is damaged"):
        load_images("cifar10", "test")


def test_nothing_here_names_the_ways_out(small, monkeypatch):
    def unreachable(name):
        raise DataError(f"cannot download {name}.")

    monkeypatch.setattr(images, "fetch", unreachable)
    with pytest.raises(DataError, match=r"cannot download cifar100_archive.*NASUTILS_IMAGES"):
        load_images("cifar100", "train")


def test_digits_come_with_scikit_learn():
    train, train_labels = load_images("digits", "train")
    test, test_labels = load_images("digits", "test")
    assert train.shape == (1_200, 8, 8, 1)
    assert test.shape == (597, 8, 8, 1)
    assert train.dtype == np.uint8
    assert train.max() == 16
    assert set(train_labels) == set(test_labels) == set(range(10))


def test_unknown_names():
    with pytest.raises(UnknownNameError, match=r"image data set 'cifar'.*Valid: cifar10, cifar100"):
        load_images("cifar", "train")
    with pytest.raises(UnknownNameError, match=r"split 'valid'.*Valid: test, train"):
        load_images("digits", "valid")


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_published_channel_means(name):
    if images._find_npz(name) is None:
        pytest.skip(f"no {name}.npz in {cache_dir() / 'images'} or NASUTILS_IMAGES")
    train, labels = load_images(name, "train")
    assert train.shape == (50_000, 32, 32, 3)
    # Sums of bytes: a float copy would take 1.2 GB.
    mean_image = train.sum(axis=0, dtype=np.uint32) / (50_000 * 255)
    np.testing.assert_allclose(mean_image.mean(axis=(0, 1)), MEANS[name], atol=6e-5)
    classes = 10 if name == "cifar10" else 100
    assert np.bincount(labels).tolist() == [50_000 // classes] * classes
    test, labels = load_images(name, "test")
    assert test.shape == (10_000, 32, 32, 3)
    assert np.bincount(labels).tolist() == [10_000 // classes] * classes
