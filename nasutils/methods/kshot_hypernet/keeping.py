"""Accuracies of cells, found a few at a time and kept as they are found."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from nasutils.cache import cached_frame, write_cached_frame
from nasutils.networks.nasbench201_supernet import effective
from nasutils.spaces.nasbench201 import NASBench201Cell

_COLUMNS = ["cell", "accuracy"]


def kept_accuracies(
    path: Path | None,
    cells: Sequence[NASBench201Cell],
    find: Callable[[list[NASBench201Cell]], np.ndarray],
    *,
    chunk: int = 100,
    progress: bool = False,
) -> pd.DataFrame:
    """Return the accuracies of cells, and keep them in a file.

    Cells that differ in operations without effect alone have one accuracy.

    Args:
        path: A Parquet file of distinct functions; those it lacks are found and added. Nothing is
            kept where None.
        cells: Any cells.
        find: From distinct cells to their accuracies.
        chunk: Cells to find before the file is written again.
        progress: Whether to show a progress bar.

    Returns:
        Columns ``cell`` and ``accuracy`` (percent), one row a cell.
    """
    empty = pd.DataFrame({"cell": pd.Series(dtype=str), "accuracy": pd.Series(dtype=float)})
    known = empty if path is None else cached_frame(path, _COLUMNS, lambda: empty)
    functions = dict.fromkeys(map(effective, cells))
    there = set(known["cell"])
    todo = [cell for cell in functions if str(cell) not in there]
    name = path.stem if path else None
    with tqdm(total=len(todo), desc=name, disable=not progress, mininterval=10) as bar:
        for start in range(0, len(todo), chunk):
            some = todo[start : start + chunk]
            new = pd.DataFrame({"cell": list(map(str, some)), "accuracy": find(some)})
            known = pd.concat([known, new], ignore_index=True)
            if path is not None:
                write_cached_frame(known, path)
            bar.update(len(some))
    found = known.set_index("cell")["accuracy"]
    accuracy = found.loc[[str(effective(cell)) for cell in cells]].to_numpy()
    return pd.DataFrame({"cell": list(map(str, cells)), "accuracy": accuracy})
