"""From runs to the book: the figures of finished runs become ``book/results/<chapter>.csv``."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasutils.errors import JobError
from nasutils.files import locked
from nasutils.study import provenance
from nasutils.study.jobfiles import find_job_file, read_job_file
from nasutils.study.notebooks import Notebook, find_notebooks
from nasutils.study.results import KEY, METRICS, read_metrics, results_file, write_metrics

# What the provenance of a finished run holds, and this module reads.
_NEEDED = {"chapter", "scale", "rows", "version", "dirty", "code", "source"}


@dataclass(frozen=True)
class Published:
    """What `publish` did to one chapter's file: rows now there from these runs, rows replaced."""

    path: Path
    rows: int
    replaced: int


def publish(
    names: Iterable[str],
    root: Path,
    runs: Path,
    *,
    allow_dirty: bool = False,
    partial: bool = False,
    stale: bool = False,
) -> list[Published]:
    """Put the figures of finished runs into the book's results; all of them, or none.

    A row replaces the one with the same `KEY`. A job file replaces every row that it made before:
    what it no longer makes goes.

    Args:
        names: Folders of runs, and job files (paths or names).
        root: The checkout.
        runs: The folder that holds the runs of the job files.
        allow_dirty: Take runs whose code is no commit's; their version ends in ``.dirty``.
        partial: Take the finished jobs of a job file whose others are not.
        stale: Take runs whose code has changed since; they keep the version that made them.

    Raises:
        JobError: On a run that failed, is unfinished, stale or damaged, recorded nothing, or whose
            code is in no commit; on a results file that is damaged.
        UnknownNameError: On a name that is neither a folder nor a job file.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    remade: set[str] = set()
    for name in names:
        folders, job, whole = _folders(name, root, runs, partial)
        remade |= {job} if job and whole else set()
        for folder in folders:
            chapter, found = _read_run(folder, root, allow_dirty, stale)
            rows.setdefault(chapter, []).extend({**row, "job": job or row["job"]} for row in found)
    counts = Counter(_key(row) for new in rows.values() for row in new)
    if twice := [key for key, count in counts.items() if count > 1]:
        raise JobError(f"two of the runs record the same figure: {', '.join(twice[0])}.")
    # Two at once would each write what it has read, without the rows of the other.
    with locked(root / "_build" / "publish.lock"):
        old = {chapter: read_metrics(results_file(chapter, root)) for chapter in rows}
        return [
            _merge(results_file(chapter, root), old[chapter], new, remade)
            for chapter, new in rows.items()
        ]


def _folders(name: str, root: Path, runs: Path, partial: bool) -> tuple[list[Path], str, bool]:
    """Return the runs that ``name`` stands for, a job file's command, and whether all are there."""
    if (folder := Path(name).absolute()).is_dir():
        return [folder], "", True
    path = find_job_file(name, root)
    jobs = read_job_file(path, root)
    folders = [job.folder(runs) for job in jobs]
    ready = [folder for folder in folders if provenance.status(folder) == "finished"]
    if not ready or (len(ready) < len(folders) and not partial):
        missing = next(job for job in jobs if provenance.status(job.folder(runs)) != "finished")
        way_out = f"run 'nasutils batch {name}' first"
        way_out += " (or publish --partial)" if ready else ""
        raise JobError(
            f"{path.name}: {len(folders) - len(ready)} of {len(folders)} jobs are not finished, "
            f"as '{missing.command}': {way_out}."
        )
    return ready, jobs[0].source, len(ready) == len(folders)


def _read_run(
    folder: Path, root: Path, allow_dirty: bool, stale: bool
) -> tuple[str, list[dict[str, Any]]]:
    """Return the chapter and the rows of a run that may be published."""
    run = provenance.read(folder)
    if run is None:
        raise JobError(f"{folder} is no run: it holds no {provenance.FILE}.")
    if (status := run.get("status")) != "finished":
        raise JobError(f"{folder}: the run is {status}: {run.get('error') or 'repeat it'}.")
    if missing := _NEEDED - run.keys():
        raise JobError(f"{folder / provenance.FILE} lacks {', '.join(sorted(missing))}.")
    rows = read_metrics(folder / METRICS)
    if not rows and not run["rows"]:
        raise JobError(
            f"{folder}: the run recorded no figures (no Recorder.save() in the notebook?)."
        )
    if len(rows) != run["rows"]:
        raise JobError(
            f"{folder / METRICS}: has {len(rows)} of the {run['rows']} figures that were recorded."
        )
    if wrong := {row["scale"] for row in rows} - {run["scale"]}:
        raise JobError(f"{folder}: run at {run['scale']}, but records figures of {min(wrong)}.")
    notebook = find_notebooks(root).get(run["chapter"])
    if not stale and provenance.is_stale(run, notebook):
        raise JobError(
            f"{folder}: the run is stale, its code has changed since: repeat it (--force), "
            "or publish --stale."
        )
    version = _version(folder, run, notebook, allow_dirty)
    return run["chapter"], [{**row, "version": version} for row in rows]


def _version(
    folder: Path, run: dict[str, Any], notebook: Notebook | None, allow_dirty: bool
) -> str:
    """Return the version that the run's figures carry, once it names code that can be had again.

    A run from an uncommitted state, or from a copy without git, counts as made by the present
    commit if its code is the same to the byte.
    """
    if run["dirty"] is False:
        return run["version"]
    if notebook is not None and not provenance.is_stale(run, notebook):
        here = provenance.read_checkout(notebook)
        # Without a module of experiments, the notebook's own cells are the code.
        same = notebook.experiments is not None or notebook.source_hash == run["source"]
        if here.dirty is False and same:
            return here.version
    if allow_dirty:
        return run["version"].removesuffix(".dirty") + ".dirty"
    raise JobError(
        f"{folder}: made by code that is in no commit: commit it and publish again, "
        "or repeat the run (--force), or publish --allow-dirty."
    )


def _merge(
    path: Path, old: list[dict[str, Any]], new: list[dict[str, Any]], remade: set[str]
) -> Published:
    """Write ``new`` over the rows of the same key, and over all that ``remade`` made before."""
    keys = {_key(row) for row in new}
    kept = [row for row in old if _key(row) not in keys and row["job"] not in remade]
    rows = sorted([*kept, *new], key=lambda row: (*_key(row)[:-1], int(row["seed"])))
    write_metrics(path, rows)
    return Published(path, len(new), len(old) - len(kept))


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in KEY)
