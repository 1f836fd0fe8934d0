"""Folders of a class: each a checkout with its own settings, in which a chapter runs."""

import subprocess
from pathlib import Path

import pytest

from course.classroom import make_folders, run_all, settings
from nasutils.errors import NasutilsError

ROOT = Path(__file__).parents[2]
SCRIPT = """\
# %% tags=["parameters"]
scale: str = "demo"
seed: int = 0
out: str = ""

# %%
import os
from pathlib import Path

print(os.environ["NASUTILS_CACHE"])
1 / seed
"""


@pytest.fixture
def teacher(tmp_path):
    """A small checkout with a chapter that fails at seed 0."""
    root = tmp_path / "teacher"
    (root / "notebooks").mkdir(parents=True)
    (root / "notebooks" / "00_tiny.py").write_text(SCRIPT)
    # The package is the project's own, as in a shared environment.
    (root / "nasutils").symlink_to(ROOT / "nasutils")
    (root / "_toc.yml").touch()
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "a"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_every_student_has_a_checkout_and_settings_of_its_own(teacher, tmp_path, monkeypatch):
    monkeypatch.setenv("NASUTILS_MIRROR", str(tmp_path / "mirror"))
    homes = make_folders(teacher, tmp_path / "class", 3)
    assert [home.name for home in homes] == ["student-01", "student-02", "student-03"]
    for home in homes:
        assert (home / "notebooks" / "00_tiny.py").is_file()
        shown = subprocess.run(
            ["sh", "-c", ". ./env.sh; echo $NASUTILS_ROOT $NASUTILS_CACHE $NASUTILS_MIRROR"],
            cwd=home,
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.split() == [str(home), f"{home}/cache", str(tmp_path / "mirror")]
    assert len({settings(home)["NASUTILS_CACHE"] for home in homes}) == 3


def test_what_a_student_has_done_stays(teacher, tmp_path):
    [home] = make_folders(teacher, tmp_path / "class", 1)
    (home / "mine.txt").write_text("mine")
    first, _ = make_folders(teacher, tmp_path / "class", 2)
    assert (first / "mine.txt").read_text() == "mine"


def test_runs_stay_in_the_students_folders(teacher, tmp_path):
    homes = make_folders(teacher, tmp_path / "class", 2)
    seconds = run_all(homes, ["tiny", "--as-script", "-p", "seed=1"], at_once=2)
    assert len(seconds) == 2
    for home in homes:
        [log] = home.glob("runs/tiny/*/log.txt")
        assert str(home / "cache") in log.read_text()
    assert not (teacher / "runs").exists()


def test_a_run_that_fails_names_the_student(teacher, tmp_path):
    homes = make_folders(teacher, tmp_path / "class", 1)
    with pytest.raises(NasutilsError, match=r"student-01: .*ZeroDivisionError"):
        run_all(homes, ["tiny", "--as-script"], at_once=1)


def test_a_class_has_students(teacher, tmp_path):
    with pytest.raises(NasutilsError, match="at least one student, not 0"):
        make_folders(teacher, tmp_path / "class", 0)
