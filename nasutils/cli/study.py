"""The commands about jobs and results."""

from pathlib import Path
from typing import Annotated

import typer

from nasutils.errors import JobError, UnknownNameError
from nasutils.paths import repository_root
from nasutils.study import batch as batches
from nasutils.study import provenance
from nasutils.study import publish as publishing
from nasutils.study.jobfiles import find_job_file, find_job_files, read_job_file
from nasutils.study.jobs import make_job, parse_parameters
from nasutils.study.notebooks import Notebook, find_notebook, find_notebooks
from nasutils.study.results import METRICS, published_chapters, read_metrics, results_file
from nasutils.study.scales import Scale
from nasutils.study.work import LOG, Outcome, Task

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
        raise JobError(f"{outcome.error} [{_short(outcome.folder / LOG)}]")
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
                bar.write(f"failed: {_failure(outcome)}")

        outcomes = _run_tasks(tasks, workers=workers, dask=dask, report=report)
    _print_summary(outcomes)


def list_() -> None:
    """Show chapters, parameters, job files, runs."""
    root = repository_root()
    notebooks = find_notebooks(root)
    print("Chapters (nasutils run NAME -p PARAMETER=VALUE):")
    for notebook in notebooks.values():
        print(f"  {notebook.chapter}")
        for line in _parameter_lines(notebook):
            print(f"      {line}")
    print("Scales (--scale):")
    for scale in Scale:
        print(f"  {scale:7}{scale.data}; {scale.machine}")
    print("Job files (nasutils batch NAME):")
    for name, path in find_job_files(root).items():
        print(f"  {name:24}{_job_file_line(path, root)}")
    print("Runs:")
    for folder in sorted((root / "runs").glob("*/[0-9a-f]*")):
        if found := provenance.read(folder):
            print(f"  {_short(folder)}  {found['status']:9}{found['command']}")


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
    for each in done:
        print(f"{_short(each.path)}: {each.rows} figures, {each.replaced} replaced")


def results(
    chapter: Annotated[str, typer.Argument(help="A chapter; all of them, if not given.")] = "",
) -> None:
    """Show the published figures.

    Mean and standard deviation are over the seeds.
    """
    root = repository_root()
    chapters = published_chapters(root)
    if chapter and chapter not in chapters:
        if chapter in find_notebooks(root):
            raise JobError(f"{chapter} has no published results yet: nasutils publish --help")
        raise UnknownNameError("chapter with results", chapter, chapters or {"(none)"})
    if not chapters:
        print("Nothing is published yet: nasutils publish --help")
    for name in [chapter] if chapter else chapters:
        print(_results_table(results_file(name, root)))


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


def _print_summary(outcomes: list[Outcome]) -> None:
    status = [outcome.status for outcome in outcomes]
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    stale = any(outcome.stale for outcome in outcomes)
    print(
        f"{status.count('finished')} finished, {status.count('skipped')} finished before"
        f"{_stale_note(stale)}, {len(failed)} failed"
    )
    if failed:
        raise JobError(
            f"{len(failed)} of {len(outcomes)} jobs failed; the first: {_failure(failed[0])}"
        )


def _stale_note(stale: bool) -> str:
    return " (stale: its code has changed since)" if stale else ""


def _failure(outcome: Outcome) -> str:
    log = _short(outcome.folder / LOG)
    return f"{outcome.job.command}: {outcome.error} [{log}]"


def _short(path: Path) -> Path:
    """Return the path as the user's working folder sees it, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _parameter_lines(notebook: Notebook) -> list[str]:
    try:
        parameters = [p for p in notebook.parameters.values() if p.name not in ("scale", "out")]
    except JobError as error:
        return [f"cannot be run: {error}"]
    return [f"{p.name}: {p.annotation} = {p.default!r}  {p.help}".rstrip() for p in parameters]


def _job_file_line(path: Path, root: Path) -> str:
    try:
        jobs = read_job_file(path, root)
    except (JobError, UnknownNameError) as error:
        return f"cannot be run: {error}"
    statuses = [provenance.status(job.folder(root / "runs")) for job in jobs]
    done = statuses.count("finished")
    return f"{jobs[0].notebook.chapter}, {jobs[0].scale}, {done} of {len(jobs)} jobs finished"


def _results_table(path: Path) -> str:
    import pandas as pd

    frame = pd.DataFrame(read_metrics(path)).astype({"value": float})
    keys = ["item", "row", "column", "metric", "scale"]
    table = frame.groupby(keys, sort=False).value.agg(["mean", "std", "count"])
    return f"{path.stem}\n{table.rename(columns={'count': 'seeds'}).to_string(na_rep='')}\n"
