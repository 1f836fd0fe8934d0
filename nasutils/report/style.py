"""The one plot style of the book."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Dark to light in steps that grey keeps apart (lightness 24, 44, 56, 69, 82), and chosen among
# hues that the colour-blind tell apart. Lines differ by dash as well.
PALETTE = ("#332288", "#117733", "#CC6677", "#66B2D9", "#DDCC77")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
WIDTH = 6.8  # inches, the text column of a page


def use_style() -> None:
    """Set the plot style of the book: ``book.mplstyle`` with the colours and dashes of here.

    Notebooks keep their plots at twice the resolution of a page, sharp on dense screens.
    """
    import matplotlib as mpl
    import seaborn as sns
    from cycler import cycler

    file = Path(__file__).parent / "book.mplstyle"
    rc = mpl.rc_params_from_file(file, use_default_template=False)
    rc["figure.figsize"] = figure_size()
    sns.set_theme(context="notebook", style="ticks", palette=PALETTE, rc=rc)
    mpl.rcParams["axes.prop_cycle"] = cycler(color=PALETTE) + cycler(linestyle=DASHES)
    if find_spec("matplotlib_inline"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("retina")


def figure_size(width: float = 1.0, aspect: float = 0.58) -> tuple[float, float]:
    """Return a figure's size in inches: its share of the text column, and height over width."""
    return WIDTH * width, WIDTH * width * aspect


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the look of each row of a table in a plot of lines, as keywords for ``Axes.plot``.

    Colours, dashes and markers never run out: the first 175 are all distinct, neighbours in marker
    and lightness as well, so that a row that is added has one of its own. The same names have the
    same looks in any plot.
    """
    colours = len(PALETTE)
    return {
        name: {
            "color": PALETTE[i % colours],
            # One dash further at every round of the colours.
            "linestyle": DASHES[(i + i // colours) % len(DASHES)],
            "marker": MARKERS[i % len(MARKERS)],
        }
        for i, name in enumerate(names)
    }
