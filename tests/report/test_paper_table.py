"""The paper's tables beside ours."""

import math

import pandas as pd
import pytest

from nasutils import report
from nasutils.data.paper_numbers import PAPERS as PRINTED
from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.errors import UnknownNameError
from nasutils.report.numbers import format_number
from nasutils.study.results import PAPERS, results_file, write_metrics

TABLE2 = {"paper": "up_nas", "item": "table2", "column": "nb201-c10/original"}
MADE = {
    "device": "cpu x 2 (A)",
    "seconds": 100,
    "version": "0.1.0+gabc",
    "job": "nasutils batch x",
    "note": "as of <old>",
}


@pytest.fixture
def root(tmp_path):
    """Return a checkout with published results: three seeds at bench, one at demo."""
    figures = [
        ("Synflow", "kendall_tau", "bench", 0, 0.5),
        ("Synflow", "kendall_tau", "bench", 1, 0.6),
        ("Synflow", "kendall_tau", "bench", 2, 0.7),
        ("<Ours>", "kendall_tau", "bench", 0, 0.65),
        ("Synflow", "kendall_tau", "demo", 0, 0.1),
    ]
    names = ("row", "metric", "scale", "seed", "value")
    rows = [{**TABLE2, **MADE, **dict(zip(names, figure, strict=True))} for figure in figures]
    write_metrics(results_file("up_nas", tmp_path), rows)
    return tmp_path


def test_papers_agree():
    assert ("benchmarks", *PRINTED, "leaderboard") == PAPERS


def test_table_sets_paper_beside_ours(root):
    table = report.paper_table("up_nas", "table2", root=root)
    frame = table.data
    original = "NB201 CIFAR-10 / original"
    assert list(frame.columns) == [
        (original, "paper"),
        (original, "ours"),
        ("NB201 CIFAR-10 / predicted", "paper"),
    ]
    assert frame.loc["Synflow", (original, "paper")] == "0.537"
    assert frame.loc["Synflow", (original, "ours")] == "0.600 ± 0.100"
    assert frame.loc["<Ours>", (original, "ours")] == "0.650"
    assert frame.loc["plain", (original, "paper")] == "−0.182"
    assert list(frame.index)[-1] == "<Ours>"

    page = table.to_html()
    assert "&lt;Ours&gt;" in page
    for text in (
        "Scale bench",
        "1 to 3 seeds",
        "cpu x 2 (A)",
        "7 min",
        "nasutils 0.1.0+gabc",
        "&lt;old&gt;",
    ):
        assert text in page
    assert "<code>nasutils batch x</code>" in page
    assert page == report.paper_table("up_nas", "table2", root=root).to_html()


def test_without_a_page_a_table_is_text(root):
    text = repr(report.paper_table("up_nas", "table2", root=root))
    assert text == repr(report.paper_table("up_nas", "table2", root=root))
    assert "Synflow" in text
    assert "0.537" in text


def test_the_best_is_bold(root):
    table = report.paper_table("up_nas", "table2", root=root)
    table._compute()
    bold = {
        (table.data.index[i], table.data.columns[j][1])
        for (i, j), props in table.ctx.items()
        if props
    }
    assert bold == {("UP_weighted", "paper"), ("<Ours>", "ours")}


def test_choices_of_a_table(root):
    ours = report.paper_table("up_nas", "table2", rows="ours", root=root).data
    assert set(ours.index) == {"Synflow", "<Ours>"}
    demo = report.paper_table("up_nas", "table2", scale="demo", rows="ours", root=root).data
    assert demo.to_numpy().tolist() == [["0.537", "0.100", "0.54"]]
    one = report.paper_table("hypernas", "table2", metric="spearman", root=root).data
    assert set(one.columns.get_level_values(1)) == {"paper"}


def test_smaller_errors_are_better(root):
    table = report.paper_table("up_nas", "table5", metric="top1_error", root=root)
    table._compute()
    numbers = load_paper_numbers("up_nas").query("item == 'table5' and metric == 'top1_error'")
    [bold] = {table.data.index[i] for (i, _), props in table.ctx.items() if props}
    assert bold == numbers.loc[numbers["value"].idxmin(), "row"]


def test_every_table_of_every_paper_can_be_set(root):
    numbers = load_paper_numbers()
    for (paper, item), rows in numbers.groupby(["paper", "item"], sort=False):
        frame = report.paper_table(paper, item, root=root).data
        assert (frame.to_numpy() != "").sum() >= len(rows)


@pytest.mark.parametrize(
    ("arguments", "choices", "message"),
    [
        (("up_nass", "table2"), {}, "paper 'up_nass'.*up_nas"),
        (("up_nas", "table20"), {}, "item of up_nas 'table20'.*table2"),
        (("up_nas", "table2"), {"metric": "tau"}, "metric of up_nas table2 'tau'.*kendall_tau"),
        (("up_nas", "table2"), {"scale": "huge"}, "scale"),
        (("up_nas", "table2"), {"rows": "some"}, "rows"),
        (("benchmarks", "fig1"), {}, "item of benchmarks"),
    ],
)
def test_unknown_names(root, arguments, choices, message):
    with pytest.raises(UnknownNameError, match=message):
        report.paper_table(*arguments, **choices, root=root)


def test_our_benchmark_may_stand_beside_another_of_the_papers(root):
    rows = [
        {**TABLE2, **MADE, "column": "nb201-c10-4096/original", "row": "Synflow", "seed": 0,
         "metric": "kendall_tau", "scale": "bench", "value": 0.5}
    ]  # fmt: skip
    write_metrics(results_file("up_nas", root), rows)
    apart = report.paper_table("up_nas", "table2", rows="ours", root=root).data
    assert ("NB201, 4,096 cells / original", "ours") in apart.columns
    beside = {"nb201-c10-4096": "nb201-c10"}
    table = report.paper_table("up_nas", "table2", rows="ours", beside=beside, root=root)
    assert table.data.loc["Synflow", ("NB201 CIFAR-10 / original", "ours")] == "0.500"
    assert "In place of NB201 CIFAR-10: NB201, 4,096 cells." in table.to_html()


@pytest.mark.parametrize(
    ("paper", "item", "headings"),
    [
        ("up_nas", "table2", {"NB201 CIFAR-10 / original", "NB201 CIFAR-10 / predicted"}),
        ("transferable", "table4", {"ImageNet, any search space"}),
        ("up_nas", "table5", {"DARTS cells trained on ImageNet"}),
    ],
)
def test_headings_are_the_registrys_or_else_the_papers(root, paper, item, headings):
    frame = report.paper_table(paper, item, root=root).data
    assert set(frame.columns.get_level_values(0)) == headings


def test_what_is_recorded_cannot_write_html(root):
    row = {**TABLE2, **MADE, "row": "x", "column": "<i>c</i>", "metric": "<b>m</b>"}
    rows = [{**row, "scale": "bench", "seed": 0, "value": 0.5, "device": "<u>d</u>"}]
    write_metrics(results_file("up_nas", root), rows)
    page = report.paper_table("up_nas", "table2", root=root).to_html()
    assert not [tag for tag in ("<i>", "<b>", "<u>") if tag in page]
    page = report.Table(pd.DataFrame({"<i>c</i>": ["<b>m</b>"]}), "t")._repr_html_()
    assert not [tag for tag in ("<i>", "<b>") if tag in page]


def test_printed_rows():
    columns = {
        ("nb101-naslib/50", "kendall_tau"): ("NB101, 50", 3),
        ("nb201-c10/39", "kendall_tau"): ("NB201, 39", 2),
    }
    beside = {"nb101-naslib": "nb101-c10"}
    rows = report.printed_rows("hypernas", "table1", columns, ["HyperNAS"], beside=beside)
    assert rows.to_dict("index") == {
        "HyperNAS (paper)": {"NB101, 50": "0.678", "NB201, 39": "0.67"}
    }
    every = report.printed_rows("hypernas", "table1", {("nb201-c10/39", "kendall_tau"): ("τ", 3)})
    assert "" not in every["τ"].tolist()
    assert "HyperNAS (paper)" in every.index


@pytest.mark.parametrize(
    ("value", "metric", "std", "text"),
    [
        (-0.18204, "kendall_tau", math.nan, "−0.182"),
        (94.3731, "test_accuracy", 0.049, "94.37 ± 0.05 %"),
        (3.3, "params_m", math.nan, "3.3"),
        (423624, "queries", math.nan, "423624"),
        (0.123456, "", 0.01, "0.1235 ± 0.01"),
    ],
)
def test_format_number(value, metric, std, text):
    assert format_number(value, metric, std=std) == text
