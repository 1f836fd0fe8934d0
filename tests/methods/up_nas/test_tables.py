"""Tables, sentences and claims: from made results, and before there are any."""

import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.up_nas import tables
from nasutils.report import PublishedResults, Verdict, verdict
from nasutils.spaces.darts import DARTS_V2
from nasutils.study.results import results_file, write_metrics

SCORED, LOOKED_UP = "nb201-c10-proxies", "nb201-c10"


def made(folder, figures):
    """Publish figures: item, row, column, metric, and a value a seed."""
    shared = {"paper": "up_nas", "scale": "bench", "device": "", "seconds": 1}
    rows = [
        dict(zip(("item", "row", "column", "metric"), place, strict=True))
        | {"seed": seed, "value": value, "version": "0", "job": "j", **shared}
        for *place, values in figures
        for seed, value in enumerate(values)
    ]
    path = results_file("up_nas", folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_metrics(path, rows)
    return PublishedResults("up_nas", root=folder)


def claim_of(results, text):
    return next(claim for claim in tables.claims(results) if claim.claim.startswith(text))


def test_before_the_first_publication_nothing_is_claimed(tmp_path):
    results = PublishedResults("up_nas", root=tmp_path)
    assert {verdict(claim) for claim in tables.claims(results)} == {Verdict.NOT_RUN}
    for item in ("yardstick", "normalisation", "search", "transfer", "darts", "table6"):
        assert tables.published(results, item).frame.empty
    assert tables.agreement(results).frame.empty
    assert tables.darts_cells(results) == {}


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        ((0.14, 0.135, 0.136), Verdict.PARTLY),  # on a part of the cells, so no more than that
        ((0.01, 0.011, 0.012), Verdict.PARTLY),
        ((-0.1, -0.12, -0.11), Verdict.NOT_CONFIRMED),
        ((-0.3, 0.3, 0.2), Verdict.UNDECIDED),
    ],
)
@pytest.mark.parametrize(
    ("item", "column", "data"),
    [("yardstick", "nb201-naslib", ""), ("table2", f"{SCORED}/original", "test accuracy judges")],
)
def test_the_best_single_proxy_is_what_the_sum_has_to_beat(
    tmp_path, gain, expected, item, column, data
):
    where = column, "kendall_tau"
    singles = dict.fromkeys(tables.PROXY_TITLES.values(), 0.4) | {"Nwot": 0.6}
    figures = [(item, row, *where, [tau] * 3) for row, tau in singles.items()]
    figures.append((item, "UP_weighted", *where, [0.6 + each for each in gain]))
    results = made(tmp_path, figures)
    text = "UP_weighted ranks better"
    lines = {each.data: each for each in tables.claims(results) if each.claim.startswith(text)}
    claim = lines[data]
    assert verdict(claim) == expected
    assert claim.ours.endswith("over 0.600")


def test_the_search_as_written_has_to_find_the_papers_cell(tmp_path):
    place = "as written", "end", LOOKED_UP, "test_accuracy"
    text = "UP_weighted finds a cell"
    for values, expected in (
        ([88.0, 88.4, 88.2], Verdict.NOT_REPRODUCED),
        ([94.1, 94.2, 94.3], Verdict.REPRODUCED),
    ):
        claim = claim_of(made(tmp_path, [(*place, values)]), text)
        assert (claim.changes, verdict(claim)) == ("", expected)


def test_what_prediction_loses_is_compared_with_the_papers_loss(tmp_path):
    taus = {"original": [0.7, 0.71, 0.72], "predicted": [0.6, 0.62, 0.61]}
    figures = [
        ("table2", "UP_weighted", f"{SCORED}/{version}", "kendall_tau", values)
        for version, values in taus.items()
    ]
    claim = claim_of(made(tmp_path, figures), "UP_weighted loses less")
    assert (claim.paper, claim.ours) == ("0.71 to 0.66", "0.710 to 0.610")
    assert verdict(claim) == Verdict.NOT_CONFIRMED


def test_an_ascent_that_errs_less_than_both_rivals_confirms_the_claim_in_part(tmp_path):
    def errors(offset):
        ways = {"Random": 5.0 + offset, "Evolutionary": 4.9 + offset, "Gradient Ascent": 4.5}
        return [
            ("table6", f"{way}_{name}", "nb301-approx", "surrogate_error", [e, e + 0.01, e])
            for way, e in ways.items()
            for name in ("weighted", "selected")
        ]

    text = "DARTS: ascent finds better cells"
    assert verdict(claim_of(made(tmp_path, errors(0)), text)) == Verdict.PARTLY
    assert verdict(claim_of(made(tmp_path, errors(-1)), text)) == Verdict.NOT_CONFIRMED


def test_four_different_cells_are_not_the_same_cell(tmp_path):
    def found(step):
        return [
            ("table3", row, LOOKED_UP, "test_accuracy", [94 - step * i] * 2)
            for i, row in enumerate(tables.UP_TITLES.values())
        ]

    text = "all four unified proxies find"
    assert verdict(claim_of(made(tmp_path, found(0.2)), text)) == Verdict.NOT_CONFIRMED
    assert verdict(claim_of(made(tmp_path, found(0)), text)) == Verdict.PARTLY


def test_the_search_table_names_the_papers_figures_and_its_rows_in_order(tmp_path):
    rows = ["mean of 1,000 random cells", "Gradient Ascent_weighted", "Random_weighted"]
    figures = [("table6", row, "nb301-approx", "surrogate_error", [5.0, 5.2]) for row in rows]
    frame = tables.published(made(tmp_path, figures), "table6").frame
    assert frame["Strategy, weights"].tolist() == [
        "Random, weighted", "Ascent, weighted", "mean of 1,000 random cells",
    ]  # fmt: skip
    assert frame["Paper (%)"].tolist() == ["2.88", "2.44", ""]
    assert frame["Ours (%)"].tolist() == ["5.10 ± 0.14"] * 3


def test_found_cells_come_back_as_genotypes(tmp_path):
    numbers = enumerate(DARTS_V2.canonical().numbers())
    figures = [("darts_cell", f"edge {i}", "up_weighted", "number", [n]) for i, n in numbers]
    assert tables.darts_cells(made(tmp_path, figures)) == {"UP_weighted": DARTS_V2.canonical()}


def test_agreement_keeps_proxies_that_another_source_lacks(tmp_path):
    where = ("spearman",)
    ours, other = f"{SCORED}/ours", f"{SCORED}/another public source"
    figures = [("agreement", "Zen", ours, *where, [0.9]), ("agreement", "Snip", ours, *where, [1])]
    figures.append(("agreement", "Snip", other, *where, [-0.5]))
    frame = tables.agreement(made(tmp_path, figures)).frame
    assert frame.to_dict("list") == {
        "Proxy": ["Snip", "Zen"],
        "Another public source": ["−0.500", ""],
        "Ours": ["1.000", "0.900"],
    }


def test_registry_is_ordered_by_tau():
    frame = tables.registry(get_benchmark("nb201-digits")).frame
    taus = [float(tau.replace("−", "-")) for tau in frame["τ"]]
    assert len(taus) == 13
    assert taus == sorted(taus, reverse=True)
    assert frame.set_index("Name").loc["params", "Needs"] == "the network alone"
