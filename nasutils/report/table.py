"""Tables that a page shows sortable, and a terminal as text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from nasutils.report.estimate import Estimate
from nasutils.report.forest import Line, panels_of, with_forest
from nasutils.report.origin import origin_of

_EMPTY_HEADING = re.compile(r"<th((?:\s[^>]*)?)>(?:\s|&nbsp;|</?p>)*</th>")


@dataclass(frozen=True)
class Table:
    """A frame that a page shows as a sortable table, without its index, and a terminal as text.

    Estimates among its cells are drawn as intervals, and the table goes into a fold below them.

    Attributes:
        frame: What to show.
        name: A name that no other table of the page has.
        words: Columns of words, set to the left; all but the first of them are wrapped.
    """

    frame: pd.DataFrame
    name: str
    words: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)

    def _repr_html_(self) -> str:
        cells = [f".col{self.frame.columns.get_loc(word)}" for word in self.words]
        left = [{"selector": cell, "props": "text-align: left"} for cell in cells]
        wrapped = [{"selector": cell, "props": "white-space: normal"} for cell in cells[1:]]
        style = self.frame.style.hide(axis="index").set_uuid(self.name)
        style = style.set_table_styles(left + wrapped).set_table_attributes('class="dataframe"')
        style = style.format(precision=2, na_rep="", escape="html")
        page = style.format_index(escape="html", axis=1).to_html()
        return with_forest(self.panels, self._origin, page)

    @property
    def panels(self) -> dict[str, list[Line]]:
        """The panels of the drawing: one for each column of estimates, or place of a contrast."""
        if self.frame.empty or not self.words:
            return {}
        if "Against" in self.words:
            return _of_contrast(self.frame)
        first = self.words[0]
        panels = panels_of(self.frame.set_index(first))
        return {f"{first}: {head}" if head.isdigit() else head: panels[head] for head in panels}

    @property
    def _origin(self) -> str:
        cells = chain.from_iterable(self.frame.to_numpy())
        sources = {id(cell.rows): cell.rows for cell in cells if isinstance(cell, Estimate)}
        known = [rows for rows in sources.values() if rows is not None]
        return origin_of(pd.concat(known)) if known else ""


def _of_contrast(frame: pd.DataFrame) -> dict[str, list[Line]]:
    """Return a panel for each place of a table of contrasts, with a line for each pair of rows."""
    panels: dict[str, list[Line]] = {}
    for row, against, where, gain in frame[["Row", "Against", "Where", "Gain"]].to_numpy():
        panels.setdefault(where, []).append(Line(f"{row} − {against}", gain))
    return panels


def table_of(frame: pd.DataFrame, name: str, first: str) -> Table:
    """Show a frame with its index as the first column, under a heading."""
    return Table(frame.rename_axis(first).reset_index(), name, words=(first,))


def in_order(frame: pd.DataFrame, rows: Iterable[str]) -> pd.DataFrame:
    """Return those of some rows that a frame has, in the order in which they are named."""
    return frame.loc[[row for row in rows if row in frame.index]]


def without_empty_headings(page: str) -> str:
    """Return HTML where headings without words, which would be read out, are plain cells."""
    return _EMPTY_HEADING.sub(r"<td\1></td>", page)
