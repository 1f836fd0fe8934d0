"""Give the published results their last column, ``note``: python -m tools.add_note_column."""

import csv
from pathlib import Path

from nasutils.files import write_text
from nasutils.study.results import COLUMNS, write_metrics

if __name__ == "__main__":
    for path in sorted(Path("book/results").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if tuple(rows[0]) == COLUMNS[:-1]:
            before = path.read_text(encoding="utf-8").splitlines()
            write_metrics(path, [{**row, "note": ""} for row in rows])
            after = path.read_text(encoding="utf-8").splitlines()
            if after != [f"{before[0]},note", *(f"{line}," for line in before[1:])]:
                write_text(path, "\n".join(before) + "\n")
                raise SystemExit(f"{path}: more than the column would have changed")
            print(f"{path}: {len(rows)} rows")
