"""``python -m course.classroom FOLDER``: a folder for each student, and a trial of all of them.

A folder is a clone of this checkout, with an ``env.sh`` that names it, a cache of its own, and the
mirror that all share.
"""

import argparse
import csv
import os
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from nasutils.errors import NasutilsError
from nasutils.files import write_text
from nasutils.paths import mirror_dir, repository_root
from nasutils.study import provenance

TRIALS = Path(__file__).parent / "trial.csv"
COLUMNS = (
    "students", "at_once", "command", "longest", "total", "memory", "load", "device", "date",
)  # fmt: skip


def make_folders(root: Path, folder: Path, students: int) -> list[Path]:
    """Clone the checkout at ``root`` for each student, and write the settings.

    A folder that is there is left as it is, with what the student has done in it.

    Raises:
        NasutilsError: If there is no student, or git cannot clone.
    """
    if students < 1:
        raise NasutilsError(f"a class has at least one student, not {students}.")
    homes = [folder / f"student-{number:02}" for number in range(1, students + 1)]
    for home in homes:
        if home.exists():
            continue
        command = ["git", "clone", "--quiet", str(root), str(home)]
        if subprocess.run(command, check=False).returncode:
            raise NasutilsError(f"git cannot clone {root} to {home}: see above.")
        lines = (f"export {name}={shlex.quote(value)}" for name, value in settings(home).items())
        write_text(home / "env.sh", "\n".join(lines) + "\n")
    return homes


def settings(home: Path) -> dict[str, str]:
    """Return the variables of a student's shell."""
    found = {"NASUTILS_ROOT": str(home), "NASUTILS_CACHE": str(home / "cache")}
    mirror = mirror_dir()
    return found | ({"NASUTILS_MIRROR": str(mirror)} if mirror else {})


def run_all(homes: Sequence[Path], command: Sequence[str], at_once: int) -> list[float]:
    """Let every student run ``nasutils run COMMAND``; return the seconds that each took.

    Raises:
        NasutilsError: If a run fails, with what it said last.
    """

    def run(home: Path) -> float:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "nasutils", "run", *command],
            cwd=home,
            env={**os.environ, **settings(home), "PYTHONPATH": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
            raise NasutilsError(f"{home.name}: {last}")
        return time.monotonic() - began

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(run, homes))


def main() -> None:
    """Make the folders; with a command, let all students run it, and note what it took."""
    arguments, command = sys.argv[1:], []
    if "--" in arguments:
        place = arguments.index("--")
        arguments, command = arguments[:place], arguments[place + 1 :]
    parser = argparse.ArgumentParser("python -m course.classroom", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=1, help="runs side by side")
    chosen = parser.parse_args(arguments)
    root = repository_root()
    try:
        homes = make_folders(root, chosen.folder.absolute(), chosen.students)
        print(f"{len(homes)} folders in {chosen.folder}")
        if not command:
            return
        before, began = _changes(root), time.monotonic()
        seconds = run_all(homes, command, chosen.at_once)
    except NasutilsError as error:
        raise SystemExit(f"classroom: {error}") from None
    if _changes(root) != before:
        raise SystemExit(f"classroom: a run has changed {root}.")
    trial = {
        "students": len(homes),
        "at_once": chosen.at_once,
        "command": shlex.join(["nasutils", "run", *command]),
        "longest": f"{max(seconds):.0f}",
        "total": f"{time.monotonic() - began:.0f}",
        # Of the largest process that has ended: kilobytes, on Linux.
        "memory": f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f}",
        "load": f"{os.getloadavg()[1]:.0f}",  # of the last five minutes: others, too
        "device": provenance.device_name(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    _note(trial)
    print(", ".join(f"{name} {value}" for name, value in trial.items()))


def _changes(root: Path) -> str:
    command = ["git", "status", "--porcelain", "--ignored"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def _note(trial: dict[str, object]) -> None:
    """Add a trial to those that the page shows."""
    new = not TRIALS.is_file()
    with TRIALS.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(trial)


if __name__ == "__main__":
    main()
