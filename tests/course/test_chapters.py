"""Goals, reading times and measured times of the chapters, and what the pages make of them."""

import csv
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat.v4 as nbf
import pytest

from course import times
from course.chapters import Chapter, read_chapters, run_times
from course.quiz import quizzes, read_quiz
from nasutils.files import write_text

ROOT = Path(__file__).parents[2]
CHAPTERS = read_chapters(ROOT)


@pytest.fixture(scope="module")
def pages():
    """The extension, which finds the book's own beside it as Sphinx does."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        from course import pages
    finally:
        sys.path.pop(0)
    return pages


def written(directive, *arguments):
    made = object.__new__(directive)
    made.arguments = list(arguments)
    env = SimpleNamespace(srcdir=ROOT, note_dependency=lambda path: None)
    made.state = SimpleNamespace(document=SimpleNamespace(settings=SimpleNamespace(env=env)))
    return "\n".join(made.markdown())


def chapter_of(*cells):
    made = Chapter("tiny", Path("00_tiny.ipynb"), (), ())
    made.__dict__["cells"] = list(cells)
    return made


def test_every_chapter_of_the_course_has_goals_and_needs():
    for chapter in CHAPTERS.values():
        assert len(chapter.goals) >= 3
        assert chapter.needs
        assert not any(each.endswith(".") for each in (*chapter.needs, *chapter.goals))


def test_a_reading_time_follows_the_rule():
    text = " ".join(["word"] * 1194) + "\n\n$$\nx = 1\n$$\n\n## Exercises\n\n" + "word " * 5000
    code = nbf.new_code_cell("1 + 1", outputs=[nbf.new_output("stream", text="2")])
    hidden = nbf.new_code_cell("1 + 1", metadata={"tags": ["remove-cell"]})
    head = nbf.new_markdown_cell("# A tiny chapter")
    chapter = chapter_of(head, code, hidden, nbf.new_markdown_cell(text))
    # 1,198 words at 120 a minute, an equation, a cell of code and what it leaves: 9.98 + 1.5.
    assert chapter.reading_minutes == 10
    assert chapter.title == "A tiny chapter"
    longer = nbf.new_markdown_cell("word " * 240)
    assert chapter_of(head, longer, code, nbf.new_markdown_cell(text)).reading_minutes == 15


def test_the_stored_run_is_as_long_as_its_cells():
    def cell(begin, end):
        noted = {"iopub.status.busy": begin, "shell.execute_reply": end}
        return nbf.new_code_cell("1", metadata={"execution": noted})

    first = cell("2026-01-01T00:00:01.000000Z", "2026-01-01T00:00:03.500000Z")
    second = cell("2026-01-01T00:00:09.000000Z", "2026-01-01T00:00:10.000000Z")
    assert chapter_of(first, nbf.new_markdown_cell("# A"), second).stored_seconds == 3.5


def test_times_are_those_of_finished_runs_with_default_parameters(tmp_path, monkeypatch):
    def run(name, seconds, started, status="finished", more=""):
        found = {"chapter": "tiny", "status": status, "seconds": seconds, "started": started}
        found |= {"command": f"nasutils run tiny --scale demo{more}", "device": "cpu"}
        text = repr(found | {"version": "0"}).replace("'", '"')
        write_text(tmp_path / "tiny" / name / "provenance.json", text)

    run("0a", 10.4, "2026-01-01")
    run("0b", 20.6, "2026-01-02")
    run("0c", 30.0, "2026-01-03", status="failed")
    run("0d", 40.0, "2026-01-04", more=" -p seed=3")
    assert times.times_of_runs(tmp_path)["tiny"]["seconds"] == "21"


def test_measured_times_are_of_chapters():
    with times.TIMES.open() as file:
        assert next(csv.reader(file)) == list(times.COLUMNS)
    assert set(run_times()) <= set(CHAPTERS)
    assert all(float(row["seconds"]) > 0 for row in run_times().values())


def test_the_table_lists_every_chapter_with_its_time(pages):
    text = written(pages.CourseChapters)
    for chapter in CHAPTERS.values():
        [row] = [line for line in text.splitlines() if f"{chapter.path.stem}.ipynb" in line]
        cells = [cell.strip() for cell in row.split("|")]
        assert str(chapter.reading_minutes) in cells
        measured = run_times().get(chapter.name)
        stored = rf"{chapter.stored_seconds:.0f} \*"
        assert (measured["seconds"] if measured else stored) in cells
        assert f"../slides/{chapter.path.stem}.html" in row


def test_the_page_asks_every_question_and_hides_its_answer(pages):
    for name, path in quizzes().items():
        text = written(pages.Quiz, name)
        for question in read_quiz(path):
            assert question.ask in text
            assert f"{question.right}. {question.why}" in text
        assert text.count("{dropdown} Answer") == len(read_quiz(path))


def test_the_quiz_page_has_every_quiz():
    text = (ROOT / "course" / "quiz.md").read_text()
    assert re.findall(r"```\{quiz\} (\w+)", text) == list(CHAPTERS)


def test_the_sections_that_the_syllabus_names_exist():
    text = (ROOT / "course" / "syllabus.md").read_text()
    headings = {
        heading
        for chapter in CHAPTERS.values()
        for cell in chapter.cells
        if cell.cell_type == "markdown"
        for heading in re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE)
    }
    named = re.findall(r"(?:up to|from) \*([^*]+)\*", text)
    assert len(named) >= 6
    assert set(named) - headings == set()
