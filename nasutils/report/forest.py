"""Published figures as intervals beside the paper's marks: forest plots, as inline SVG.

The drawing inherits the page's colours and font, so that it is right on light and dark pages. Each
column of a table is a panel with an axis of its own, each row a line.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
from matplotlib.ticker import MaxNLocator

from nasutils.report.estimate import Estimate
from nasutils.report.numbers import minus

_WIDTH, _VALUE, _LINE, _GAP = 312, 48, 14, 6  # of a panel, its values, a line of text, between rows
_LETTER = 5.9  # mean width of a letter of 12 pixels
_OURS, _PAPER = "var(--accent, #0b6e69)", "var(--mark, #b0451b)"
_SOFT, _RULE = "var(--ink-soft, #5a666b)", "var(--rule, #dde2e2)"
PAPER_ROW, PAPER_COLUMN = " (paper)", "Paper, "  # end, begin the names of the paper's
_COSTS = {"seconds", "params_m", "flops_m", "zc_evals", "queries"}  # of a find, not its worth
_BEYOND = 0.75  # how far an interval may widen the axis, in widths of what the means span


@dataclass(frozen=True)
class Line:
    """A row of a panel: our figure, the paper's, or both."""

    label: str
    ours: Estimate | None = None
    printed: str = ""

    @property
    def paper(self) -> float | None:
        """The paper's figure; None where it has none."""
        return float(self.printed.split(" ")[0].replace("−", "-")) if self.printed else None


def panels_of(frame: pd.DataFrame) -> dict[str, list[Line]]:
    """Return the lines of each column of a frame that has estimates to compare.

    A row ``NAME (paper)``, or a column ``Paper, NAME``, gives the paper's figures of the row or the
    column NAME. Costs are not drawn, and where a column has gains, only these are.
    """
    panels = {}
    for heading, cells in frame.items():
        ours = {
            label: cell
            for label, cell in cells.items()
            if isinstance(cell, Estimate) and cell.metric not in _COSTS
        }
        if any(cell.is_gain for cell in ours.values()):
            panels[heading] = [Line(row, cell) for row, cell in ours.items() if cell.is_gain]
        elif ours:
            panels[heading] = _beside(ours, _printed(frame, heading))
    return {heading: lines for heading, lines in panels.items() if _is_telling(lines)}


def _printed(frame: pd.DataFrame, heading: str) -> dict[str, str]:
    """Return what the paper prints in a column, by the row of ours that it stands beside."""
    rows = {
        label.removesuffix(PAPER_ROW): cell
        for label, cell in frame[heading].items()
        if label.endswith(PAPER_ROW)
    }
    columns = frame.get(PAPER_COLUMN + heading, pd.Series(dtype=object)).to_dict()
    return {label: str(cell) for label, cell in {**columns, **rows}.items() if cell}


def _beside(ours: Mapping[str, Estimate], printed: Mapping[str, str]) -> list[Line]:
    """Return a line for each row that the paper or we have, the paper's first."""
    rows = dict.fromkeys([*printed, *ours])
    return [Line(row, ours.get(row), printed.get(row, "")) for row in rows]


def _is_telling(lines: Sequence[Line]) -> bool:
    """Whether lines hold an interval, one of ours beside the paper's, or several of ours."""
    ours = [line for line in lines if line.ours]
    return len(ours) > 2 or any(line.ours.interval or line.printed for line in ours)


def with_forest(panels: Mapping[str, Sequence[Line]], caption: str, table: str) -> str:
    """Return a table as HTML; below its drawing, in a fold, where there is one."""
    if not panels:
        return table
    fold = "<details><summary>The figures as a table</summary>"
    return f"{forest(panels, caption)}{fold}{table}</details>"


def forest(panels: Mapping[str, Sequence[Line]], caption: str) -> str:
    """Return a figure of HTML with a panel for each title, and a caption that is HTML.

    The axis of a panel spans all means and the paper's marks. An interval that is far longer is
    cut there, and an arrow says so.
    """
    drawn = "".join(_panel(title, lines) for title, lines in panels.items())
    return (
        f'<figure class="forest"><div class="forest-panels">{drawn}</div>'
        f"<figcaption>{_key(panels.values())} {caption}</figcaption></figure>"
    )


def _key(panels: Iterable[Sequence[Line]]) -> str:
    lines = [line for panel in panels for line in panel]
    ours = [line.ours for line in lines if line.ours]
    signs = [
        (_OURS, "●", "ours, mean and 95 % interval over seeds", any(o.interval for o in ours)),
        (_OURS, "○", "ours, a single figure", any(not o.interval for o in ours)),
        (_PAPER, "◆", "the paper", any(line.printed for line in lines)),
    ]
    said = [
        f'<span style="color: {colour}">{sign}</span> {text}'
        for colour, sign, text, is_there in signs
        if is_there
    ]
    return f'<span class="forest-key">{"; ".join(said)}.</span>'


def _panel(title: str, lines: Sequence[Line]) -> str:
    longest = max(len(line.label) for line in lines)
    left = min(_LETTER * longest + 8, 0.42 * _WIDTH)
    heading = textwrap.wrap(title, int(_WIDTH / _LETTER)) or [""]
    labels = [textwrap.wrap(line.label, int((left - 6) / _LETTER)) or [""] for line in lines]
    axis = _Axis(*_reach(lines), left + 4, _WIDTH - _VALUE - 4)
    is_gain = any(line.ours and line.ours.is_gain for line in lines)

    top = _LINE * len(heading) + _GAP
    y, rows = top, []
    for line, label in zip(lines, labels, strict=True):
        height = _LINE * len(label) + _GAP
        rows.append(_row(line, label, y + height / 2, axis))
        y += height
    texts = [_text(0, _LINE * (i + 0.8), text, weight=600) for i, text in enumerate(heading)]
    return (
        f'<svg class="forest-panel" role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {_WIDTH} {y + 18:g}" width="{_WIDTH}" font-size="12" '
        f'font-family="inherit" fill="currentColor" style="max-width: 350px; height: auto">'
        f"{''.join(texts)}{axis.draw(top, y, is_gain)}{''.join(rows)}</svg>"
    )


def _reach(lines: Sequence[Line]) -> tuple[float, float]:
    """Return what an axis spans: all points, and as much of the intervals as leaves them apart."""
    points = [line.ours.mean for line in lines if line.ours]
    points += [line.paper for line in lines if line.paper is not None]
    if any(line.ours and line.ours.is_gain for line in lines):
        points.append(0.0)
    ends = [line.ours.interval for line in lines if line.ours and line.ours.interval]
    low, high = min(points), max(points)
    furthest = _BEYOND * (high - low) or float("inf")
    low = max(min([low, *(end for end, _ in ends)]), low - furthest)
    high = min(max([high, *(end for _, end in ends)]), high + furthest)
    margin = 0.04 * (high - low) or 0.01 * abs(high) or 1.0
    return low - margin, high + margin


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    left: float
    right: float

    def place(self, value: float) -> float:
        """Return where a value lies, in pixels; at an end where it lies beyond it."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def draw(self, top: float, bottom: float, is_gain: bool) -> str:
        ticks = MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(self.low, self.high)
        inside = [tick for tick in ticks if self.low <= tick <= self.high]
        texts = [f"{tick:.6g}" for tick in inside]
        digits = max((len(text.partition(".")[2]) for text in texts), default=0)
        drawn = []
        for tick in inside:
            x = self.place(tick)
            is_zero = is_gain and abs(tick) < 1e-9
            drawn.append(_stroke(x, top, x, bottom, _SOFT if is_zero else _RULE))
            text = minus(f"{tick:.{digits}f}")
            drawn.append(_text(x, bottom + 13, text, anchor="middle", fill=_SOFT, size=10.5))
        return "".join(drawn)


def _row(line: Line, label: Sequence[str], y: float, axis: _Axis) -> str:
    first = y - _LINE * (len(label) - 1) / 2 + 4
    drawn = [_text(0, first + _LINE * i, text) for i, text in enumerate(label)]
    if line.paper is not None:
        x = axis.place(line.paper)
        drawn.append(f'<path d="M{x - 5:.1f} {y:g}l5 -5 5 5 -5 5z" fill="{_PAPER}"/>')
    if line.ours:
        drawn.append(_interval(line.ours, y, axis))
    text = line.ours.short if line.ours else line.printed
    fill = "currentColor" if line.ours else _PAPER
    return "".join(drawn) + _text(_WIDTH, y + 4, text, anchor="end", fill=fill)


def _interval(ours: Estimate, y: float, axis: _Axis) -> str:
    x, drawn = axis.place(ours.mean), ""
    if ours.interval:
        ends = [axis.place(end) for end in ours.interval]
        drawn = _stroke(ends[0], y, ends[1], y, _OURS, 2.2)
        for end, place, way in zip(ours.interval, ends, (-1, 1), strict=True):
            if not axis.low <= end <= axis.high:
                arrow = f"M{place:.1f} {y - 4:g}l{4 * way} 4 {-4 * way} 4"
                drawn += f'<path d="{arrow}" fill="none" stroke="{_OURS}" stroke-width="1.6"/>'
    inside = _OURS if ours.interval else "var(--paper, #fff)"
    dot = f'<circle cx="{x:.1f}" cy="{y:g}" r="3.6" fill="{inside}" stroke="{_OURS}"'
    return f'{drawn}{dot} stroke-width="1.6"/>'


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:g}" x2="{x2:.1f}" y2="{y2:g}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", fill: str = "currentColor",
    size: float = 12, weight: int = 400,
) -> str:  # fmt: skip
    look = f'text-anchor="{anchor}" fill="{fill}" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:g}" {look}>{escape(text)}</text>'
