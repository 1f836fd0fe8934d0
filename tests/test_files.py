import os
import time
from pathlib import Path

import pytest

from nasutils.files import atomic_write, has_sha256, is_file


def test_the_new_file_takes_the_old_ones_place(tmp_path):
    target = tmp_path / "new folder" / "a.txt"
    for text in ("old", "new"):
        with atomic_write(target) as part:
            part.write_text(text)
            assert part.parent == target.parent
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_a_failure_keeps_the_old_file_and_nothing_else(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail():
        with atomic_write(target) as part:
            part.write_text("ne")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_killed_processes_left_is_swept_after_a_day(tmp_path):
    target = tmp_path / "a.txt"
    ours = [tmp_path / f".{name}.{n:032x}.part" for n, name in enumerate(("a.txt", "b.csv"))]
    young, other = tmp_path / f".a.txt.{2:032x}.part", tmp_path / ".mine.part"
    for part in (*ours, young, other):
        part.write_text("half")
    for part in (*ours, other):
        os.utime(part, (time.time() - 90_000,) * 2)
    with atomic_write(target) as part:
        part.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([target, young, other])


def test_the_file_is_as_readable_as_any_other(tmp_path):
    with atomic_write(tmp_path / "a.txt") as part:
        part.write_text("shared cache")
    (tmp_path / "b.txt").write_text("plain")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_what_may_not_be_seen_is_not_there(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError

    (tmp_path / "a.txt").write_text("x")
    assert is_file(tmp_path / "a.txt")
    monkeypatch.setattr(os, "stat", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    assert not is_file(tmp_path / "a.txt")
    assert not has_sha256(tmp_path / "a.txt", "")
