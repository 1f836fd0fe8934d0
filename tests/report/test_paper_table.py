import itertools
import math

import numpy as np
import pytest

from nasutils import report
from nasutils.data.paper_numbers import PAPERS as PRINTED
from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.errors import DataError, UnknownNameError
from nasutils.report.contrast import paired_interval
from nasutils.study.results import PAPERS, results_file, write_metrics

TABLE2 = {"paper": "up_nas", "item": "table2", "column": "nb201-c10/original"}
MADE = {"device": "cpu x 2 (A)", "seconds": 100, "version": "0.1.0+gabc", "job": "nasutils batch x"}


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
    assert ("benchmarks", *PRINTED) == PAPERS


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
    for text in ("scale bench", "1 to 3 seeds", "cpu x 2 (A)", "7 min", "nasutils 0.1.0+gabc"):
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


def test_published_figure(root):
    where = {"item": "table2", "column": "nb201-c10/original", "metric": "kendall_tau"}
    figure = report.published("up_nas", row="Synflow", **where, root=root)
    assert (figure.mean, figure.seeds, str(figure)) == (pytest.approx(0.6), 3, "0.600 ± 0.100")
    assert figure.std == pytest.approx(0.1)
    demo = report.published("up_nas", row="Synflow", **where, scale="demo", root=root)
    assert str(demo) == "0.100"
    with pytest.raises(DataError, match="no published figure table2, Snip"):
        report.published("up_nas", row="Snip", **where, root=root)


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
    assert report.format_number(value, metric, std=std) == text


def test_paired_interval_covers_the_difference():
    rng = np.random.default_rng(0)
    shared, noise = rng.normal(size=20), rng.normal(size=(2, 20)) * 0.01
    low, high = paired_interval(shared + 0.1 + noise[0], shared + noise[1], rng=rng)
    # Pairing removes what the seeds share: standard error .014 / sqrt(20).
    assert low < 0.1 < high
    assert high - low == pytest.approx(2 * 1.96 * 0.0141 / math.sqrt(20), rel=0.4)
    for bad in ([0.1], [0.1, 0.2, 0.3], [[0.1, 0.2]]):
        with pytest.raises(DataError, match="cannot be paired"):
            paired_interval(bad, [0.1, 0.2], rng=rng)


def lab(rgb):
    """Return CIE L*, a*, b* of linear RGB."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ rgb / np.sum(matrix, axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def linear(colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def test_palette_is_readable_in_grey_and_by_the_colour_blind():
    colours = [linear(colour) for colour in report.PALETTE]
    lightness = sorted(lab(colour)[0] for colour in colours)
    assert np.diff(lightness).min() > 10
    # Viénot, Brettel and Mollon 1999: what a deuteranope and a protanope see.
    for matrix in (
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
        [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    ):
        seen = [lab(np.clip(np.array(matrix) @ colour, 0, 1)) for colour in colours]
        apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
        assert min(apart) > 20
    assert len(report.DASHES) == len(report.PALETTE)


def test_style_draws(tmp_path):
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with mpl.rc_context():
        report.use_style()
        figure, axes = plt.subplots(figsize=report.figure_size(0.5))
        lines = [axes.plot([0, 1], [n, 1])[0] for n in range(5)]
        figure.savefig(tmp_path / "x.png")
        plt.close(figure)
        assert [line.get_color() for line in lines] == list(report.PALETTE)
        assert len({str(line.get_linestyle()) for line in lines}) >= 4
        assert figure.get_size_inches()[0] == pytest.approx(report.WIDTH / 2)


def test_glue_without_a_page_prints(capsys):
    report.glue("best", "0.712")
    assert capsys.readouterr().out == "best = 0.712\n"
