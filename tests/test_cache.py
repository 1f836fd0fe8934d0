"""What the cache holds is read, what it cannot hold is made again."""

import zlib

import numpy as np
import pandas as pd
import pytest

from nasutils.cache import cached, cached_frame, checksum_file, is_whole, write_cached_frame
from nasutils.errors import DataError


def load(path):
    text = path.read_text()
    if not text.startswith("whole"):
        raise DataError(f"{path} is damaged")
    return text


def save(text, path):
    path.write_text(text)


def test_made_once(tmp_path):
    made = []

    def make():
        made.append("whole")
        return f"whole {len(made)}"

    path = tmp_path / "file"
    for _ in range(2):
        assert cached(path, load=load, make=make, save=save) == "whole 1"
    path.write_text("half")
    with pytest.warns(UserWarning, match=r"file is damaged .*: it is made again"):
        assert cached(path, load=load, make=make, save=save) == "whole 2"
    assert path.read_text() == "whole 2"
    # Without its checksum it was never finished: nothing to warn of.
    checksum_file(path).unlink()
    path.write_text("whole, but whose?")
    assert cached(path, load=load, make=make, save=save) == "whole 3"
    assert is_whole(path)


def test_no_flipped_bit_is_read(tmp_path):
    """Weights have no checksum of their own: a flipped bit loads as another weight."""
    weights = np.arange(8.0)
    path = tmp_path / "weights"

    def get():
        return cached(
            path,
            load=lambda path: np.frombuffer(path.read_bytes()),
            make=lambda: weights,
            save=lambda made, path: path.write_bytes(made.tobytes()),
        )

    get()
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match="made again"):
            np.testing.assert_array_equal(get(), weights)


@pytest.mark.parametrize("error", [TypeError("x"), zlib.error("y"), RuntimeError()])
def test_any_failure_to_load_is_damage(tmp_path, error):
    def fail(path):
        raise error

    path = tmp_path / "file"
    cached(path, load=load, make=lambda: "whole", save=save)
    with pytest.warns(UserWarning, match="file is damaged .*made again"):
        assert cached(path, load=fail, make=lambda: "whole", save=save) == "whole"


def test_a_cache_that_cannot_be_written_to(tmp_path):
    path = tmp_path / "missing" / "file"
    with pytest.warns(UserWarning, match=r"cannot keep .* \(No such file or directory\)"):
        assert cached(path, load=load, make=lambda: "whole", save=save) == "whole"


def test_what_cannot_be_made(tmp_path):
    def make():
        raise DataError("no source")

    with pytest.raises(DataError, match="no source"):
        cached(tmp_path / "file", load=load, make=make, save=save)
    assert not (tmp_path / "file").exists()


def test_a_frame_that_grows_is_read_back(tmp_path):
    path = tmp_path / "growing.parquet"
    for number in range(3):
        frame = cached_frame(path, ["n"], lambda: pd.DataFrame({"n": [0]}))
        assert frame["n"].tolist() == [0, *range(1, number + 1)]
        grown = pd.concat([frame, pd.DataFrame({"n": [number + 1]})], ignore_index=True)
        write_cached_frame(grown, path)
