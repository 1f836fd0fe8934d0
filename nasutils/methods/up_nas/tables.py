"""The tables, sentences and claims of the UP-NAS chapter, from its published results."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.methods.up_nas.strategies import STRATEGIES
from nasutils.methods.up_nas.unify import PROXY_TITLES, UP_TITLES
from nasutils.metrics import kendall_tau
from nasutils.proxies import describe
from nasutils.report import Claim, Contrast, Effect, PublishedResults, Table, all_of, table_of
from nasutils.report.numbers import minus
from nasutils.report.published_results import Place
from nasutils.spaces.darts import DARTSGenotype

#: Our benchmark -> the paper's that it is set beside: that may be all cells of the space.
BESIDE = {"nb201-c10-proxies": "nb201-c10"}

_C10, _YARDSTICK = "nb201-c10-proxies", "nb201-naslib"
_TRANSFER = {
    "nb201-c10-proxies": "C10",
    "nb201-c100-proxies": "C100",
    "nb201-in16-proxies": "IN16",
    "nb301-surrogate": "NB301",
    "nb101-naslib-proxies": "NB101",
    "nb201-digits": "Digits",
}
_ASCENT = "375 starts, plain gradient, the best cell passed"
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
    "normalisation": ("Normalisation", {
        (f"{_C10}/{what}", metric): head for (what, metric), head in _NORMALISATION.items()
    }),
    "yardstick": ("τ", {
        (_YARDSTICK, "kendall_tau"): ("9,445 cells", 3),
        (f"{_YARDSTICK}-all", "kendall_tau"): ("all 15,625", 3),
    }),
    "search": ("Under UP_weighted", {
        ("nb201-c10", "test_accuracy"): ("Test accuracy (%)", 2),
        ("nb201-c10", "zc_evals"): ("Cells scored", 0),
        ("nb201-c10", "predictor_rows"): ("Rows asked", 0),
        ("nb201-c10", "seconds"): ("Seconds", 1),
    }),
    "transfer": ("Score", {(id, "kendall_tau"): (head, 2) for id, head in _TRANSFER.items()}),
    "darts": ("Unified proxy", {
        ("nb301-surrogate/original", "kendall_tau"): ("τ, original", 2),
        ("nb301-surrogate/predicted", "kendall_tau"): ("τ, predicted", 2),
    }),
    "table6": ("Strategy, weights", {
        ("nb301-approx", "surrogate_error"): ("Ours (%)", 2),
        ("nb301-approx", "seconds"): ("Seconds", 1),
        ("nb301-approx", "estimate"): ("Estimate", 1),
        ("nb301-approx", "params_m"): ("Params (M)", 1),
        ("nb301-approx", "zc_evals"): ("Scored", 0),
    }),
}  # fmt: skip


#: Name in the text -> where the figure stands, and how it is written.
SENTENCES: dict[str, tuple[Place, str]] = {
    "compared": (("agreement", "cells", f"{_C10}/ours", "count"), ".0f"),
    **{
        f"rho-{key}-{row}": (("agreement", row, f"{_C10}/{source}", "spearman"), ".2f")
        for row in ("l2_norm", "plain", "Grasp", "EPE_NAS")
        for key, source in (("ours", "ours"), ("public", "another public source"))
    },
    **{
        f"transfer-{key}-{name}": (("transfer", row, id, "kendall_tau"), ".2f")
        for name, id in (("nb301", "nb301-surrogate"), ("nb101", "nb101-naslib-proxies"))
        for key, row in (("weighted", "UP_weighted"), ("params", "Params alone"))
    },
    **{
        f"written-{row}": (("as written", row, "nb201-c10", metric), digits)
        for row, metric, digits in (
            ("start", "test_accuracy", ".1f"),
            ("end", "test_accuracy", ".1f"),
            ("stays", "success_rate", ".0f"),
        )
    },
    **{
        f"darts-{row}": (("reconstruction", row, "darts", "success_rate"), ".0f")
        for row in ("exact", "valid", "nearest")
    },
}


def published(results: PublishedResults, item: str) -> Table:
    """Return the table of an item that the paper does not have in this form."""
    first, columns = _SPREADS[item]
    rows = None
    if item == "table6":
        rows = [f"{way}_{name}" for name in ("weighted", "selected") for way in STRATEGIES]
        rows.append("mean of 1,000 random cells")
    table = results.spread(item, columns, rows)
    if item == "table6":
        printed = load_paper_numbers("up_nas").query("item == 'table6' and metric == 'test_error'")
        theirs = printed.set_index("row")["value"].map("{:.2f}".format)
        table.insert(0, "Paper (%)", theirs.reindex(table.index).fillna(""))
        table.index = table.index.str.replace("_", ", ").str.replace("Gradient Ascent", "Ascent")
    if item == "yardstick":
        printed = load_paper_numbers("up_nas").query("item == 'table2'")
        theirs = printed[printed["column"] == "nb201-c10/original"].set_index("row")["value"]
        table.insert(0, "Paper", theirs.map("{:.3f}".format).reindex(table.index).fillna(""))
    table.index = table.index.str.replace(", the paper's weights", " (paper's)")
    return table_of(table, item, first)


def registry(benchmark: Benchmark) -> Table:
    """Return the proxies with what they need, and their tau on a benchmark, best first."""
    ranks = benchmark.proxies.rank()  # minus infinity ranks last
    taus = {proxy: kendall_tau(ranks[proxy], benchmark.test_accuracy) for proxy in ranks}
    known = describe().loc[sorted(taus, key=taus.__getitem__, reverse=True)]
    needs = known["needs"].str.replace("; ", ", ").replace("", "the network alone")
    table = pd.DataFrame({"Proxy": known["title"], "Name": known.index, "Needs": needs})
    table["τ"] = [minus(f"{taus[proxy]:.2f}") for proxy in known.index]
    return Table(table, "registry", words=("Proxy", "Name", "Needs"))


def normalisation(live: pd.DataFrame | None) -> Table | None:
    """Return the table of a live comparison, as ``experiments.weights`` gives it."""
    if live is None:
        return None
    headings = [heading for heading, _ in _NORMALISATION.values()]
    table = live[list(_NORMALISATION)].set_axis(headings, axis=1)
    return table_of(table, "normalisation-live", "Normalisation")


def agreement(results: PublishedResults) -> Table:
    """Return how well our proxies and another public source agree with the public ones."""
    table = results.pivot("agreement", "spearman")
    table.columns = [column.partition("/")[2].capitalize() for column in table]
    if len(table):
        table = table.sort_values("Ours", ascending=False)
    written = table.map(lambda rho: "" if np.isnan(rho) else minus(f"{rho:.3f}"))
    return table_of(written, "agreement", "Proxy")


def darts_cells(results: PublishedResults, seed: int = 0) -> dict[str, DARTSGenotype]:
    """Return the cells that the ascent found under one seed, by the unified proxy's title."""
    rows = results.rows.query("item == 'darts_cell' and seed == @seed")
    found = {}
    for name, numbers in rows.groupby("column", sort=False):
        edges = numbers.set_index("row")["value"]
        found[UP_TITLES[name]] = DARTSGenotype.from_numbers([edges[f"edge {i}"] for i in range(16)])
    return found


def contrasts(results: PublishedResults) -> tuple[Contrast, Contrast]:
    """Return by how much ascents err less than rivals, and two hidden layers beat one and three."""
    place = ["nb301-approx"], "surrogate_error"
    saved = [
        results.contrast("table6", f"{rival}_{name}", f"Gradient Ascent_{name}", *place)
        for rival in ("Random", "Evolutionary")
        for name in ("weighted", "selected")
    ]
    place = ["nb201-c10"], "valid_accuracy"
    deeper = [
        results.contrast("table7", "MPE_2+UP_sum", f"MPE_{layers}+UP_sum", *place)
        for layers in (1, 3)
    ]
    return all_of(saved), all_of(deeper)


def claims(results: PublishedResults) -> list[Claim]:
    """Return the paper's claims, and what became of them."""
    return [*_ranking_claims(results), *_search_claims(results), *_other_claims(results)]


def _ranking_claims(results: PublishedResults) -> list[Claim]:
    part = partial(Claim, reduced="9,445 of 15,625 cells")
    found = [
        _over_single(results, part, "yardstick", _YARDSTICK),
        _over_single(results, part, "table2", f"{_C10}/original", data="test accuracy judges"),
    ]
    for row, figure in (("UP_weighted", "0.71"), ("UP_selected", "0.68")):
        tau = "yardstick", row, _YARDSTICK, "kendall_tau"
        effects = (results.effect(*tau, printed=figure),)
        found.append(part(f"{row}: τ", figure, f"{results.of(*tau):.3f}", effects))
    for row, figures in (("UP_weighted", (0.71, 0.66)), ("UP_selected", (0.68, 0.59))):
        taus = [("table2", row, f"{_C10}/{n}", "kendall_tau") for n in ("original", "predicted")]
        computed, predicted = (results.by_seed(*tau) for tau in taus)
        paper, ours = (
            " to ".join(map(text.format, pair))
            for text, pair in (("{:.2f}", figures), ("{:.3f}", (computed.mean(), predicted.mean())))
        )
        lost = Effect.of((predicted - computed).dropna(), no_effect=figures[1] - figures[0])
        claim = f"{row} loses less than this by prediction"
        found.append(part(claim, paper, ours, (lost,), data="test accuracy judges"))
    return found


def _over_single(
    results: PublishedResults, part: Callable[..., Claim], item: str, column: str, data: str = ""
) -> Claim:
    """Set UP_weighted against the single proxy that ranks best."""
    taus = {row: results.mean(item, row, column, "kendall_tau") for row in PROXY_TITLES.values()}
    best = max(taus, key=taus.__getitem__)
    gain = results.contrast(item, "UP_weighted", best, [column], "kendall_tau")
    over = f"{results.of(item, 'UP_weighted', column, 'kendall_tau'):.3f} over {taus[best]:.3f}"
    claim = "UP_weighted ranks better than the best single proxy"
    return part(claim, "0.71 over 0.574", over, gain.effects({column: 0.71 - 0.574}), data=data)


def _search_claims(results: PublishedResults) -> list[Claim]:
    def place(row: str, data: str = "c10") -> Place:
        return "table3", row, f"nb201-{data}", "test_accuracy"

    def slashed(*places: Place) -> str:
        return " / ".join(f"{results.of(*each):.2f}" for each in places)

    errors = [
        ("table6", f"{way}_weighted", "nb301-approx", "surrogate_error")
        for way in ("Gradient Ascent", "Random", "Evolutionary")
    ]
    layers = [("table7", f"MPE_{n}+UP_sum", "nb201-c10", "valid_accuracy") for n in (1, 2, 3)]
    found = pd.DataFrame({row: results.by_seed(*place(row)) for row in UP_TITLES.values()})
    saved, deeper = contrasts(results)
    c10, c100, in16 = (place("UP_weighted", data) for data in ("c10", "c100", "in16"))
    changed = partial(Claim, changes=_ASCENT)
    written = "as written", "end", "nb201-c10", "test_accuracy"
    return [
        Claim("UP_weighted finds a cell with this CIFAR-10 test accuracy", "94.18 %",
              f"{results.of(*written)}", (results.effect(*written, printed="94.18", direction=0),)),
        changed("UP_weighted finds a cell with this CIFAR-10 test accuracy", "94.18 %",
                f"{results.of(*c10)}", (results.effect(*c10, printed="94.18"),)),
        changed("the same cell on CIFAR-100 and ImageNet16-120", "71.59 and 47.16 %",
                f"{slashed(c100, in16)} %",
                (results.effect(*c100, printed="71.59"), results.effect(*in16, printed="47.16"))),
        changed("all four unified proxies find the same cell", "94.18 % each",
                f"{slashed(*map(place, UP_TITLES.values()))} %, range",
                (Effect.of(found.max(axis=1) - found.min(axis=1), "0.00", direction=0),)),
        changed("DARTS: ascent finds better cells than random and evolutionary search",
                "2.44 / 2.88 / 2.75 % error (weighted)", f"{slashed(*errors)} %",
                saved.effects(), data="the surrogate's error"),
        changed("two hidden layers are best by validation", "91.18 / 91.31 / 91.17 %",
                f"{slashed(*layers)} %", deeper.effects()),
    ]  # fmt: skip


def _other_claims(results: PublishedResults) -> list[Claim]:
    def carried(row: str) -> str:
        return ", ".join(f"{results.of('transfer', row, *place):.2f}" for place in others)

    others = [("nb101-naslib-proxies", "kendall_tau"), ("nb301-surrogate", "kendall_tau")]
    ids = [id for id, _ in others]
    over = results.contrast("transfer", "UP_weighted", "Params alone", ids, "kendall_tau")
    vgae, mpe = (results.by_seed("cost", step, _C10, "seconds") for step in ("VGAE", "MPE"))
    searching = results.by_seed("cost", "ascent, UP_weighted", "nb201-c10", "seconds")
    limits = ((vgae + mpe, 120), (searching, 5))
    ours = f"{carried('UP_weighted')}; parameters alone {carried('Params alone')}"
    return [
        Claim("the weights serve any space and data set", "no figure",
              f"NAS-Bench-101 and 301: {ours}", over.effects(),
              data="the cells with public proxies"),
        Claim("training takes less than two minutes, a search five seconds", "120 s, 5 s",
              f"{(vgae + mpe).mean():.0f} s with the encoder, {searching.mean():.1f} s",
              tuple(Effect.of(seconds, no_effect=most, direction=-1) for seconds, most in limits),
              changes=_ASCENT),
        Claim("DARTS cell on ImageNet: top-1 error", "23.5 %", needs="GPU days of training"),
    ]  # fmt: skip
