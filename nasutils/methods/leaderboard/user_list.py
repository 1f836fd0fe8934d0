"""Rank a list of your own architectures by the labels that you have of some of them."""

from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.errors import ArchitectureError, DataError
from nasutils.methods.leaderboard.methods import ABLATIONS, OURS
from nasutils.spaces.registry import get_space

ARCHITECTURE, LABEL = "arch", "accuracy"
#: Labels that a ranking is learnt from, at least.
FEWEST = 5


def rank_list(frame: pd.DataFrame, space: str, *, seed: int = 0) -> pd.DataFrame:
    """Return the architectures without a label, the most promising first.

    Args:
        frame: A row an architecture: ``arch``, its text; ``accuracy``, empty where unknown. Further
            columns of numbers, such as parameters or zero-cost proxies, are features.
        space: Name of the search space.
        seed: Of the predictor.

    Returns:
        ``rank`` from 1, ``arch`` and ``score``, which has no unit.

    Raises:
        DataError: If a column lacks, a label is no number, there are fewer than ``FEWEST`` labels
            or nothing to rank, an architecture stands there twice or cannot be read, or a feature
            is missing.
        UnknownNameError: If there is no such space.
    """
    checked = _checked(frame, space)
    features = checked.columns.drop([ARCHITECTURE, LABEL])
    benchmark = Benchmark(
        id="your list", title="Your list", heading="Your list", space=space,
        rows=lambda: checked, label=LABEL, test=LABEL, costs={name: name for name in features},
    )  # fmt: skip
    labelled, rest = benchmark.labelled_indices, np.flatnonzero(checked[LABEL].isna())
    split = Split(seed, labelled, rest)
    scores = ABLATIONS[OURS].fit_predict(benchmark, [split]).scores[0, rest]
    found = checked.iloc[rest][[ARCHITECTURE]].assign(score=scores)
    found = found.sort_values("score", ascending=False, kind="stable")
    found.insert(0, "rank", range(1, len(found) + 1))
    return found.reset_index(drop=True)


def read_list(path: Path) -> pd.DataFrame:
    """Read a list from CSV; DataError where that cannot be done."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:  # no CSV, or no text
        raise DataError(f"{path} cannot be read: {error}") from None


def _checked(frame: pd.DataFrame, space: str) -> pd.DataFrame:
    read = get_space(space).from_string
    if missing := [name for name in (ARCHITECTURE, LABEL) if name not in frame]:
        found = ", ".join(map(str, frame.columns))
        raise DataError(f"the list has no column {' and '.join(missing)}; its columns: {found}")
    for line, text in enumerate(frame[ARCHITECTURE], start=2):
        try:
            read(str(text))
        except ArchitectureError as error:
            raise DataError(f"line {line}: {error}") from None
    if len(twice := frame[ARCHITECTURE][frame[ARCHITECTURE].duplicated()]):
        raise DataError(f"{twice.iloc[0]} stands in the list twice")
    numbers = frame.drop(columns=ARCHITECTURE).apply(pd.to_numeric, errors="coerce")
    unread = numbers.isna() & frame[numbers.columns].notna()
    if unread.to_numpy().any():
        line, column = np.argwhere(unread.to_numpy())[0]
        value = frame[numbers.columns[column]].iloc[line]
        raise DataError(f"line {line + 2}: {numbers.columns[column]} is {value!r}, no number")
    features = numbers.drop(columns=LABEL)
    if len(gaps := features.columns[~np.isfinite(features).all()]):
        raise DataError(f"{gaps[0]} is a feature, and not finite in every line")
    labels = numbers[LABEL].notna().sum()
    if labels < FEWEST:
        raise DataError(f"{labels} labels: a ranking takes {FEWEST} or more")
    if labels == len(frame):
        raise DataError("every architecture has a label: there is nothing to rank")
    if not np.isfinite(numbers[LABEL].dropna()).all():
        raise DataError(f"an {LABEL} is infinite")
    return pd.concat([frame[[ARCHITECTURE]].astype(str), numbers], axis=1)
