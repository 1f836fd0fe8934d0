"""A chapter's published figures, as its sentences, tables and verdicts need them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.errors import DataError
from nasutils.report.contrast import Contrast
from nasutils.report.published import Summary, published
from nasutils.report.table import Table
from nasutils.study import load_results

_KEY = ("item", "row", "column", "metric")


@dataclass(frozen=True)
class Figures:
    """What a chapter has published at one scale; nothing before the first publication.

    Attributes:
        chapter: Its name.
        scale: The scale.
        root: The checkout; the one around the working folder, where None.
    """

    chapter: str
    scale: str = "bench"
    root: Path | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """All figures, one a line, with the columns of ``study.results``."""
        frame = load_results(self.chapter, self.root)
        return frame[frame["scale"] == self.scale]

    def of(self, item: str, row: str, column: str, metric: str) -> Summary | str:
        """Return a figure over its seeds, or a question mark before there is one."""
        where = {"item": item, "row": row, "column": column, "metric": metric}
        try:
            return published(self.chapter, **where, scale=self.scale, root=self.root)
        except DataError:
            return "?"

    def mean(self, item: str, row: str, column: str, metric: str) -> float:
        """Return the mean of a figure; NaN before there is one."""
        found = self.of(item, row, column, metric)
        return np.nan if isinstance(found, str) else found.mean

    def by_seed(self, item: str, row: str, column: str, metric: str) -> pd.Series:
        """Return a figure of each seed, indexed by it; empty before there is one."""
        keep = np.ones(len(self.rows), dtype=bool)
        for name, value in zip(_KEY, (item, row, column, metric), strict=True):
            keep &= (self.rows[name] == value).to_numpy()
        return self.rows[keep].set_index("seed")["value"].sort_index()

    def gain(self, item: str, first: str, second: str, column: str, metric: str) -> pd.Series:
        """Return by how much one row exceeds another, a figure a seed that both have."""
        ours, others = (self.by_seed(item, row, column, metric) for row in (first, second))
        return ours.sub(others).dropna()

    def contrast(
        self, item: str, first: str, second: str, columns: Iterable[str], metric: str
    ) -> Contrast:
        """Return the paired differences of two rows over several columns."""
        gains = {column: self.gain(item, first, second, column, metric) for column in columns}
        return Contrast.of(first, second, gains)

    def spread(self, item: str, columns: dict[tuple[str, str], tuple[str, int]]) -> pd.DataFrame:
        """Return figures as text, mean and standard deviation over seeds, a row a method.

        Args:
            item: The item.
            columns: Column and metric -> heading and digits.
        """
        rows = self.rows[self.rows["item"] == item]
        figures = rows.groupby(["row", "column", "metric"], sort=False)["value"].agg(
            ["mean", "std"]
        )
        texts: dict[str, dict[str, str]] = {}
        for (row, column, metric), (middle, std) in figures.iterrows():
            if (column, metric) in columns:
                heading, digits = columns[column, metric]
                text = f"{middle:.{digits}f}" + (f" ± {std:.{digits}f}" if std > 1e-9 else "")
                texts.setdefault(row, {})[heading] = text.replace("-", "−")
        headings = [heading for heading, _ in columns.values()]
        table = pd.DataFrame(texts).T.reindex(columns=headings).fillna("")
        return table.set_axis(table.index.astype(str))


def table_of(frame: pd.DataFrame, name: str, first: str) -> Table:
    """Show a frame with its index as the first column, under a heading."""
    return Table(frame.rename_axis(first).reset_index(), name, words=(first,))
