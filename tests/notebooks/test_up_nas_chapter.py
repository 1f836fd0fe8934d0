"""UP-NAS: ten seeds of everything are published, and they say what the text says of them."""

from pathlib import Path

import pytest

from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.methods.up_nas.unify import PROXY_NAMES, UNIFIED
from nasutils.report import PublishedResults
from nasutils.spaces.darts import DARTSGenotype
from nasutils.study import load_results

ROOT = Path(__file__).parents[2]
RESULTS = load_results("up_nas", ROOT).query("scale == 'bench'")
PUBLISHED = PublishedResults("up_nas", root=ROOT)


def figure(item, row, column, metric):
    return PUBLISHED.of(item, row, column, metric)


@pytest.mark.parametrize(
    "item",
    [
        "table1", "table2", "table3", "table4", "table6", "table7", "normalisation", "transfer",
        "search", "darts", "reconstruction", "completed", "cost", "darts_cell",
    ],
)  # fmt: skip
def test_every_figure_has_ten_seeds(item):
    rows = RESULTS[RESULTS["item"] == item]
    if item == "search":  # the controls have fewer
        rows = rows[~rows["row"].str.contains("as many") & (rows["metric"] != "predictor_rows")]
    seeds = rows.groupby(["row", "column", "metric"])["seed"].nunique()
    assert len(seeds)
    assert set(seeds) == {10}


def test_our_proxies_are_compared_on_200_cells():
    ours = "nb201-c10-proxies/ours"
    assert figure("agreement", "cells", ours, "count").mean >= 200
    for proxy in ("Snip", "grad_norm", "Synflow", "Nwot", "fisher", "Flops", "Params"):
        assert figure("agreement", proxy, ours, "spearman").mean >= 0.95, proxy


def test_unified_proxy_passes_the_paper():
    paper = load_paper_numbers("up_nas").set_index(["item", "row", "column"])["value"]
    for version in ("original", "predicted"):
        column = f"nb201-c10-proxies/{version}"
        ours = figure("table2", "UP_weighted", column, "kendall_tau").mean
        assert ours > paper["table2", "UP_weighted", f"nb201-c10/{version}"]
        assert ours > max(figure("table2", p, column, "kendall_tau").mean for p in PROXY_NAMES)
    original = figure("table2", "UP_weighted", "nb201-c10-proxies/original", "kendall_tau")
    assert round(original.mean, 2) == 0.75


def test_the_same_cells_have_the_papers_accuracies():
    # What Snip, SynFlow and NASWOT rank highest is no matter of luck: both lookups must agree.
    paper = load_paper_numbers("up_nas").set_index(["item", "row", "column"])["value"]
    for proxy in ("Snip", "Synflow", "Nwot", "Zen", "Upper Bound"):
        for data in ("c10", "c100", "in16"):
            ours = figure("table3", proxy, f"nb201-{data}", "test_accuracy").mean
            assert ours == pytest.approx(paper["table3", proxy, f"nb201-{data}"], abs=0.011)


def test_found_darts_cells_are_cells():
    rows = RESULTS[(RESULTS["item"] == "darts_cell")]
    for _, numbers in rows.groupby(["column", "seed"]):
        edges = numbers.set_index("row")["value"]
        DARTSGenotype.from_numbers([edges[f"edge {i}"] for i in range(16)])
    assert set(rows["column"]) <= set(UNIFIED)


def test_every_column_names_its_benchmark_or_what_the_paper_calls_it():
    ids = {column.partition("/")[0] for column in RESULTS["column"]}
    assert ids - set(BENCHMARKS) == {"nb301-approx", "darts", "up_weighted", "up_selected"}


def test_the_ascents_have_the_figures_of_the_text():
    rows = "Gradient Ascent", "Gradient Ascent until invalid", "best of all 15,625"
    found = [figure("search", row, "nb201-c10", "test_accuracy").mean for row in rows]
    found.append(figure("table3", "UP_weighted", "nb201-c10", "test_accuracy").mean)
    assert [round(value, 2) for value in found] == [94.35, 94.36, 94.36, 94.31]


def test_the_papers_weights_fit_raw_scores_alone():
    column = "nb201-c10-proxies/paper's UP_weighted"
    taus = {
        row: figure("normalisation", row, column, "kendall_tau").mean
        for row in ("raw", "min_max", "flan", "z_score", "rank", "normal_score")
    }
    assert round(taus.pop("raw"), 2) == 0.72
    assert [round(tau, 2) for tau in (min(taus.values()), max(taus.values()))] == [0.33, 0.66]


@pytest.mark.parametrize("row", ["UP_weighted", "UP_selected"])
def test_the_predicted_sum_ranks_better_than_the_computed_one(row):
    for item, id in (("table2", "nb201-c10-proxies"), ("darts", "nb301-surrogate")):
        computed, predicted = (
            figure(item, row, f"{id}/{version}", "kendall_tau").mean
            for version in ("original", "predicted")
        )
        assert predicted > computed
