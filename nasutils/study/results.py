"""Results: what a notebook records, and what the book has published."""

import csv
import io
import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasutils.errors import JobError, UnknownNameError
from nasutils.files import write_text
from nasutils.paths import repository_root
from nasutils.study import provenance
from nasutils.study.scales import Scale

if TYPE_CHECKING:
    import pandas as pd

METRICS = "metrics.csv"
COLUMNS = (
    "paper", "item", "row", "column", "metric", "seed",
    "value", "scale", "device", "seconds", "version", "job", "note",
)  # fmt: skip
KEY = ("paper", "item", "row", "column", "metric", "scale", "seed")
PAPERS = (
    "benchmarks", "hypernas", "kshot_hypernet", "generative", "transferable", "up_nas",
    "leaderboard",
)  # fmt: skip


class Recorder:
    """Collects the figures of a notebook, and saves them where the notebook runs as a job.

    The seed is that of figures that name none of their own; ``out`` is the job's folder, "" when
    the notebook runs by hand, and nothing is saved. UnknownNameError on an unknown paper or scale.
    """

    def __init__(self, paper: str, *, scale: str, seed: int = 0, out: str = "") -> None:
        if paper not in PAPERS:
            raise UnknownNameError("paper", paper, PAPERS)
        self._paper, self._scale, self._seed, self._out = paper, str(Scale(scale)), seed, out
        self._rows: dict[tuple, dict] = {}
        self._last = time.perf_counter()

    def add(
        self,
        *,
        item: str,
        row: str,
        column: str,
        metric: str,
        value: float,
        seed: int | None = None,
        seconds: float | None = None,
        note: str = "",
    ) -> None:
        """Record one figure; as `Run.add`, of one seed.

        ``seconds`` is what it took, the time since the figure before it where None. JobError if the
        figure is not finite, or recorded before.
        """
        if not math.isfinite(value):
            raise JobError(f"{item}, {row}, {column}: {metric} is {value}, not a number to record.")
        now = time.perf_counter()
        taken = now - self._last if seconds is None else seconds
        self._last = now
        record = {
            "paper": self._paper,
            "item": item,
            "row": row,
            "column": column,
            "metric": metric,
            "seed": int(self._seed if seed is None else seed),
            "value": float(f"{value:.8g}"),
            "scale": self._scale,
            "seconds": round(float(taken), 3),
            "note": note,
        }
        key = tuple(record[name] for name in KEY)
        if key in self._rows:
            raise JobError(f"recorded twice: {', '.join(map(str, key))}.")
        self._rows[key] = record

    @property
    def rows(self) -> list[dict]:
        """The figures so far, with all of `COLUMNS`."""
        run = (provenance.read(Path(self._out)) if self._out else None) or {}
        shared = {name: run.get(name, "") for name in ("version", "job")}
        shared["device"] = provenance.device_name()
        return [{name: {**row, **shared}[name] for name in COLUMNS} for row in self._rows.values()]

    @property
    def frame(self) -> "pd.DataFrame":
        """The figures so far, as a table to show."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def save(self) -> None:
        """Write ``metrics.csv`` in one step; when there is no job's folder, do nothing."""
        if self._out:
            write_metrics(Path(self._out) / METRICS, self.rows)


def write_metrics(path: Path, rows: Iterable[dict]) -> None:
    """Write rows with the columns `COLUMNS` as CSV, in one step."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_metrics(path: Path) -> list[dict[str, str]]:
    """Read what `write_metrics` wrote, as text; no file means no rows.

    Raises:
        JobError: If the columns are others, or a line is damaged; it names the line.
    """
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise JobError(f"{path}, line {line}: is no UTF-8 text.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            found = ", ".join(reader.fieldnames or ["(none)"])
            raise JobError(f"{path}: has the columns {found}, not {', '.join(COLUMNS)}.")
        for row in reader:
            _check_row(row)
            rows.append(row)
    except (ValueError, csv.Error) as error:
        raise JobError(f"{path}, line {reader.line_num}: {error}.") from None
    return rows


def _check_row(row: dict[str | None, Any]) -> None:
    """Raise ValueError where a row is not what `write_metrics` writes."""
    if None in row or None in row.values():
        raise ValueError(f"has not {len(COLUMNS)} fields")
    int(row["seed"])
    for name in ("value", "seconds"):
        if not math.isfinite(float(row[name])):
            raise ValueError(f"{name} is {row[name]}, not a finite number")


def results_file(chapter: str, root: Path) -> Path:
    """Return where the published results of a chapter are."""
    return root / "book" / "results" / f"{chapter}.csv"


def published_chapters(root: Path) -> list[str]:
    """Return the chapters that have published results (other tables may lie beside them)."""
    header = ",".join(KEY[:5]).encode()
    paths = sorted((root / "book" / "results").glob("*.csv"))
    return [path.stem for path in paths if path.read_bytes().startswith(header)]


def load_results(chapter: str, root: Path | None = None) -> "pd.DataFrame":
    """Return the published results of a chapter of a checkout; an empty frame before the first.

    Raises:
        JobError: If the file is none of ours.
    """
    import pandas as pd

    rows = read_metrics(results_file(chapter, root or repository_root()))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"seed": int, "value": float, "seconds": float})
