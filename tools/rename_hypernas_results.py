"""Rename columns, rows and jobs of the published HyperNAS results, once."""

import csv
import re
from pathlib import Path

#: Old id of a benchmark -> new id.
IDS = {
    "nb101-c10": "nb101-naslib",
    "nb101-uniform": "nb101-test",
    "nb101-sample": "nb101-naslib-20k",
    "nb201-scored": "nb201-c10-proxies",
    "nb101-scored": "nb101-naslib-proxies",
    "nb301": "nb301-approx-random",
}
#: What stands behind the slash of a column: old -> new.
SPLITS = {"made": "generated"}
#: Old row -> new row.
ROWS = {"HyperNAS-P, same stack": "HyperNAS-P, same sequence"}


def column(text: str) -> str:
    """Return the new name of a column."""
    id, slash, split = text.partition("/")
    return IDS.get(id, id) + slash + SPLITS.get(split, split)


def job(text: str, row: str) -> str:
    """Return the command or job file that repeats a row, under the new names."""
    text = re.sub(r"benchmark=([\w-]+)", lambda m: f"benchmark={IDS.get(m[1], m[1])}", text)
    text = text.replace("method=q", f"method='{row}'")
    for old, new in ROWS.items():
        text = text.replace(old, new)
    return text


def main() -> None:
    """Rewrite the file in place."""
    path = Path(__file__).parents[1] / "book" / "results" / "hypernas.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
    for row in rows:
        row["column"] = column(row["column"])
        row["row"] = ROWS.get(row["row"], row["row"])
        row["job"] = job(row["job"], row["row"])
    names = ("item", "row", "column", "metric", "scale")
    rows.sort(key=lambda row: (row["paper"], *(row[name] for name in names), int(row["seed"])))
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, reader.fieldnames, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
