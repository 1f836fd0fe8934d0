"""The chapters as a teacher sees them: what they need, what they teach, how long they take.

Reading times are estimates from the stored notebooks, by the rule below. Running times are
measured: ``python -m course.times`` takes them from finished runs. Where there is none, the stored
notebook says how long its own run took, on a machine that may have been busy.
"""

import csv
import itertools
import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from nasutils.errors import DataError

FOLDER = Path(__file__).parent
TIMES = FOLDER / "times.csv"

#: The rule of the reading times: dense text is read at this rate, and a displayed equation, a cell
#: of code that shows, or its picture or table takes half a minute more.
WORDS_A_MINUTE = 120
MINUTES_AN_ITEM = 0.5
_ROUND_TO = 5  # minutes

_FENCE = re.compile(r"^(`{3,}|:{3,}).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_EQUATION = re.compile(r"^\$\$.*?^\$\$", re.MULTILINE | re.DOTALL)
_HIDDEN = {"remove-cell", "remove-input", "parameters"}


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book.

    Attributes:
        name: As on the command line.
        path: Its executed notebook.
        needs: What a student should know before.
        goals: What a student can do after it: each completes "you can".
    """

    name: str
    path: Path
    needs: tuple[str, ...]
    goals: tuple[str, ...]

    @cached_property
    def cells(self) -> list[NotebookNode]:
        """The cells of the executed notebook."""
        return nbformat.read(self.path, as_version=4).cells

    @property
    def title(self) -> str:
        """Its heading."""
        found = re.search(r"^# (.+)$", self._text, re.MULTILINE)
        return found[1] if found else self.name

    @property
    def exercises(self) -> int:
        """How many exercises it has."""
        return self._text.count("{exercise}")

    @property
    def reading_minutes(self) -> int:
        """How long a student reads, estimated by the rule; without the exercises' solutions."""
        text = self._text.partition("\n## Exercises")[0]
        words = len(_FENCE.sub("", _EQUATION.sub("", text)).split())
        read = itertools.takewhile(lambda cell: "## Exercises" not in cell.source, self.cells)
        items = len(_EQUATION.findall(text)) + sum(map(_shows, read))
        minutes = words / WORDS_A_MINUTE + items * MINUTES_AN_ITEM
        return _ROUND_TO * max(1, round(minutes / _ROUND_TO))

    @property
    def stored_seconds(self) -> float:
        """How long its stored run took, by the times that Jupyter notes in the cells."""
        noted = (cell.metadata.get("execution") for cell in self.cells)
        spans = ((each["iopub.status.busy"], each["shell.execute_reply"]) for each in noted if each)
        return sum((_time(end) - _time(begin)).total_seconds() for begin, end in spans)

    @property
    def _text(self) -> str:
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _shows(cell: NotebookNode) -> int:
    """Return how many things of a code cell a reader looks at: its code, and what it leaves."""
    tags = set(cell.metadata.get("tags", ()))
    if cell.cell_type != "code" or tags & _HIDDEN:
        return 0
    return int("hide-input" not in tags) + int(bool(cell.outputs))


def read_chapters(root: Path) -> dict[str, Chapter]:
    """Return the chapters of the checkout at ``root`` that the course knows, in their order.

    Raises:
        DataError: If one has no notebook.
    """
    described = tomllib.loads((FOLDER / "chapters.toml").read_text(encoding="utf-8"))
    notebooks = {path.stem[3:]: path for path in sorted((root / "notebooks").glob("??_*.ipynb"))}
    if missing := described.keys() - notebooks.keys():
        raise DataError(f"chapters.toml: no notebook of {', '.join(sorted(missing))}.")
    return {
        name: Chapter(name, path, tuple(described[name]["needs"]), tuple(described[name]["goals"]))
        for name, path in notebooks.items()
        if name in described
    }


def run_times() -> dict[str, dict[str, str]]:
    """Return what was measured of each chapter's run at ``demo``: a row of ``times.csv``."""
    if not TIMES.is_file():
        return {}
    with TIMES.open(encoding="utf-8", newline="") as file:
        return {row["chapter"]: row for row in csv.DictReader(file)}
