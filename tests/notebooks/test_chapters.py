"""What every chapter owes its reader: executed solutions to exercises, numbers in its sentences."""

import re
from pathlib import Path

import nbformat
import pytest

from nasutils.study.notebooks import find_notebooks

ROOT = Path(__file__).parents[2]
CELLS = {
    name: nbformat.read(chapter.path, as_version=4).cells
    for name, chapter in find_notebooks(ROOT).items()
}
TEXT = {
    name: "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for name, cells in CELLS.items()
}
EXERCISES = {
    name: re.findall(r"```\{exercise\}\n:label: ([\w-]+)", text) for name, text in TEXT.items()
}

each_chapter = pytest.mark.parametrize("name", CELLS)
each_exercise = pytest.mark.parametrize(
    ("name", "label"), [(name, label) for name, labels in EXERCISES.items() for label in labels]
)


def glued(name):
    """Return what the notebook hands to its text."""
    outputs = [output for cell in CELLS[name] for output in cell.get("outputs", [])]
    return {
        output.metadata.scrapbook.name: str(output.data)
        for output in outputs
        if "scrapbook" in output.get("metadata", {})
    }


def solution(name, label):
    """Return the cells between the start of the exercise's solution and its end."""
    cells = CELLS[name]
    starts = [n for n, cell in enumerate(cells) if f"{{solution-start}} {label}\n" in cell.source]
    assert len(starts) == 1
    found = []
    for cell in cells[starts[0] + 1 :]:
        if "{solution-end}" in cell.source:
            return found
        found.append(cell)
    raise AssertionError(f"the solution of {label} has no end")


@each_chapter
def test_there_are_exercises(name):
    assert len(EXERCISES[name]) == len(set(EXERCISES[name])) >= 4


def test_no_two_exercises_share_a_label():
    labels = [label for found in EXERCISES.values() for label in found]
    assert len(labels) == len(set(labels))


@each_exercise
def test_solution_was_executed_and_shows_its_answer(name, label):
    code = [cell for cell in solution(name, label) if cell.cell_type == "code"]
    assert code
    assert all(cell.execution_count for cell in code)
    assert code[-1].outputs


@each_chapter
def test_every_number_of_a_sentence_is_there(name):
    used = set(re.findall(r"\{glue:text\}`([\w-]+)`", TEXT[name]))
    known = glued(name)
    assert used
    assert used - set(known) == set()
    assert [key for key in sorted(used) if "'?'" in known[key]] == []


def test_no_two_chapters_glue_the_same_name():
    names = [key for name in CELLS for key in glued(name)]
    assert len(names) == len(set(names))
