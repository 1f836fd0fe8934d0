"""Kshot-Hypernet: what is published is whole, and says what the text says of it."""

from pathlib import Path

import pytest

from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.methods.kshot_hypernet.supernets import FAMILIES_OF
from nasutils.report import PublishedResults

ROOT = Path(__file__).parents[2]
BOOK = PublishedResults("kshot_hypernet", root=ROOT)
FAMILIES = {family for families in FAMILIES_OF.values() for family in families}


def test_every_column_names_a_family_or_a_benchmark():
    ids = {column.partition("/")[0] for column in BOOK.rows["column"]}
    assert ids <= FAMILIES | set(BENCHMARKS)


@pytest.mark.parametrize("row", ["one-shot", "few-shot"])
def test_the_public_logs_do_not_rank_the_best(row):
    assert BOOK.mean("logs", row, "nb201-c10/all", "kendall_tau") < 0.6
    assert BOOK.mean("logs", row, "nb201-c10/top1000", "kendall_tau") < 0


def test_accuracies_lie_between_chance_and_certainty():
    rows = BOOK.rows.query("metric in ['test_accuracy', 'test_accuracy_mean', 'valid_accuracy']")
    assert rows["value"].between(0.9, 100).all()


def test_the_mean_is_below_the_best():
    for item in ("table2", "table3", "samplings", "teachers", "sizes"):
        rows = BOOK.rows[BOOK.rows["item"] == item]
        table = rows.pivot_table("value", ["row", "column", "seed"], "metric")
        if "test_accuracy_mean" in table:
            assert (
                table["test_accuracy_mean"].dropna() < table["test_accuracy_max"].dropna()
            ).all()
