"""What the cache holds is read, what it cannot hold is made again."""

import pytest

from nasutils.cache import cached
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
    with pytest.warns(UserWarning, match="file is damaged: it is made again"):
        assert cached(path, load=load, make=make, save=save) == "whole 2"
    assert path.read_text() == "whole 2"


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
