"""``python -m course.times``: note how long the chapters' finished runs at ``demo`` took.

The runs are those of ``make study`` or ``nasutils run CHAPTER``, with no parameter set. A chapter
that has not been run keeps the time that is noted already.
"""

import csv
import io
from pathlib import Path

from course.chapters import TIMES, run_times
from nasutils.files import write_text
from nasutils.paths import repository_root
from nasutils.study import provenance

COLUMNS = ("chapter", "seconds", "device", "version", "started")


def times_of_runs(runs: Path) -> dict[str, dict[str, str]]:
    """Return the latest finished run of each chapter below ``runs``, as rows of ``times.csv``."""
    found = (provenance.read(folder) for folder in runs.glob("*/[0-9a-f]*"))
    finished = [
        each
        for each in found
        if each
        and each.get("status") == "finished"
        and each["command"] == f"nasutils run {each['chapter']} --scale demo"
    ]
    finished.sort(key=lambda each: each["started"])
    rows = ({name: str(each[name]) for name in COLUMNS} for each in finished)
    return {row["chapter"]: row | {"seconds": f"{float(row['seconds']):.0f}"} for row in rows}


def main() -> None:
    """Write the table anew."""
    rows = run_times() | times_of_runs(repository_root() / "runs")
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[name] for name in sorted(rows))
    write_text(TIMES, text.getvalue())
    print(f"{TIMES}: {len(rows)} chapters")


if __name__ == "__main__":
    main()
