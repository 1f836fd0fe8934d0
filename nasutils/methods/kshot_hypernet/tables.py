"""The tables, sentences and claims of the Kshot-Hypernet chapter, from its published results."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.report import (
    Claim,
    Effect,
    PublishedResults,
    Table,
    figure_size,
    looks,
    table_of,
)
from nasutils.report.numbers import plain_number, signed
from nasutils.report.published_results import Place
from nasutils.spaces.nasbench201 import EDGES, OPS

#: Family of runs -> the benchmark that its cells are compared with, and how tables call it.
_PLACES = {
    "c10-16px": ("nb201-c10", "C10"),
    "c100-16px": ("nb201-c100", "C100"),
    "digits": ("nb201-digits", "Digits"),
}
#: Family of runs -> what a verdict has to say of it.
_SETTINGS = {
    "c10-16px": {"data": "CIFAR-10", "reduced": "16 pixels, 8 channels, 12 epochs"},
    "c100-16px": {"reduced": "16 pixels, 8 channels, 12 epochs"},
    "digits": {"data": "digits", "reduced": "8 pixels, 8 channels, 12 epochs"},
}
_SCRATCH = "30 cells"  # that are trained from scratch on any of them

_Columns = dict[tuple[str, str], tuple[str, int]]


def _usual(family: str, truth: str, heading: str) -> _Columns:
    return {
        (f"{family}/sample", "test_accuracy_mean"): (f"{heading}, mean (%)", 1),
        (f"{family}/sample", "test_accuracy_max"): (f"{heading}, best (%)", 1),
        (f"{truth}/all", "kendall_tau"): (f"{heading}, τ", 3),
        (f"{truth}/top1000", "kendall_tau"): (f"{heading}, τ of the best", 2),
        (f"{truth}/first", "test_accuracy"): (f"{heading}, first (%)", 1),
        (family, "params_m"): (f"{heading}, params (M)", 2),
    }


def _cost(family: str, truth: str, heading: str) -> _Columns:
    return {
        (family, "params_m"): (f"{heading}, params (M)", 2),
        (family, "seconds"): (f"{heading}, training (s)", 0),
    }


def _statistics(family: str, truth: str, heading: str) -> _Columns:
    return {
        (f"{family}/{where}", metric): (f"{heading}, {text} {where}", digits)
        for metric, text, digits in (("test_accuracy_mean", "mean (%)", 1), ("kendall_tau", "τ", 2))
        for where in ("recomputed", "from training")
    }


def _scratch(family: str, truth: str, heading: str) -> _Columns:
    tau = {(f"{truth}/{_SCRATCH}", "kendall_tau"): (f"{heading}, τ", 2)}
    return _difference(f"{family}/{_SCRATCH}", heading) | tau


def _controls(family: str, truth: str, heading: str) -> _Columns:
    where = f"{family}/20 cells"
    mean = {(where, "test_accuracy_mean"): (f"{heading}, mean (%)", 2)}
    return mean | _difference(where, heading)


def _difference(where: str, heading: str) -> _Columns:
    names = {"difference": "points", "difference_low": "from", "difference_high": "to"}
    return {(where, metric): (f"{heading}, {name}", 2) for metric, name in names.items()}


def _search(family: str, truth: str, heading: str) -> _Columns:
    return {
        (family, "params_m"): (f"{heading}, params (M)", 3),
        (family, "test_accuracy"): (f"{heading}, inherited (%)", 1),
        (truth, "test_accuracy"): (f"{heading}, alone (%)", 1),
    }


def _logs(family: str, truth: str, heading: str) -> _Columns:
    return {
        (f"{truth}/all", "test_accuracy_mean"): (f"{heading}, mean (%)", 1),
        (f"{truth}/all", "kendall_tau"): (f"{heading}, τ", 3),
        (f"{truth}/top1000", "kendall_tau"): (f"{heading}, τ of the best", 2),
        (f"{truth}/first", "test_accuracy"): (f"{heading}, first (%)", 1),
    }


#: Item -> heading of its rows, and what makes its columns of a family of runs.
_ITEMS: dict[str, tuple[str, Callable[[str, str, str], _Columns]]] = {
    "table2": ("Kernels", _usual),
    "table3": ("Students learn", _usual),
    "table4": ("Ranked by", _usual),
    "samplings": ("Students are drawn by", _usual),
    "teachers": ("Teacher", _usual),
    "sizes": ("Hypernetwork", _usual),
    "statistics": ("Kernels", _statistics),
    "scratch": ("Kernels", _scratch),
    "controls": ("From scratch with", _controls),
    "search": ("Limit", _search),
    "cost": ("Kernels", _cost),
    "logs": ("Super-net", _logs),
    "all cells": ("Kernels", _logs),
}
_OF_C100 = {
    ("nb201-c100", "test_accuracy_mean"): ("Paper, C100, mean (%)", 2),
    ("nb201-c100", "test_accuracy_max"): ("Paper, C100, best (%)", 2),
}
#: Item -> the paper's columns that stand before ours.
_PRINTED: dict[str, _Columns] = {
    "table2": _OF_C100,
    "table3": _OF_C100,
    "table4": {
        ("nb201-c10", "kendall_tau"): ("Paper, C10, τ", 3),
        ("nb201-c100", "kendall_tau"): ("Paper, C100, τ", 3),
    },
}

_C10 = "nb201-c10"
#: Name in the text -> where the figure stands, and how it is written.
SENTENCES: dict[str, tuple[Place, str]] = (
    {
        f"kshot-log-{name}-{key}": (("logs", f"{name}-shot", f"{_C10}/{where}", metric), spec)
        for name in ("one", "few")
        for key, where, metric, spec in (
            ("tau", "all", "kendall_tau", ".3f"),
            ("top", "top1000", "kendall_tau", ".2f"),
            ("mean", "all", "test_accuracy_mean", ".1f"),
            ("first", "first", "test_accuracy", ".2f"),
        )
    }
    | {
        f"kshot-c10-{name}-{key}": (("table2", row, column, metric), spec)
        for name, row in (
            ("shared", "weight sharing"),
            ("kshot", "Kshot(N=12)"),
            ("full", "Kshot-Hypernet"),
        )
        for key, column, metric, spec in (
            ("mean", "c10-16px/sample", "test_accuracy_mean", ".1f"),
            ("tau", f"{_C10}/all", "kendall_tau", ".2f"),
            ("first", f"{_C10}/first", "test_accuracy", ".1f"),
        )
    }
    | {
        f"kshot-c10-{name}-{key}": (("samplings", row, column, metric), spec)
        for name, row in (
            ("focus", "FocusFair"),
            ("fair", "FairNAS"),
            ("shared-focus", "weight sharing, FocusFair"),
            ("shared-fair", "weight sharing, FairNAS"),
        )
        for key, column, metric, spec in (
            ("sampled-mean", "c10-16px/sample", "test_accuracy_mean", ".1f"),
            ("sampled-tau", f"{_C10}/all", "kendall_tau", ".2f"),
        )
    }
    | {
        f"kshot-c10-{name}-{key}": (("table3", row, column, metric), spec)
        for name, row in (("soft", "w/ our KD"), ("labels", "w/o KD"))
        for key, column, metric, spec in (
            ("mean", "c10-16px/sample", "test_accuracy_mean", ".1f"),
            ("best", "c10-16px/sample", "test_accuracy_max", ".1f"),
            ("tau", f"{_C10}/all", "kendall_tau", ".2f"),
        )
    }
)


def published(results: PublishedResults, item: str) -> Table:
    """Return the table of an item: the paper's figures, then ours of each family that has any.

    Before there is any figure it says so.
    """
    first, columns_of = _ITEMS[item]
    columns = {
        key: heading
        for family, (truth, name) in _PLACES.items()
        for key, heading in columns_of(family, truth, name).items()
    }
    ours = results.spread(item, columns)
    ours = ours.loc[:, (ours != "").any()]
    theirs = _printed(item)
    rows = [*theirs.index, *(row for row in ours.index if row not in theirs.index)]
    table = pd.concat([theirs.reindex(rows), ours.reindex(rows)], axis=1).fillna("")
    return table_of(table if rows else pd.DataFrame(index=["not published yet"]), item, first)


def _printed(item: str) -> pd.DataFrame:
    numbers = load_paper_numbers("kshot_hypernet").query("item == @item")
    figures = numbers.set_index(["row", "column", "metric"])["value"]
    columns = _PRINTED.get(item, {})
    texts = {
        row: {
            heading: plain_number(figures[row, *key], digits)
            for key, (heading, digits) in columns.items()
            if (row, *key) in figures
        }
        for row in (figures.index.unique("row") if columns else ())
    }
    return pd.DataFrame(texts).T


def live(found: pd.DataFrame | None, item: str) -> Table | None:
    """Return the table of what an experiment has returned at ``demo``; None for None."""
    if found is None:
        return None
    first, columns_of = _ITEMS[item]
    columns = columns_of("digits", *_PLACES["digits"])
    texts = {
        heading.removeprefix("Digits, "): found[key].map(f"{{:.{digits}f}}".format)
        for key, (heading, digits) in columns.items()
        if key in found
    }
    return table_of(pd.DataFrame(texts), f"{item}-live", first)


def curves(results: PublishedResults, item: str, row: str, family: str) -> pd.Series:
    """Return the figures of a row by the number in their columns, mean over the seeds.

    Args:
        results: The chapter's.
        item: ``figure6``, ``figure7``, ``epochs`` or ``beta``.
        row: The row.
        family: Beginning of the columns.
    """
    rows = results.rows.query("item == @item and row == @row and metric != 'std'")
    rows = rows[rows["column"].str.startswith(f"{family}/")]
    number = rows["column"].str.extract(r"/\D*(\d+)", expand=False).astype(float)
    return rows.groupby(number)["value"].mean().sort_index()


def mixture(results: PublishedResults, family: str) -> pd.DataFrame:
    """Return the weights softmax(beta) that were learnt, (edges, operations), mean over seeds."""
    weights = {op: curves(results, "beta", op, family) for op in OPS}
    table = pd.DataFrame(weights)
    return table.set_axis([f"{source} to {target}" for source, target in EDGES][: len(table)])


_DRAWN = ("digits", "c10-16px")


def draw_curves(
    results: PublishedResults,
    item: str,
    rows: Iterable[str],
    labels: tuple[str, str],
    *,
    upright: bool = False,
) -> None:
    """Draw the curves of some rows, a panel for digits and one for CIFAR-10.

    Args:
        results: The chapter's.
        item: As of ``curves``.
        rows: The rows.
        labels: Of the two axes.
        upright: Whether the number of a column goes up; else it goes to the right.
    """
    _, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.42))
    for ax, family in zip(axes, _DRAWN, strict=True):
        for row, look in looks(rows).items():
            curve = curves(results, item, row, family)
            if len(curve):
                line = (curve, curve.index) if upright else (curve.index, curve)
                ax.plot(*line, label=row, **look, markersize=0 if upright else 4)
        _finish(ax, family, published=bool(ax.lines))
        if ax.lines:
            ax.legend(fontsize=7)
        ax.set_xlabel(labels[0])
    axes[0].set_ylabel(labels[1])
    plt.show()


def draw_mixtures(results: PublishedResults) -> None:
    """Draw the weights softmax(beta) of each edge, a panel for digits and one for CIFAR-10."""
    _, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.42))
    for ax, family in zip(axes, _DRAWN, strict=True):
        learnt = mixture(results, family)
        if len(learnt):
            short = {op: op.removeprefix("nor_").split("_connect")[0] for op in learnt}
            look = {"cmap": "Blues", "vmin": 0, "vmax": 0.6, "cbar": False, "fmt": ".2f"}
            sns.heatmap(learnt.rename(columns=short), annot=True, ax=ax, **look)
            ax.tick_params(axis="x", labelrotation=30)
            ax.tick_params(axis="y", labelrotation=0)
        _finish(ax, family, published=bool(len(learnt)))
    plt.show()


def _finish(ax: Axes, family: str, *, published: bool) -> None:
    ax.set_title(_PLACES[family][1])
    if not published:
        ax.text(0.5, 0.5, "not published yet", ha="center", transform=ax.transAxes)
        ax.set(xticks=[], yticks=[])


def claims(results: PublishedResults) -> list[Claim]:
    """Return the paper's claims, and what became of them."""
    return [
        *_scratch_claims(results),
        *_super_net_claims(results),
        *_sampling_claims(results),
        *_ranking_claims(results),
        _size_claim(),
    ]


#: From a family's name to (what we found, the effects); see ``_in_each``.
_Found = Callable[[str], tuple[str, tuple[Effect, ...]]]


def _in_each(
    claim: str, paper: str, find: _Found, families: Iterable[str] = ("c10-16px", "digits")
) -> Iterator[Claim]:
    """Yield a claim for each family that has figures of it; one that was not run for none."""
    found = {family: find(family) for family in families}
    done = {
        family: each
        for family, each in found.items()
        if all(effect.interval is not None for effect in each[1])
    }
    if not done:
        yield Claim(claim, paper, needs="hours of training")
    for family, (ours, effects) in done.items():
        yield Claim(claim, paper, ours, effects, **_SETTINGS[family])


def _scratch_claims(results: PublishedResults) -> Iterator[Claim]:
    def paired(family: str, figure: float) -> tuple[str, tuple[Effect, ...]]:
        place = ("scratch", "Kshot-Hypernet", f"{family}/{_SCRATCH}")
        mean, low, high = (
            results.mean(*place, metric)
            for metric in ("difference", "difference_low", "difference_high")
        )
        interval = None if pd.isna(mean) else (low, high)
        effect = Effect(interval, figure, 0.01, no_effect=-0.5)
        return f"{signed(mean, 2)} points over {_SCRATCH}", (effect,)

    def best(family: str) -> tuple[str, tuple[Effect, ...]]:
        where = f"{family}/{_SCRATCH}"
        gain = results.gain("table1", "ours", "baseline", where, "test_accuracy_max")
        return f"{signed(gain.mean(), 2)} points", (Effect.of(gain, "-1.90", no_effect=-2.0),)

    text = "without retraining, sub-nets are on average as good as from scratch"
    yield from _in_each(f"{text}: CIFAR-10", "87.12 and 87.06 %", partial(paired, figure=0.06))
    yield from _in_each(
        f"{text}: CIFAR-100", "61.02 and 61.41 %", partial(paired, figure=-0.39), ["c100-16px"]
    )
    yield from _in_each("the best loses less than two points", "92.47 and 94.37 %", best)


def _gains(
    results: PublishedResults,
    item: str,
    first: str,
    second: str,
    printed: dict[tuple[str, str], str],
    family: str,
) -> tuple[str, tuple[Effect, ...]]:
    """Return by how much a row exceeds another, and the evidence.

    Args:
        results: The chapter's.
        item: Where both stand.
        first: The row that is said to be better.
        second: The other.
        printed: What stands behind the slash of a column, and metric -> the paper's figure.
        family: The family; rank correlations stand in the column of its benchmark.
    """
    gains, effects = [], []
    for (where, metric), figure in printed.items():
        tau = metric == "kendall_tau"
        column = f"{_PLACES[family][0] if tau else family}/{where}"
        gains.append(results.gain(item, first, second, column, metric))
        effects.append(Effect.of(gains[-1], figure, smallest=0.01 if tau else 0.5))
    text = " / ".join(signed(gain.mean(), 3 if tau else 2) for gain in gains)
    return text, tuple(effects)


_MEAN, _BEST = ("sample", "test_accuracy_mean"), ("sample", "test_accuracy_max")


def _super_net_claims(results: PublishedResults) -> Iterator[Claim]:
    ours = "Kshot-Hypernet"
    for other, text, figures in (
        ("weight sharing", "plain weight sharing", ("7.62", "3.16")),
        ("Kshot(N=12)", "K-shot", ("6.91", "4.52")),
    ):
        printed = dict(zip((_MEAN, _BEST), figures, strict=True))
        yield from _in_each(
            f"Kshot-Hypernet exceeds {text}: mean and best accuracy",
            f"+{' / +'.join(figures)} points",
            partial(_gains, results, "table2", ours, other, printed),
        )
    yield from _in_each(
        "distillation helps: mean and best accuracy",
        "+1.66 / +1.44 points",
        partial(_gains, results, "table3", "w/ our KD", "w/o KD", {_MEAN: "1.66", _BEST: "1.44"}),
    )
    yield from _in_each(
        "soft labels alone are better than mixed with labels",
        "no figure",
        partial(_gains, results, "table3", "w/ our KD", "mixed loss", {_MEAN: ""}),
    )


def _sampling_claims(results: PublishedResults) -> Iterator[Claim]:
    top = ("tenth 10", "test_accuracy_mean")
    yield from _in_each(
        "FocusFair lifts the best cells above FairNAS",
        "Figure 6",
        partial(_gains, results, "figure6", "FocusFair", "FairNAS", {top: ""}),
    )

    def both_ends(family: str) -> tuple[str, tuple[Effect, ...]]:
        low, high = ((f"tenth {n}", "test_accuracy_mean") for n in (1, 10))
        gained = _gains(results, "figure6", "FairNAS", "baseline", {low: ""}, family)
        lost = _gains(results, "figure6", "baseline", "FairNAS", {high: ""}, family)
        return f"{gained[0]} gained / {lost[0]} lost", (*gained[1], *lost[1])

    yield from _in_each(
        "under FairNAS poor cells gain and good cells lose", "Figure 6a", both_ends, ["digits"]
    )

    def others(family: str) -> tuple[str, tuple[Effect, ...]]:
        found = [
            _gains(results, "samplings", "FocusFair", f"FocusFair, {t}", {_MEAN: ""}, family)
            for t in ("0.5", "1", "3")
        ]
        return " / ".join(text for text, _ in found), tuple(e for _, each in found for e in each)

    yield from _in_each("a temperature of 1.5 is best (over .5, 1, 3)", "no figure", others)


def _ranking_claims(results: PublishedResults) -> Iterator[Claim]:
    tau = ("all", "kendall_tau")

    def level(family: str) -> tuple[str, tuple[Effect, ...]]:
        place = ("table4", "ours", f"{_PLACES[family][0]}/all", "kendall_tau")
        printed = {"c10-16px": "0.6942", "c100-16px": "0.7018"}[family]
        return f"{results.of(*place)}", (results.effect(*place, printed=printed),)

    for family, data, figure in (
        ("c10-16px", "CIFAR-10", "0.6942"),
        ("c100-16px", "CIFAR-100", "0.7018"),
    ):
        yield from _in_each(f"τ with accuracies from scratch, {data}", figure, level, [family])
    for other, figure in (("SPOS", "0.1442"), ("K-shot", "0.0678")):
        yield from _in_each(
            f"it ranks better than {other}",
            f"+{figure}",
            partial(_gains, results, "table4", "ours", other, {tau: figure}),
        )

    def spread(family: str) -> tuple[str, tuple[Effect, ...]]:
        gain = results.gain("figure7", "baseline", "ours", f"{family}/sample", "std")
        return f"{signed(gain.mean(), 2)} points of deviation", (Effect.of(gain),)

    yield from _in_each("accuracies are closer together than from scratch", "Figure 7", spread)

    def deployed(family: str) -> tuple[str, tuple[Effect, ...]]:
        place = ("search", "half of the parameters")
        inherited = results.by_seed(*place, family, "test_accuracy")
        gain = inherited.sub(results.by_seed(*place, _PLACES[family][0], "test_accuracy")).dropna()
        return f"{signed(gain.mean(), 2)} points", (Effect.of(gain, no_effect=-0.5),)

    yield from _in_each(
        "what is searched within a limit needs no retraining", "no figure", deployed, ["digits"]
    )


def _size_claim() -> Claim:
    """The paper's example: C_in = C_out = 256, k = 3, h = N = 64."""
    channels, kernel, n = 256, 9, 64
    stored, made = channels**2 * kernel * n, channels * n * n + channels * kernel * n
    return Claim(
        "N kernels of a 256 × 256 × 3 × 3 convolution: parameters saved",
        "37.75 M to 1.05 M, almost 35 times",
        f"{stored / 1e6:.2f} M to {made / 1e6:.2f} M, {stored / made:.1f} times",
        (Effect.exactly(stored / made, "35", no_effect=1.0),),
    )
