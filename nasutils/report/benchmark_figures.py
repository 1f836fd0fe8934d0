"""The figures of the chapter on benchmarks: live ones from a table, others from what is published.

Before anything is published the latter draw nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.experiments import DEMO, LIVE
from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.summaries import lines_by_feature, median_by_value
from nasutils.metrics import kendall_tau
from nasutils.metrics.kendall import ceiling_from_reliability
from nasutils.report.drawing import OPERATION_LOOKS, draw_cell, draw_lines, panels
from nasutils.report.numbers import plain_number
from nasutils.report.published_results import PublishedResults
from nasutils.report.style import PALETTE, figure_size, looks

_DEPTH = looks(["depth"])
_TICKS = (5, 10, 20, 50, 100, 200, 500)
_FEATURES = (
    "params", "flops", "depth", "conv3x3", "conv1x1", "sep_conv", "dil_conv", "pool", "skip",
    "none", "edges", "kernel", "expansion", "width",
)  # fmt: skip
_UNITS = {"flops": "multiply-adds (M)", "params": "parameters (M)"}
_SMALL_DOTS = {"s": 6, "alpha": 0.5, "linewidths": 0}
_DIAGONAL = {"color": "0.6", "lw": 1, "ls": "--"}


def draw_cells(benchmark: Benchmark, places: Mapping[str, Sequence[int]]) -> None:
    """Draw NAS-Bench-201 cells in columns, each with its accuracy.

    ``places`` is the title of a column -> positions in the benchmark's table, from top to bottom.
    """
    rows = max(map(len, places.values()))
    _, axes = plt.subplots(rows, len(places), figsize=figure_size(aspect=0.29 * rows))
    for column, (kind, positions) in zip(axes.T, places.items(), strict=True):
        for rank, (ax, i) in enumerate(zip(column, positions, strict=True), start=1):
            title = f"{kind}, {rank}: {benchmark.test_accuracy[i]:.1f} %"
            draw_cell(ax, benchmark.architecture(i), title)


def draw_distributions(results: PublishedResults) -> None:
    """Draw the published histograms of accuracy, a panel a benchmark, with the medians."""
    shares = results.pivot("distribution", "share")
    for name, ax in panels(_titles(shares), columns=2, height=1.6).items():
        known = shares[name].dropna()
        known.index = known.index.astype(float)
        draw_histogram(ax, known, get_benchmark(name).window)
        median = results.mean("size", "median", name, "accuracy")
        ax.axvline(median, color="0.15", ls="--", lw=1.2)


def draw_histogram(ax: Axes, shares: pd.Series, window: tuple[float, float]) -> None:
    """Draw the shares that ``summaries.histogram`` returns, in percent of all architectures."""
    width = (window[1] - window[0]) / len(shares)
    look = {"color": PALETTE[3], "edgecolor": "white", "linewidth": 0.6}
    ax.bar(shares.index, 100 * shares, width=width, align="edge", **look)
    ax.set(xlim=window)


def draw_operations(cells: pd.DataFrame) -> None:
    """Draw the median accuracy over how often an operation occurs, and over depth."""
    _, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.45), sharey=True, width_ratios=(2, 1))
    names = [name for name in cells if name in OPERATION_LOOKS]
    lines = {name: median_by_value(cells, name) for name in names}
    draw_lines(axes[0], lines, OPERATION_LOOKS)
    draw_lines(axes[1], {"depth": median_by_value(cells, "depth")}, _DEPTH)
    axes[0].set(xlabel="times the operation occurs", ylabel="median test accuracy (%)")
    axes[1].set(xlabel="depth (convolutions)")
    axes[0].legend(ncols=2, fontsize=8)


def draw_published_operations(results: PublishedResults, names: Sequence[str]) -> None:
    """Draw the published medians over the operations of some benchmarks, a panel each."""
    lines = _median_lines(results)
    known = [name for name in names if name in lines]
    for name, ax in panels(_titles(known, short=True), height=2.7).items():
        counts = {each: line for each, line in lines[name].items() if each in OPERATION_LOOKS}
        draw_lines(ax, counts, OPERATION_LOOKS)
        ax.legend(fontsize=7)
        ax.set_xlabel("times it occurs", fontsize=9)
        if name == "nb201-c10":
            # Four times none: no path is left, and the median cell guesses.
            ax.set_ylim(get_benchmark(name).window[0], None)


def draw_published_depth(results: PublishedResults) -> None:
    """Draw the published medians over depth, a panel a benchmark."""
    deep = {name: line for name, line in _median_lines(results).items() if "depth" in line}
    for name, ax in panels(_titles(deep, short=True), height=1.6).items():
        draw_lines(ax, {"depth": deep[name]["depth"]}, _DEPTH)


def _median_lines(results: PublishedResults) -> dict[str, dict[str, pd.Series]]:
    medians = results.pivot("operations", "accuracy")
    return {name: lines_by_feature(medians[name].dropna()) for name in medians}


def draw_feature_taus(results: PublishedResults) -> None:
    """Draw the published taus of what is known before any training, benchmarks side by side."""
    taus = results.pivot("features", "kendall_tau")
    if taus.empty:
        return
    taus = taus.reindex([row for row in _FEATURES if row in taus.index])
    titles = [title.replace(", ", "\n").split(" (")[0] for title in _titles(taus).values()]
    ax = _heatmap(taus, aspect=0.8, cmap="RdBu", vmin=-1, vmax=1, annot_kws={"size": 8})
    ax.set_xticklabels(titles, rotation=35, ha="right", rotation_mode="anchor")
    ax.tick_params(labelsize=7.5, length=0)


def draw_validation(cells: pd.DataFrame) -> None:
    """Draw test over validation accuracy, of all cells and of the best tenth."""
    leaders = cells[cells["accuracy"].rank(pct=True) > 0.9]
    _, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.48))
    for ax, part, title in zip(axes, (cells, leaders), ("all cells", "the best 10 %"), strict=True):
        tau = kendall_tau(part["valid"], part["accuracy"])
        ax.scatter(part["valid"], part["accuracy"], color=PALETTE[0], **_SMALL_DOTS)
        ax.set(title=f"{title}: $\\tau$ = {tau:.2f}", xlabel="validation accuracy (%)")
        for by, marker, size in (("valid", "s", 45), ("accuracy", "o", 90)):
            best = cells.loc[cells[by].idxmax(), ["valid", "accuracy"]]
            ax.scatter(*best, marker=marker, s=size, c="none", edgecolors="0.1")
    axes[0].set_ylabel("test accuracy (%)")


def draw_costs(results: PublishedResults) -> None:
    """Draw the published best and median accuracy over cost, a panel a real benchmark."""
    best, median = (results.pivot("cost", f"accuracy_{name}") for name in ("best", "median"))
    titles = {name: title for name, title in _titles(best).items() if name not in DEMO}
    for name, ax in panels(titles, columns=2, height=2.1).items():
        cost = get_benchmark(name).cost
        profile = pd.DataFrame(
            {"cost": results.pivot("cost", f"{cost}_m")[name], "best": best[name]}
        )
        draw_profile(ax, profile.assign(median=median[name]))
        ax.set_xlabel(_UNITS[cost], fontsize=8)
        ax.legend(fontsize=7)


def draw_rankings(rankings: Mapping[str, tuple[ArrayLike, ArrayLike]], aspect: float) -> None:
    """Draw true ranks over ranks by score, 1 the best; under a title, scores and truth."""
    _, axes = plt.subplots(1, len(rankings), figsize=figure_size(aspect=aspect), sharey=True)
    for ax, (title, pair) in zip(axes, rankings.items(), strict=True):
        ranks = [pd.Series(values).rank(ascending=False) for values in pair]
        ax.scatter(*ranks, s=4, color=PALETTE[0], alpha=0.6, linewidths=0)
        ax.set(title=title, aspect="equal", xlabel="rank by score")
        ax.locator_params(nbins=3)
        ax.invert_xaxis()
    axes[0].set_ylabel("true rank")
    axes[0].invert_yaxis()


def draw_correlations(results: PublishedResults) -> None:
    """Draw Spearman's rho over Kendall's tau, and the ceiling over the tau of two measurements."""
    grid = np.linspace(0, 1, 101)
    _, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.48))
    rho = 6 / np.pi * np.arcsin(np.sin(np.pi * grid / 2) / 2)  # of normal values
    for ax, curve in zip(axes, (rho, [ceiling_from_reliability(tau) for tau in grid]), strict=True):
        ax.plot(grid, curve, color=PALETTE[0])
        ax.plot([0, 1], [0, 1], **_DIAGONAL)
    pairs = (results.pivot("features", metric).abs() for metric in ("kendall_tau", "spearman"))
    axes[0].scatter(*(pair.to_numpy().ravel() for pair in pairs), s=16, color=PALETTE[2])
    axes[0].set(xlabel=r"Kendall's $\tau$", ylabel=r"Spearman's $\rho$")
    axes[1].set(xlabel=r"$\tau$ of two measurements", ylabel=r"highest $\tau$ of any predictor")


def draw_samples(
    band: pd.DataFrame,
    tau: float,
    singles: Mapping[int, tuple[float, tuple[float, float]]],
    results: PublishedResults,
) -> None:
    """Draw how far tau scatters on samples, as the ``band`` of the experiment ``samples``.

    Beside it are the tau of all cells; for single samples, by their size, tau and the interval that
    each gives for itself; and the range on NAS-Bench-201 that is published.
    """
    _, ax = plt.subplots(figsize=figure_size(0.85, 0.55))
    filled = {"color": PALETTE[3], "alpha": 0.35, "lw": 0}
    ax.fill_between(band.index, band["tau_low"], band["tau_high"], **filled)
    ax.plot(band.index, band["tau_median"], color=PALETTE[0], label="samples: median, 95 % range")
    ax.axhline(tau, color="0.3", lw=1, ls="--", label="all cells")
    labels = {"tau_low": "95 % range, NAS-Bench-201 (published)", "tau_high": None}
    for end, label in labels.items():
        line = results.pivot("samples", end).get(LIVE[1], pd.Series(dtype=float))
        sizes = [int(row.removesuffix(" cells")) for row in line.index]
        ax.plot(sizes, line, color=PALETTE[1], ls=":", lw=1.4, label=label)
    middles = np.array([middle for middle, _ in singles.values()])
    reach = np.abs(np.array([interval for _, interval in singles.values()]).T - middles)
    squares = {"color": PALETTE[2], "fmt": "s", "ms": 4, "capsize": 3}
    label = "one sample with its bootstrap interval"
    ax.errorbar([*singles], middles, yerr=reach, label=label, **squares)
    ax.set(xscale="log", xlabel="cells in the sample", ylabel=r"Kendall's $\tau$")
    ax.set_xticks(_TICKS, map(str, _TICKS))
    ax.minorticks_off()
    ax.legend(fontsize=8, loc="lower right")


def draw_agreement(results: PublishedResults) -> None:
    """Draw the published taus between the accuracies of the same cells on four data sets."""
    taus = results.pivot("agreement", "kendall_tau")
    if taus.empty:
        return
    taus = taus.loc[taus.columns]
    short = [get_benchmark(name).heading.split()[-1] for name in taus]
    shown = {"cmap": "Blues", "vmin": 0, "vmax": 1.4, "mask": np.triu(taus) == 1}
    ax = _heatmap(taus, width=0.6, aspect=0.7, xticklabels=short, yticklabels=short, **shown)
    ax.tick_params(length=0, labelsize=9)


def _heatmap(taus: pd.DataFrame, *, aspect: float, width: float = 1.0, **options: object) -> Axes:
    _, ax = plt.subplots(figsize=figure_size(width, aspect))
    texts = taus.map(lambda tau: plain_number(tau, 2))
    sns.heatmap(taus, annot=texts, fmt="", cbar=False, ax=ax, linewidths=1, **options)
    ax.set(xlabel="", ylabel="")
    ax.grid(False)
    return ax


def _titles(names: Iterable[str], *, short: bool = False) -> dict[str, str]:
    """Return the titles of benchmarks; of the space alone where ``short``."""
    titles = {name: get_benchmark(name).title for name in names}
    if not short:
        return titles
    return {name: title.split(",")[0].split(" (")[0] for name, title in titles.items()}


def draw_profile(ax: Axes, profile: pd.DataFrame) -> None:
    """Draw what ``summaries.cost_profile`` returns: best and median accuracy over cost."""
    ax.plot(profile["cost"], profile["best"].cummax(), color=PALETTE[0], label="best so far")
    ax.plot(profile["cost"], profile["median"], color=PALETTE[2], ls="--", label="median")


def draw_slopes(ax: Axes, left: ArrayLike, right: ArrayLike, labels: Sequence[str]) -> None:
    """Draw two scores of the same items as rankings; lines join them, and cross if discordant."""
    places = [pd.Series(scores).rank().to_numpy() for scores in (left, right)]
    for i, label in enumerate(labels):
        ends = [places[0][i], places[1][i]]
        ax.plot([0, 1], ends, color=PALETTE[i % 5], ls="-", marker="o", ms=9)
        ax.text(-0.08, ends[0], label, ha="right", va="center", fontsize=10)
        ax.text(1.08, ends[1], label, ha="left", va="center", fontsize=10)
    ax.set(xlim=(-0.35, 1.35), ylim=(0.5, len(labels) + 0.5), yticks=[])
    ax.spines[:].set_visible(False)
    ax.grid(False)


def draw_pairs(ax: Axes, left: ArrayLike, right: ArrayLike, labels: Sequence[str]) -> None:
    """Draw every pair of items as a square: ``+`` concordant, ``−`` discordant, ``=`` tied."""
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    signs = np.sign(left[:, None] - left) * np.sign(right[:, None] - right)
    colors = {1: "white", -1: PALETTE[4], 0: "0.9"}
    for row in range(len(labels)):
        for column in range(row):
            sign = int(signs[row, column])
            square = plt.Rectangle((column, row), 1, 1, facecolor=colors[sign], edgecolor="0.5")
            ax.add_patch(square)
            text = {1: "+", -1: "−", 0: "="}[sign]
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=13)
    size = len(labels)
    ax.set(xlim=(0, size - 1), ylim=(size, 1), aspect="equal")
    ax.set_xticks(np.arange(size - 1) + 0.5, labels[:-1])
    ax.set_yticks(np.arange(1, size) + 0.5, labels[1:])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(False)
