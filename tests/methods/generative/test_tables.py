"""Tables and claims: from made results, and before there are any."""

import pandas as pd
import pytest

from nasutils.methods.generative import tables
from nasutils.methods.generative.pipeline import SIZES
from nasutils.networks.graphnet import Size
from nasutils.report import PublishedResults, Verdict, verdict
from nasutils.study.results import results_file, write_metrics


def made(folder, figures):
    """Publish figures: item, row, column, metric, and a value a seed."""
    shared = {"paper": "generative", "scale": "bench", "device": "", "seconds": 1}
    rows = [
        dict(zip(("item", "row", "column", "metric"), place, strict=True))
        | {"seed": seed, "value": value, "version": "0", "job": "j", "note": "", **shared}
        for *place, values in figures
        for seed, value in enumerate(values)
    ]
    path = results_file("generative", folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_metrics(path, rows)
    return PublishedResults("generative", root=folder)


def claim_of(results, text):
    return next(claim for claim in tables.claims(results) if text in claim.claim)


def test_before_the_first_publication_nothing_is_claimed(tmp_path):
    results = PublishedResults("generative", root=tmp_path)
    assert {verdict(claim) for claim in tables.claims(results)} == {Verdict.NOT_RUN}
    shown = [tables.published(results, item) for item in ("figure2", "table2", "obedience")]
    for table in (*shown, tables.accuracies(results), tables.other_tasks(results)):
        assert repr(table) == "Not published yet."


@pytest.mark.parametrize(
    ("naive", "full", "expected"),
    [
        ((30.0, 31, 30), (60.0, 61, 59), Verdict.PARTLY),
        ((60.0, 61, 59), (30.0, 31, 30), Verdict.NOT_CONFIRMED),
        ((30.0, 60, 30), (60.0, 31, 40), Verdict.UNDECIDED),
    ],
)
def test_the_triplet_claim_is_read_from_figure_2(tmp_path, naive, full, expected):
    place = "graphnet", "shared_cluster"
    figures = [
        ("figure2", "naive", *place, naive),
        ("figure2", "triplet and predictor", *place, full),
    ]
    claim = claim_of(made(tmp_path, figures), "triplet")
    assert verdict(claim) == expected
    assert f"{sum(full) / 3:.1f}" in claim.ours


def test_a_search_of_seconds_takes_minutes_at_most(tmp_path):
    results = made(tmp_path, [("table2", "SG+CCNF", "graphnet/1m", "seconds", (30.0, 31, 32))])
    assert verdict(claim_of(results, "takes minutes")) == Verdict.PARTLY  # reduced
    assert tables.published(results, "table2").frame["CPU seconds"].tolist() == ["31 ± 1"]


def test_the_flow_is_held_against_noise_that_goes_as_far(tmp_path):
    place = "cifar10", "distance"
    figures = [
        ("table1", "CCNF", *place, (2.0, 2.1, 1.9)),
        ("table1", tables.AS_FAR, *place, (4.0, 4.1, 3.9)),
    ]
    claim = claim_of(made(tmp_path, figures), "goes as far")
    assert verdict(claim) == Verdict.PARTLY  # reduced
    assert claim.ours == "distance 2.0 and 4.0"


def test_live_tables():
    frame = pd.DataFrame(
        {"zc_evals": [12.0], "t_cet": [3.2], "t_cet_top10": [2.9]}, index=["Random search"]
    )
    shown = tables.live(frame, "search").frame
    assert shown.iloc[0].tolist() == ["Random search", "12", "3", "3"]
    assert tables.live(None, "search") is None
    row = {"row": "cells", "asked": Size(0.5, 20.0), "params": 0.25, "flops": 10.0}
    shares = {"valid": 1.0, "unique": 0.5, "novel": 0.25}
    shown = tables.obedience(pd.DataFrame([{**row, **shares}])).frame
    assert shown.iloc[0].tolist() == [
        "cells", "0.500, 20.0", "0.250, 10.0", "100 %", "50 %", "25 %",
    ]  # fmt: skip
    assert tables.obedience(None) is None


def test_settings_stand_beside_the_papers():
    frame = tables.settings(SIZES["demo"]).frame.set_index("Network")
    assert frame.loc["G-VAE, paper", "Steps"] == "500,000"
    assert frame.loc["CCNF, paper", ["Batch", "Rate", "Weight decay"]].tolist() == [
        "256", "0.001", "0.01",
    ]  # fmt: skip
    assert frame.loc["CCNF, here", "Steps"] == f"{SIZES['demo'].flow.steps:,}"
