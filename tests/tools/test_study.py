"""`make study` shows what it ran, without the job's own bookkeeping."""

import json

import pytest

from nasutils.errors import JobError
from tools.study import make_jobs, stage


def cell(*tags):
    return {"cell_type": "code", "source": "", "metadata": {"tags": list(tags)}}


def test_executed_notebooks_become_the_chapters(tmp_path):
    root, out = tmp_path / "root", tmp_path / "out"
    (root / "book").mkdir(parents=True)
    (root / "course").mkdir()
    (root / "nasutils" / "__pycache__").mkdir(parents=True)
    (root / "_config.yml").touch()
    (root / "_toc.yml").touch()
    out.mkdir()
    executed = tmp_path / "00_a.ipynb"
    executed.write_text(json.dumps({"cells": [cell("parameters"), cell("injected-parameters")]}))
    stage([executed], root, out)
    assert sorted(p.name for p in out.iterdir()) == [
        "_config.yml",
        "_toc.yml",
        "book",
        "course",
        "nasutils",
        "notebooks",
    ]
    assert not (out / "nasutils" / "__pycache__").exists()
    staged = json.loads((out / "notebooks" / "00_a.ipynb").read_text())
    assert [c["metadata"]["tags"] for c in staged["cells"]] == [
        ["parameters"],
        ["injected-parameters", "remove-cell"],
    ]


def test_no_chapters_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match="no chapters"):
        make_jobs(tmp_path, [])


def test_parameters_go_to_the_chapters_that_have_them(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name, more in (("a", "seed: int = 0"), ("b", "cells: int = 5")):
        text = f'# %% tags=["parameters"]\nscale: str = "demo"\n{more}\nout: str = ""\n'
        (tmp_path / "notebooks" / f"00_{name}.py").write_text(text)
    first, second = make_jobs(tmp_path, ["seed=3"])
    assert (first.parameters["seed"], second.parameters["cells"]) == (3, 5)
    with pytest.raises(SystemExit, match="no chapter has the parameter of -p sed=3"):
        make_jobs(tmp_path, ["sed=3"])
    with pytest.raises(JobError, match="takes int"):
        make_jobs(tmp_path, ["seed=x"])
