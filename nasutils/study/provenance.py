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
from nasutils.study.declarations import experiments_file
from nasutils.study.dependencies import dependencies
from nasutils.study.notebooks import Notebook

FILE = "provenance.json"
_SOURCES = (".py", ".toml", ".csv", ".parquet")


@dataclass(frozen=True)
class Checkout:
    """The state of the code: the hash of the files that decide a chapter's figures, and the commit.

    The commit is "" where there is no git repository. ``dirty`` is whether one of these files
    differs from it; None without git.
    """

    code: str
    commit: str
    dirty: bool | None

    @property
    def version(self) -> str:
        """The version as a result carries it, like ``0.1.0+g1a2b3c4``."""
        commit = f"+g{self.commit[:7]}" if self.commit else ""
        return f"{nasutils.__version__}{commit}{'.dirty' if self.dirty else ''}"


def read_checkout(notebook: Notebook) -> Checkout:
    """Describe the code of a chapter, in the checkout that holds its notebook.

    Only what moves a result counts: a freshly published table or an edited page is no dirt, nor is
    a notebook whose figures come from a module of experiments.
    """
    root = notebook.root
    paths = code_files(notebook)
    if notebook.experiments is None:
        paths.append(notebook.script if notebook.script.is_file() else notebook.path)
    commit = _git(root, "rev-parse", "HEAD") or ""
    changes = _git(root, "status", "--porcelain", "--", *map(str, paths))
    dirty = bool(changes) if commit and changes is not None else None
    return Checkout(code_hash(notebook), commit, dirty)


def code_files(notebook: Notebook) -> list[Path]:
    """Return the files of the package that decide a chapter's figures.

    Without a module of experiments to depend on these are all but the command line's.
    """
    package = notebook.root / "nasutils"
    module = experiments_file(notebook.chapter, notebook.root)
    if module.is_file():
        return dependencies(module, package)
    found = (path for path in sorted(package.rglob("*")) if path.suffix in _SOURCES)
    return [path for path in found if path.relative_to(package).parts[0] != "cli"]


def code_hash(notebook: Notebook) -> str:
    """Hash the names and contents of `code_files`."""
    digest = hashlib.sha256()
    for path in code_files(notebook):
        name = path.relative_to(notebook.root / "nasutils").as_posix()
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_stale(run: dict[str, Any], notebook: Notebook | None) -> bool:
    """Whether the code that decides a run's figures has changed since, or its chapter has gone."""
    return notebook is None or run.get("code") != code_hash(notebook)


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
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read(folder: Path) -> dict[str, Any] | None:
    """Return the provenance of the run in ``folder``, or None where there is no whole one."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def status(folder: Path) -> str:
    """Return ``finished``, ``failed``, or ``not run`` of the run in ``folder``."""
    return (read(folder) or {}).get("status", "not run")


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
