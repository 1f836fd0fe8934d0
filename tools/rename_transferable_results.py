"""Rename benchmarks in the published results of the transferable predictor, once."""

import csv
import re
from pathlib import Path

from nasutils.study.results import KEY

RESULTS = Path(__file__).parents[1] / "book" / "results" / "transferable.csv"
OLD_DRAW = "drawn as before version 0.2.0"

#: Item -> old benchmark -> new.
TARGETS = {"nb101-c10": "nb101-test-5k", "nb201-c10": "nb201-c10-4096", "nb301": "nb301-approx-1k"}
SEARCHES = {"nb101-c10": "nb101-test", "nb301": "nb301-approx"}  # nb201-c10 keeps its name
SOURCES = TARGETS | {"nb301": "nb301-approx-2k"}
PROXIES = {
    "nb101-c10": "nb101-naslib-proxies",
    "nb201-c10": "nb201-c10-4096",
    "nb301": "nb301-surrogate",
}
BY_ITEM = {"table1": PROXIES, "table2": SEARCHES}


def renamed(row: dict[str, str]) -> dict[str, str]:
    """Return a row under the new names; one that has them already comes back as it is."""
    names = BY_ITEM.get(row["item"], TARGETS)
    where, arrow, source = row["column"].partition(" from ")
    benchmark, slash, size = where.partition("/")
    column = names.get(benchmark, benchmark) + slash + size + arrow + SOURCES.get(source, source)
    job = re.sub(
        r"(?<=-p benchmark=)[\w-]+", lambda found: names.get(found[0], found[0]), row["job"]
    )
    return row | {"column": column, "job": job}


def depends_on_draw(row: dict[str, str]) -> bool:
    """Whether a figure depends on which networks were labelled."""
    if row["item"] in ("transfer", "table4"):
        return True
    if row["item"] == "pairs":
        return row["metric"] == "spearman"
    fine_tuned = row["row"] not in ("Random", "Synflow")
    return row["item"] == "table2" and fine_tuned and row["metric"] != "queries"


def main() -> None:
    """Rewrite the file; the column ``note`` is filled where the file has it."""
    with RESULTS.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        columns, rows = reader.fieldnames, [renamed(row) for row in reader]
    if "note" in columns:
        rows = [
            row | {"note": OLD_DRAW}
            if depends_on_draw(row) and row["version"].startswith("0.1.") and not row["note"]
            else row
            for row in rows
        ]
    rows.sort(key=lambda row: (*(row[name] for name in KEY[:-1]), int(row["seed"])))
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
