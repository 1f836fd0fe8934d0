"""A chapter's published figures: means, seeds and texts, and what there is before the first."""

import math

import pytest

from nasutils.report.claims import NOT_REPRODUCED, PARTLY, REPRODUCED, verdict
from nasutils.report.published_results import Figures, table_of
from nasutils.study.results import COLUMNS, results_file, write_metrics

TAU = ("table2", "Synflow", "nb201-c10", "kendall_tau")


def line(row, seed, value, scale="bench", column="nb201-c10"):
    figure = {"paper": "up_nas", "item": "table2", "row": row, "column": column}
    figure |= {"metric": "kendall_tau", "seed": seed, "value": value, "scale": scale}
    return figure | {"device": "a machine", "seconds": 1, "version": "0", "job": "j"}


@pytest.fixture
def figures(tmp_path):
    rows = [line("Synflow", 1, -0.5), line("Synflow", 0, -0.3), line("Nwot", 0, 0.6)]
    rows += [line("Synflow", 0, 0.9, scale="demo"), line("Nwot", 0, 0.1, column="nb101-c10")]
    assert set(rows[0]) == set(COLUMNS)
    path = results_file("up_nas", tmp_path)
    path.parent.mkdir(parents=True)
    write_metrics(path, rows)
    return Figures("up_nas", root=tmp_path)


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
    figures = Figures("hypernas", root=tmp_path)
    assert figures.of(*TAU) == "?"
    assert math.isnan(figures.mean(*TAU))
    assert figures.by_seed(*TAU).empty
    table = figures.spread("table2", {TAU[2:]: ("C10", 2)})
    assert table.empty
    assert (table.index + "!").empty  # an index of texts


@pytest.mark.parametrize(
    ("holds", "partly", "word"),
    [
        (True, False, REPRODUCED),
        (True, True, REPRODUCED),
        (False, True, PARTLY),
        (False, False, NOT_REPRODUCED),
    ],
)
def test_verdicts(holds, partly, word):
    assert verdict(holds, partly) == word
