"""The tables and sentences of the UP-NAS chapter, from its published results."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.methods.up_nas.strategies import STRATEGIES
from nasutils.methods.up_nas.unify import PROXY_TITLES, UP_TITLES
from nasutils.metrics import kendall_tau
from nasutils.proxies import describe
from nasutils.report.claims import NOT_RUN, verdict
from nasutils.report.contrast import Contrast, all_of
from nasutils.report.paper_table import PaperTable, paper_table
from nasutils.report.published_results import Figures, table_of
from nasutils.report.table import Table
from nasutils.spaces.darts import DARTSGenotype

#: Our benchmark -> the paper's, where the two are set side by side: it may have ranked all cells.
PAPER_COLUMNS = {"nb201-c10-proxies": "nb201-c10"}

_C10 = "nb201-c10-proxies"
_TRANSFER = {
    "nb201-c10-proxies": "C10",
    "nb201-c100-proxies": "C100",
    "nb201-in16-proxies": "IN16",
    "nb301-surrogate": "NB301",
    "nb101-naslib-proxies": "NB101",
    "nb201-digits": "Digits",
}
#: Column behind the benchmark, and metric -> heading and digits.
_NORMALISATION = {
    ("tuning", "kendall_tau"): ("τ, tuning", 2),
    ("tuning", "valid_accuracy"): ("best, tuning (%)", 1),
    ("all", "kendall_tau"): ("τ, all", 2),
    ("best by score", "test_accuracy"): ("best, all (%)", 1),
    ("paper's UP_weighted", "kendall_tau"): ("τ, paper's weights", 2),
}
#: Item -> heading of its rows, and column and metric -> heading and digits.
_SPREADS: dict[str, tuple[str, dict[tuple[str, str], tuple[str, int]]]] = {
    "normalisation": (
        "Normalisation",
        {(f"{_C10}/{what}", metric): head for (what, metric), head in _NORMALISATION.items()},
    ),
    "search": (
        "Under UP_weighted",
        {
            ("nb201-c10", "test_accuracy"): ("Test accuracy (%)", 2),
            ("nb201-c10", "zc_evals"): ("Cells scored", 0),
            ("nb201-c10", "seconds"): ("Seconds", 1),
        },
    ),
    "transfer": (
        "Score",
        {(id, "kendall_tau"): (heading, 2) for id, heading in _TRANSFER.items()},
    ),
    "darts": (
        "Unified proxy",
        {
            ("nb301-surrogate/original", "kendall_tau"): ("τ, original", 2),
            ("nb301-surrogate/predicted", "kendall_tau"): ("τ, predicted", 2),
        },
    ),
    "table6": (
        "Strategy, weights",
        {
            ("nb301-approx", "surrogate_error"): ("Ours (%)", 2),
            ("nb301-approx", "seconds"): ("Seconds", 1),
            ("nb301-approx", "estimate"): ("Estimate", 1),
            ("nb301-approx", "params_m"): ("Params (M)", 1),
            ("nb301-approx", "zc_evals"): ("Scored", 0),
        },
    ),
}


def published(results: Figures, item: str) -> Table:
    """Return the table of an item that the paper does not have in this form."""
    first, columns = _SPREADS[item]
    table = results.spread(item, columns)
    if item == "table6":
        printed = load_paper_numbers("up_nas").query("item == 'table6' and metric == 'test_error'")
        theirs = printed.set_index("row")["value"].map("{:.2f}".format)
        table.insert(0, "Paper (%)", theirs.reindex(table.index).fillna(""))
        ways = [f"{way}_{name}" for name in ("weighted", "selected") for way in STRATEGIES]
        order = [*ways, *table.index.difference(ways)]
        table = table.loc[[row for row in order if row in table.index]]
        table.index = table.index.str.replace("_", ", ").str.replace("Gradient Ascent", "Ascent")
    table.index = table.index.str.replace(", the paper's weights", " (paper's)")
    return table_of(table, item, first)


def beside_paper(results: Figures, item: str, rows: str = "all") -> PaperTable | None:
    """Set the paper's table beside ours; None where only ours are shown and there is none yet."""
    if rows == "ours" and not (results.rows["item"] == item).any():
        return None
    return paper_table("up_nas", item, scale=results.scale, rows=rows, beside=PAPER_COLUMNS)


def registry(benchmark: Benchmark) -> Table:
    """Return the proxies with what they need, and their tau on a benchmark, best first."""
    ranks = benchmark.proxies.rank()  # minus infinity ranks last
    taus = {proxy: kendall_tau(ranks[proxy], benchmark.test_accuracy) for proxy in ranks}
    known = describe().loc[sorted(taus, key=taus.__getitem__, reverse=True)]
    needs = known["needs"].str.replace("; ", ", ").replace("", "the network alone")
    table = pd.DataFrame({"Proxy": known["title"], "Name": known.index, "Needs": needs})
    table["τ"] = [f"{taus[proxy]:.2f}".replace("-", "−") for proxy in known.index]
    return Table(table, "registry", words=("Proxy", "Name", "Needs"))


def normalisation(live: pd.DataFrame | None) -> Table | None:
    """Return the table of a live comparison, as ``experiments.weights`` gives it."""
    if live is None:
        return None
    headings = [heading for heading, _ in _NORMALISATION.values()]
    table = live[list(_NORMALISATION)].set_axis(headings, axis=1)
    return table_of(table, "normalisation-live", "Normalisation")


def agreement(results: Figures) -> Table:
    """Return how well our proxies and another public source agree with the public ones."""
    found = results.rows.query("item == 'agreement' and metric == 'spearman'")
    sources = found["column"].str.partition("/")[2].str.capitalize()
    table = found.assign(column=sources).pivot_table("value", "row", "column")
    if len(table):
        table = table.sort_values("Ours", ascending=False).rename_axis(columns=None)
    written = table.map(lambda rho: "" if np.isnan(rho) else f"{rho:.3f}".replace("-", "−"))
    return table_of(written, "agreement", "Proxy")


def facts(results: Figures) -> Iterator[tuple[str, str]]:
    """Yield the figures of the chapter's sentences: a name, and the figure or a question mark."""
    cells = ("agreement", "cells", f"{_C10}/ours", "count")
    figures = {"compared": (*cells, ".0f")}
    for name in ("l2_norm", "plain", "Grasp", "EPE_NAS"):
        for key, source in (("ours", "ours"), ("public", "another public source")):
            where = ("agreement", name, f"{_C10}/{source}", "spearman")
            figures[f"rho-{key}-{name}"] = (*where, ".2f")
    for key, id in (("nb301", "nb301-surrogate"), ("nb101", "nb101-naslib-proxies")):
        for name, row in (("weighted", "UP_weighted"), ("params", "Params alone")):
            figures[f"transfer-{name}-{key}"] = ("transfer", row, id, "kendall_tau", ".2f")
    for row in ("exact", "valid", "nearest"):
        figures[f"darts-{row}"] = ("reconstruction", row, "darts", "success_rate", ".0f")
    for name, (*where, digits) in figures.items():
        found = results.mean(*where)
        unit = " %" if name.startswith("darts") else ""
        yield name, "?" if np.isnan(found) else f"{found:{digits}}{unit}"


def darts_cells(results: Figures, seed: int = 0) -> dict[str, DARTSGenotype]:
    """Return the cells that the ascent found under one seed, by the unified proxy's title."""
    rows = results.rows.query("item == 'darts_cell' and seed == @seed")
    found = {}
    for name, numbers in rows.groupby("column", sort=False):
        edges = numbers.set_index("row")["value"]
        found[UP_TITLES[name]] = DARTSGenotype.from_numbers([edges[f"edge {i}"] for i in range(16)])
    return found


def contrasts(results: Figures) -> tuple[list[Contrast], list[Contrast]]:
    """Return by how much ascents err less than rivals, and two hidden layers beat one and three."""
    saved = [
        results.contrast(
            "table6", f"{rival}_{name}", f"Gradient Ascent_{name}", ["nb301-approx"],
            "surrogate_error",
        )
        for rival in ("Random", "Evolutionary")
        for name in ("weighted", "selected")
    ]  # fmt: skip
    deeper = [
        results.contrast(
            "table7", "MPE_2+UP_sum", f"MPE_{layers}+UP_sum", ["nb201-c10"], "valid_accuracy"
        )
        for layers in (1, 3)
    ]
    return saved, deeper


def claims(results: Figures) -> Table:
    """Return the verdicts, claim by claim."""
    lines = [*_ranking_claims(results), *_search_claims(results), *_other_claims(results)]
    names = ["Claim", "Paper", "Ours", "Verdict"]
    return Table(pd.DataFrame(lines, columns=names), "verdicts", words=("Verdict", *names[:3]))


_Claim = tuple[str, str, str, str]


def _ranking_claims(results: Figures) -> list[_Claim]:
    def tau(row: str, version: str = "original") -> float:
        return results.mean("table2", row, f"{_C10}/{version}", "kendall_tau")

    single = max(tau(row) for row in PROXY_TITLES.values())
    weighted, predicted = tau("UP_weighted"), tau("UP_weighted", "predicted")
    selected = tau("UP_selected"), tau("UP_selected", "predicted")
    return [
        (
            "UP_weighted ranks better than the best single proxy",
            "0.71 over 0.574",
            f"{weighted:.3f} over {single:.3f}",
            verdict(weighted > single),
        ),
        (
            "UP_weighted, original: τ",
            "0.71",
            f"{weighted:.3f}",
            verdict(weighted >= 0.71, weighted > single),
        ),
        ("UP_weighted, predicted: τ", "0.66", f"{predicted:.3f}", verdict(predicted >= 0.66)),
        (
            "UP_selected, original and predicted: τ",
            "0.68 and 0.59",
            "{:.3f} and {:.3f}".format(*selected),
            verdict(selected[0] >= 0.68 and selected[1] >= 0.59, selected[1] >= 0.59),
        ),
    ]


def _search_claims(results: Figures) -> list[_Claim]:
    def found(row: str, data: str = "c10") -> float:
        return results.mean("table3", row, f"nb201-{data}", "test_accuracy")

    c10, c100, in16 = (found("UP_weighted", data) for data in ("c10", "c100", "in16"))
    alike = [found(row) for row in UP_TITLES.values()]
    errors = [
        results.mean("table6", f"{way}_weighted", "nb301-approx", "surrogate_error")
        for way in ("Gradient Ascent", "Random", "Evolutionary")
    ]
    saved, deeper = contrasts(results)
    layers = [
        results.mean("table7", f"MPE_{n}+UP_sum", "nb201-c10", "valid_accuracy") for n in (1, 2, 3)
    ]
    return [
        (
            "UP_weighted finds a cell with this CIFAR-10 test accuracy",
            "94.18 %",
            f"{results.of('table3', 'UP_weighted', 'nb201-c10', 'test_accuracy')}",
            verdict(c10 >= 94.18, c10 >= 93.9),
        ),
        (
            "the same cell on CIFAR-100 and ImageNet16-120",
            "71.59 % and 47.16 %",
            f"{c100:.2f} % and {in16:.2f} %",
            verdict(c100 >= 71.59 and in16 >= 47.16, c100 >= 71.59 or in16 >= 47.16),
        ),
        (
            "all four unified proxies find the same cell",
            "94.18 % each",
            f"{_slashed(alike)} %",
            verdict(max(alike) - min(alike) < 0.01),
        ),
        (
            "DARTS: ascent finds better cells than random and evolutionary search",
            "2.44 / 2.88 / 2.75 % error (weighted)",
            f"{_slashed(errors)} % (surrogate)",
            all_of(saved).verdict,
        ),
        (
            "two hidden layers are best by validation",
            "91.18 / 91.31 / 91.17 %",
            f"{_slashed(layers)} %",
            all_of(deeper).verdict,
        ),
    ]


def _slashed(values: list[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


def _other_claims(results: Figures) -> list[_Claim]:
    def carried(row: str) -> list[float]:
        ids = ("nb101-naslib-proxies", "nb301-surrogate")
        return [results.mean("transfer", row, id, "kendall_tau") for id in ids]

    across, counting = carried("UP_weighted"), carried("Params alone")
    better = [ours > theirs for ours, theirs in zip(across, counting, strict=True)]
    training = sum(results.mean("cost", step, _C10, "seconds") for step in ("VGAE", "MPE"))
    searching = results.mean("cost", "ascent, UP_weighted", "nb201-c10", "seconds")
    return [
        (
            "the weights serve any space and data set",
            "no figure",
            f"NAS-Bench-101 {across[0]:.2f}, NAS-Bench-301 {across[1]:.2f}; "
            f"parameters alone {counting[0]:.2f}, {counting[1]:.2f}",
            verdict(all(better), any(better)),
        ),
        (
            "training takes less than two minutes, a search five seconds",
            "120 s, 5 s",
            f"{training:.0f} s with the encoder, {searching:.1f} s",
            verdict(training < 120 and searching < 5),
        ),
        ("DARTS cell on ImageNet: top-1 error", "23.5 %", "needs GPU days of training", NOT_RUN),
    ]
