import json

import pytest

from nasutils.errors import JobError, UnknownNameError
from nasutils.study.notebooks import find_notebook, find_notebooks, read_notebook, read_script


def test_found_by_every_name(root):
    by_name = {
        find_notebook(name, root).path
        for name in ("tiny", "00_tiny", "notebooks/00_tiny.py", "00_tiny.ipynb")
    }
    assert by_name == {root / "notebooks" / "00_tiny.ipynb"}
    assert list(find_notebooks(root)) == ["tiny"]


def test_unknown_name(root):
    with pytest.raises(UnknownNameError, match=r"'tinny'.*Did you mean 'tiny'"):
        find_notebook("tinny", root)


def test_script_and_notebook_give_the_same_cells(root):
    notebook = find_notebook("tiny", root)
    script = read_script(notebook.script)
    assert [cell.number for cell in script] == [1, 2, 3, 4]
    assert [cell.tags for cell in script] == [("parameters",), (), (), ()]
    lines = notebook.script.read_text().splitlines()
    assert [lines[cell.line - 1] for cell in script] == [
        cell.source.splitlines()[0] for cell in script
    ]
    notebook.check_pair()
    without = find_notebook("tiny", root)
    without.path.unlink()
    assert without.source_hash == notebook.source_hash


def test_jupytext_reads_the_script_alike(root):
    jupytext = pytest.importorskip("jupytext")
    notebook = find_notebook("tiny", root)
    theirs = jupytext.read(notebook.script)
    notebook.path.write_text(json.dumps(theirs))
    notebook.check_pair()


def test_a_cell_magic_begins_no_cell(root):
    jupytext = pytest.importorskip("jupytext")
    notebook = find_notebook("tiny", root)
    text = notebook.script.read_text().replace("import os\n", "# %%time\nimport os\n")
    notebook.script.write_text(text)
    jupytext.write(jupytext.read(notebook.script), notebook.path)
    changed = find_notebook("tiny", root)
    changed.check_pair()
    assert len(read_script(changed.script)) == 4


def test_hash_depends_on_code_alone(root):
    notebook = find_notebook("tiny", root)
    content = json.loads(notebook.path.read_text())
    content["cells"][0]["source"] = "# Another title"
    content["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    notebook.path.write_text(json.dumps(content))
    assert find_notebook("tiny", root).source_hash == notebook.source_hash
    content["cells"][2]["source"] += "\nx = 1"
    notebook.path.write_text(json.dumps(content))
    changed = find_notebook("tiny", root)
    assert changed.source_hash != notebook.source_hash
    with pytest.raises(JobError, match=r"differ from code cell 2 on.*jupytext --to ipynb"):
        changed.check_pair()


def test_a_missing_last_cell_is_a_difference(root):
    notebook = find_notebook("tiny", root)
    content = json.loads(notebook.path.read_text())
    content["cells"].pop()
    notebook.path.write_text(json.dumps(content))
    with pytest.raises(JobError, match="differ from code cell 4 on"):
        notebook.check_pair()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": [{}]}'])
def test_damaged_notebook(root, text):
    path = root / "notebooks" / "00_tiny.ipynb"
    path.write_text(text)
    with pytest.raises(JobError, match=r"00_tiny\.ipynb is no notebook"):
        read_notebook(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('tags=["parameters"]', "", "0 cells tagged parameters"),
        ('out: str = ""', "", "lacks 'out: str'"),
    ],
)
def test_every_notebook_has_its_parameters(root, old, new, message):
    notebook = find_notebook("tiny", root)
    notebook.path.unlink()
    notebook.script.write_text(notebook.script.read_text().replace(old, new))
    with pytest.raises(JobError, match=message):
        _ = notebook.parameters
