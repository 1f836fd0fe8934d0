"""Chapter 0's published figures, arranged for tables and drawings."""

import re
from dataclasses import dataclass

import pandas as pd

from nasutils.benchmarks.gallery import GALLERY


def pivot(results: pd.DataFrame, item: str, metric: str) -> pd.DataFrame:
    """Return the figures of an item, mean over the seeds: rows by benchmarks.

    Rows go by their name and the numbers in it (``bin 2`` before ``bin 10``), benchmarks in the
    order of the gallery. What is not published yet is an empty frame.

    Args:
        results: What ``nasutils.study.load_results`` returns, or a part of it.
        item: Like ``size``.
        metric: Like ``accuracy``.
    """
    figures = results[(results["item"] == item) & (results["metric"] == metric)]
    table = figures.pivot_table("value", "row", "column")
    rows = sorted(table.index, key=_by_number)
    return table.loc[rows, [name for name in GALLERY if name in table]].rename_axis(columns=None)


def _by_number(row: str) -> list[tuple[int, float, str]]:
    parts = re.split(r"(\d+\.?\d*)", row)
    return [(0, float(part), "") if i % 2 else (1, 0.0, part) for i, part in enumerate(parts)]


@dataclass(frozen=True)
class Table:
    """A frame that a page shows as a sortable table, and a terminal as text.

    Attributes:
        frame: What to show; its index is not.
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
        styles = left + wrapped
        style = self.frame.style.hide(axis="index").set_uuid(self.name).set_table_styles(styles)
        style = style.set_table_attributes('class="dataframe"').format(
            precision=2, na_rep="", escape="html"
        )
        return style.to_html()
