"""Tables, curves and claims: from made results, and before there are any."""

import pandas as pd
import pytest

from nasutils.methods.kshot_hypernet import tables
from nasutils.report import PublishedResults, Verdict, verdict
from nasutils.spaces.nasbench201 import OPS
from nasutils.study.results import results_file, write_metrics


def made(folder, figures):
    """Publish figures: item, row, column, metric, and a value a seed."""
    shared = {"paper": "kshot_hypernet", "scale": "bench", "device": "", "seconds": 1}
    rows = [
        dict(zip(("item", "row", "column", "metric"), place, strict=True))
        | {"seed": seed, "value": value, "version": "0", "job": "j", "note": "", **shared}
        for *place, values in figures
        for seed, value in enumerate(values)
    ]
    path = results_file("kshot_hypernet", folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_metrics(path, rows)
    return PublishedResults("kshot_hypernet", root=folder)


def claims_of(results, text):
    return [claim for claim in tables.claims(results) if claim.claim.startswith(text)]


def test_before_the_first_publication_only_arithmetic_is_claimed(tmp_path):
    results = PublishedResults("kshot_hypernet", root=tmp_path)
    verdicts = {claim.claim: verdict(claim) for claim in tables.claims(results)}
    (size,) = (claim for claim in verdicts if claim.startswith("N kernels"))
    assert verdicts.pop(size) == Verdict.PARTLY  # 31.6 times where the paper says 35
    assert set(verdicts.values()) == {Verdict.NOT_RUN}
    for item in tables._ITEMS:
        frame = tables.published(results, item).frame
        assert len(frame) == {"table2": 3, "table3": 2, "table4": 5}.get(item, 1)
        assert item in ("table2", "table3", "table4") or frame.iloc[0, 0] == "not published yet"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.4, 0.3, Verdict.PARTLY),  # on a smaller task, so no more than that
        (0.2, 0.5, Verdict.PARTLY),
        (-0.9, 0.3, Verdict.UNDECIDED),
        (-4.0, -2.0, Verdict.NOT_CONFIRMED),
    ],
)
def test_half_a_point_may_be_lost_on_average(tmp_path, low, high, expected):
    place = "scratch", "Kshot-Hypernet", "digits/30 cells"
    ends = {"difference": (low + high) / 2, "difference_low": low, "difference_high": high}
    results = made(tmp_path, [(*place, metric, [value]) for metric, value in ends.items()])
    (claim,) = claims_of(results, "without retraining")[:1]
    assert verdict(claim) == expected


def test_one_seed_decides_nothing_about_two_rows(tmp_path):
    def figures(seeds):
        return [
            ("table2", row, "digits/sample", f"test_accuracy_{kind}", [value] * seeds)
            for row, value in (("weight sharing", 30.0), ("Kshot-Hypernet", 40.0))
            for kind in ("mean", "max")
        ]

    text = "Kshot-Hypernet exceeds plain"
    (once,) = claims_of(made(tmp_path, figures(1)), text)
    (thrice,) = claims_of(made(tmp_path, figures(3)), text)
    assert verdict(once) == Verdict.UNDECIDED
    assert verdict(thrice) == Verdict.PARTLY
    assert thrice.ours == "+10.00 / +10.00"
    assert thrice.data == "digits"


def test_a_claim_has_a_line_for_each_data_set(tmp_path):
    figures = [
        ("table4", row, f"{truth}/all", "kendall_tau", [tau, tau + 0.01, tau])
        for truth in ("nb201-c10", "nb201-digits")
        for row, tau in (("ours", 0.6), ("K-shot", 0.7))
    ]
    lines = claims_of(made(tmp_path, figures), "it ranks better than K-shot")
    assert [line.data for line in lines] == ["CIFAR-10", "digits"]
    assert {verdict(line) for line in lines} == {Verdict.NOT_CONFIRMED}
    assert lines[0].ours == "−0.100"


def test_poor_cells_gain_and_good_cells_lose(tmp_path):
    ends = {"FairNAS": (30.0, 40.0), "baseline": (20.0, 50.0)}
    figures = [
        ("figure6", row, f"digits/tenth {n}", "test_accuracy_mean", [value, value + 0.1])
        for row, values in ends.items()
        for n, value in zip((1, 10), values, strict=True)
    ]
    (claim,) = claims_of(made(tmp_path, figures), "under FairNAS")
    assert verdict(claim) == Verdict.PARTLY
    assert claim.ours == "+10.00 gained / +10.00 lost"


def test_the_papers_figures_stand_before_ours(tmp_path):
    figures = [
        ("table2", "Hypernetwork", "digits/sample", "test_accuracy_mean", [30.0, 31.0]),
        ("table2", "Kshot-Hypernet", "nb201-digits/all", "kendall_tau", [0.5]),
    ]
    frame = tables.published(made(tmp_path, figures), "table2").frame.set_index("Kernels")
    assert list(frame.columns) == [
        "Paper, C100, mean (%)", "Paper, C100, best (%)", "Digits, mean (%)", "Digits, τ",
    ]  # fmt: skip
    assert frame.loc["Kshot-Hypernet"].tolist() == ["60.66", "68.40", "", "0.500"]
    assert frame.loc["Hypernetwork"].tolist() == ["", "", "30.5 ± 0.7", ""]
    assert frame.index[-1] == "Hypernetwork"


def test_curves_go_by_number(tmp_path):
    figures = [
        ("figure6", "SPOS", f"digits/tenth {n}", "test_accuracy_mean", [n, n + 1.0])
        for n in (10, 2, 1)
    ]
    results = made(tmp_path, figures)
    curve = tables.curves(results, "figure6", "SPOS", "digits")
    assert curve.to_dict() == {1.0: 1.5, 2.0: 2.5, 10.0: 10.5}
    assert tables.curves(results, "figure6", "SPOS", "c10-16px").empty


def test_live_tables_have_the_columns_that_there_are():
    figures = {("digits/sample", "test_accuracy_mean"): 31.26, ("other", "x"): 1.0}
    found = pd.DataFrame({"weight sharing": figures}).T
    frame = tables.live(found, "table2").frame
    assert frame.to_dict("list") == {"Kernels": ["weight sharing"], "mean (%)": ["31.3"]}
    assert tables.live(None, "table2") is None


def test_the_mixture_has_an_edge_a_row(tmp_path):
    figures = [
        ("beta", op, f"digits/edge {edge}", "weight", [edge / 10, edge / 10 + 0.1])
        for op in OPS
        for edge in range(6)
    ]
    found = tables.mixture(made(tmp_path, figures), "digits")
    assert list(found.columns) == list(OPS)
    assert found.loc["1 to 3"].tolist() == pytest.approx([0.45] * 5)  # edge 4
    assert tables.mixture(PublishedResults("kshot_hypernet", root=tmp_path), "c10-16px").empty


def test_drawings_say_where_nothing_is_published(tmp_path, monkeypatch):
    monkeypatch.setattr(tables.plt, "show", lambda: None)
    figures = [
        ("figure7", "ours", f"digits/{share} %", "test_accuracy", [float(share)])
        for share in (0, 50, 100)
    ]
    figures += [("beta", op, f"digits/edge {n}", "weight", [0.2]) for op in OPS for n in range(6)]
    results = made(tmp_path, figures)
    tables.draw_curves(results, "figure7", ("ours", "baseline"), ("x", "y"), upright=True)
    digits, cifar = tables.plt.gcf().axes
    assert digits.lines[0].get_ydata().tolist() == [0, 50, 100]
    assert [text.get_text() for text in cifar.texts] == ["not published yet"]
    tables.draw_mixtures(results)
    digits, cifar = tables.plt.gcf().axes
    assert [label.get_text() for label in digits.get_xticklabels()][:2] == ["none", "skip"]
    assert [text.get_text() for text in cifar.texts] == ["not published yet"]
    tables.plt.close("all")
