"""Directives of the course's pages, and the slides of every built book.

``course-chapters`` lists the chapters with their times, ``course-goals`` what they need and teach,
``quiz`` asks the questions about a chapter, ``classroom-trial`` shows how a class was tried.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generated_tables import Generated, table
from sphinx.application import Sphinx

from course.chapters import MINUTES_AN_ITEM, WORDS_A_MINUTE, read_chapters, run_times
from course.classroom import TRIALS
from course.quiz import quizzes, read_quiz
from course.slides import write_slides
from nasutils.errors import lookup

LETTERS = "ABCDEFGH"


class CourseChapters(Generated):
    """The chapters: how long reading and running take, what there is to work on."""

    def markdown(self) -> Iterator[str]:
        """Yield one row a chapter."""
        times = run_times()
        headings = {
            "Chapter": "left",
            "Reading (min)": "right",
            "Run (s)": "right",
            "Exercises": "right",
            "Questions": "right",
            "Slides": "left",
        }
        rows = []
        for chapter in read_chapters(Path(self.env.srcdir)).values():
            stem = chapter.path.stem
            rows.append(
                (
                    f"[{chapter.title.partition(':')[0]}](../notebooks/{stem}.ipynb)",
                    chapter.reading_minutes,
                    times[chapter.name]["seconds"]
                    if chapter.name in times
                    else f"{chapter.stored_seconds:.0f} \\*",
                    chapter.exercises,
                    len(read_quiz(quizzes()[chapter.name])),
                    f'<a href="../slides/{stem}.html">slides</a>',
                )
            )
        yield from table(headings, rows)
        devices = sorted({row["device"] for row in times.values()})
        on = f" on {'; '.join(devices)}" if devices else ""
        yield (
            f"Reading is estimated, at {WORDS_A_MINUTE} words a minute and {MINUTES_AN_ITEM:g} "
            "minutes for each equation, visible cell of code, picture or table; exercises come on "
            f"top. Running at `demo` was measured{on}; with a star, by the stored run of the page, "
            "beside which others ran."
        )


class CourseGoals(Generated):
    """What each chapter needs, and what a student can do after it."""

    def markdown(self) -> Iterator[str]:
        """Yield one drop-down a chapter."""
        for chapter in read_chapters(Path(self.env.srcdir)).values():
            yield f"::::{{dropdown}} {chapter.title}"
            yield f"**Before**: {'; '.join(chapter.needs)}."
            yield ""
            yield "**After it you can**"
            yield ""
            yield from (f"- {goal}," for goal in chapter.goals[:-1])
            yield f"- {chapter.goals[-1]}."
            yield "::::"
            yield ""


class Quiz(Generated):
    """The questions about a chapter, each with its answer in a fold."""

    required_arguments = 1

    def markdown(self) -> Iterator[str]:
        """Yield question, choices and answer."""
        path = lookup("quiz", self.arguments[0], quizzes())
        self.env.note_dependency(str(path))
        for number, question in enumerate(read_quiz(path), start=1):
            yield f"**{number}.** {question.ask}"
            yield ""
            for letter, choice in zip(LETTERS, question.choices, strict=False):
                yield f"- **{letter}** {choice}"
            yield ""
            yield f"::::{{dropdown}} Answer to question {number}"
            yield f"**{LETTERS[question.answer - 1]}**: {question.right}. {question.why}"
            yield ""
            if question.check:
                yield "```python"
                yield from question.check.splitlines()
                yield "```"
            yield "::::"
            yield ""


class ClassroomTrial(Generated):
    """The trials of a class, as ``python -m course.classroom`` notes them."""

    def markdown(self) -> Iterator[str]:
        """Yield one row a trial."""
        self.env.note_dependency(str(TRIALS))
        with TRIALS.open(encoding="utf-8", newline="") as file:
            trials = list(csv.DictReader(file))
        headings = {
            "Students": "right",
            "At once": "right",
            "Each ran": "left",
            "Slowest (s)": "right",
            "All (s)": "right",
            "Memory (MB)": "right",
            "Load": "right",
        }
        names = ("students", "at_once", "command", "longest", "total", "memory", "load")
        yield from table(
            headings,
            ([f"`{row[n]}`" if n == "command" else row[n] for n in names] for row in trials),
        )
        yield (
            "Seconds from start to end; memory of the largest process; the machine's load, others "
            "that ran beside the class included. Measured on "
            f"{'; '.join(sorted({row['device'] for row in trials}))}."
        )


def add_slides(app: Sphinx, exception: Exception | None) -> None:
    """Write the slides of all chapters beside the pages of a built book."""
    if exception is None and app.builder.format == "html":
        for chapter in read_chapters(Path(app.srcdir)).values():
            folder = Path(app.outdir) / "slides"
            write_slides(chapter, folder, "../_static/mathjax/tex-mml-chtml.js")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the slides."""
    app.add_directive("course-chapters", CourseChapters)
    app.add_directive("course-goals", CourseGoals)
    app.add_directive("quiz", Quiz)
    app.add_directive("classroom-trial", ClassroomTrial)
    app.connect("build-finished", add_slides)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
