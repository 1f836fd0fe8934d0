"""A chapter's published figures, as its sentences, tables and verdicts need them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.report.contrast import SMALLEST_EFFECTS, Contrast
from nasutils.report.estimate import Estimate
from nasutils.report.numbers import format_number, minus
from nasutils.report.table import Table, in_order
from nasutils.report.verdicts import Effect
from nasutils.study import load_results

_KEY = ["item", "row", "column", "metric"]
UNPUBLISHED = "?"

#: Where a figure stands: item, row, column and metric.
Place = tuple[str, str, str, str]


@dataclass(frozen=True)
class Summary:
    """A published figure over its seeds; a question mark before it is published.

    ``str`` gives ``0.712 ± 0.004`` with the metric's digits and unit; a format, as in
    ``f"{summary:.2f}"``, the mean alone. The mean is NaN without any seed, the sample standard
    deviation for a single one.
    """

    mean: float
    std: float
    seeds: int
    metric: str

    def __str__(self) -> str:
        return format_number(self.mean, self.metric, std=self.std) if self.seeds else UNPUBLISHED

    def __format__(self, spec: str) -> str:
        if not spec or not self.seeds:
            return str(self)
        return minus(format(self.mean, spec))


@dataclass(frozen=True)
class PublishedResults:
    """What a chapter of a checkout has published; nothing before the first publication.

    Of a figure that is published at several scales, that of the last of ``scales`` is taken.
    """

    chapter: str
    scales: tuple[str, ...] = ("bench",)
    root: Path | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """All figures, one a line, with the columns of ``study.results``."""
        frame = load_results(self.chapter, self.root)
        rank = frame["scale"].map({scale: rank for rank, scale in enumerate(self.scales)})
        highest = rank.groupby([frame[name] for name in _KEY]).transform("max")
        return frame[rank.notna() & (rank == highest)]

    def of(self, item: str, row: str, column: str, metric: str) -> Summary:
        """Return a figure over its seeds; one that reads "?" before there is any."""
        values = self.by_seed(item, row, column, metric)
        return Summary(values.mean(), values.std(), len(values), metric)

    def mean(self, item: str, row: str, column: str, metric: str) -> float:
        """Return the mean of a figure; NaN before there is one."""
        return self.of(item, row, column, metric).mean

    def by_seed(self, item: str, row: str, column: str, metric: str) -> pd.Series:
        """Return a figure of each seed, indexed by it; empty before there is one."""
        keep = np.ones(len(self.rows), dtype=bool)
        for name, value in zip(_KEY, (item, row, column, metric), strict=True):
            keep &= (self.rows[name] == value).to_numpy()
        return self.rows[keep].set_index("seed")["value"].sort_index()

    def effect(self, *place: str, printed: str = "", **attributes: float) -> Effect:
        """Return the figure of a place as evidence for a claim; the rest as of ``Effect.of``."""
        return Effect.of(self.by_seed(*place), printed, **attributes)

    def gain(self, item: str, first: str, second: str, column: str, metric: str) -> pd.Series:
        """Return by how much one row exceeds another, a figure a seed that both have."""
        ours, others = (self.by_seed(item, row, column, metric) for row in (first, second))
        return ours.sub(others).dropna()

    def contrast(
        self, item: str, first: str, second: str, columns: Iterable[str], metric: str
    ) -> Contrast:
        """Return the paired differences of two rows over several columns."""
        gains = {column: self.gain(item, first, second, column, metric) for column in columns}
        return Contrast.of(first, second, gains, SMALLEST_EFFECTS.get(metric, 0.0))

    def pivot(self, item: str, metric: str) -> pd.DataFrame:
        """Return the figures of an item, mean over the seeds: rows by columns.

        Rows go by their name and the numbers in it (``bin 2`` before ``bin 10``), columns in the
        order of the benchmarks. What is not published yet is an empty frame.
        """
        rows = self.rows
        figures = rows[(rows["item"] == item) & (rows["metric"] == metric)]
        table = figures.pivot_table("value", "row", "column")
        places = {id: place for place, id in enumerate(BENCHMARKS)}
        columns = sorted(table, key=lambda column: places.get(column, len(places)))
        return table.loc[sorted(table.index, key=_by_number), columns].rename_axis(columns=None)

    def spread(
        self,
        items: str | Iterable[str],
        columns: Mapping[tuple[str, str], tuple[str, int]],
        rows: Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Return estimates, mean and standard deviation over seeds, a row a method.

        ``columns`` are headings and digits by column and metric; of several items the rows stand
        below each other; ``rows`` says which, in order; all, where None.
        """
        wanted = [items] if isinstance(items, str) else [*items]
        frame = self.rows[self.rows["item"].isin(wanted)]
        places = pd.MultiIndex.from_frame(frame[["column", "metric"]])
        frame = frame[places.isin([*columns])]
        cells: dict[str, dict[str, Estimate]] = {}
        groups = frame.groupby(["row", "column", "metric"], sort=False)["value"]
        for (row, column, metric), values in groups:
            heading, digits = columns[column, metric]
            estimate = Estimate.of(values, digits, metric, frame)
            cells.setdefault(row, {})[heading] = estimate
        headings = [heading for heading, _ in columns.values()]
        table = pd.DataFrame(cells).T.reindex(columns=headings).astype(object).fillna("")
        table.index = table.index.astype(str)
        return table if rows is None else in_order(table, rows)

    def sources(self) -> Table:
        """Show where the figures come from: a column a scale."""
        runs = self.rows.groupby("scale", sort=False).agg(
            Figures=("value", "size"),
            Seconds=("seconds", lambda seconds: f"{seconds.sum():.0f}"),
            Seeds=("seed", lambda seeds: ", ".join(map(str, sorted(set(seeds))))),
            Device=("device", "first"),
            Version=("version", "first"),
            Job=("job", "first"),
        )
        runs = runs.T.rename_axis("").rename_axis(columns=None).reset_index()
        return Table(runs, "sources", words=tuple(runs))


def _by_number(row: str) -> list[tuple[int, float, str]]:
    parts = re.split(r"(\d+\.?\d*)", row)
    return [(0, float(part), "") if i % 2 else (1, 0.0, part) for i, part in enumerate(parts)]
