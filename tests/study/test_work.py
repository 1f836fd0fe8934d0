import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from nasutils.errors import JobError
from nasutils.study import provenance
from nasutils.study.results import METRICS, read_metrics
from nasutils.study.work import LOG, _environment, check_runnable, work


def hidden(root):
    """Return what a whole run never leaves behind."""
    return [path for path in (root / "runs").glob("*/.*") if path.parent.name != ".locks"]


@pytest.fixture
def ran(task):
    """Return the outcomes of the same job through papermill and as a script."""
    return work(task(script=False, seed=1)), work(task(script=True, seed=1, runs="scripts"))


def test_notebook_and_script_give_the_same(ran, root):
    notebook, script = ran
    assert (notebook.status, notebook.error) == (script.status, script.error) == ("finished", "")
    assert notebook.folder.name == script.folder.name
    assert {path.name for path in notebook.folder.iterdir()} == {
        "00_tiny.ipynb", METRICS, LOG, provenance.FILE,
    }  # fmt: skip
    assert {path.name for path in script.folder.iterdir()} == {METRICS, LOG, provenance.FILE}

    first, second = (read_metrics(outcome.folder / METRICS) for outcome in ran)
    for row in (*first, *second):
        del row["seconds"]
    assert first == second
    assert [row["value"] for row in first] == ["0.66666667", "0.1"]
    assert {row["job"] for row in first} == {"nasutils run tiny --scale demo -p seed=1"}
    for outcome in ran:
        log = (outcome.folder / LOG).read_text()
        assert "seed 1\n" in log
        assert log.count("[cell ") == 4

    found = provenance.read(notebook.folder)
    assert found["mode"] == "notebook"
    assert found["parameters"] == {"scale": "demo", "seed": 1, "part": "all", "act": ""}
    assert found["experiments"] == {}
    assert found["versions"]["torch"].startswith("2.")
    assert found["device"].startswith("cpu x 1 (")
    assert found["rows"] == 2
    assert '"text/plain": [\n       "2"' in (notebook.folder / "00_tiny.ipynb").read_text()
    assert hidden(root) == []


@pytest.mark.parametrize("script", [False, True])
def test_failure_names_cell_line_and_error(task, root, script):
    outcome = work(task(script=script, act="fail"))
    assert outcome.status == "failed"
    assert outcome.error == "cell 3, line 4: wrong / 0: ZeroDivisionError: division by zero"
    assert "ZeroDivisionError" in (outcome.folder / LOG).read_text()
    assert provenance.status(outcome.folder) == "failed"
    assert not (outcome.folder / METRICS).exists()
    assert hidden(root) == []


def test_syntax_error_and_exit_status_in_a_script(task, root):
    source = root / "notebooks" / "00_tiny.py"
    (root / "notebooks" / "00_tiny.ipynb").unlink()
    text = source.read_text()
    source.write_text(text.replace("wrong = seed", "wrong = = seed"))
    assert work(task()).error.startswith("cell 3, line 3: wrong = = seed: SyntaxError")
    source.write_text(text.replace("wrong = seed", "raise SystemExit(3)"))
    assert work(task(act="fail")).error == "cell 3: SystemExit: 3"
    source.write_text(text.replace("wrong = seed", "os.kill(os.getpid(), signal.SIGKILL)"))
    assert work(task(act="fail")).error == "killed by SIGKILL (out of memory?)"


def test_finished_is_skipped_failed_is_not(task, root):
    assert work(task()).status == "finished"
    assert work(task()).status == "skipped"
    assert not work(task(script=False)).stale
    (root / "nasutils" / "code.py").write_text("x = 2\n")
    assert work(task()).stale
    assert work(task(force=True)).status == "finished"
    assert not work(task()).stale
    assert work(task(act="fail")).status == "failed"
    assert work(task(act="fail")).status == "failed"


def test_experiments_that_record_nothing_have_failed(task, root, experiments):
    for suffix in (".py", ".ipynb"):
        path = root / "notebooks" / f"00_tiny{suffix}"
        path.write_text(path.read_text().replace("rec.save()", "rec.rows"))
    outcome = work(task())
    assert (outcome.status, outcome.error) == ("failed", "recorded no figures: part=all")


def test_stale_is_a_change_of_what_the_experiments_import(task, root, experiments):
    assert work(task()).status == "finished"
    found = provenance.read(task().job.folder(root / "runs"))
    assert found["experiments"] == {"ranking": 1, "cost": 1}
    (root / "nasutils" / "code.py").write_text("x = 2\n")
    notebook = root / "notebooks" / "00_tiny.py"
    for path in (notebook, notebook.with_suffix(".ipynb")):
        path.write_text(path.read_text().replace("wrong = seed", "wrong = 0"))
    outcome = work(task())
    assert (outcome.status, outcome.stale) == ("skipped", False)
    experiments.with_name("model.py").write_text("STEPS = 2\n")
    outcome = work(task())
    assert (outcome.status, outcome.stale) == ("skipped", True)


def test_version_raised_in_the_meantime(task, experiments):
    job = task()
    assert job.job.key
    experiments.write_text(experiments.read_text().replace('"cost", 1', '"cost", 2'))
    with pytest.raises(JobError, match="a declared version has changed"):
        work(job)


@pytest.mark.parametrize(
    ("script", "act", "error"),
    [
        (False, "exit", "cell 3: SystemExit: 0"),
        (True, "exit", "cell 3: SystemExit: 0"),
        (True, "vanish", "ended with status 0, before its last cell was done"),
    ],
)
def test_a_run_that_does_not_reach_its_last_cell_has_failed(task, script, act, error):
    outcome = work(task(script=script, act=act))
    assert (outcome.status, outcome.error) == ("failed", error)


def test_a_failed_repeat_leaves_the_finished_run(task, root):
    first = work(task(act="die"))
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    (root / "flag").touch()
    outcome = work(task(act="die", force=True))
    assert outcome.status == "failed"
    assert outcome.folder.name == f"{first.folder.name}-failed"
    assert (outcome.folder / LOG).is_file()
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert work(task(act="die")).status == "skipped"
    (root / "flag").unlink()
    assert work(task(act="die", force=True)).folder == first.folder
    assert not outcome.folder.exists()
    assert hidden(root) == []


def test_a_killed_repeat_leaves_the_finished_run(task, root):
    """The whole call is killed, in the middle of a cell."""
    first = work(task(act="wait"))
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    (root / "flag").touch()
    command = [sys.executable, "-m", "nasutils", "run", "tiny", "--as-script", "--force"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, "-p", "act=wait"], **quiet) as process:
        while not (root / "flag").read_text().endswith("\n"):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert work(task(act="wait")).status == "skipped"


def test_a_run_put_aside_when_its_repeat_was_killed_comes_back(task):
    first = work(task())
    first.folder.rename(first.folder.with_name(f".{first.folder.name}.old"))
    outcome = work(task())
    assert (outcome.status, outcome.folder) == ("skipped", first.folder)
    assert (first.folder / METRICS).is_file()


def test_a_process_left_behind_holds_up_nobody(task, root):
    assert work(task(act="leave")).status == "finished"
    os.kill(int((root / "flag").read_text()), signal.SIGKILL)  # it runs on: no error


def test_a_job_imports_the_package_of_its_checkout(task, root, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/another/checkout")
    (root / "nasutils" / "__init__.py").touch()
    paths = _environment(task())["PYTHONPATH"].split(os.pathsep)
    assert paths == [str(root), "/another/checkout"]


def test_leftovers_of_a_killed_run_are_no_result(task, root):
    job = task()
    part = job.job.folder(job.runs).with_name(f".{job.job.key}.0123abcd")
    part.mkdir(parents=True)
    (part / METRICS).write_text("half")
    assert work(job).status == "finished"
    assert hidden(root) == []


def test_two_calls_at_once_do_the_work_once(task):
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(work(task()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.status for outcome in outcomes) == ["finished", "skipped"]


def test_missing_file_is_told_before_the_start(task, root):
    script, notebook = task(), task(script=False)
    (root / "notebooks" / "00_tiny.py").unlink()
    with pytest.raises(JobError, match=r"00_tiny\.py does not exist: run without --as-script"):
        check_runnable(script)
    check_runnable(notebook)


def test_notebook_edited_in_the_meantime(task, root):
    job = task()
    assert job.job.key
    (root / "notebooks" / "00_tiny.ipynb").unlink()
    path = root / "notebooks" / "00_tiny.py"
    path.write_text(path.read_text() + "x = 1\n")
    with pytest.raises(JobError, match=r"00_tiny\.ipynb has changed"):
        work(job)


def test_a_script_needs_the_standard_library_alone(task, root, tmp_path, monkeypatch):
    """As on a GPU node without Jupyter, YAML, downloader and command line."""
    absent = [
        "papermill",
        "jupytext",
        "nbformat",
        "ipykernel",
        "IPython",
        "yaml",
        "requests",
        "typer",
    ]
    blocker = f"import sys\nsys.modules.update(dict.fromkeys({absent!r}))\n"
    (tmp_path / "sitecustomize.py").write_text(blocker)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    command = [sys.executable, "-m", "nasutils.study.alone", "tiny", "-p"]
    done = subprocess.run([*command, "seed=1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert provenance.status(task(seed=1).job.folder(root / "runs")) == "finished"
    assert work(task(seed=1)).status == "skipped"
    wrong = subprocess.run([*command, "sed=1"], capture_output=True, text=True)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "Did you mean 'seed'" in wrong.stderr


def test_folder_that_cannot_be_written(task, root):
    (root / "runs").write_text("a file")
    with pytest.raises(OSError, match="runs"):
        work(task())
