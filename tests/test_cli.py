import csv
import json
import os
import re
import subprocess
import sys

import pytest

import nasutils
from nasutils import cli
from nasutils.study.results import COLUMNS, write_metrics

SCRIPT = """\
# %% tags=["parameters"]
scale: str = "demo"
seed: int = 0  # which seed
out: str = ""

# %%
1 / seed
from nasutils.study import Recorder

rec = Recorder("benchmarks", scale=scale, seed=seed, out=out)
rec.add(item="table1", row="a", column="c", metric="m", value=seed)
rec.save()
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    (tmp_path / "notebooks" / "jobs").mkdir(parents=True)
    (tmp_path / "notebooks" / "00_tiny.py").write_text(SCRIPT)
    (tmp_path / "notebooks" / "jobs" / "seeds.yaml").write_text(
        "notebook: tiny\nscale: demo\ngrid: {seed: [0, 1, 2]}\n"
    )
    (tmp_path / "nasutils").mkdir()
    (tmp_path / "_toc.yml").touch()
    monkeypatch.setenv("NASUTILS_ROOT", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", cli.__file__.removesuffix("nasutils/cli/__init__.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(monkeypatch, capfd):
    """Return a function that runs the command line in this process: status, output, errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nasutils", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capfd.readouterr()

    return run


def test_help_is_enough_to_rerun_a_chapter(call):
    status, output, _ = call("--help")
    assert status == 0
    assert "nasutils run benchmarks -p seed=3" in output
    for command in ("run", "batch", "list", "publish", "results", "data", "digits"):
        assert f"\n  {command} " in output
    for command in ("run", "batch", "publish"):
        status, output, _ = call(command, "--help")
        assert status == 0
        assert "Examples:\n    nasutils" in output


def test_help_imports_nothing_heavy():
    code = (
        "import sys, nasutils.cli as c; "
        "sys.argv = ['nasutils', '--help']\n"
        "try: c.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'numpy', 'papermill', 'yaml'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_version(call):
    assert call("--version") == (0, f"{nasutils.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "tinny"], "unknown notebook 'tinny'. Did you mean 'tiny'? Valid: tiny."),
        (["run", "tiny", "-p", "sed=1"], "'sed'. Did you mean 'seed'? Valid: seed."),
        (["run", "tiny", "-p", "seed=a"], "parameter 'seed' takes int (like 3), not 'a'."),
        (["run", "tiny", "--scale", "huge"], "unknown scale 'huge'. Valid: bench, demo, paper."),
        (["run", "tiny"], "00_tiny.ipynb does not exist: run with --as-script."),
        (["batch", "seed"], "unknown job file 'seed'. Did you mean 'seeds'? Valid: seeds."),
        (["publish", "seeds"], "3 of 3 jobs are not finished"),
        (["results", "tiny"], "tiny has no published results yet"),
        (["results", "tony"], "unknown chapter with results 'tony'"),
    ],
)
def test_errors_are_one_line_with_the_valid_names(root, call, arguments, message):
    status, _, errors = call(*arguments)
    assert status == 1
    assert errors.startswith("nasutils: ")
    assert message in errors
    assert errors.count("\n") == 1
    assert not (root / "runs").exists()


def test_outside_a_checkout(tmp_path, monkeypatch, call):
    monkeypatch.setenv("NASUTILS_ROOT", str(tmp_path))
    status, _, errors = call("list")
    assert (status, errors.count("\n")) == (1, 1)
    assert "no checkout of the book" in errors


def test_run_list_and_batch(root, call, monkeypatch):
    monkeypatch.chdir(root / "notebooks" / "jobs")
    status, output, _ = call("run", "tiny", "-p", "seed=2", "--as-script")
    assert status == 0
    assert "[cell 2 of 2]" in output
    assert "metrics.csv" in output

    status, output, _ = call("run", "tiny", "-p", "seed=2", "--as-script")
    assert (status, "finished before" in output) == (0, True)

    status, output, errors = call("batch", "seeds", "--as-script", "--workers", "1")
    assert status == 1
    assert "1 finished, 1 finished before, 1 failed" in output
    assert "1 of 3 jobs failed; the first: nasutils run tiny --scale demo: cell 2" in errors

    status, output, _ = call("list")
    assert status == 0
    assert "seed: int = 0  which seed" in output
    assert "tiny, demo, 2 of 3 jobs finished" in output
    assert re.search("failed +nasutils run tiny --scale demo\n", output)
    status, output, _ = call("list", "--format", "json")
    records = json.loads(output)
    assert [each["status"] for each in records if each["kind"] == "run"].count("finished") == 2
    status, output, _ = call("batch", "seeds", "--as-script", "--format", "csv")
    assert [each["status"] for each in csv.DictReader(output.splitlines())] == [
        "failed", "skipped", "skipped",
    ]  # fmt: skip
    (root / "nasutils" / "code.py").write_text("x = 1\n")
    status, output, _ = call("list")
    assert re.search("stale +nasutils run tiny --scale demo -p seed=2\n", output)
    status, output, _ = call("run", "tiny", "-p", "seed=2", "--as-script")
    assert "finished before (stale: its code has changed since)" in output


def test_run_that_fails(root, call):
    status, _, errors = call("run", "tiny", "--as-script")
    assert status == 1
    assert "cell 2, line 1: 1 / seed: ZeroDivisionError: division by zero [" in errors
    assert "log.txt]" in errors


def test_out_moves_the_runs(root, call):
    status, _, _ = call("run", "tiny", "-p", "seed=1", "--as-script", "--out", "elsewhere")
    assert status == 0
    assert len(list((root / "elsewhere" / "tiny").glob("*/metrics.csv"))) == 1
    assert not (root / "runs").exists()


def test_results_show_mean_and_deviation(root, call):
    row = {
        "paper": "benchmarks", "item": "table1", "row": "a", "column": "c", "metric": "tau",
        "scale": "demo", "device": "cpu", "seconds": 1, "version": "0", "job": "j", "note": "",
    }  # fmt: skip
    path = root / "book" / "results" / "tiny.csv"
    write_metrics(path, [{**row, "seed": seed, "value": seed} for seed in (1, 2, 3)])
    (path.parent / "performance.csv").write_text("task,seconds\nx,1\n")
    status, output, _ = call("results")
    assert status == 0
    assert "tiny     table1  a    c       tau     demo   2     1    3" in output
    status, output, _ = call("results", "tiny", "--format", "json")
    [record] = json.loads(output)
    assert (record["mean"], record["std"], record["seeds"]) == ("2", "1", 3)
    path.write_text(path.read_text() + "<<<<<<< ours\n")
    assert call("results", "tiny")[::2] == (
        1, f"nasutils: {path}, line 5: has not {len(COLUMNS)} fields.\n",
    )  # fmt: skip


def test_show_writes_a_page(root, call):
    folder = root / "runs" / "tiny" / "0123456789ab"
    folder.mkdir(parents=True)
    assert "holds no executed notebook" in call("show", "0123")[2]
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# A title"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "00_tiny.ipynb").write_text(json.dumps(notebook))
    status, output, _ = call("show", "0123")
    assert (status, output) == (0, "runs/tiny/0123456789ab/00_tiny.html\n")
    assert "A title" in (folder / "00_tiny.html").read_text()
    status, output, _ = call("show", str(folder), "--out", "page.html")
    assert (root / "page.html").is_file()
    assert "unknown run '9'. Valid: 0123456789ab." in call("show", "9")[2]


def nasutils_piped(arguments, encoding="utf-8"):
    """Run the command line into a pipe that nobody reads."""
    with subprocess.Popen(
        [sys.executable, "-m", "nasutils", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    ) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()
    return process.returncode, errors


@pytest.mark.parametrize("arguments", [["list"], ["results"], ["data", "list"], ["--help"]])
def test_a_closed_pipe_is_no_error(root, arguments):
    status, errors = nasutils_piped(arguments)
    assert (status, "Traceback" in errors, "BrokenPipe" in errors) == (0, False, False)


def test_nobody_reads_and_the_job_goes_on(root):
    arguments = ["run", "tiny", "-p", "seed=1", "--as-script"]
    status, errors = nasutils_piped(arguments, "latin-1")
    assert (status, errors) == (0, "")
    assert len(list(root.glob("runs/tiny/*/metrics.csv"))) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_any_letter_in_any_locale(root, encoding):
    script = root / "notebooks" / "00_tiny.py"
    script.write_text(script.read_text() + 'print("\u03c4 = \u22120.5")\n', encoding="utf-8")
    command = [sys.executable, "-m", "nasutils", "run", "tiny", "-p", "seed=1", "--as-script"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    [log] = root.glob("runs/tiny/*/log.txt")
    assert "\u03c4 = \u22120.5" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["x" * 5000, "~nobody", "a/b", ".", ""])
@pytest.mark.parametrize("command", ["run", "batch", "publish", "show", "results"])
def test_no_name_is_a_traceback(root, call, command, name):
    _, _, errors = call(command, name)
    assert errors.count("\n") <= 1
