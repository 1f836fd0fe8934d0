"""How all chapters draw cells, panels, and a line for each row of a table."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

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
OPERATION_LOOKS["sep_conv"] = OPERATION_LOOKS["conv3x3"]
OPERATION_LOOKS["dil_conv"] = OPERATION_LOOKS["conv1x1"]


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
    style = {"ha": "center", "va": "center" if bend else "bottom", "fontsize": 8, "zorder": 2}
    if bend:
        style["bbox"] = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"}
    ax.text((source + target) / 2, height or 0.06, label, **style)


def panels(
    titles: Mapping[str, str], *, columns: int = 3, height: float = 1.9, **options: object
) -> dict[str, Axes]:
    """Return an axes a panel, in rows over the width of the page; none for no titles.

    ``titles`` are those of the panels by key; the height is that of a row in inches; the options,
    like ``sharey=True``, are for ``plt.subplots``.
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


def draw_lines(
    ax: Axes, lines: Mapping[str, pd.Series], styles: Mapping[str, dict[str, Any]] | None = None
) -> None:
    """Draw a line a row, a method or an operation, of its look in ``styles`` or else of its own."""
    styles = looks(lines) if styles is None else styles
    for name, line in lines.items():
        ax.plot(line.index, line, label=name, markersize=4, **styles[name])
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
