"""The commands about jobs and results."""

import statistics
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from nasutils.cli.output import Format, FormatOption, write_records
from nasutils.errors import JobError, UnknownNameError
from nasutils.files import write_text
from nasutils.paths import repository_root
from nasutils.study import batch as batches
from nasutils.study import provenance
from nasutils.study import publish as publishing
from nasutils.study.jobfiles import find_job_file, find_job_files, read_job_file
from nasutils.study.jobs import make_job, parse_parameters
from nasutils.study.notebooks import Notebook, find_notebook, find_notebooks
from nasutils.study.results import METRICS, published_chapters, read_metrics, results_file
from nasutils.study.work import FAILED, LOG, Outcome, Task

# The marker \b keeps the lines of a block as they are.
RUN_EXAMPLES = """\b
Examples:
  nasutils run benchmarks -p seed=3
  nasutils run up_nas --scale bench -p seed=3 -p 'sizes=[10, 20]'
"""
BATCH_EXAMPLES = """\b
Examples:
  nasutils batch benchmarks_bench
  nasutils batch notebooks/jobs/benchmarks_bench.yaml --workers 4
"""
PUBLISH_EXAMPLES = """\b
Examples:
  nasutils publish benchmarks_bench
  nasutils publish runs/benchmarks/0123456789ab
"""
SHOW_EXAMPLES = """\b
Examples:
  nasutils show runs/benchmarks/0123456789ab
  nasutils show 0123 --open
"""

_FIGURE = ("item", "row", "column", "metric", "scale")

_Force = Annotated[bool, typer.Option("--force", help="Run again what is finished already.")]
_Script = Annotated[
    bool,
    typer.Option("--as-script", help="Run the paired script, without Jupyter; the same result."),
]
_Runs = Annotated[
    Path | None, typer.Option("--out", help="Folder of the runs, instead of the checkout's runs/.")
]


def run(
    name: Annotated[str, typer.Argument(help="A chapter, as 'nasutils list' shows it.")],
    scale: Annotated[
        str, typer.Option(help="demo (built-in data), bench (real tables) or paper (one GPU).")
    ] = "demo",
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", metavar="NAME=VALUE", help="Set a parameter; may be repeated."),
    ] = None,
    as_script: _Script = False,
    out: _Runs = None,
    force: _Force = False,
) -> None:
    """Run one chapter.

    What it leaves: the executed notebook, the figures, the log, the provenance.

    A run that is finished already is not repeated.
    """
    root = repository_root()
    notebook = find_notebook(name, root)
    job = make_job(notebook, scale, parse_parameters(notebook, parameter or []))
    cores = provenance.core_count()
    task = Task(job, root, _runs(out, root), as_script, force, threads=cores, echo=True)
    print(f"{job.command}  ->  {_short(job.folder(task.runs))}")
    [outcome] = _run_tasks([task])
    if outcome.status == "failed":
        raise JobError(_error(outcome))
    _print_end(outcome)


def batch(
    job_file: Annotated[str, typer.Argument(help="A job file, by path or by name.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine.  [default: all cores]")
    ] = None,
    dask: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster to use instead.")
    ] = "",
    as_script: _Script = False,
    out: _Runs = None,
    force: _Force = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run a grid of jobs, from a job file.

    Call it again after an interruption: finished jobs are skipped. A job that fails stops no
    other. Threads are shared out over the workers unless OMP_NUM_THREADS is set.
    """
    from tqdm import tqdm

    root = repository_root()
    jobs = read_job_file(find_job_file(job_file, root), root)
    cores = provenance.core_count()
    workers = workers or cores
    tasks = [
        Task(job, root, _runs(out, root), as_script, force, threads=max(1, cores // workers))
        for job in jobs
    ]
    with tqdm(total=len({job.key for job in jobs}), unit="job") as bar:

        def report(outcome: Outcome) -> None:
            bar.update()
            if outcome.status == "failed":
                bar.write(f"failed: {_failure(outcome)}", file=sys.stderr)

        outcomes = _run_tasks(tasks, workers=workers, dask=dask, report=report)
    if form != Format.TEXT:
        write_records([_outcome(each) for each in outcomes], form)
    _print_summary(outcomes, sys.stdout if form == Format.TEXT else sys.stderr)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "command": outcome.job.command,
        "folder": str(_short(outcome.folder)),
        **{name: getattr(outcome, name) for name in ("status", "stale", "seconds", "error")},
    }


def list_(form: FormatOption = Format.TEXT) -> None:
    """Show chapters, parameters, job files, runs."""
    root = repository_root()
    notebooks = find_notebooks(root)
    records = [*_chapters(notebooks), *_job_files(root), *_runs_of(root, notebooks)]
    write_records(records, form)


def _record(kind: str, name: object, about: str, status: str = "") -> dict[str, str]:
    return {"kind": kind, "name": str(name), "status": status, "about": about}


def _chapters(notebooks: Mapping[str, Notebook]) -> Iterator[dict[str, str]]:
    for chapter, notebook in notebooks.items():
        try:
            parameters = notebook.parameters.values()
        except JobError as error:
            yield _record("parameter", chapter, f"cannot be run: {error}", "broken")
            continue
        for each in parameters:
            if each.name not in ("scale", "out"):
                about = f"{each.name}: {each.annotation} = {each.default!r}  {each.help}".rstrip()
                yield _record("parameter", chapter, about)


def _job_files(root: Path) -> Iterator[dict[str, str]]:
    for name, path in find_job_files(root).items():
        try:
            jobs = read_job_file(path, root)
        except (JobError, UnknownNameError) as error:
            yield _record("job file", name, f"cannot be run: {error}", "broken")
            continue
        statuses = [provenance.status(job.folder(root / "runs")) for job in jobs]
        done = statuses.count("finished")
        about = f"{jobs[0].notebook.chapter}, {jobs[0].scale}, {done} of {len(jobs)} jobs finished"
        yield _record("job file", name, about)


def _runs_of(root: Path, notebooks: Mapping[str, Notebook]) -> Iterator[dict[str, str]]:
    for folder in sorted((root / "runs").glob("*/[0-9a-f]*")):
        if found := provenance.read(folder):
            status = found.get("status", "broken")
            notebook = notebooks.get(found.get("chapter", ""))
            if status == "finished" and provenance.is_stale(found, notebook):
                status = "stale"
            yield _record("run", _short(folder), found.get("command", ""), status)


def publish(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN|JOBFILE...", help="Folders of runs, or job files.")
    ],
    runs: Annotated[
        Path | None, typer.Option(help="Folder of the job files' runs, where not runs/.")
    ] = None,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Take runs of uncommitted code, marked .dirty.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take a job file of which some jobs are missing.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Take runs whose code has changed since.")
    ] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Put the figures of runs into the book.

    They go to book/results/CHAPTER.csv, over those of the same key.

    Refused are runs that failed, are unfinished, are stale (their code has changed since), or were
    made by code that is in no commit.
    """
    root = repository_root()
    done = publishing.publish(
        names, root, _runs(runs, root), allow_dirty=allow_dirty, partial=partial, stale=stale
    )
    if form != Format.TEXT:
        write_records([{**vars(each), "path": str(_short(each.path))} for each in done], form)
        return
    for each in done:
        print(f"{_short(each.path)}: {each.rows} figures, {each.replaced} replaced")


def results(
    chapter: Annotated[str, typer.Argument(help="A chapter; all of them, if not given.")] = "",
    form: FormatOption = Format.TEXT,
) -> None:
    """Show the published figures.

    Mean and standard deviation are over the seeds.
    """
    root = repository_root()
    chapters = published_chapters(root)
    if chapter and not results_file(chapter, root).is_file():
        if chapter in find_notebooks(root):
            raise JobError(f"{chapter} has no published results yet: nasutils publish --help")
        raise UnknownNameError("chapter with results", chapter, chapters or {"(none)"})
    if not chapters:
        print("Nothing is published yet: nasutils publish --help", file=sys.stderr)
    chosen = [chapter] if chapter else chapters
    write_records([row for name in chosen for row in _means(name, root)], form)


def show(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Folder of a run, or the start of its hash.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The page to write, instead of one in the run's folder.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write a run as one HTML page: its text, code, figures and plots."""
    root = repository_root()
    folder = _find_run(run, root)
    notebooks = list(folder.glob("*.ipynb"))
    if not notebooks:
        raise JobError(
            f"{_short(folder)} holds no executed notebook: a script leaves {LOG} and {METRICS}."
        )
    try:
        from nbconvert import HTMLExporter
    except ImportError:
        raise JobError("nbconvert is not installed: pip install 'nasutils[book]'.") from None
    page, _ = HTMLExporter().from_filename(str(notebooks[0]))
    target = out or notebooks[0].with_suffix(".html")
    write_text(target, page)
    print(_short(target.absolute()))
    if open_:
        typer.launch(target.absolute().as_uri())


def _find_run(name: str, root: Path) -> Path:
    """Return the folder of a run, by its path, or by the start of its hash."""
    if (folder := Path(name)).is_dir():
        return folder.absolute()
    runs = [folder for folder in sorted((root / "runs").glob("*/[0-9a-f]*")) if folder.is_dir()]
    found = [folder for folder in runs if folder.name.startswith(name)]
    # A failed repeat is shown by its whole name alone.
    found = [each for each in found if each.name == name or FAILED not in each.name]
    if len(found) != 1:
        raise UnknownNameError("run", name, [folder.name for folder in found or runs] or ["(none)"])
    return found[0]


def _runs(out: Path | None, root: Path) -> Path:
    return (out or root / "runs").absolute()


def _run_tasks(tasks: list[Task], **options: object) -> list[Outcome]:
    try:
        return batches.run_tasks(tasks, **options)
    except KeyboardInterrupt:
        print("\ninterrupted: finished jobs are kept, the same command goes on from there.")
        raise typer.Exit(130) from None


def _print_end(outcome: Outcome) -> None:
    if outcome.status == "skipped":
        print("finished before" + _stale_note(outcome.stale) + "; --force repeats it.")
    else:
        print(f"finished in {outcome.seconds:.0f} s")
    executed = outcome.folder / outcome.job.notebook.path.name
    for path in (executed, outcome.folder / METRICS):
        if path.is_file():
            print(f"  {_short(path)}")


def _print_summary(outcomes: list[Outcome], stream: TextIO) -> None:
    status = [outcome.status for outcome in outcomes]
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    stale = any(outcome.stale for outcome in outcomes)
    print(
        f"{status.count('finished')} finished, {status.count('skipped')} finished before"
        f"{_stale_note(stale)}, {len(failed)} failed",
        file=stream,
    )
    if failed:
        raise JobError(
            f"{len(failed)} of {len(outcomes)} jobs failed; the first: {_failure(failed[0])}"
        )


def _stale_note(stale: bool) -> str:
    return " (stale: its code has changed since)" if stale else ""


def _failure(outcome: Outcome) -> str:
    return f"{outcome.job.command}: {_error(outcome)}"


def _error(outcome: Outcome) -> str:
    """Return the error, and the log where there is one."""
    log = outcome.folder / LOG
    return f"{outcome.error} [{_short(log)}]" if log.is_file() else outcome.error


def _short(path: Path) -> Path:
    """Return the path as the user's working folder sees it, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _means(chapter: str, root: Path) -> list[dict[str, Any]]:
    """Return a record for each figure of a chapter that seeds repeat."""
    seeds: dict[tuple[str, ...], list[float]] = {}
    for row in read_metrics(results_file(chapter, root)):
        key = tuple(row[name] for name in _FIGURE)
        seeds.setdefault(key, []).append(float(row["value"]))
    return [
        {
            "chapter": chapter,
            **dict(zip(_FIGURE, key, strict=True)),
            "mean": f"{statistics.fmean(values):.6g}",
            "std": f"{statistics.stdev(values):.6g}" if len(values) > 1 else "",
            "seeds": len(values),
        }
        for key, values in seeds.items()
    ]
