"""One published figure, for a sentence or an assertion."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nasutils.errors import DataError
from nasutils.report.numbers import format_number
from nasutils.study.results import load_results
from nasutils.study.scales import Scale


@dataclass(frozen=True)
class Summary:
    """A published figure over its seeds; ``str`` gives ``0.712 ± 0.004`` with the metric's digits.

    Attributes:
        mean: Mean over the seeds.
        std: Sample standard deviation; NaN for one seed.
        seeds: Number of seeds.
        metric: What is measured, which sets digits and unit.
    """

    mean: float
    std: float
    seeds: int
    metric: str

    def __str__(self) -> str:
        return format_number(self.mean, self.metric, std=self.std)


def published(
    paper: str,
    *,
    item: str,
    row: str,
    column: str,
    metric: str,
    scale: str = "",
    chapter: str = "",
    root: Path | None = None,
) -> Summary:
    """Return one published figure, for a sentence or an assertion.

    Args:
        paper: The paper's short name.
        item: ``table2``, ``fig4``...
        row: The method.
        column: Benchmark and split.
        metric: What is measured.
        scale: The scale; the largest that is published, where "".
        chapter: The chapter that published it; the paper's own, where "".
        root: The checkout; the one around the working folder, where None.

    Raises:
        DataError: If no such figure is published.
    """
    frame = published_item(paper, item, scale, chapter, root)
    wanted = (frame["row"] == row) & (frame["column"] == column) & (frame["metric"] == metric)
    values = frame.loc[wanted, "value"]
    if values.empty:
        raise DataError(
            f"no published figure {item}, {row}, {column}, {metric} of {chapter or paper}"
            f"{f' at {scale}' if scale else ''}: run and publish it (nasutils publish --help)."
        )
    return Summary(values.mean(), values.std(), len(values), metric)


def published_item(
    paper: str, item: str, scale: str, chapter: str, root: Path | None
) -> pd.DataFrame:
    """Return the published figures of an item, at one scale."""
    frame = load_results(chapter or paper, root)
    frame = frame[(frame["paper"] == paper) & (frame["item"] == item)]
    scales = [Scale(scale)] if scale else [s for s in Scale if s in set(frame["scale"])]
    return frame[frame["scale"] == scales[-1]] if scales else frame


def glue(name: str, value: object) -> None:
    """Hand a figure to the page's prose, which shows it as ``{glue}`; without a page, print it."""
    try:
        from IPython import get_ipython
        from myst_nb import glue as onto_page
    except ImportError:
        print(f"{name} = {value}")
        return
    if get_ipython() is None:
        print(f"{name} = {value}")
    else:
        onto_page(name, str(value) if isinstance(value, Summary) else value, display=False)
