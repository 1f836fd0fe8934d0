"""A checkout small enough to run: one notebook that can succeed, fail, wait, kill its worker."""

import json
from pathlib import Path

import pytest

import nasutils
from nasutils.study.jobs import make_job
from nasutils.study.notebooks import find_notebook
from nasutils.study.work import Task

SCRIPT = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A notebook for tests

# %% tags=["parameters"]
scale: str = "demo"  # how much data
seed: int = 0  # the only seed
part: str = "all"  # which experiment
act: str = ""  # what to do to the machinery
out: str = ""

# %%
# %matplotlib inline
import os
import signal
import time
from pathlib import Path

from nasutils.study import Recorder

rec = Recorder("benchmarks", scale=scale, seed=seed, out=out)
print("seed", seed)

# %% [markdown]
# Here things go wrong, where the parameter asks for it.

# %%
flag = Path(os.environ.get("TINY_FLAG", "flag"))
if act == "fail":
    wrong = seed
    wrong / 0
if act == "die" and flag.exists():
    os.kill(os.getpid(), signal.SIGKILL)
if act == "exit":
    raise SystemExit(0)
if act == "vanish":
    os._exit(0)
if act == "leave":
    import subprocess

    flag.write_text(str(subprocess.Popen(["sleep", "60"]).pid))
if act == "wait" and flag.exists():
    flag.write_text(f"{os.getpid()}\\n")
    time.sleep(60)
if act == "kill" or (act == "kill once" and flag.exists()):
    flag.unlink(missing_ok=True)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)

# %%
rec.add(item="table1", row="ours", column="nb201-c10", metric="kendall_tau", value=(seed + 1) / 3)
rec.add(item="table1", row="ours", column="nb201-c10", metric="params", value=0.1, seconds=2.5)
display(len(rec.rows))
rec.save()
"""


def write_pair(folder: Path, stem: str, script: str) -> None:
    """Write a script and the notebook that jupytext would pair with it."""
    cells = []
    for block in script.split("\n# %%")[1:]:
        options, _, source = block.partition("\n")
        source = source.strip("\n").replace("# %matplotlib", "%matplotlib")
        code = "markdown" not in options
        cell = {"cell_type": "code" if code else "markdown", "source": source, "metadata": {}}
        cell["id"] = f"c{len(cells)}"
        if code:
            cell |= {"outputs": [], "execution_count": None}
        if "parameters" in options:
            cell["metadata"] = {"tags": ["parameters"]}
        cells.append(cell)
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.py").write_text(script)
    (folder / f"{stem}.ipynb").write_text(json.dumps(notebook))


EXPERIMENTS = """\
from nasutils.study.run import experiment
from nasutils.methods.tiny.model import STEPS

@experiment("ranking", 1, ("table1",))
def ranking(run): ...

@experiment("cost", 1, ("table2",))
def cost(run): ...

@experiment("gpu", 1, ("table3",), default=False)
def gpu(run): ...
"""


@pytest.fixture
def experiments(root):
    """Return the module of experiments that the chapter ``tiny`` has in this checkout."""
    path = root / "nasutils" / "methods" / "tiny" / "experiments.py"
    path.parent.mkdir(parents=True)
    path.write_text(EXPERIMENTS)
    path.with_name("model.py").write_text("STEPS = 1\n")
    return path


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Return a checkout with the chapter ``tiny``; commands run inside it."""
    root = tmp_path / "checkout"
    write_pair(root / "notebooks", "00_tiny", SCRIPT)
    (root / "nasutils").mkdir()
    (root / "nasutils" / "code.py").write_text("x = 1\n")
    (root / "notebooks" / "jobs").mkdir()
    (root / "_toc.yml").touch()
    monkeypatch.setenv("NASUTILS_ROOT", str(root))
    monkeypatch.setenv("TINY_FLAG", str(root / "flag"))
    # The checkout's own folder nasutils is no package: the real one must be found behind it.
    monkeypatch.setenv("PYTHONPATH", str(Path(nasutils.__file__).parents[1]))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def task(root):
    """Return a function that makes a task of the chapter ``tiny``."""

    def make(script=True, force=False, runs="runs", **parameters):
        job = make_job(find_notebook("tiny", root), "demo", parameters)
        return Task(job, root, root / runs, script=script, force=force)

    return make
