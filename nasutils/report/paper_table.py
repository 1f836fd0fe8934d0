"""The paper's numbers beside ours."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import pandas as pd
from pandas.io.formats.style import Styler

from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.data.paper_numbers import BENCHMARKS as PRINTED_BENCHMARKS
from nasutils.data.paper_numbers import HEADINGS, METRICS, load_paper_numbers
from nasutils.data.paper_numbers import PAPERS as PRINTED
from nasutils.errors import UnknownNameError
from nasutils.report.estimate import Estimate
from nasutils.report.forest import PAPER_COLUMN, panels_of, with_forest
from nasutils.report.numbers import digits_of, plain_number, with_deviation
from nasutils.report.origin import origin_of
from nasutils.report.table import in_order
from nasutils.study.results import PAPERS, load_results
from nasutils.study.scales import Scale

_TABLE_STYLES = [
    {"selector": "", "props": "font-variant-numeric: tabular-nums"},
    {"selector": "td", "props": "text-align: right; white-space: nowrap"},
    {"selector": "th.row_heading", "props": "text-align: left"},
    {"selector": "th.col_heading", "props": "text-align: right"},
    {"selector": "caption", "props": "caption-side: bottom; text-align: left"},
]
_KEYS = ("column", "metric", "source")  # what heads a column of a table
_SMALLER_IS_BETTER = {"test_error", "top1_error", "nb360_error", "rank"}
_BIGGER_IS_BETTER = {"kendall_tau", "spearman", "success_rate"}


def paper_table(
    paper: str,
    item: str,
    *,
    metric: str = "",
    scale: str = "",
    rows: str = "all",
    beside: Mapping[str, str] | None = None,
    root: Path | None = None,
) -> "PaperTable":
    """Set a table of a paper beside our published results: a drawing, and the table in a fold.

    A row a method, in the paper's order, ours alone after them; under every benchmark the paper's
    figure and our mean ± standard deviation over seeds, the best of each in bold. The caption says
    scale, seeds, device, wall time, version, and the command that repeats it.

    Args:
        paper: The paper's short name.
        item: ``table1``, ``table2``...
        metric: Only this metric; all of the table's, where "".
        scale: The scale of our figures; the largest that is published, where "".
        rows: ``all``, or ``ours`` for the methods that we ran.
        beside: Benchmark of ours -> the paper's that it stands beside, where it is another.
        root: The checkout; the one around the working folder, where None.

    Raises:
        UnknownNameError: If the paper has no such table, or it has no such metric.
    """
    if rows not in ("all", "ours"):
        raise UnknownNameError("choice of rows", rows, ("all", "ours"))
    theirs, ours = _theirs(paper), _ours(paper, item, scale, root)
    if item not in {*theirs["item"], *ours["item"]}:
        raise UnknownNameError(f"item of {paper}", item, set(theirs["item"]) or {"(none)"})
    theirs = theirs[theirs["item"] == item]
    if metric:
        known = {*theirs["metric"], *ours["metric"]}
        if metric not in known:
            raise UnknownNameError(f"metric of {paper} {item}", metric, known)
        theirs, ours = theirs[theirs["metric"] == metric], ours[ours["metric"] == metric]
    caption = origin_of(ours)
    for here, there in (beside or {}).items():
        caption = f"In place of {escape(_title(there))}: {escape(_title(here))}. {caption}"
        ours = ours.assign(column=ours["column"].str.replace(rf"^{here}(?=/|$)", there, regex=True))
    means = _estimates(ours)
    cells = pd.concat([theirs.assign(source="paper"), means.assign(source="ours")])
    if rows == "ours":
        cells = cells[cells["row"].isin(ours["row"])]
    # A fixed name, so that a notebook run again has the same output.
    return _styled(cells, caption, f"{paper}-{item}")


def _estimates(ours: pd.DataFrame) -> pd.DataFrame:
    """Return our figures over their seeds: a row each, with ``value``, the mean, and ``cell``."""
    groups = ours.groupby(["row", "column", "metric"], sort=False)["value"]
    cells = [Estimate.of(values, digits_of(metric), metric) for (*_, metric), values in groups]
    return groups.agg(value="mean").assign(cell=cells).reset_index()


def printed_rows(
    paper: str,
    item: str,
    columns: Mapping[tuple[str, str], tuple[str, int]],
    rows: Iterable[str] | None = None,
    *,
    beside: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return a paper's figures as text, a row ``METHOD (paper)`` each, to stand above rows of ours.

    ``columns`` are headings and digits by column and metric, as ``PublishedResults.spread`` has
    them; ``rows`` are the paper's, in order; all, where None; ``beside`` as for ``paper_table``. A
    figure that the paper does not give is "".
    """
    figures = _theirs(paper)
    figures = figures[figures["item"] == item].set_index(["row", "column", "metric"])["value"]
    texts: dict[str, dict[str, str]] = {row: {} for row in figures.index.unique("row")}
    for (column, metric), (heading, digits) in columns.items():
        name, slash, split = column.partition("/")
        column = f"{(beside or {}).get(name, name)}{slash}{split}"
        for row, known in texts.items():
            value = figures.get((row, column, metric))
            known[heading] = "" if value is None else plain_number(value, digits)
    table = pd.DataFrame(texts).T
    table = table[(table != "").any(axis=1)] if rows is None else in_order(table, rows)
    return table.rename(index="{} (paper)".format)


def _theirs(paper: str) -> pd.DataFrame:
    """Return the paper's figures; chapter 0 has no paper, hence none."""
    if paper not in PAPERS:
        raise UnknownNameError("paper", paper, PAPERS)
    return load_paper_numbers(paper) if paper in PRINTED else load_paper_numbers().iloc[:0]


def _ours(paper: str, item: str, scale: str, root: Path | None) -> pd.DataFrame:
    """Return our published figures of an item, at one scale."""
    frame = load_results(paper, root)
    frame = frame[frame["item"] == item]
    scales = [Scale(scale)] if scale else [s for s in Scale if s in set(frame["scale"])]
    return frame[frame["scale"] == scales[-1]] if scales else frame


class PaperTable(Styler):
    """A styled table that a terminal shows as text, the same in every run.

    Where we have published figures, a page shows their intervals beside the paper's marks, and
    the table in a fold.
    """

    def __repr__(self) -> str:
        return self.data.to_string()

    def _repr_html_(self) -> str:
        frame = self.data.copy()
        heads = [(", ".join(dict.fromkeys(head)), source) for *head, source in frame.columns]
        frame.columns = [PAPER_COLUMN * (source == "paper") + text for text, source in heads]
        panels, caption = panels_of(frame), self.caption
        table = self.set_caption("") if panels else self
        page = with_forest(panels, caption, table.to_html())
        self.set_caption(caption)
        return page


def _styled(cells: pd.DataFrame, caption: str, uuid: str) -> PaperTable:
    texts, weights = _texts(cells)
    if cells["metric"].nunique() == 1:
        texts.columns = weights.columns = texts.columns.droplevel(1)
        metric = cells["metric"].iloc[0]
        caption = f"{escape(METRICS.get(metric, metric))}. {caption}"
    return (
        PaperTable(texts)
        .apply(lambda _: weights, axis=None)
        .format(escape="html")
        .format_index(escape="html")
        .format_index(escape="html", axis=1)
        .set_caption(caption)
        .set_uuid(uuid)
        .set_table_attributes('class="paper-table"')
        .set_table_styles(_TABLE_STYLES)
    )


def _texts(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the written figures, and the CSS that makes the best of a column bold."""
    texts: dict[tuple, dict[str, str | Estimate]] = {}
    weights: dict[tuple, dict[str, str]] = {}
    for (column, metric, source), group in cells.groupby([*_KEYS], sort=False):
        head = _head(column, metric, source)
        digits = digits_of(metric)
        if source == "paper":  # as many as it prints
            digits = max(len(f"{value:.10g}".partition(".")[2]) for value in group["value"])
        best = _best(group["value"], metric) if len(group) > 1 else None
        texts[head], weights[head] = {}, {}
        for row, value, std, cell in group[["row", "value", "std", "cell"]].itertuples(index=False):
            is_ours = source == "ours"
            texts[head][row] = cell if is_ours else with_deviation(value, std, digits)
            weights[head][row] = "font-weight: bold" if value == best else ""
    rows, columns = cells["row"].unique(), pd.MultiIndex.from_tuples(_heads(cells))
    written, weight = (pd.DataFrame(each, rows, columns).fillna("") for each in (texts, weights))
    return written, weight


def _heads(cells: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the headings, in the paper's order, what belongs together side by side."""
    order = {key: {name: n for n, name in enumerate(cells[key].unique())} for key in _KEYS}
    found = cells[[*_KEYS]].drop_duplicates().itertuples(index=False)
    ranked = sorted(found, key=lambda names: [order[k][n] for k, n in names._asdict().items()])
    return [_head(*names) for names in ranked]


def _head(column: str, metric: str, source: str) -> tuple[str, str, str]:
    return _title(column), HEADINGS.get(metric, metric.replace("_", " ")), source


def _title(column: str) -> str:
    """Return the heading of a benchmark and split: the registry's, or else the papers'."""
    name, slash, split = column.partition("/")
    known = BENCHMARKS.get(name)
    title = known.heading if known else PRINTED_BENCHMARKS.get(name, name)
    return title + (f" / {split}" if slash else "")


def _best(values: pd.Series, metric: str) -> float | None:
    """Return the best value, or None where no direction is better, as for parameters."""
    if metric in _SMALLER_IS_BETTER:
        return values.min()
    return values.max() if metric in _BIGGER_IS_BETTER or "accuracy" in metric else None
