"""How a chapter draws GraphNet's cells and sequences of them."""

import math
from string import ascii_uppercase

from matplotlib.axes import Axes

from nasutils.report.arrows import draw_arrow
from nasutils.report.style import PALETTE
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence

_INK = "0.15"
_GAP = 1.6  # between vertices, wider than the longest name


def draw_graphnet_cell(ax: Axes, cell: GraphNetCell, title: str = "") -> None:
    """Draw a cell: its vertices in a row, from input to output, and an arrow for each edge.

    Arrows to the next vertex are straight; longer ones arch over the row, or below it where they
    leave every other vertex.
    """
    names = ("in", *(op.rpartition("_") for op in cell.ops), "out")
    labels = []
    for vertex, name in enumerate(names):
        kind, _, kernel = ("", "", name) if isinstance(name, str) else name
        label = f"{kind}\n{kernel.replace('x', '×')}" if kind else kernel
        filled = 0 < vertex < len(names) - 1
        box = {
            "boxstyle": "round,pad=0.3",
            "facecolor": PALETTE[3] if filled else "white",
            "edgecolor": _INK,
        }
        middle = {"ha": "center", "va": "center", "fontsize": 7}
        text = ax.text(_GAP * vertex, 0, label, bbox=box, zorder=3, **middle)
        labels.append(text.get_bbox_patch())
    for target in range(1, len(names)):
        for source in cell.predecessors(target):
            span = target - source
            # An arc is half as high as its bend says.
            bend = 0.0 if span == 1 else (-2, 2)[source % 2] * _height(span) / (_GAP * span)
            ends = {"patchA": labels[source], "patchB": labels[target]}
            look = {"color": "0.35", "linewidth": 1.1, "mutation_scale": 9, "shrink": 1}
            draw_arrow(ax, (_GAP * source, 0), (_GAP * target, 0), bend=bend, **ends, **look)
    height = _height(len(names))
    ax.set(xlim=(-0.5, _GAP * len(names) - 1), ylim=(-height, height), aspect="equal")
    ax.set_title(title, fontsize=9)
    ax.axis("off")


def _height(span: int) -> float:
    return 0.3 + 0.13 * span


def draw_graphnet_sequence(ax: Axes, sequence: GraphNetSequence, title: str = "") -> None:
    """Draw a sequence: a bar a cell, as high as its channels' logarithm, and a mark a stride of 2.

    Cells of the same isomorphism class share a letter.
    """
    classes = [sized.cell.isomorphism_class() for sized in sequence.cells]
    letters = dict(zip(dict.fromkeys(classes), ascii_uppercase, strict=False))
    for place, (sized, name) in enumerate(zip(sequence.cells, classes, strict=True)):
        height = math.log2(sized.channels) - 2
        ax.bar(place, height, width=0.7, color=PALETTE[3], edgecolor=_INK, linewidth=1)
        around = {"ha": "center", "fontsize": 7.5}
        ax.text(place, height + 0.1, sized.channels, va="bottom", **around)
        ax.text(place, height / 2, letters[name], va="center", **around)
        if sized.stride == 2:
            ax.text(place - 0.5, -0.15, "÷2", va="top", color=PALETTE[2], **around)
    ax.set(xlim=(-0.8, len(classes) - 0.2), ylim=(-1, 9))
    ax.set_title(title, fontsize=9)
    ax.axis("off")
