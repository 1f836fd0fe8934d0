"""What the five papers report: every number of every table, typed in by hand.

A row is one printed figure; its key (paper, item, row, column, metric) is that of our own results,
so that ``nasutils.report`` can set the two side by side. Values that exist only as points of a plot
are not in it, nor are the settings that running text gives.
"""

import tomllib
from pathlib import Path

import pandas as pd

from nasutils.errors import lookup
from nasutils.paths import EMBEDDED

_WORDS = tomllib.loads((Path(__file__).parent / "paper_numbers.toml").read_text(encoding="utf-8"))

PAPERS: dict[str, str] = _WORDS["papers"]  # short name of a paper -> its key in references.bib
COLUMNS: dict[str, str] = _WORDS["columns"]  # column of the frame -> what it holds
BENCHMARKS: dict[str, str] = _WORDS["benchmarks"]  # before the slash of a column -> what that is
METRICS: dict[str, str] = _WORDS["metrics"]  # what is measured -> what that is, with its unit
HEADINGS: dict[str, str] = _WORDS["headings"]  # what is measured -> the heading of its column


def load_paper_numbers(paper: str | None = None) -> pd.DataFrame:
    """Return what a paper of ``PAPERS`` reports, or what all five do.

    The columns are those of ``COLUMNS``, a row a figure, in the order of the papers' tables.

    Raises:
        UnknownNameError: If there is no such paper.
    """
    if paper is not None:
        lookup("paper", paper, PAPERS)
    text = ("paper", "item", "row", "column", "metric", "note")
    numbers = pd.read_csv(
        EMBEDDED / "paper_numbers.csv",
        dtype={**dict.fromkeys(text, "str"), "value": float, "std": float},
        keep_default_na=False,
        na_values={"std": [""]},
    )
    if paper is not None:
        numbers = numbers[numbers["paper"] == paper].reset_index(drop=True)
    return numbers
