"""The page on adding a method is true, and the table for download is what its schema says."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods import base
from nasutils.study.results import COLUMNS

BOOK = Path(__file__).parents[2] / "book"
METHOD, TRIAL = re.findall(
    r"```python\n(.*?)```", BOOK.joinpath("add_your_method.md").read_text(), re.S
)
SCHEMA = json.loads(BOOK.joinpath("results/leaderboard.schema.json").read_text())
TABLE = BOOK / "results" / "leaderboard.csv"
READ = {"string": str, "integer": int, "number": float}


def test_the_method_of_the_page_ranks(monkeypatch, capsys):
    monkeypatch.setattr(base, "METHODS", dict(base.METHODS))
    exec(METHOD + TRIAL, {})
    taus = json.loads(capsys.readouterr().out)
    digits = get_benchmark("nb201-digits")
    splits = digits.splits(100, range(3))
    chance = base.get_method("baselines/Random").predict(digits, splits).scores
    assert np.mean(taus) > np.mean(evaluate(digits, splits, chance)["kendall_tau"]) + 0.3


def test_it_takes_about_twenty_lines():
    assert len([line for line in METHOD.splitlines() if line.strip()]) <= 20


def test_schema_describes_every_column():
    assert [field["name"] for field in SCHEMA["fields"]] == [*COLUMNS]
    assert all(field["description"] for field in SCHEMA["fields"])
    assert set(SCHEMA["primaryKey"]) < set(COLUMNS)


@pytest.mark.skipif(not TABLE.exists(), reason="nothing is published yet")
def test_the_table_is_what_its_schema_says():
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert rows
    for field in SCHEMA["fields"]:
        rules = field.get("constraints", {})
        for text in {row[field["name"]] for row in rows}:
            value = READ[field["type"]](text)
            assert text or not rules.get("required")
            assert "enum" not in rules or value in rules["enum"]
            assert "minimum" not in rules or value >= rules["minimum"]
            assert "pattern" not in rules or re.search(rules["pattern"], text)
    keys = [tuple(row[name] for name in SCHEMA["primaryKey"]) for row in rows]
    assert len(keys) == len(set(keys))
