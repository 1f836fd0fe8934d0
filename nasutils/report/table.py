"""Tables that a page shows sortable, and a terminal as text."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Table:
    """A frame that a page shows as a sortable table, without its index, and a terminal as text.

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
        return style.format_index(escape="html", axis=1).to_html()


def table_of(frame: pd.DataFrame, name: str, first: str) -> Table:
    """Show a frame with its index as the first column, under a heading."""
    return Table(frame.rename_axis(first).reset_index(), name, words=(first,))


def in_order(frame: pd.DataFrame, rows: Iterable[str]) -> pd.DataFrame:
    """Return those of some rows that a frame has, in the order in which they are named."""
    return frame.loc[[row for row in rows if row in frame.index]]
