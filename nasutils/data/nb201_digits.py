"""NB201-Digits, the table that the package carries: NAS-Bench-201 cells on cluttered digits."""

import pandas as pd

from nasutils.data.tables import table
from nasutils.paths import EMBEDDED

RUNS_FILE = EMBEDDED / "nb201_digits_runs.parquet"
CELLS_FILE = EMBEDDED / "nb201_digits_cells.parquet"


@table("nb201_digits_runs")
def _runs(_paths: object = None) -> pd.DataFrame:
    return pd.read_parquet(RUNS_FILE)


@table("nb201_digits")
def _cells(_paths: object) -> pd.DataFrame:
    runs = _runs().groupby("index", sort=True)
    seeds = runs.agg(
        arch=("arch", "first"),
        valid=("valid", "mean"),
        test=("test", "mean"),
        valid_std=("valid", "std"),
        test_std=("test", "std"),
        num_seeds=("seed", "size"),
        train_seconds=("train_seconds", "mean"),
    ).reset_index()
    return seeds.merge(pd.read_parquet(CELLS_FILE).drop(columns="arch"), on="index")
