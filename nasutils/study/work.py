"""One job, run where an executor puts it: in a part folder that is renamed at the end.

The notebook itself runs in a process of its own (`as_notebook` or `as_script`), so that a job
brings down nothing but itself and has its own working folder and environment.
"""

import codecs
import contextlib
import dataclasses
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nasutils.errors import JobError
from nasutils.files import locked
from nasutils.study import child as children
from nasutils.study import provenance
from nasutils.study.jobs import Job
from nasutils.study.results import METRICS, read_metrics

LOG = "log.txt"
FAILED = "-failed"  # of the folder of a failed repeat of a finished job
_CHOICES = ("part", "benchmark", "method")  # parameters that can leave nothing to do
_PATIENCE = 5.0  # seconds for a child to end in order
_BETWEEN_LOOKS = 0.2  # seconds between two looks at a growing log
Status = Literal["finished", "skipped", "failed"]


@dataclass(frozen=True)
class Task:
    """A job and how to run it, in the checkout ``root``, with all runs in ``runs``.

    ``script`` is whether to run the paired script, which needs no Jupyter; ``force``, to run a
    finished job again; ``echo``, to print the log as it grows. The threads count where the
    environment does not say.
    """

    job: Job
    root: Path
    runs: Path
    script: bool = False
    force: bool = False
    threads: int = 1
    echo: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a job; the error says cell and line.

    It is stale if it was skipped although the code behind its figures has changed since.
    """

    job: Job
    folder: Path
    status: Status
    stale: bool = False
    seconds: float = 0.0
    error: str = ""


def failure(task: Task, error: str) -> Outcome:
    """Return the outcome of a job that failed before it had left a folder."""
    return Outcome(task.job, task.job.folder(task.runs), "failed", error=error)


def check_runnable(task: Task) -> None:
    """Raise JobError where what would run is not there."""
    notebook = task.job.notebook
    path = notebook.script if task.script else notebook.path
    if not path.is_file():
        other = "without" if task.script else "with"
        raise JobError(f"{path} does not exist: run {other} --as-script.")
    if not task.script and importlib.util.find_spec("papermill") is None:
        raise JobError("papermill is not installed: pip install 'nasutils[book]' or --as-script.")


def skip(task: Task) -> Outcome | None:
    """Return the outcome of a job that need not run, or None."""
    folder = task.job.folder(task.runs)
    found = provenance.read(folder)
    if task.force or found is None or found.get("status") != "finished":
        return None
    stale = provenance.is_stale(found, task.job.notebook)
    return Outcome(task.job, folder, "skipped", stale, found["seconds"])


def work(task: Task) -> Outcome:
    """Run a job and leave its folder, finished or failed, or nothing at all.

    A repeat that fails leaves the finished run as it is, and is kept beside it. JobError if what
    the job's key stands for has changed since the job was made; OSError if its folder cannot be
    written.
    """
    folder = task.job.folder(task.runs)
    with locked(task.runs / ".locks" / folder.name):
        _restore(folder)
        # Somebody else may have finished it while this call waited for the lock.
        if outcome := skip(task):
            return outcome
        _check_unchanged(task.job)
        with _part_folder(folder) as part:
            begin = time.monotonic()
            record = describe_start(task)
            provenance.write(part, record)
            error = _execute(task, part)
            record |= _ending(task.job, part, time.monotonic() - begin, error)
            provenance.write(part, record)
            failed = folder.with_name(f"{folder.name}{FAILED}")
            if record["error"] and provenance.status(folder) == "finished":
                folder = failed
            _replace(part, folder)
            if not record["error"]:
                shutil.rmtree(failed, ignore_errors=True)
    return Outcome(
        task.job, folder, record["status"], seconds=record["seconds"], error=record["error"]
    )


def _check_unchanged(job: Job) -> None:
    # A long batch meets an edited file: what runs now would not be what the key stands for.
    if dataclasses.replace(job, notebook=dataclasses.replace(job.notebook)).key != job.key:
        name = job.notebook.path.name if not job.experiments else "a declared version"
        raise JobError(f"{name} has changed since this call began: call it again.")


def describe_start(task: Task) -> dict[str, Any]:
    """Return the provenance as it stands at the start."""
    job = task.job
    checkout = provenance.read_checkout(job.notebook)
    return {
        "chapter": job.notebook.chapter,
        "notebook": job.notebook.path.name,
        "command": job.command,
        "job": job.source or job.command,
        "scale": str(job.scale),
        "parameters": dict(job.parameters),
        "experiments": job.experiments,
        "mode": "script" if task.script else "notebook",
        "versions": provenance.versions(),
        "version": checkout.version,
        "commit": checkout.commit,
        "dirty": checkout.dirty,
        "code": checkout.code,
        "source": job.notebook.source_hash,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": "running",
    }


def _ending(job: Job, part: Path, seconds: float, error: str) -> dict[str, Any]:
    """Return what is known at the end only; experiments that record no figure have failed."""
    metrics = [] if error else read_metrics(part / METRICS)
    if not error and not metrics and job.experiments:
        chosen = [f"{name}={job.parameters[name]}" for name in _CHOICES if name in job.parameters]
        error = " ".join(["recorded no figures:", *chosen]) if chosen else "recorded no figures"
    return {
        "status": "failed" if error else "finished",
        "error": error,
        "seconds": round(seconds, 1),
        "device": metrics[0]["device"] if metrics else provenance.device_name(),
        "rows": len(metrics),
    }


def _execute(task: Task, part: Path) -> str:
    """Run the notebook to its end; return the error, or "" if there was none."""
    notebook = task.job.notebook
    module = "as_script" if task.script else "as_notebook"
    source = notebook.script if task.script else notebook.path
    command = [sys.executable, "-m", f"nasutils.study.{module}", str(source), str(part)]
    with (
        # The child writes to the file itself: a process that it leaves behind holds up nobody.
        (part / LOG).open("wb") as log,
        subprocess.Popen(
            command,
            cwd=task.root,
            env=_environment(task),
            # Held open and never written: the child ends when this process does.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C at a terminal reaches the caller alone, who stops the jobs in order.
            start_new_session=True,
        ) as child,
    ):
        try:
            status = _echo(child, part / LOG) if task.echo else child.wait()
        except BaseException:
            _stop(child)
            raise
    return _error(part, status)


def _environment(task: Task) -> dict[str, str]:
    """Return a job's environment: UTF-8 whatever the locale, and the checkout's own package."""
    ours = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    if (task.root / "nasutils" / "__init__.py").is_file():
        # Another checkout may stand in PYTHONPATH, while the provenance describes this one.
        paths = [str(task.root), *filter(None, [os.environ.get("PYTHONPATH")])]
        ours["PYTHONPATH"] = os.pathsep.join(paths)
    threads = {"OMP_NUM_THREADS": str(task.threads), "PYTHONUNBUFFERED": "1"}
    return {**threads, **os.environ, **ours}


def _echo(child: subprocess.Popen, log: Path) -> int:
    """Print the log as it grows; return the status of the child at its end."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with log.open("rb") as grown:
        while True:
            try:
                status = child.wait(_BETWEEN_LOOKS)
            except subprocess.TimeoutExpired:
                status = None
            text = decode(grown.read()).encode(encoding, "replace").decode(encoding)
            with contextlib.suppress(OSError):  # Nobody may read any more: the job goes on.
                print(text, end="", flush=True)
            if status is not None:
                return status


def _error(part: Path, status: int) -> str:
    report = part / children.REPORT
    if report.is_file():
        found = json.loads(report.read_text(encoding="utf-8"))
        report.unlink()
        return found["error"]
    if status < 0:
        name = signal.Signals(-status).name
        return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    return f"ended with status {status}, before its last cell was done"


def _stop(child: subprocess.Popen) -> None:
    """End a child: politely, so that it ends its kernel, then by force."""
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=_PATIENCE)
    if child.poll() is None:
        child.kill()


@contextlib.contextmanager
def _part_folder(folder: Path) -> Iterator[Path]:
    """Make the folder that a job writes to; whatever earlier ones left behind is removed.

    Only the holder of the job's lock may call it. The name is new each time, so that a kernel
    that outlives its killed worker by a second writes into nothing.
    """
    for leftover in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _replace(part: Path, folder: Path) -> None:
    """Put ``part`` in the place of ``folder``."""
    if folder.exists():
        folder.rename(_old(folder))
    part.rename(folder)
    shutil.rmtree(_old(folder), ignore_errors=True)


def _restore(folder: Path) -> None:
    """Bring back the run that `_replace` had put aside when it was killed."""
    if _old(folder).exists() and not folder.exists():
        _old(folder).rename(folder)
