"""Make the virtual environment and install the pinned packages, once for each ``pyproject.toml``.

Uses nothing but the standard library, so that any ``python3`` can start it.
"""

import hashlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
# An older Python has to read this file, to say so: no newer syntax here.
EXTRAS = "book,test"


def check_interpreter() -> None:
    """Stop with a way out where this Python is too old or cannot make environments."""
    if sys.version_info < OLDEST:
        raise SystemExit(
            "{} is Python {}.{}; the book needs {}.{} or newer. "
            "Name another one: make {} PYTHON=python3.12".format(
                sys.executable, *sys.version_info[:2], *OLDEST, os.environ.get("GOAL", "study")
            )
        )
    if importlib.util.find_spec("ensurepip") is None:
        raise SystemExit(
            "this Python cannot make virtual environments (no ensurepip). "
            "On Debian and Ubuntu: apt-get install python3-venv"
        )


def fingerprint() -> str:
    """Return what an installation depends on: the pins and the checkout's place."""
    # Imported here: an older Python, which does not have it, should reach the check first.
    import tomllib

    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    return hashlib.sha256(repr((project, str(Path.cwd()))).encode()).hexdigest()


def is_usable(python: Path) -> bool:
    """Whether an environment is whole, and in the place for which its scripts were written."""
    pip = python.with_name("pip")  # It comes last: without it the making was interrupted.
    return pip.exists() and str(python) in pip.read_text("utf-8", "replace")[:1000]


def is_of_another_python(venv: Path) -> bool:
    """Whether the environment was made by another minor version than that of this process."""
    settings = venv / "pyvenv.cfg"
    if not settings.exists():
        return False
    found = re.search(r"^version\s*=\s*(\d+)\.(\d+)", settings.read_text("utf-8"), re.MULTILINE)
    return found is not None and tuple(map(int, found.groups())) != sys.version_info[:2]


def install(venv: Path, remake: bool = False) -> None:
    """Create ``venv`` where needed or wanted, and install the package with its pins into it."""
    python = venv.absolute() / "bin" / "python"
    if remake or not is_usable(python):
        print(f"Making the virtual environment {venv}", flush=True)
        run([sys.executable, "-m", "venv", "--clear", str(venv)])
    print("Installing the pinned packages (a few minutes, once)", flush=True)
    flags = shlex.split(os.environ.get("PIP_FLAGS", ""))
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    run([*pip, "--no-compile", *flags, "--editable", f".[{EXTRAS}]"])
    # pip would compile on one core, which is nearly half of its work. Some packages ship templates
    # that are no Python; what does not compile here did not with pip either.
    compiler = [str(python), "-W", "ignore", "-m", "compileall", "-qq", "-j", "0"]
    subprocess.run([*compiler, str(venv / "lib")], check=False)


def run(command: "list[str]") -> None:
    """Run a command and stop with its name if it fails."""
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"failed: {shlex.join(command)}")


def main() -> None:
    """Install into the folder named by the first argument, unless that is done already."""
    check_interpreter()
    # Imported here: an older Python should reach the check above first.
    from nasutils.files import locked

    venv = Path(sys.argv[1])
    stamp = venv / "installed.sha256"

    def another() -> bool:
        return "--remake" in sys.argv and is_of_another_python(venv)

    def done() -> bool:
        return stamp.exists() and stamp.read_text() == fingerprint() and not another()

    if done():
        return
    print(f"Preparing {venv} (waits where another run is at it)", flush=True)
    with locked(Path("_build/install.lock")):
        if not done():
            install(venv, remake=another())
            stamp.write_text(fingerprint())


if __name__ == "__main__":
    main()
