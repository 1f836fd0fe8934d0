"""Where a number comes from: code, commit, machine, versions, command."""

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nasutils
from nasutils.files import write_text

FILE = "provenance.json"
_SOURCES = (".py", ".toml", ".csv", ".parquet")


@dataclass(frozen=True)
class Checkout:
    """The state of the code.

    Attributes:
        code: Hash of the package's files (the command line's aside, which moves no result).
        commit: The git commit, or "" where there is no git repository.
        dirty: Whether the package or the notebook differ from that commit; None without git.
    """

    code: str
    commit: str
    dirty: bool | None

    @property
    def version(self) -> str:
        """The version as a result carries it, like ``0.1.0+g1a2b3c4``."""
        commit = f"+g{self.commit[:7]}" if self.commit else ""
        return f"{nasutils.__version__}{commit}{'.dirty' if self.dirty else ''}"


def read_checkout(root: Path, notebook: Path) -> Checkout:
    """Describe the package in the checkout at ``root``, and ``notebook`` with it.

    Only what moves a result counts: a freshly published table or an edited page is no dirt.
    """
    commit = _git(root, "rev-parse", "HEAD") or ""
    changes = _git(root, "status", "--porcelain", "--", "nasutils", str(notebook))
    dirty = bool(changes) if commit and changes is not None else None
    return Checkout(code_hash(root), commit, dirty)


def code_hash(root: Path) -> str:
    """Hash the package's files, names and contents."""
    digest = hashlib.sha256()
    package = root / "nasutils"
    for path in sorted(package.rglob("*")):
        relative = path.relative_to(package)
        if path.suffix in _SOURCES and relative.parts[0] != "cli":
            digest.update(f"{relative.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of what computes, without importing any of it."""
    found = {"python": platform.python_version(), "nasutils": nasutils.__version__}
    for package in ("torch", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = ""
    return found


def device_name() -> str:
    """Name what this process computes on: the GPU once it is in use, else threads and processor."""
    # Looked up, not imported: a notebook that uses no torch need not load it.
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads() if torch is not None else thread_count()
    return f"cpu x {threads} ({_processor()})"


def thread_count() -> int:
    """Return the threads that a library would start here."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    return int(chosen) if chosen.isdigit() and int(chosen) > 0 else core_count()


def core_count() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read(folder: Path) -> dict[str, Any] | None:
    """Return the provenance of the run in ``folder``, or None where there is no whole one."""
    try:
        return json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def status(folder: Path) -> str:
    """Return ``finished``, ``failed``, or ``not run`` of the run in ``folder``."""
    return (read(folder) or {"status": "not run"})["status"]


def write(folder: Path, provenance: dict[str, Any]) -> None:
    """Write the provenance of the run in ``folder``."""
    write_text(folder / FILE, json.dumps(provenance, indent=2) + "\n")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    except OSError:
        model = None
    name = model[1] if model else platform.processor() or platform.machine()
    name = re.sub(r"\((R|TM)\)| CPU| Processor|@.*| \d+-Core", "", name)
    return " ".join(name.split())
