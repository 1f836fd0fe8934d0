"""`make study` shows what it ran, without the job's own bookkeeping."""

import json

import pytest

from tools.study import run_all, stage


def cell(*tags):
    return {"cell_type": "code", "source": "", "metadata": {"tags": list(tags)}}


def test_executed_notebooks_become_the_chapters(tmp_path):
    root, out = tmp_path / "root", tmp_path / "out"
    (root / "book").mkdir(parents=True)
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
        run_all(tmp_path)
