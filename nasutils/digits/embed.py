"""Turn finished chunks into the files that the package carries."""

from pathlib import Path

import pandas as pd

from nasutils.data.nb201_digits import CELLS_FILE, RUNS_FILE
from nasutils.digits.making import PASSES, collect
from nasutils.errors import NasutilsError
from nasutils.files import atomic_write


def embed(folder: Path) -> int:
    """Write the embedded tables from the chunks in ``folder``; return the number of cells.

    Cells count once every pass has measured them; NasutilsError if a pass is missing.
    """
    runs = collect("training", folder)
    costs = [collect(name, folder) for name in PASSES if name != "training"]
    cells = min(frame["index"].max() + 1 for frame in (runs, *costs))
    table = costs[0]
    for frame in costs[1:]:
        table = table.merge(frame.drop(columns="arch"), on="index")
    _write(runs[runs["index"] < cells].sort_values(["index", "seed"]), RUNS_FILE)
    _write(table[table["index"] < cells].sort_values("index"), CELLS_FILE)
    return int(cells)


def _write(frame: pd.DataFrame, path: Path) -> None:
    """Write compactly: accuracies are multiples of 0.025, times need no more than float32."""
    narrow = {c: "float32" for c in frame.select_dtypes("float64").columns if c != "params"}
    with atomic_write(path) as part:
        frame.astype(narrow | {"index": "int16"}).reset_index(drop=True).to_parquet(
            part, compression="zstd"
        )
    if path.stat().st_size > 2**20:
        raise NasutilsError(f"{path.name} has {path.stat().st_size} bytes: too large to embed.")
