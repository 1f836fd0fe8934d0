"""The transferable predictor: enough runs of everything, and they say what the text says."""

from pathlib import Path

import numpy as np
import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.transferable import tables
from nasutils.report import PublishedResults

ROOT = Path(__file__).parents[2]
BOOK = PublishedResults("transferable", root=ROOT)
MAIN, ALL = tuple(tables.MAIN), tuple(tables.TARGETS)


def rho(row, column, item="transfer"):
    return BOOK.mean(item, row, column, "spearman")


def test_every_row_has_its_runs():
    rows = BOOK.rows[(BOOK.rows["item"] == "transfer")]
    counts = rows.groupby(["row", "column"])["seed"].nunique()
    assert len(counts)
    for (row, column), count in counts.items():
        assert count == (5 if "GNN" in row else 10), (row, column)


def test_every_search_has_five_runs():
    rows = BOOK.rows[(BOOK.rows["item"] == "table2")]
    assert set(rows.groupby(["row", "column", "metric"])["seed"].nunique()) == {5}


@pytest.mark.parametrize("column", ALL)
def test_contrastive_training_at_the_papers_temperature_is_idle(column):
    assert rho("Untrained encoder", column) >= rho("CL-fine-tune", column)


@pytest.mark.parametrize("column", ALL)
def test_a_temperature_that_fits_the_distances_helps(column):
    assert rho("CL, weights at .005", column) > rho("CL-fine-tune", column)


@pytest.mark.parametrize("column", MAIN)
def test_a_higher_rate_helps(column):
    assert rho("CL, rate 1e-3", column) > rho("CL-fine-tune", column)
    assert rho("Untrained encoder, rate 1e-3", column) > rho("Untrained encoder", column)


@pytest.mark.parametrize("column", MAIN)
def test_counting_beats_the_method_as_written(column):
    assert rho("Ridge", column) > rho("CL-fine-tune", column)


def test_paths_help_ridge_regression():
    gains = {column: rho("Ridge + paths", column) - rho("Ridge", column) for column in ALL}
    assert min(gains.values()) > -0.002
    assert [round(gains[f"{id}/50"], 2) for id in ("nb301-approx-1k", "nb101-test-5k")] == [
        0.05,
        0.04,
    ]
    for column in MAIN:
        assert rho("Ours", column) > rho("Ridge + paths", column)


def test_mobilenets_are_ranked_backwards_without_labels_but_by_messages_alone():
    rows = BOOK.rows.query("item == 'zero-shot' and column == 'mbv3-imagenet'")["row"].unique()
    above = [row for row in rows if rho(row, "mbv3-imagenet", "zero-shot") > 0]
    assert above == ["CL, message passing alone"]


def test_the_rate_is_worth_more_than_training_at_the_papers_temperature_not_at_a_tenth():
    for column in MAIN:
        rate = rho("CL, rate 1e-3", column) - rho("CL-fine-tune", column)
        assert rate > rho("CL-fine-tune", column) - rho("Untrained encoder", column)
    for column in ("nb301-approx-1k/50", "mbv3-imagenet/50"):
        assert rho("CL, weights at .005", column) > rho("CL, rate 1e-3", column)


def test_the_mean_of_both_is_the_best_row():
    rows = BOOK.rows.query("item == 'transfer'")["row"].unique()
    for column in ALL:
        assert max(rows, key=lambda row: rho(row, column)) == "Ours + GNN"


def test_learning_from_answers_finds_the_same_cell_in_every_run():
    for column, rank in (("nb101-test", 2), ("nb201-c10", 1)):
        assert set(BOOK.by_seed("table2", "Ours + answers", column, "rank")) == {rank}


def test_queries_are_those_of_table_6():
    for row, column, queries in (
        ("CL-fine-tune", "nb101-test", 700),
        ("CL-fine-tune", "nb201-c10", 100),
        ("Random", "nb301-approx", 800),
    ):
        assert BOOK.mean("table2", row, column, "queries") == queries


@pytest.mark.real_data
def test_the_two_cells_of_nasbench101_have_the_ranks_and_accuracies_of_the_text(real_data):
    best_first = np.sort(get_benchmark("nb101-test").test_accuracy)[::-1]
    assert [round(value, 2) for value in best_first[[0, 15]]] == [94.32, 94.09]
