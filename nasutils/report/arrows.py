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
    """Draw an arrow along an arc, in data coordinates.

    The bend is the height of the arc's control point over the length; a positive one bends to the
    right. Shrinking keeps it so many points away from either end. ``look`` is for
    ``FancyArrowPatch``.
    """
    look |= {"connectionstyle": f"arc3,rad={bend}", "arrowstyle": "-|>"}
    ax.add_patch(FancyArrowPatch(start, end, shrinkA=shrink, shrinkB=shrink, **look))
