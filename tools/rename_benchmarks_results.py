"""Rename the benchmarks of chapter 0's published figures, once: values, seeds and versions stay."""

from pathlib import Path

from nasutils.study.results import KEY, read_metrics, results_file, write_metrics

COLUMNS = {"nb101-c10": "nb101-test", "nb301": "nb301-surrogate"}

if __name__ == "__main__":
    path = results_file("benchmarks", Path(__file__).parents[1])
    rows = read_metrics(path)
    for row in rows:
        row["column"] = COLUMNS.get(row["column"], row["column"])
    # In the order in which ``nasutils publish`` writes them.
    *names, seed = KEY
    rows.sort(key=lambda row: (*(row[name] for name in names), int(row[seed])))
    write_metrics(path, rows)
