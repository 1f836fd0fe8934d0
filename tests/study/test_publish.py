import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import nasutils
from nasutils.errors import JobError, UnknownNameError
from nasutils.study import load_results, provenance
from nasutils.study.jobfiles import read_job_file
from nasutils.study.jobs import make_job
from nasutils.study.notebooks import find_notebook
from nasutils.study.publish import publish
from nasutils.study.results import COLUMNS, METRICS, write_metrics
from nasutils.study.work import Task, describe_start

JOB = "nasutils batch notebooks/jobs/grid.yaml"


@pytest.fixture
def git(root):
    """Return a function that runs git in the checkout, which is one commit, clean."""

    def run(*arguments):
        config = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        done = subprocess.run(
            ["git", "-C", str(root), *config, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    path = root / "notebooks" / "jobs" / "grid.yaml"
    path.write_text("notebook: tiny\nscale: demo\ngrid: {seed: [0, 1]}\n")
    run("init", "-q")
    run("add", ".")
    run("commit", "-qm", "x")
    return run


@pytest.fixture
def finish(root, git):
    """Return a function that leaves the run of a job, as `work` would, without running it."""

    def leave(job, status="finished", value=0.5, rows=("ours",)):
        folder = job.folder(root / "runs")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        record = describe_start(Task(job, root, root / "runs"))
        ending = {"status": status, "error": "cell 1: oops", "rows": len(rows)}
        provenance.write(folder, {**record, **ending})
        figure = {
            "paper": "benchmarks", "item": "table1", "column": "c", "metric": "tau",
            "seed": job.parameters["seed"], "value": value, "scale": "demo", "device": "cpu",
            "seconds": 1.5, "version": record["version"], "job": record["job"], "note": "",
        }  # fmt: skip
        write_metrics(folder / METRICS, [{**figure, "row": row} for row in rows])
        return folder

    return leave


@pytest.fixture
def jobs(root, git):
    return read_job_file(root / "notebooks" / "jobs" / "grid.yaml", root)


def test_round_trip(root, git, jobs, finish):
    for job in jobs:
        finish(job, value=job.parameters["seed"] + 0.25)
    [done] = publish(["grid"], root, root / "runs")
    assert (done.path, done.rows, done.replaced) == (root / "book/results/tiny.csv", 2, 0)
    frame = load_results("tiny", root)
    assert tuple(frame.columns) == COLUMNS
    assert frame.value.tolist() == [0.25, 1.25]
    assert set(frame.job) == {JOB}
    assert set(frame.version) == {f"{nasutils.__version__}+g{git('rev-parse', 'HEAD')[:7]}"}

    # One run again: its row is replaced, the other stays; a published table is no dirt.
    folder = finish(jobs[1], value=7)
    [done] = publish([str(folder)], root, root / "runs")
    assert (done.rows, done.replaced) == (1, 1)
    assert load_results("tiny", root).value.tolist() == [0.25, 7.0]


def test_job_file_takes_back_what_it_no_longer_makes(root, jobs, finish):
    for job in jobs:
        finish(job, rows=("old", "kept"))
    publish(["grid"], root, root / "runs")
    for job in jobs:
        finish(job, rows=("kept", "new"))
    [done] = publish(["grid"], root, root / "runs")
    assert (done.rows, done.replaced) == (4, 4)
    assert set(load_results("tiny", root).row) == {"kept", "new"}


def test_unfinished_job_file(root, jobs, finish):
    with pytest.raises(JobError, match=r"2 of 2 jobs are not finished.*'nasutils batch grid'"):
        publish(["grid"], root, root / "runs", partial=True)
    finish(jobs[0])
    finish(jobs[1], status="failed")
    with pytest.raises(JobError, match=r"1 of 2 jobs are not finished, as 'nasutils run tiny"):
        publish(["grid"], root, root / "runs")
    assert not (root / "book").exists()
    [done] = publish(["grid"], root, root / "runs", partial=True)
    assert done.rows == 1


def test_bad_runs(root, jobs, finish):
    with pytest.raises(UnknownNameError, match=r"job file 'gird'.*'grid'"):
        publish(["gird"], root, root / "runs")
    with pytest.raises(JobError, match="is no run"):
        publish(["notebooks"], root, root / "runs")
    with pytest.raises(JobError, match="the run is failed: cell 1: oops"):
        publish([str(finish(jobs[0], status="failed"))], root, root / "runs")
    with pytest.raises(JobError, match="recorded no figures"):
        publish([str(finish(jobs[0], rows=()))], root, root / "runs")
    with pytest.raises(
        JobError, match="two of the runs record the same figure: benchmarks, table1"
    ):
        publish([str(finish(jobs[0], rows=("a", "a")))], root, root / "runs")
    folder = finish(jobs[0])
    path = folder / METRICS
    path.write_text(path.read_text().replace(",demo,", ",bench,"))
    with pytest.raises(JobError, match="run at demo, but records figures of bench"):
        publish([str(folder)], root, root / "runs")
    assert not (root / "book").exists()


def test_many_at_once_lose_nothing(root, git, finish):
    tiny = find_notebook("tiny", root)
    folders = [finish(make_job(tiny, "demo", {"seed": seed})) for seed in range(8)]
    barrier = threading.Barrier(len(folders))

    def one(folder):
        barrier.wait()
        publish([str(folder)], root, root / "runs")

    for _ in range(5):
        shutil.rmtree(root / "book", ignore_errors=True)
        with ThreadPoolExecutor(len(folders)) as pool:
            list(pool.map(one, folders))
        assert sorted(load_results("tiny", root).seed) == list(range(8))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "has 1 of the 3|has not 13 fields"),
        (lambda text: text.replace("0.5", "13.abc", 1), "line 2: could not convert .*13.abc"),
        (lambda text: text.replace("0.5", "nan", 1), "line 2: value is nan, not a finite"),
        (lambda text: text.replace("1.5", "", 1), "line 2: could not convert"),
        (lambda text: text + "<<<<<<< ours\n", "line 5: has not 13 fields"),
        (lambda text: text.replace("table1", "tabl\xe9"), "line 2: is no UTF-8 text"),
        (lambda text: text.replace("seed", "sed"), "has the columns"),
        (lambda text: "", r"has the columns \(none\)"),
        (lambda text: "".join(text.splitlines(True)[:-1]), "has 2 of the 3 figures"),
    ],
)
def test_damage_is_refused(root, jobs, finish, damage, message):
    path = finish(jobs[0], rows=("a", "b", "c")) / METRICS
    publish([str(path.parent)], root, root / "runs")
    published = root / "book" / "results" / "tiny.csv"
    for file in (path, published):
        text = file.read_text()
        file.write_text(damage(text), encoding="latin-1")
        if file == path or "of the 3" not in message:
            with pytest.raises(JobError, match=message):
                publish([str(path.parent)], root, root / "runs")
        file.write_text(text)


@pytest.mark.parametrize("changed", ["nasutils/code.py", "nasutils/new.py"])
def test_uncommitted_code(root, git, jobs, finish, changed):
    (root / changed).write_text("x = 2\n")
    folder = str(finish(jobs[0]))
    with pytest.raises(JobError, match="in no commit"):
        publish([folder], root, root / "runs")
    publish([folder], root, root / "runs", allow_dirty=True)
    [version] = load_results("tiny", root).version
    assert version == f"{nasutils.__version__}+g{git('rev-parse', 'HEAD')[:7]}.dirty"

    # Committed as it was when it ran, it is that commit's.
    git("add", ".")
    git("commit", "-qm", "y")
    publish([folder], root, root / "runs")
    [version] = load_results("tiny", root).version
    assert version == f"{nasutils.__version__}+g{git('rev-parse', 'HEAD')[:7]}"

    # But not once the code has moved on.
    (root / changed).write_text("x = 3\n")
    git("commit", "-qam", "z")
    with pytest.raises(JobError, match="in no commit"):
        publish([folder], root, root / "runs", stale=True)


def test_stale_runs_need_a_flag_and_keep_their_version(root, git, experiments, finish):
    git("add", ".")
    git("commit", "-qm", "experiments")
    version = f"{nasutils.__version__}+g{git('rev-parse', 'HEAD')[:7]}"
    jobs = read_job_file(root / "notebooks" / "jobs" / "grid.yaml", root)
    for job in jobs:
        finish(job)
    # Neither a changed notebook nor other code matters.
    for name in ("notebooks/00_tiny.py", "notebooks/00_tiny.ipynb"):
        text = (root / name).read_text()
        (root / name).write_text(text.replace("rec.save()", "rec.save(); print()"))
    (root / "nasutils" / "code.py").write_text("x = 2\n")
    publish(["grid"], root, root / "runs")
    experiments.with_name("model.py").write_text("STEPS = 2\n")
    with pytest.raises(JobError, match=r"run is stale.*publish --stale"):
        publish(["grid"], root, root / "runs")
    publish(["grid"], root, root / "runs", stale=True)
    assert set(load_results("tiny", root).version) == {version}


def test_edited_notebook_is_dirt_and_prose_elsewhere_is_none(root, git, jobs):
    (root / "page.md").write_text("x")
    assert provenance.read_checkout(jobs[0].notebook).dirty is False
    jobs[0].notebook.script.write_text("x = 1\n")
    assert provenance.read_checkout(jobs[0].notebook).dirty is True


def test_without_git(root, jobs, finish):
    """A copy without git, as on a cluster: its runs are checked against the code at home."""
    (root / ".git").rename(root / "elsewhere")
    folder = finish(jobs[0])
    assert provenance.read(folder)["dirty"] is None
    with pytest.raises(JobError, match="in no commit"):
        publish([str(folder)], root, root / "runs")
    (root / "elsewhere").rename(root / ".git")
    publish([str(folder)], root, root / "runs")
    [version] = load_results("tiny", root).version
    assert version.startswith(f"{nasutils.__version__}+g")
