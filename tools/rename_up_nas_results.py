"""Rename the columns of UP-NAS's published results after the benchmarks that they are of; once."""

import csv
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "book" / "results" / "up_nas.csv"
SCORED = "nb201-c10-proxies"
TRANSFER = {
    "nb201-c10": SCORED,
    "nb201-c100": "nb201-c100-proxies",
    "nb201-in16": "nb201-in16-proxies",
    "nb301": "nb301-surrogate",
    "nb101-c10": "nb101-naslib-proxies",
    "nb201-digits": "nb201-digits",
}


def renamed(item: str, row: str, column: str) -> str:
    """Return the new name of a column."""
    match item:
        case "agreement" | "normalisation":
            return f"{SCORED}/{column}"
        case "table2":
            return column.replace("nb201-c10/", f"{SCORED}/")
        case "cost" if not row.startswith("ascent") and column == "nb201-c10":
            return SCORED
        case "transfer" | "transfer cells":
            return TRANSFER[column]
        case "darts":
            return column.replace("nb301/", "nb301-surrogate/")
        case "table6":
            return "nb301-approx"
        case "completed":
            return "darts"
    return column


def main() -> None:
    """Rewrite the file; values, seeds, versions and jobs stay."""
    with RESULTS.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
    for row in rows:
        row["column"] = renamed(row["item"], row["row"], row["column"])
    with RESULTS.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, reader.fieldnames, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
