"""How a chapter draws DARTS cells, in the look of the NAS-Bench-201 cells."""

import numpy as np
from matplotlib.axes import Axes

from nasutils.report.arrows import draw_arrow
from nasutils.report.style import PALETTE
from nasutils.spaces import darts
from nasutils.spaces.darts import CONCAT, Cell

# Operation: label, line width, dash. A larger kernel is a thicker line.
_EDGE_STYLES = {
    darts.SEP_CONV_3: ("sep 3×3", 1.8, "-"),
    darts.SEP_CONV_5: ("sep 5×5", 3.4, "-"),
    darts.DIL_CONV_3: ("dil 3×3", 1.8, "-."),
    darts.DIL_CONV_5: ("dil 5×5", 3.4, "-."),
    darts.MAX_POOL: ("max pool", 1.6, ":"),
    darts.AVG_POOL: ("avg pool", 1.6, ":"),
    darts.SKIP: ("skip", 1.1, "--"),
}

# Inputs at the left, nodes placed so that no edge between two of them runs through a third.
_PLACES = ((0.0, 1.5), (0.0, -1.5), (1.9, -0.7), (4.0, 2.0), (6.0, -1.4), (8.0, 0.9))
_OUTPUT = (10.0, 0.0)


def draw_darts_cell(ax: Axes, cell: Cell, title: str = "") -> None:
    """Draw a DARTS cell: two inputs, four nodes, an arrow for each operation, and the output."""
    for i, (op, source) in enumerate(cell):
        _draw_operation(ax, _PLACES[source], _PLACES[CONCAT[i // 2]], op, upper=i % 2 == 0)
    for node in CONCAT:
        look = {"linewidth": 0.7, "color": "0.8"}
        draw_arrow(ax, _PLACES[node], _OUTPUT, mutation_scale=9, **look)
    names = {"k−2": _PLACES[0], "k−1": _PLACES[1], "out": _OUTPUT}
    names |= {str(node - CONCAT[0]): _PLACES[node] for node in CONCAT}
    for name, (x, y) in names.items():
        ax.scatter(x, y, s=330, c="white", edgecolors="0.15", linewidths=1.2, zorder=3)
        ax.text(x, y, name, ha="center", va="center", fontsize=7, zorder=4)
    ax.set(xlim=(-0.6, 10.6), ylim=(-2.4, 2.5))
    ax.set_title(title, fontsize=9)
    ax.axis("off")


def _draw_operation(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], op: str, *, upper: bool
) -> None:
    label, width, dash = _EDGE_STYLES[op]
    color = PALETTE[0] if "conv" in op else "0.45"
    # The two operations of a node bend apart, as both may come the same way.
    bend = -0.12 if upper else 0.12
    look = {"linewidth": width, "linestyle": dash, "color": color}
    draw_arrow(ax, start, end, bend=bend, mutation_scale=9, **look)
    (x0, y0), (x1, y1) = start, end
    # The label lies nearer the node that the operation belongs to: edges part there.
    along, across = 0.55, np.array([y1 - y0, x0 - x1]) * bend / 2
    x, y = np.array([x0 + along * (x1 - x0), y0 + along * (y1 - y0)]) + across
    box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"}
    ax.text(x, y, label, ha="center", va="center", fontsize=7, bbox=box, zorder=2)
