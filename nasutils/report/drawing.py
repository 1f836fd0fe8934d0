"""How chapter 0 draws cells, tables and pairs; measured and published figures look the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from nasutils.report.arrows import draw_arrow
from nasutils.report.style import PALETTE, WIDTH, looks
from nasutils.spaces.nasbench201 import CONV1, CONV3, EDGES, NONE, POOL, SKIP, NASBench201Cell

# Operation: label, line width, dash. Width and dash tell them apart without colour.
_EDGE_STYLES = {
    CONV3: ("conv 3×3", 3.4, "-"),
    CONV1: ("conv 1×1", 1.6, "-"),
    POOL: ("pool", 1.6, ":"),
    SKIP: ("skip", 1.1, "--"),
}
_INK = "0.15"

#: Operation -> its look in every plot; larger and separable convolutions share that of their kind.
OPERATION_LOOKS = looks(("conv3x3", "conv1x1", "pool", "skip", "none"))
OPERATION_LOOKS |= {
    "sep_conv": OPERATION_LOOKS["conv3x3"],
    "dil_conv": OPERATION_LOOKS["conv1x1"],
}


def draw_cell(ax: Axes, cell: NASBench201Cell, title: str = "") -> None:
    """Draw a NAS-Bench-201 cell: four nodes in a row, an arc for each operation but ``none``."""
    for (source, target), op in zip(EDGES, cell.ops, strict=True):
        if op != NONE:
            _draw_edge(ax, source, target, op)
    ax.scatter(range(4), [0] * 4, s=230, c="white", edgecolors=_INK, linewidths=1.2, zorder=3)
    for node, name in enumerate(("in", "1", "2", "out")):
        ax.text(node, 0, name, ha="center", va="center", fontsize=7.5, zorder=4)
    ax.set(xlim=(-0.2, 3.2), ylim=(-1, 0.65), aspect="equal")
    ax.set_title(title, fontsize=9)
    ax.axis("off")


def _draw_edge(ax: Axes, source: int, target: int, op: str) -> None:
    label, width, dash = _EDGE_STYLES[op]
    # Long edges arch over the row, (1, 3) and (0, 3) below it, so that none cross.
    bend = {(0, 2): -0.55, (1, 3): 0.55, (0, 3): 0.6}.get((source, target), 0)
    color = PALETTE[0] if op in (CONV3, CONV1) else "0.45"
    look = {"linewidth": width, "linestyle": dash, "color": color}
    draw_arrow(ax, (source, 0), (target, 0), bend=bend, shrink=8, mutation_scale=9, **look)
    # A quadratic curve's middle lies half as far out as its control point.
    height = -bend * (target - source) / 2
    ax.text(
        (source + target) / 2,
        height or 0.06,
        label,
        ha="center",
        va="center" if bend else "bottom",
        fontsize=8,
        bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"}
        if bend
        else None,
        zorder=2,
    )


def panels(
    titles: Mapping[str, str], *, columns: int = 3, height: float = 1.9, **options: object
) -> dict[str, Axes]:
    """Return an axes a panel, in rows over the width of the page; none for no titles.

    Args:
        titles: Key of each panel, and its title.
        columns: Panels in a row.
        height: Height of a row in inches.
        options: For ``plt.subplots``, like ``sharey=True``.
    """
    if not titles:
        return {}
    rows = -(-len(titles) // columns)
    _, grid = plt.subplots(rows, columns, figsize=(WIDTH, height * rows), squeeze=False, **options)
    axes = dict(zip(titles, grid.flat, strict=False))
    for name, ax in axes.items():
        ax.set_title(titles[name], fontsize=9)
        ax.tick_params(labelsize=8)
    for ax in list(grid.flat)[len(titles) :]:
        ax.axis("off")
    return axes


def draw_histogram(ax: Axes, shares: pd.Series, window: tuple[float, float]) -> None:
    """Draw the shares that ``summaries.histogram`` returns, in percent of all architectures."""
    width = (window[1] - window[0]) / len(shares)
    ax.bar(
        shares.index,
        100 * shares,
        width=width,
        align="edge",
        color=PALETTE[3],
        edgecolor="white",
        linewidth=0.6,
    )
    ax.set(xlim=window)


def draw_lines(
    ax: Axes,
    lines: Mapping[str, pd.Series],
    styles: Mapping[str, dict[str, Any]] | None = None,
) -> None:
    """Draw a line a row: a method or an operation.

    Args:
        ax: Where to draw.
        lines: Row -> values over their index.
        styles: Row -> its look, where it has one in other plots too; of its own where None.
    """
    styles = looks(lines) if styles is None else styles
    for name, line in lines.items():
        ax.plot(line.index, line, label=name, markersize=4, **styles[name])
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def draw_profile(ax: Axes, profile: pd.DataFrame) -> None:
    """Draw what ``summaries.cost_profile`` returns: best and median accuracy over cost."""
    ax.plot(profile["cost"], profile["best"].cummax(), color=PALETTE[0], label="best so far")
    ax.plot(profile["cost"], profile["median"], color=PALETTE[2], ls="--", label="median")


def draw_slopes(ax: Axes, left: ArrayLike, right: ArrayLike, labels: Sequence[str]) -> None:
    """Draw two rankings of the same items, joined by lines: a crossing is a discordant pair.

    Args:
        ax: Where to draw.
        left: Scores of shape (N,), the highest on top.
        right: The other scores of the same items.
        labels: Names of the items.
    """
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
