"""A chapter's published figures: means, seeds and texts, and what there is before the first."""

import math

import pytest

from nasutils.report.prose import glue, glue_figures
from nasutils.report.published_results import PublishedResults
from nasutils.report.table import table_of
from nasutils.study.results import COLUMNS, results_file, write_metrics

TAU = ("table2", "Synflow", "nb201-c10", "kendall_tau")


def line(row, seed, value, scale="bench", column="nb201-c10"):
    figure = {"paper": "up_nas", "item": "table2", "row": row, "column": column}
    figure |= {"metric": "kendall_tau", "seed": seed, "value": value, "scale": scale}
    return figure | {"device": "a machine", "seconds": 1, "version": "0", "job": "j", "note": ""}


@pytest.fixture
def figures(tmp_path):
    rows = [line("Synflow", 1, -0.5), line("Synflow", 0, -0.3), line("Nwot", 0, 0.6)]
    rows += [line("Synflow", 0, 0.9, scale="demo"), line("Nwot", 0, 0.1, column="nb101-c10")]
    assert set(rows[0]) == set(COLUMNS)
    path = results_file("up_nas", tmp_path)
    path.parent.mkdir(parents=True)
    write_metrics(path, rows)
    return PublishedResults("up_nas", root=tmp_path)


def test_one_figure(figures):
    assert str(figures.of(*TAU)) == "−0.400 ± 0.141"
    assert figures.mean(*TAU) == pytest.approx(-0.4)
    assert figures.by_seed(*TAU).to_dict() == {0: -0.3, 1: -0.5}


def test_a_table(figures):
    columns = {("nb201-c10", "kendall_tau"): ("C10", 2), ("nb101-c10", "kendall_tau"): ("NB101", 1)}
    table = figures.spread("table2", columns)
    assert table.to_dict("index") == {
        "Synflow": {"C10": "−0.40 ± 0.14", "NB101": ""},
        "Nwot": {"C10": "0.60", "NB101": "0.1"},
    }
    shown = table_of(table, "two", "Proxy")
    assert list(shown.frame.columns) == ["Proxy", "C10", "NB101"]


def test_gains_are_of_common_seeds(figures):
    item, synflow, column, metric = TAU
    gain = figures.gain(item, "Nwot", synflow, column, metric)
    assert gain.to_dict() == {0: pytest.approx(0.9)}  # seed 1 has no Nwot
    lines = figures.contrast(item, synflow, synflow, [column, "nb101-c10"], metric).lines
    assert lines["Where"].tolist() == [column]
    assert lines["Gain"].tolist() == [0]


def test_before_anything_is_published(tmp_path):
    figures = PublishedResults("hypernas", root=tmp_path)
    assert str(figures.of(*TAU)) == f"{figures.of(*TAU):.2f}" == "?"
    assert figures.effect(*TAU).interval is None
    assert figures.pivot("table2", "kendall_tau").empty
    assert math.isnan(figures.mean(*TAU))
    assert figures.by_seed(*TAU).empty
    table = figures.spread("table2", {TAU[2:]: ("C10", 2)})
    assert table.empty
    assert (table.index + "!").empty  # an index of texts


def test_rows_in_order(figures):
    columns = {("nb201-c10", "kendall_tau"): ("C10", 2)}
    wanted = ("Nwot", "Snip", "Synflow")
    assert [*figures.spread("table2", columns, wanted).index] == ["Nwot", "Synflow"]
    assert figures.spread(["table2", "table3"], columns).shape == (2, 1)


def test_of_several_scales_the_last_counts(figures):
    both = PublishedResults("up_nas", ("demo", "bench"), figures.root)
    assert both.by_seed(*TAU).to_dict() == {0: -0.3, 1: -0.5}
    turned = PublishedResults("up_nas", ("bench", "demo"), figures.root)
    assert turned.by_seed(*TAU).to_dict() == {0: 0.9}
    assert turned.mean("table2", "Nwot", "nb201-c10", "kendall_tau") == 0.6


def test_pivot_orders_rows_by_their_numbers_and_averages_seeds(tmp_path):
    rows = [line("bin 10", 0, 1), line("bin 2", 0, 2), line("bin 2", 1, 4), line("bin 1", 0, 3)]
    rows += [line("bin 1", 0, 7, column=name) for name in ("nb301-surrogate", "mine", "nb101-test")]
    path = results_file("up_nas", tmp_path)
    path.parent.mkdir(parents=True)
    write_metrics(path, rows)
    table = PublishedResults("up_nas", root=tmp_path).pivot("table2", "kendall_tau")
    assert table["nb201-c10"].to_dict() == {"bin 1": 3, "bin 2": 3, "bin 10": 1}
    assert list(table.index) == ["bin 1", "bin 2", "bin 10"]
    assert list(table) == ["nb101-test", "nb201-c10", "nb301-surrogate", "mine"]


def test_evidence_of_a_figure(figures):
    effect = figures.effect(*TAU, printed="-0.45", direction=-1)
    assert effect.interval == pytest.approx((-0.4 - 12.7062 * 0.1, -0.4 + 12.7062 * 0.1))
    assert (effect.figure, effect.tolerance, effect.direction) == (-0.45, 0.005, -1)


def test_figures_in_sentences(figures, capsys):
    missing = ("table2", "Snip", "nb201-c10", "kendall_tau")
    glue_figures(figures, {"a": (TAU, ".1f"), "b": (TAU, ""), "c": (missing, ".1f")})
    glue("d", figures.of(*missing))
    assert capsys.readouterr().out.splitlines() == [
        "a = −0.4",
        "b = −0.400 ± 0.141",
        "c = ?",
        "d = ?",
    ]
