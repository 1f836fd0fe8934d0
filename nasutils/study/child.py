"""What the two ways of running a notebook share: they report an error and follow their parent."""

import json
import os
import sys
import threading
from pathlib import Path

REPORT = "report.json"


def follow_parent() -> None:
    """End this process as soon as the one that started it is gone."""
    pipe = os.dup(sys.stdin.fileno())
    # A cell that asks for input finds an empty file, not the pipe.
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - open for the life of the process

    def wait() -> None:
        os.read(pipe, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def announce(number: int, total: int) -> None:
    """Print which cell begins, for the log."""
    print(f"[cell {number} of {total}]", flush=True)


def report_error(part: Path, number: int, line: int, source: str, error: str) -> None:
    """Leave what went wrong for the worker: cell, line within it, that line, the error."""
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    where = f"cell {number}" if number else "before the first cell"
    where += f", line {line}: {text}" if line else ""
    _report(part, f"{where}: {error}")


def report_end(part: Path) -> None:
    """Tell the worker that the last cell has run: without this word the job has failed."""
    _report(part, "")


def _report(part: Path, error: str) -> None:
    (part / REPORT).write_text(json.dumps({"error": error}), encoding="utf-8")
