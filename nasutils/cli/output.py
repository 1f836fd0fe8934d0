"""How the commands write: one set of records, for people, as JSON or as CSV; a pipe may close."""

import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, TextIO

import typer


class Format(StrEnum):
    """How records are written: ``text`` for people, the others for programs."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="For people or for programs.")]


def write_records(records: Sequence[Mapping[str, Any]], form: Format) -> None:
    """Write records of the same fields as a JSON list, as CSV, or in columns for people."""
    if form == Format.JSON:
        print(json.dumps(records, indent=2, default=str))
    elif records and form == Format.CSV:
        writer = csv.DictWriter(sys.stdout, records[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    elif records:
        lines = [list(records[0]), *([str(value) for value in each.values()] for each in records)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            print("  ".join(cells).rstrip())


class PatientStream:
    """A stream whose reader may leave, as ``head`` does: what comes after goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if hasattr(stream, "reconfigure"):
            # A terminal that lacks a letter shows a question mark.
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write, or do as if."""
        return self._try(lambda: self._stream.write(text)) or len(text)

    def flush(self) -> None:
        """Flush, or do as if."""
        self._try(self._stream.flush)

    def _try(self, action: Any) -> Any:
        try:
            return action()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
