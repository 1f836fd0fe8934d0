"""Chapters: notebook and script agree, executed from top to bottom, with valid job files."""

import re
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml

from nasutils.study.jobfiles import find_job_files, read_job_file
from nasutils.study.notebooks import find_notebooks

ROOT = Path(__file__).parents[2]
CHAPTERS = list(find_notebooks(ROOT).values())
JOB_FILES = find_job_files(ROOT)
PRIVATE_PATH = re.compile(r"/(?:home|root|Users|tmp)/\w+")

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.chapter)


def code_cells(chapter):
    cells = nbformat.read(chapter.path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]


def described(path):
    cells = jupytext.read(path).cells
    return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in cells]


def colab_cell():
    """Return the cell that CONTRIBUTING.md asks for, with the repository that _config.yml names."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    block = re.search(r"^  ```python\n(.*?)\n  ```$", text, re.MULTILINE | re.DOTALL)[1]
    return re.sub("^  ", "", block, flags=re.MULTILINE)


@each_chapter
def test_notebook_and_script_are_the_same(chapter):
    assert described(chapter.path) == described(chapter.script)


@each_chapter
def test_executed_from_top_to_bottom(chapter):
    counts = [cell.execution_count for cell in code_cells(chapter)]
    assert counts == list(range(1, len(counts) + 1))


@each_chapter
def test_no_cell_failed(chapter):
    for cell in code_cells(chapter):
        if "raises-exception" not in cell.metadata.get("tags", []):
            assert [o.evalue for o in cell.outputs if o.output_type == "error"] == []


@each_chapter
def test_outputs_name_no_private_folder(chapter):
    for cell in code_cells(chapter):
        assert PRIVATE_PATH.findall(str(cell.outputs)) == []


@each_chapter
def test_parameters_can_be_read_and_default_to_demo(chapter):
    assert chapter.parameters["scale"].default == "demo"


@each_chapter
def test_first_cell_makes_the_colab_button_work(chapter):
    first = code_cells(chapter)[0]
    assert first.source == colab_cell()
    assert {"colab", "remove-cell"} <= set(first.metadata.get("tags", []))


def test_colab_cell_fetches_the_repository_of_the_configuration():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert f'"{config["repository"]["url"]}"' in colab_cell()


@pytest.mark.parametrize("name", JOB_FILES)
def test_job_file_is_valid(name):
    assert read_job_file(JOB_FILES[name], ROOT)
