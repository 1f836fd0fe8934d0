"""Run every chapter at ``scale=demo`` and build the book from these runs.

``python -m tools.study -p seed=3`` sets a parameter in every chapter that has it.
"""

import argparse
import json
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from nasutils.errors import NasutilsError
from nasutils.study.batch import run_tasks
from nasutils.study.jobs import Job, make_job, parse_parameters
from nasutils.study.notebooks import find_notebooks
from nasutils.study.provenance import core_count
from nasutils.study.work import LOG, Outcome, Task
from tools.book import build

# What a page is made of: text and settings, and the code that chapters quote.
SOURCES = ("_config.yml", "_toc.yml", "book", "course", "nasutils")


def run(job: Job, root: Path) -> Outcome:
    """Run one chapter; a run of the same job and code that is finished is taken as it is."""
    task = Task(job, root, root / "runs", threads=core_count(), echo=True)
    [outcome] = run_tasks([task])
    if outcome.stale:
        [outcome] = run_tasks([replace(task, force=True)])
    return outcome


def make_jobs(root: Path, texts: list[str]) -> list[Job]:
    """Return a job for each chapter, with those of the parameters ``name=value`` that it has.

    Raises:
        SystemExit: If there is no chapter, or a parameter that none has.
        NasutilsError: If a value is none of its parameter's.
    """
    notebooks = find_notebooks(root)
    if not notebooks:
        raise SystemExit(f"no chapters in {root / 'notebooks'}")
    known = {name for notebook in notebooks.values() for name in notebook.parameters}
    for text in texts:
        if text.partition("=")[0] not in known:
            raise SystemExit(f"no chapter has the parameter of -p {text}.")
    return [
        make_job(
            notebook,
            "demo",
            parse_parameters(
                notebook, [text for text in texts if text.partition("=")[0] in notebook.parameters]
            ),
        )
        for notebook in notebooks.values()
    ]


def run_all(jobs: list[Job], root: Path) -> list[Path]:
    """Run the chapters one after the other, saying how far it is; return the executed notebooks.

    Raises:
        SystemExit: At the end, if one failed.
    """
    executed, failed = [], []
    begin = time.monotonic()
    for number, job in enumerate(jobs, start=1):
        notebook = job.notebook
        head = f"[{number}/{len(jobs)}] {notebook.chapter}"
        print(f"{head}: running at scale=demo", flush=True)
        outcome = run(job, root)
        executed.append(outcome.folder / notebook.path.name)
        if outcome.status == "failed":
            failed.append(f"{notebook.chapter}: {outcome.error} [{outcome.folder / LOG}]")
        end = "finished before" if outcome.status == "skipped" else outcome.status
        print(f"{head}: {end}, {time.monotonic() - begin:.0f} s so far", flush=True)
    if failed:
        raise SystemExit("\n".join(["chapters failed:", *failed]))
    return executed


def stage(executed: list[Path], root: Path, folder: Path) -> None:
    """Lay out the book's sources in ``folder``, with the executed notebooks as chapters."""
    for name in SOURCES:
        if (root / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / name, folder / name, ignore=ignored)
        else:
            shutil.copy(root / name, folder / name)
    (folder / "notebooks").mkdir()
    for path in executed:
        notebook = json.loads(path.read_text("utf-8"))
        for cell in notebook["cells"]:
            tags = cell["metadata"].setdefault("tags", [])
            if "injected-parameters" in tags:
                # The job's own bookkeeping, no part of the chapter.
                tags.append("remove-cell")
        (folder / "notebooks" / path.name).write_text(json.dumps(notebook), "utf-8")


def main() -> None:
    """Run, build, and say where the first page is."""
    root = Path.cwd()
    parser = argparse.ArgumentParser("make study")
    parser.add_argument("-p", metavar="NAME=VALUE", action="append", default=[])
    try:
        jobs = make_jobs(root, parser.parse_args().p)
    except NasutilsError as error:
        raise SystemExit(f"make study: {error}") from None
    executed = run_all(jobs, root)
    print("Building the book", flush=True)
    scratch = root / "_build"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="study-", dir=scratch) as folder:
        stage(executed, root, Path(folder))
        first = build(Path(folder), scratch / "html")
    print(f"The book: {first}")


if __name__ == "__main__":
    main()
