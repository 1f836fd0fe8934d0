"""Tables of estimates are drawn: the interval, the paper's mark, and where both lie on the axis."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from nasutils.metrics.intervals import mean_interval
from nasutils.report.contrast import Contrast, table_of_contrasts
from nasutils.report.estimate import Estimate
from nasutils.report.forest import Line, forest, panels_of
from nasutils.report.table import Table, table_of

VALUES = np.array([0.5, 0.6, 0.7])


def estimate(*values, metric="kendall_tau"):
    return Estimate.of(values, 3, metric)


def drawing(page):
    """Return the panels of a figure as XML."""
    return [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_an_estimate_is_its_text_and_its_numbers():
    found = estimate(*VALUES)
    assert found == "0.600 ± 0.100"
    assert (f"{found}", found.short, found.mean) == ("0.600 ± 0.100", "0.600", pytest.approx(0.6))
    assert found.interval == mean_interval(VALUES)
    assert estimate(0.5).interval is None
    assert found != ""
    assert {found: 1}["0.600 ± 0.100"] == 1


def test_estimates_survive_what_tables_do_with_cells():
    frame = pd.DataFrame({"τ": {"a": estimate(*VALUES)}})
    frame["gain"] = [Estimate.of_gain(VALUES)]
    both = pd.concat([pd.DataFrame({"τ": {"a (paper)": "0.7"}}), frame]).fillna("")
    assert isinstance(both.loc["a", "τ"], Estimate)
    assert both.loc["a", "gain"] == "+0.600 ± 0.058"


def test_rows_and_columns_of_the_paper_stand_beside_ours():
    ours = {"NP": estimate(*VALUES), "Ours": estimate(0.9, 0.8)}
    rows = pd.DataFrame({"τ": {"CAP (paper)": "−0.4", "NP (paper)": "0.7 ± 0.1", **ours}})
    lines = panels_of(rows)["τ"]
    assert [(line.label, line.paper) for line in lines] == [
        ("CAP", -0.4), ("NP", 0.7), ("Ours", None)
    ]  # fmt: skip
    assert [line.ours for line in lines] == [None, *ours.values()]
    columns = pd.DataFrame({"Paper, τ": {"NP": "0.7", "Ours": ""}, "τ": ours})
    assert [line.paper for line in panels_of(columns)["τ"]] == [0.7, None]


def test_what_is_not_compared_is_not_drawn():
    costs = pd.DataFrame({"Seconds": {"a": estimate(1.0, 2.0, metric="seconds")}})
    assert panels_of(costs) == {}
    assert panels_of(pd.DataFrame({"τ": {"a": estimate(0.5)}})) == {}
    mixed = {"base": estimate(*VALUES), "a": Estimate.of_gain(VALUES)}
    assert [line.label for line in panels_of(pd.DataFrame({"τ": mixed}))["τ"]] == ["a"]


def test_the_drawing_places_ours_and_the_papers_on_one_axis():
    near, far = Line("near", estimate(0.6, 0.6), "0.6"), Line("far", estimate(0.8, 0.8), "0.7")
    [panel] = drawing(forest({"τ": [near, far]}, ""))
    x = [float(dot.get("cx")) for dot in panel.iter("circle")]
    marks = [float(path.get("d")[1:].split()[0]) + 5 for path in panel.iter("path")]
    assert marks[0] == pytest.approx(x[0], abs=0.11)
    assert marks[1] == pytest.approx(sum(x) / 2, abs=0.11)
    texts = [text.text for text in panel.iter("text")]
    assert {"near", "far", "0.600", "0.800"} <= set(texts)


def test_a_long_interval_is_cut_and_says_so():
    wide = Line("wide", estimate(0.1, 0.9))
    [panel] = drawing(forest({"τ": [wide, Line("a", estimate(0.4, 0.41))]}, ""))
    assert len([*panel.iter("path")]) == 2  # an arrow at each end
    width = float(panel.get("viewBox").split()[2])
    ends = [float(line.get(name)) for line in panel.iter("line") for name in ("x1", "x2")]
    assert min(ends) > 0
    assert max(ends) < width


def test_a_page_shows_the_drawing_and_folds_the_table():
    frame = pd.DataFrame({"39": {"<i>": estimate(*VALUES)}})
    page = table_of(frame, "t", "τ by labels")._repr_html_()
    assert page == table_of(frame, "t", "τ by labels")._repr_html_()
    assert page.index("<svg") < page.index("<details>") < page.index("<table")
    assert "τ by labels: 39" in page
    assert "<i>" not in page
    assert "<details>" not in table_of(frame.map(str), "t", "τ")._repr_html_()


def test_contrasts_are_drawn_by_place():
    gains = {"C10": pd.Series(VALUES), "C100": pd.Series(-VALUES)}
    lines = table_of_contrasts([Contrast.of("Ours", "NP", gains)])
    table = Table(lines, "t", words=("Row", "Against", "Where"))
    assert {place: [line.label for line in each] for place, each in table.panels.items()} == {
        "C10": ["Ours − NP"], "C100": ["Ours − NP"]
    }  # fmt: skip
    signs = [line.ours.mean > 0 for each in table.panels.values() for line in each]
    assert signs == [True, False]
