import os
import time

import pytest

from nasutils.files import atomic_write


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
    old, young, other = (tmp_path / f".{name}.part" for name in ("a.txt.1", "a.txt.2", "b.txt.1"))
    for part in (old, young, other):
        part.write_text("half")
    for part in (old, other):
        os.utime(part, (time.time() - 90_000,) * 2)
    with atomic_write(target) as part:
        part.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([target, young, other])


def test_the_file_is_as_readable_as_any_other(tmp_path):
    with atomic_write(tmp_path / "a.txt") as part:
        part.write_text("shared cache")
    (tmp_path / "b.txt").write_text("plain")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode
