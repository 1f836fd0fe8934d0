"""The papers' numbers: complete, unique, in range, in agreement with what is known elsewhere."""

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from nasutils.data.paper_numbers import (
    BENCHMARKS,
    COLUMNS,
    METRICS,
    PAPERS,
    load_paper_numbers,
)
from nasutils.errors import UnknownNameError

ROOT = Path(__file__).parents[2]
KEY = ["paper", "item", "row", "column", "metric"]

# Printed figures of each table, counted on the page: rows x columns less the empty cells.
TABLES = {
    "hypernas": {
        "table1": 90,
        "table2": 12 * 8,
        "table3": 75,
        "table4": 79,
        "table5": 5 * 6 + 4,
        "table6": 2 * 6,
        "table7": 50,
        "table8": 2 * 4,
        "table9": 4,
        "table10": 5,
        "table11": (13 + 13 + 2) + (14 + 14 + 2),
    },
    "kshot_hypernet": {"table1": 4 * 2, "table2": 3 * 2, "table3": 2 * 2, "table4": 5 * 2 - 1},
    "generative": {
        "table1": 29,
        "table2": 38,
        "table3": 67,
        "table4": 4 * 8,
        "table5": 5,
        "table6": 32,
    },
    "transferable": {
        "table1": 8 * 3,
        "table2": 3 * 8,
        "table3": 10 * 2,
        "table4": 9,
        "table5": 3 + 5 + 8,
        "table6": 2 * 12,
    },
    "up_nas": {
        "table1": 13 * 4,
        "table2": 16 * 2,
        "table3": 14 * 3,
        "table4": 11 * 3,
        "table5": 15 * 3,
        "table6": 6 * 3 + 4,
        "table7": 3 * 2,
    },
}


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    return load_paper_numbers()


@pytest.fixture(scope="module")
def value(numbers):
    """Look one figure up: value("up_nas", "table3", "Nwot", "nb201-c10", "test_accuracy")."""
    return numbers.set_index(KEY)["value"].sort_index()


def cells(numbers, paper, item, **where) -> pd.Series:
    """Return the values of a table, or of those of its rows that agree with ``where``."""
    chosen = (numbers["paper"] == paper) & (numbers["item"] == item)
    for column, wanted in where.items():
        chosen &= numbers[column] == wanted
    return numbers.loc[chosen, "value"]


def test_columns_are_the_documented_ones(numbers):
    assert list(numbers.columns) == list(COLUMNS)
    assert numbers["value"].notna().all()


def test_every_key_is_unique(numbers):
    assert numbers[numbers.duplicated(KEY)].empty


def test_the_vocabularies_cover_the_table_and_nothing_else(numbers):
    assert set(numbers["metric"]) == set(METRICS)
    assert set(numbers["column"].str.split("/").str[0]) == set(BENCHMARKS)
    assert set(numbers["paper"]) == set(PAPERS)


def test_names_are_well_formed(numbers):
    assert numbers["item"].str.fullmatch(r"table\d+|text").all()
    assert numbers["column"].str.fullmatch(r"[a-z0-9_-]+(/[A-Za-z0-9_.-]+)?").all()
    for text in ("row", "note"):
        assert (numbers[text] == numbers[text].str.strip()).all()
    assert (numbers["row"] != "").all()


@pytest.mark.parametrize("paper", PAPERS)
def test_every_table_is_complete(paper):
    counts = load_paper_numbers(paper)["item"].value_counts().drop("text", errors="ignore")
    assert counts.to_dict() == TABLES[paper]


@pytest.mark.parametrize(
    ("metric", "low", "high"),
    [
        (r"kendall_tau|spearman|weight", -1, 1),
        (r".*(accuracy|error|success_rate).*", 0, 100),
        (r"params_m", 0, 1000),
        (r"flops_m", 100, 20_000),
        (r"queries|rank|zc_evals", 1, 500_000),
        (r".*(gpu_hours|gpu_days)|seconds|nodes|log10_size", 0, 30_000),
    ],
)
def test_values_are_in_the_metric_s_range(numbers, metric, low, high):
    chosen = numbers[numbers["metric"].str.fullmatch(metric)]
    assert not chosen.empty
    assert chosen["value"].between(low, high).all(), chosen[~chosen["value"].between(low, high)]


def test_standard_deviations_are_not_negative(numbers):
    assert (numbers["std"].dropna() >= 0).all()
    assert numbers["std"].notna().sum() > 40


def test_one_paper_alone_is_a_part_of_all(numbers):
    parts = [load_paper_numbers(paper) for paper in numbers["paper"].unique()]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), numbers)


def test_an_unknown_paper_is_refused_with_the_valid_names():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'hypernas'.*up_nas"):
        load_paper_numbers("hypernass")


def test_the_bibliography_holds_every_paper_and_every_source():
    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,\s]+),$", bibliography, re.MULTILINE)
    sources = tomllib.loads((ROOT / "nasutils" / "data" / "sources.toml").read_text("utf-8"))
    assert len(keys) == len(set(keys))
    assert set(PAPERS.values()) <= set(keys)
    assert set(sources["works"]) <= set(keys)


# Facts that are known from elsewhere.


@pytest.mark.parametrize(
    ("column", "bound"), [("nb201-c10", 94.37), ("nb201-c100", 73.51), ("nb201-in16", 47.31)]
)
def test_upper_bounds_of_nasbench201(value, column, bound):
    for item in ("table3", "table4"):
        assert value["up_nas", item, "Upper Bound", column, "test_accuracy"] == bound


def test_no_nasbench201_accuracy_exceeds_the_best_cell(numbers):
    bounds = {"nb201-c10": 94.37, "nb201-c100": 73.51, "nb201-in16": 47.31}
    tested = numbers[numbers["metric"].str.startswith("test_accuracy")]
    for column, bound in bounds.items():
        assert tested.loc[tested["column"] == column, "value"].max() == bound


@pytest.mark.real_data
def test_kshot_baseline_is_the_benchmark_s_own(real_data, value):
    from nasutils.data import load_table

    table = load_table("nasbench201")
    for column, accuracy in (("nb201-c10", "test_c10"), ("nb201-c100", "test_c100")):
        of = value["kshot_hypernet", "table1", "baseline", column]
        assert of["test_accuracy_mean"] == pytest.approx(table[accuracy].mean(), abs=0.005)
        assert of["test_accuracy_max"] == pytest.approx(table[accuracy].max(), abs=0.005)


def test_kshot_layer_sizes_follow_from_its_formulas(value):
    channels, kernel, hidden, count = 256, 3, 64, 64
    stored = channels * channels * kernel**2 * count / 1e6
    generated = (channels * hidden * count + channels * kernel**2) / 1e6
    of = value["kshot_hypernet", "text"].xs("params_m", level="metric")
    assert of["Kshot", "layer/256x256x3x3"] == round(stored, 2)
    assert of["Kshot-Hypernet", "layer/256x256x3x3"] == round(generated, 2)


# Agreement within a paper: two places that state the same thing, or text that states a difference.


def test_hypernas_margins_over_pinat_are_those_of_the_text(numbers):
    tau = {
        row: cells(numbers, "hypernas", "table1", row=row).to_numpy()[-4:]
        for row in ("HyperNAS", "PINAT")
    }
    margins = tau["HyperNAS"] - tau["PINAT"]
    assert margins.round(3).tolist() == [0.173, 0.128, 0.134, 0.130]


def test_hypernas_sum_connectivity_is_hypernas(value):
    for labels in (50, 100, 172, 424):
        key = (f"nb101-c10/{labels}", "kendall_tau")
        assert (
            value["hypernas", "table8", "Sum", *key]
            == (value["hypernas", "table1", "HyperNAS", *key])
        )


@pytest.mark.parametrize(("row", "size"), [("HyperNAS-s", "small"), ("HyperNAS-b", "base")])
def test_hypernas_vit_choices_lie_in_their_search_space(value, row, size):
    found = value["hypernas", "table11", row].droplevel("metric")
    space = value["hypernas", "table5"].xs("setting", level="metric")
    slug = f"vit-{size}-imagenet"
    names = {"embed-dim": "Embed Dim", "mlp-ratio": "MLP Ratio", "heads": "Head Num"}
    names["depth"] = "Depth Num"
    for column, choice in found.items():
        name = names[re.sub(r"-\d+$", "", column.removeprefix(f"{slug}/"))]
        low, high, step = (space[name, f"{slug}/{part}"] for part in ("min", "max", "step"))
        assert low <= choice <= high
        assert (choice - low) % step == 0
    blocks = found.index.str.contains("heads-").sum()
    assert blocks == found[f"{slug}/depth"]


def test_up_nas_selects_with_zero_and_one_and_weighs_within_the_searched_range(numbers):
    selected = cells(numbers, "up_nas", "table1", column="up_selected")
    assert set(selected) == {0, 1}
    assert selected.sum() == 4
    assert cells(numbers, "up_nas", "table1", column="up_weighted").abs().max() == 1


def test_up_nas_top1_of_the_text_is_the_error_of_its_table(value):
    error = value["up_nas", "table5", "UP_selected", "darts-imagenet", "top1_error"]
    assert value["up_nas", "text", "UP_selected", "darts-imagenet", "top1_accuracy"] == 100 - error


def test_up_nas_upper_table_rows_of_its_own_agree_between_tables(numbers):
    for row in ("UP_sum", "UP_sum-", "UP_weighted", "UP_selected"):
        for item in ("table3", "table4"):
            assert cells(numbers, "up_nas", item, row=row).tolist() == [94.18, 71.59, 47.16]


def test_transferable_search_is_the_same_in_both_tables(value):
    for metric in ("queries", "test_accuracy"):
        assert (
            value["transferable", "table2", "CL-fine-tune", "nb101-c10", metric]
            == (value["transferable", "table3", "EA + CL-fine-tune", "nb101-c10", metric])
        )


def test_generative_pretraining_adds_up(numbers):
    assert cells(numbers, "generative", "table5").sum() == 31


def test_generative_drop_from_zennet_to_graphnet_is_that_of_the_text(value):
    for column in ("c10/1m", "c100/1m"):
        zennet, graphnet = (
            value["generative", "table2", f"Evo(T-CET), {space}", column, "test_accuracy"]
            for space in ("ZenNet", "GraphNet")
        )
        assert zennet - graphnet == pytest.approx(0.8)
