"""How a chapter draws the idea of a method: boxes in a row, and ways back below them."""

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from nasutils.report.arrows import draw_arrow
from nasutils.report.style import PALETTE

_HALF_HEIGHT = 0.32
_ARROW = {"shrink": 3, "mutation_scale": 10, "linewidth": 1.3}


def draw_flow(
    ax: Axes,
    steps: Sequence[str],
    *,
    plain: Collection[str] = (),
    below: Sequence[tuple[int, int, str]] = (),
) -> None:
    """Draw steps from left to right, joined by arrows.

    Those of ``plain`` are things, and get no filled box; the others work on them in turn. ``below``
    are ways back: from which step, to which, and their names.
    """
    boxes: list[Patch] = []
    for i, step in enumerate(steps):
        filled = step not in plain
        box = {
            "boxstyle": "round,pad=0.45",
            "facecolor": PALETTE[3] if filled else "white",
            "edgecolor": "0.15" if filled else "0.6",
            "linewidth": 1.0,
            "alpha": 0.9,
        }
        text = ax.text(i, 0, step, ha="center", va="center", fontsize=8.5, bbox=box, zorder=3)
        boxes.append(text.get_bbox_patch())
        if i:
            joined = {"patchA": boxes[-2], "patchB": boxes[-1]}
            draw_arrow(ax, (i - 1, 0), (i, 0), color="0.15", **joined, **_ARROW)
    for start, end, name in below:
        ends = (start, -_HALF_HEIGHT), (end, -_HALF_HEIGHT)
        # Arrows that go back bend below the row; the middle of the curve is half as deep.
        depth = 0.35
        bend = -depth / (start - end) * 2
        draw_arrow(ax, *ends, bend=bend, color=PALETTE[2], **_ARROW)
        deep = -_HALF_HEIGHT - depth - 0.08
        ax.text((start + end) / 2, deep, name, ha="center", va="top", fontsize=8.5)
    ax.set(xlim=(-0.5, len(steps) - 0.5), ylim=(-1.15, 0.5))
    ax.axis("off")
