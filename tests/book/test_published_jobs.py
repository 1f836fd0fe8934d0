"""Every published figure names the job that would make it again."""

import shlex
from pathlib import Path

import pytest

from nasutils.study.jobfiles import read_job_file
from nasutils.study.jobs import make_job, parse_parameters
from nasutils.study.notebooks import find_notebook
from nasutils.study.results import published_chapters, read_metrics, results_file

ROOT = Path(__file__).parents[2]
# Rows beside the methods' that a search is measured by.
REFERENCES = ("best", "best measured", "best of the labelled")
# Chapters whose `method` is a super-net under several titles, judged also by the real table.
OF_SUPERNETS = {"kshot_hypernet"}


def published(chapter):
    """Return the rows of a chapter by their job; nothing before it has a module of experiments."""
    rows = read_metrics(results_file(chapter, ROOT))
    experiments = find_notebook(chapter, ROOT).experiments
    if experiments is None:
        pytest.skip(f"the experiments of {chapter} are in no module yet")
    return {job: [row for row in rows if row["job"] == job] for job in {r["job"] for r in rows}}


def jobs_of(command):
    """Return the jobs that a published command starts."""
    program, verb, name, *rest = shlex.split(command)
    assert program == "nasutils"
    if verb == "batch":
        return read_job_file(ROOT / name, ROOT)
    notebook = find_notebook(name, ROOT)
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    texts = [value for option, value in zip(rest[::2], rest[1::2], strict=True) if option == "-p"]
    assert verb == "run"
    assert options.keys() <= {"--scale", "-p"}
    return [make_job(notebook, options["--scale"], parse_parameters(notebook, texts))]


def makes(job, row):
    """Whether a job records such a row: a method may have several, that begin with its name."""
    items = {item for each in selected(job) for item in each.items}
    benchmark, method = (job.parameters.get(name, "") for name in ("benchmark", "method"))
    column = row["column"].split("/")[0]
    of_supernet = row["paper"] in OF_SUPERNETS
    return (
        row["scale"] == job.scale
        and row["item"] in items
        and (benchmark in ("", column) or (of_supernet and column.startswith("nb201-")))
        and (of_supernet or row["row"].startswith(method) or row["row"] in REFERENCES)
    )


def selected(job):
    return job.notebook.selected(job.parameters.get("part", "all")).values()


@pytest.mark.parametrize("chapter", published_chapters(ROOT))
def test_jobs_would_make_their_figures_again(chapter):
    for command, rows in published(chapter).items():
        jobs = jobs_of(command)
        assert [row for row in rows if not any(makes(job, row) for job in jobs)] == [], command
