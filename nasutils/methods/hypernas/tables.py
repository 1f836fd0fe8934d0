"""The chapter's published tables, and the paper's figures beside ours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.methods.hypernas.experiments import PREDICTORS
from nasutils.methods.hypernas.methods import (
    AVERAGED,
    BOTH,
    GENERATED_TASK,
    NP_LAYERS,
    ONE_CELL,
    PROXY_TASK,
)
from nasutils.report import PublishedResults, Table, gain_text, printed_rows, table_of
from nasutils.report.numbers import plain_number

#: Column and metric -> heading and digits.
Columns = dict[tuple[str, str], tuple[str, int]]

#: Benchmark -> the largest number of labels, with which Table 2 is compared; and its heading there.
LARGEST = {"nb101-c10-30k": 424, "nb201-c10": 469, "nb201-c100": 469, "nb201-in16": 469}
HEADINGS = {
    "nb101-c10-30k": "NB101",
    "nb201-c10": "C10",
    "nb201-c100": "C100",
    "nb201-in16": "IN16",
}
#: Benchmark -> as the paper's tables have it; others have one name.
PRINTED = {"nb101-c10-30k": "nb101-c10", "nb101-naslib": "nb101-c10"}


def columns_of(
    id: str, sizes: Sequence[int], heading: str = "", metric: str = "kendall_tau", digits: int = 3
) -> Columns:
    """Return a column for each number of labels, headed by some words and the number."""
    start = f"{heading}, " if heading else ""
    return {(f"{id}/{size}", metric): (f"{start}{size}", digits) for size in sizes}


def _joint_columns(id: str, sizes: Sequence[int]) -> Columns:
    return columns_of(id, sizes, "τ", digits=2) | columns_of(id, sizes, "%", "accuracy", 1)


class Published(NamedTuple):
    """A table of an item of ours alone: ``first`` heads its rows, which are all where empty."""

    item: str
    columns: Columns
    first: str
    rows: tuple[str, ...] = ()


_TAU, _NB101 = "τ by labels", (50, 100, 172)
_WITH_PROXIES = ("Trees", "Trees + proxies", "Ours", GENERATED_TASK, PROXY_TASK, BOTH)
_JOINT = (*PREDICTORS, "HyperNAS", "HyperNAS, gain 2", "HyperNAS, our training", "HyperNAS-H",
          "GHN")  # fmt: skip

#: Name of a table -> the table.
PUBLISHED = {
    "neighbours": Published("neighbours", {
        ("nb201-c10/156", "kendall_tau"): ("NAS-Bench-201, 156 labels", 2),
        ("nb101-c10-30k/172", "kendall_tau"): ("NAS-Bench-101, 172 labels", 2),
        ("nb101-naslib/172", "kendall_tau"): ("172 of 292 labels", 2),
    }, "Encoder"),
    "proxies": Published("ranking", columns_of("nb201-c10-proxies", (39, 78, 156, 469), "NB201"),
                         _TAU, _WITH_PROXIES),
    "proxies-101": Published("ranking", columns_of("nb101-naslib-proxies", _NB101, "NB101"),
                             _TAU, _WITH_PROXIES),
    "stack": Published("ranking", columns_of("nb201-c10", (39, 78, 156)), _TAU,
                       ("NP", NP_LAYERS, ONE_CELL, "HyperNAS-P", "Ours")),
    "all-101": Published("ranking", columns_of("nb101-c10", (50, 100, 172, 424, 4236)), _TAU),
    "contexts": Published(
        "ranking",
        columns_of("nb201-c10", (39, 156), "NB201")
        | columns_of("nb101-naslib-20k", (172,), "NB101")
        | columns_of("mbv3-imagenet", (50, 200), "MBv3"),
        _TAU, ("NP", "HyperNAS-P", "Concatenate", "Position", "Ours", "Ours, positions"),
    ),
    "joint-201": Published("joint", _joint_columns("nb201-c10", (39, 78, 156)), "Trained", _JOINT),
    "joint-101": Published("joint", _joint_columns("nb101-naslib", _NB101), "Trained", _JOINT),
    "q": Published("joint", {
        ("nb201-c10/78", "kendall_tau"): ("τ", 3),
        ("nb201-c10/78", "accuracy"): ("Accuracy of generated networks (%)", 1),
    }, "Coefficient", ("q = 1.25", "HyperNAS", "q = 2", "q = 3")),
    "teacher": Published("teacher", {
        (f"{id}/generated", metric): (f"{text}: {heading}", 2)
        for id, text in (("nb201-c10", "NB201"), ("nb101-naslib", "NB101"))
        for metric, heading in (("mean", "mean"), ("kendall_tau", "τ"))
    }, "Of generated networks"),
    "spaces-mbv3": Published("ranking", columns_of("mbv3-imagenet", (50, 100, 200), "MobileNetV3"),
                             _TAU),
    "spaces": Published("ranking", columns_of("vit-c100", (50, 100), "ViT")
                        | columns_of("nb301-approx-random", (200, 1000), "DARTS"), _TAU),
    "light": Published("search", {
        ("mbv3-imagenet/200", "top1_accuracy"): ("MBv3: top-1 (%)", 2),
        ("mbv3-imagenet/200", "flops_m"): ("MFLOPs", 0),
        ("nb301-approx-random/200", "accuracy"): ("DARTS, 200 (%)", 2),
        ("nb301-approx-random/1000", "accuracy"): ("DARTS, 1000 (%)", 2),
    }, "Found by"),
}  # fmt: skip


def show(results: PublishedResults, name: str) -> Table:
    """Return a table of ``PUBLISHED``, without rows that have no figure."""
    plan = PUBLISHED[name]
    frame = results.spread(plan.item, plan.columns, plan.rows or None)
    frame = frame[(frame != "").any(axis=1)]
    return table_of(frame.rename({"HyperNAS": "q = 1.5"} if name == "q" else {}), name, plan.first)


def _printed(item: str, row: str = "") -> pd.DataFrame:
    """Return the paper's figures of an item, or of one of its rows."""
    figures = load_paper_numbers("hypernas").query("item == @item")
    return figures[figures["row"] == row] if row else figures


def table1(results: PublishedResults, id: str, sizes: Sequence[int], name: str) -> Table:
    """Set the paper's taus and ours side by side, a column a number of labels."""
    ours = ["NP", "HyperNAS-P", "HyperNAS", "Trees", "Ours", AVERAGED, GENERATED_TASK]
    columns = columns_of(id, sizes)
    paper = ["NP", "PINAT", "CAP", "HyperNAS"]
    theirs = printed_rows("hypernas", "table1", columns, paper, beside=PRINTED)
    found = results.spread(("ranking", "joint"), columns, ours)
    return table_of(pd.concat([theirs, found]), name, _TAU)


#: What our recipe learns on NAS-Bench-101 -> the benchmark.
LESSON = {
    "292 cells, mostly small: validation": "nb101-naslib",
    "uniform cells: validation": "nb101-c10-30k",
    "uniform cells: mean test accuracy": "nb101-test",
}


def lesson(results: PublishedResults) -> Table:
    """Set what one recipe makes of three kinds of labels on NAS-Bench-101 side by side."""
    rows = {}
    for words, id in LESSON.items():
        found = results.spread("ranking", columns_of(id, (50, 100, 172, 424)), ["Ours"])
        rows |= {words: found.loc["Ours"]} if len(found) else {}
    return table_of(pd.DataFrame(rows).T, "lesson", "τ of Ours, which learns")


def tried(results: PublishedResults) -> Table:
    """Set every setting of ours beside its alternatives: what each gains over ours."""
    places = {"nb201-c10/156": "NAS-Bench-201", "nb101-naslib/172": "NAS-Bench-101"}
    columns = {(place, "kendall_tau"): (title, 3) for place, title in places.items()}
    chosen = results.spread("choice", columns)
    rows = sorted(chosen.index, key=lambda row: (row != "ours", row))
    table = pd.DataFrame(index=rows)
    for place, title in places.items():
        gains = [results.gain("choice", row, "ours", place, "kendall_tau") for row in rows]
        table[title] = [*map(gain_text, gains)]
    if "ours" in chosen.index:
        table.loc["ours"] = [f"τ {text}" if text else "" for text in chosen.loc["ours"]]
    return table_of(table.loc[:, (table != "").any()], "tried", "Setting")


def table2(results: PublishedResults) -> Table:
    """Set the paper's zero-cost scores beside predictors of ours: tau, and rho in brackets."""
    printed = _printed("table2").pivot_table("value", "row", ["column", "metric"], sort=False)
    metrics, table = ["kendall_tau", "spearman"], {}
    for id, heading in HEADINGS.items():
        pairs = printed[PRINTED.get(id, id)][metrics].itertuples()
        table[heading] = {f"{row} (paper)": _both(*pair) for row, *pair in pairs}
        for row in ("HyperNAS-P", "Trees", "Ours"):
            place = row, f"{id}/{LARGEST[id]}"
            table[heading][row] = _both(*(results.mean("ranking", *place, m) for m in metrics))
    return table_of(pd.DataFrame(table), "table2", "τ (ρ)")


def _both(tau: float, rho: float) -> str:
    return "" if np.isnan(tau) else f"{plain_number(tau, 2)} ({plain_number(rho, 2)})"


def table6(results: PublishedResults, metric: str, name: str, first: str) -> Table:
    """Set what the paper finds on NAS-Bench-201 beside our finds, by one kind of accuracy."""
    ids = ["nb201-c10", "nb201-c100", "nb201-in16"]
    printed = _printed("table6", "HyperNAS").query("metric == @metric").set_index("column")
    theirs = {HEADINGS[id]: "{value:.2f} ± {std:.2f}".format(**printed.loc[id]) for id in ids}
    columns = {(f"{id}/156", metric): (HEADINGS[id], 2) for id in ids}
    ours = results.spread("search", columns)
    ours = ours[ours.index.str.contains("quer") & (ours != "").all(axis=1)]
    paper = pd.DataFrame({"HyperNAS (paper)": theirs}).T
    return table_of(pd.concat([paper, ours]), name, first)


def table9(results: PublishedResults) -> Table:
    """Return the seconds of training of one predictor."""
    rows = {
        "NP": ("training", "NP"),
        "HyperNAS-P": ("training", "HyperNAS-P"),
        "Ours": ("training", "Ours"),
        "HyperNAS (reduced networks)": ("joint", "HyperNAS"),
    }
    places = {"NB101, 172": "nb101-naslib/172", "NB201, 156": "nb201-c10/156"}
    table = pd.DataFrame(index=[*rows])
    for heading, place in places.items():
        seconds = [results.mean(*figure, place, "seconds") for figure in rows.values()]
        table[heading] = ["" if np.isnan(mean) else f"{mean:.0f}" for mean in seconds]
    return table_of(table, "table9", "Seconds of training")


def table10(results: PublishedResults) -> Table:
    """Set the seconds of one prediction beside the paper's."""
    ours = results.spread("table10", {("nb101-naslib/one", "seconds"): ("Ours (s)", 4)})
    ours = ours.rename({"HyperNAS-P": "HyperNAS"})  # which predicts without its hypernetwork
    printed = _printed("table10").set_index("row")["value"]
    ours.insert(0, "Paper (s)", [f"{printed[r]:g}" if r in printed else "" for r in ours.index])
    return table_of(ours, "table10", "One architecture")
