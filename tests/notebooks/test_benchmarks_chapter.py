"""Chapter 0: exercises have executed solutions, sentences have their numbers, claims hold."""

import re
from pathlib import Path

import nbformat
import pytest

from nasutils.atlas.claims import NOT_REPRODUCED, judge, load_claims
from nasutils.study import load_results

ROOT = Path(__file__).parents[2]
CELLS = nbformat.read(ROOT / "notebooks" / "00_benchmarks.ipynb", as_version=4).cells
TEXT = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
EXERCISES = re.findall(r"```\{exercise\}\n:label: ([\w-]+)", TEXT)


def glued():
    """Return what the notebook hands to its text."""
    outputs = [output for cell in CELLS for output in cell.get("outputs", [])]
    return {
        output.metadata.scrapbook.name: str(output.data)
        for output in outputs
        if "scrapbook" in output.get("metadata", {})
    }


def solution(label):
    """Return the code cells between the start of the exercise's solution and its end."""
    starts = [n for n, cell in enumerate(CELLS) if f"{{solution-start}} {label}\n" in cell.source]
    assert len(starts) == 1
    found = []
    for cell in CELLS[starts[0] + 1 :]:
        if "{solution-end}" in cell.source:
            return found
        found.append(cell)
    raise AssertionError(f"the solution of {label} has no end")


def test_there_are_exercises():
    assert len(EXERCISES) == len(set(EXERCISES)) >= 5


@pytest.mark.parametrize("label", EXERCISES)
def test_solution_was_executed_and_shows_its_answer(label):
    code = [cell for cell in solution(label) if cell.cell_type == "code"]
    assert code
    assert all(cell.execution_count for cell in code)
    assert code[-1].outputs


def test_every_number_of_a_sentence_is_there():
    used = set(re.findall(r"\{glue:text\}`([\w-]+)`", TEXT))
    known = glued()
    assert used
    assert used - set(known) == set()
    assert [key for key in sorted(used) if "'?'" in known[key]] == []


def test_both_scales_are_published():
    assert {"demo", "bench"} <= set(load_results("benchmarks", ROOT)["scale"])


def test_published_figures_bear_out_the_claims():
    judged = judge(load_claims(), load_results("benchmarks", ROOT))
    assert judged.loc[judged["verdict"] == NOT_REPRODUCED, "claim"].tolist() == []
    assert (judged["verdict"] == "reproduced").sum() >= 9
