"""The chapter's claims, contrasts and sentences, from its published figures."""

from functools import partial

import pandas as pd

from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.methods.hypernas.experiments import ALONE
from nasutils.methods.hypernas.methods import (
    AVERAGED,
    BOTH,
    GENERATED_TASK,
    NP_LAYERS,
    ONE_CELL,
    PROXY_TASK,
)
from nasutils.methods.hypernas.tables import LARGEST, PRINTED
from nasutils.report import Claim, Contrast, Effect, PublishedResults, Table, table_of_contrasts


def _places(id: str, *sizes: int) -> list[str]:
    return [f"{id}/{size}" for size in sizes]


#: Benchmark -> the places of the paper's Table 1 that we have.
_TABLE1 = {
    "nb201-c10": _places("nb201-c10", 39, 78, 156, 469),
    "nb101-c10-30k": _places("nb101-c10-30k", 50, 100, 172, 424),
    "nb101-naslib": _places("nb101-naslib", 50, 100, 172),
}
# Those of the 292 labels come last: a row that has learnt uniform cells, too, has both.
_SPLITS = [place for places in _TABLE1.values() for place in places] + ["nb101-naslib/292"]
_NB201 = _TABLE1["nb201-c10"]
_WITH_PROXIES = _places("nb201-c10-proxies", 39, 78, 156, 469)
_WITH_PROXIES += _places("nb101-naslib-proxies", 50, 100, 172)
_MBV3 = _places("mbv3-imagenet", 50, 100, 200)
# Where the variants of HyperNAS-P were run.
_VARIANTS = _places("nb201-c10", 39, 78, 156) + _places("nb101-naslib-20k", 50, 100, 172)

#: Name of a contrast -> item, row, the row that it should exceed, columns and metric.
CONTRASTS = {
    "np": ("ranking", "HyperNAS-P", "NP", _SPLITS + _MBV3, "kendall_tau"),
    "settings": ("ranking", "HyperNAS-P", NP_LAYERS, _NB201, "kendall_tau"),
    "stack": ("ranking", "HyperNAS-P", ONE_CELL, _NB201, "kendall_tau"),
    "trees": ("ranking", "Ours", "Trees", _SPLITS, "kendall_tau"),
    "whole": ("ranking", "HyperNAS-P", "Trees", _MBV3, "kendall_tau"),
    "proxies": ("ranking", "Ours", "Trees + proxies", _WITH_PROXIES, "kendall_tau"),
    "pretrained": ("ranking", PROXY_TASK, "Trees + proxies", _WITH_PROXIES, "kendall_tau"),
    "both": ("ranking", BOTH, "Trees + proxies", _WITH_PROXIES, "kendall_tau"),
    "sum": ("ranking", "HyperNAS-P", "Concatenate", _VARIANTS, "kendall_tau"),
    "position": ("ranking", "HyperNAS-P", "Position", _VARIANTS, "kendall_tau"),
    "alone": ("joint", "HyperNAS", ALONE, _SPLITS, "kendall_tau"),
    "alone, gain 2": ("joint", "HyperNAS, gain 2", f"{ALONE}, gain 2", _NB201, "kendall_tau"),
    "teacher": ("ranking", GENERATED_TASK, AVERAGED, _SPLITS, "kendall_tau"),
    "generated": ("joint", "HyperNAS", "HyperNAS-H", _SPLITS, "accuracy"),
    "encoders": ("joint", "HyperNAS-H", "GHN", _SPLITS, "accuracy"),
}
_REDUCED = "reduced target networks"


def contrast(results: PublishedResults, name: str) -> Contrast:
    """Return one of ``CONTRASTS``."""
    return results.contrast(*CONTRASTS[name])


def intervals(results: PublishedResults) -> Table:
    """Return the intervals of all contrasts."""
    table = table_of_contrasts(contrast(results, name) for name in CONTRASTS)
    return Table(table, "intervals", words=("Row", "Against", "Where"))


def sentences(results: PublishedResults) -> dict[str, str]:
    """Return the figures that the chapter's sentences name: name -> text."""
    count, share = (
        results.of("pool", row, "nb101-naslib/seven vertices", "count")
        for row in ("labelled", "all")
    )
    said = {
        f"hypernas-{name}": contrast(results, name).said("splits")
        for name in ("pretrained", "both", "teacher")
    }
    return said | {"pool-seven": f"{count:.0f}", "table-seven": f"{share:.0f} %"}


def claims(results: PublishedResults) -> list[Claim]:
    """Return the paper's claims, and what became of them."""
    return [*_table1(results), *_contrasts(results), *_others(results)]


def _printed() -> pd.DataFrame:
    """Return Table 1 of the paper: by our columns HyperNAS's tau, and the best of all others."""
    figures = load_paper_numbers("hypernas").query("item == 'table1'")
    taus = figures.pivot_table("value", "row", "column")
    for id, name in PRINTED.items():
        same = {place: place.replace(name, id) for place in taus if place.startswith(f"{name}/")}
        taus = taus.assign(**{same[place]: taus[place] for place in same})
    others = taus[~taus.index.str.startswith("HyperNAS")].max()
    return pd.DataFrame({"HyperNAS": taus.loc["HyperNAS"], "others": others})


def _table1(results: PublishedResults) -> list[Claim]:
    """Return the claim of Table 1, of the paper's method and of two of ours.

    To rank no better than the best of other predictors in that table would be no effect.
    """
    paper = "joint", "HyperNAS", {"reduced": _REDUCED}
    ours = "ranking", "Ours", {"changes": "our recipe"}
    taught = "ranking", GENERATED_TASK, {"changes": "ours, the hypernetwork as teacher"}
    found = []
    for id, title, data, rows in (
        ("nb201-c10", "NAS-Bench-201", "", (paper, ours, taught)),
        ("nb101-c10-30k", "NAS-Bench-101", "judged on 30,001 cells", (ours, taught)),
        ("nb101-naslib", "NAS-Bench-101", "292 public labels", (paper,)),
    ):
        printed = _printed().loc[_TABLE1[id]]
        figures = [f"{tau:.3f}" for tau in printed["HyperNAS"]]
        for item, row, options in rows:
            taus = [(item, row, place, "kendall_tau") for place in printed.index]
            effects = tuple(
                results.effect(*tau, printed=figure, no_effect=other)
                for tau, figure, other in zip(taus, figures, printed["others"], strict=True)
            )
            said = " / ".join(f"{results.of(*tau):.3f}" for tau in taus)
            claim = f"Table 1, {title}: τ of {row}"
            found.append(Claim(claim, " / ".join(figures), said, effects, data=data, **options))
    return found


def _contrasts(results: PublishedResults) -> list[Claim]:
    found = []
    reduced = {"reduced": _REDUCED}
    for claim, paper, name, options in (
        ("HyperNAS-P ranks better than NP", "in all splits", "np",
         {"data": "NAS-Bench-101 also by 292 public labels", "changes": "NP by its own settings"}),
        ("HyperNAS-P ranks better than NP under the same settings", "in all splits", "settings",
         {"data": "NAS-Bench-201 alone"}),
        ("reading the sequence of cells improves the ranking", "implied", "stack",
         {"data": "NAS-Bench-201 alone"}),
        ("a sum is better than concatenation (Table 8)", "in all splits", "sum", {}),
        ("a sum is better than positions", "Figure 3", "position", {}),
        ("the hypernetwork improves the ranking", "in most splits", "alone", reduced),
        ("the hypernetwork improves the ranking", "in most splits", "alone, gain 2",
         reduced | {"changes": "larger initial weights"}),
        ("the hypernetwork improves the ranking", "in most splits", "teacher",
         reduced | {"changes": "trained first, as a teacher"}),
        ("the predictor improves the hypernetwork", "in all splits", "generated", reduced),
        ("HyperNAS-H makes better weights than GHN", "in all splits", "encoders", reduced),
    ):  # fmt: skip
        gain = contrast(results, name)
        found.append(Claim(claim, paper, gain.said("splits"), gain.effects(), **options))
    return found


def _others(results: PublishedResults) -> list[Claim]:
    place = "nb201-c10/78"
    by_q = {metric: _against_q(results, place, metric) for metric in ("kendall_tau", "accuracy")}
    above, found = _above_proxies(results), ("search", "Ours, 10 queries", "nb201-c10/156")
    ours = partial(Claim, changes="our recipe")
    return [
        Claim("q = 1.5 is better than 1.25, 2 and 3, for both tasks", "in most splits",
              "; ".join(each.said("others") for each in by_q.values()),
              tuple(effect for each in by_q.values() for effect in each.effects()),
              reduced=_REDUCED),
        ours("ranks better than every zero-cost score (Table 2)", "on all four",
             " / ".join(f"{results.of(*_largest(id)):.3f}" for id in LARGEST), above),
        ours("NAS-Bench-201 search with 156 labels: CIFAR-10 test", "94.37 %",
             f"{results.of(*found, 'test_accuracy')}, ten queries",
             (results.effect(*found, "test_accuracy", printed="94.37"),)),
        Claim("found networks after retraining (Tables 3, 4, 7)", "97.6, 75.4, 77.9, 81.8 %",
              needs="weeks of GPU time"),
    ]  # fmt: skip


def _against_q(results: PublishedResults, place: str, metric: str) -> Contrast:
    """Return by how much q = 1.5 exceeds the others, read at once."""
    rows = ("q = 1.25", "q = 2", "q = 3")
    gains = {row: results.gain("joint", "HyperNAS", row, place, metric) for row in rows}
    return Contrast.of("q = 1.5", "another q", gains)


def _largest(id: str) -> tuple[str, str, str, str]:
    return "ranking", "Ours", f"{id}/{LARGEST[id]}", "kendall_tau"


def _above_proxies(results: PublishedResults) -> tuple[Effect, ...]:
    """Set our recipe against the best zero-cost score that Table 2 prints, on each benchmark."""
    printed = load_paper_numbers("hypernas").query(
        "item == 'table2' and row != 'HyperNAS' and metric == 'kendall_tau'"
    )
    best = printed.groupby("column")["value"].max()
    return tuple(
        results.effect(*_largest(id), no_effect=float(best[PRINTED.get(id, id)])) for id in LARGEST
    )
