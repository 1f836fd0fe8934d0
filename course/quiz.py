"""Questions about the chapters with their answers, one TOML file a chapter in ``course/quiz``."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from nasutils.errors import DataError

FOLDER = Path(__file__).parent / "quiz"


@dataclass(frozen=True)
class Question:
    """A question with several choices, one of which is right.

    Attributes:
        ask: The question, in Markdown.
        choices: At least two answers, in Markdown.
        answer: Which of them is right, from 1.
        why: Why, in Markdown.
        check: Python that leaves in ``answer`` what proves the right choice; empty where the
            question is about a concept.
        shows: How the right choice, and no other, shows what ``check`` found, as of
            ``str.format``. Where empty, what it found is whether the right choice is true.
    """

    ask: str
    choices: tuple[str, ...]
    answer: int
    why: str
    check: str = ""
    shows: str = ""

    @property
    def right(self) -> str:
        """The right choice."""
        return self.choices[self.answer - 1]


def quizzes() -> dict[str, Path]:
    """Return the files by the chapters that they ask about."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def read_quiz(path: Path) -> list[Question]:
    """Return the questions of a file.

    Raises:
        DataError: If the file is no TOML, or a question lacks a field, has one too many, or names
            no choice as right.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise DataError(f"{path} holds no questions: {error!r}.") from None
    return [_question(number, entry, path) for number, entry in enumerate(entries, start=1)]


def _question(number: int, entry: dict, path: Path) -> Question:
    where = f"{path.name}, question {number}"
    known = {field.name for field in fields(Question)}
    if unknown := entry.keys() - known:
        raise DataError(f"{where}: unknown {', '.join(sorted(unknown))}; valid: {sorted(known)}.")
    if missing := {"ask", "choices", "answer", "why"} - entry.keys():
        raise DataError(f"{where} lacks {', '.join(sorted(missing))}.")
    entry = {**entry, "choices": tuple(entry["choices"]), "check": entry.get("check", "").strip()}
    if not 1 <= entry["answer"] <= len(entry["choices"]):
        raise DataError(f"{where}: {len(entry['choices'])} choices, and answer {entry['answer']}.")
    return Question(**entry)
