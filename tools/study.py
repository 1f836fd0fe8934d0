"""Run every chapter at ``scale=demo`` and build the book from these runs."""

import json
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from nasutils.study.batch import run_tasks
from nasutils.study.jobs import make_job
from nasutils.study.notebooks import Notebook, find_notebooks
from nasutils.study.provenance import core_count
from nasutils.study.work import LOG, Outcome, Task
from tools.book import build

# What a page is made of: text and settings, and the code that chapters quote.
SOURCES = ("_config.yml", "_toc.yml", "book", "nasutils")


def run(notebook: Notebook, root: Path) -> Outcome:
    """Run one chapter; a run of the same notebook and code that is finished is taken as it is."""
    job = make_job(notebook, "demo", {})
    task = Task(job, root, root / "runs", threads=core_count(), echo=True)
    [outcome] = run_tasks([task])
    if outcome.stale:
        [outcome] = run_tasks([replace(task, force=True)])
    return outcome


def run_all(root: Path) -> list[Path]:
    """Run the chapters one after the other, saying how far it is; return the executed notebooks.

    Raises:
        SystemExit: At the end, if there is no chapter or one failed.
    """
    notebooks = find_notebooks(root)
    if not notebooks:
        raise SystemExit(f"no chapters in {root / 'notebooks'}")
    executed, failed = [], []
    begin = time.monotonic()
    for number, notebook in enumerate(notebooks.values(), start=1):
        head = f"[{number}/{len(notebooks)}] {notebook.chapter}"
        print(f"{head}: running at scale=demo", flush=True)
        outcome = run(notebook, root)
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
    executed = run_all(root)
    print("Building the book", flush=True)
    scratch = root / "_build"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="study-", dir=scratch) as folder:
        stage(executed, root, Path(folder))
        first = build(Path(folder), scratch / "html")
    print(f"The book: {first}")


if __name__ == "__main__":
    main()
