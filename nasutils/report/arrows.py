"""The arrow that all drawings of cells and methods share."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch


def draw_arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    bend: float = 0.0,
    shrink: float = 9.0,
    **look: Any,
) -> None:
    """Draw an arrow along an arc.

    Args:
        ax: Where to draw.
        start: Where it begins, in data coordinates.
        end: Where it points.
        bend: Height of the arc's control point over the length; positive bends to the right.
        shrink: Points that it stays away from either end.
        look: For ``FancyArrowPatch``: width, dash, colour, or the patches that it joins.
    """
    arrow = FancyArrowPatch(
        start,
        end,
        connectionstyle=f"arc3,rad={bend}",
        arrowstyle="-|>",
        shrinkA=shrink,
        shrinkB=shrink,
        **look,
    )
    ax.add_patch(arrow)
