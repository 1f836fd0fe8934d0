"""NB201-Digits, the table that the package carries: NAS-Bench-201 cells on cluttered digits."""

import pandas as pd

from nasutils.data.proxy_files import PROXY_COLUMNS
from nasutils.data.tables import Table, register
from nasutils.paths import EMBEDDED

RUNS_FILE = EMBEDDED / "nb201_digits_runs.parquet"
CELLS_FILE = EMBEDDED / "nb201_digits_cells.parquet"

# Two of the 13 proxies, which the table has as costs.
_COSTS = ("params", "flops")


def _runs(_paths: object = None) -> pd.DataFrame:
    return pd.read_parquet(RUNS_FILE)


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


CELLS = register(
    Table(
        name="nb201_digits",
        sources=(),
        build=_cells,
        description=(
            "One row a cell of NB201-Digits: a random sample of NAS-Bench-201's isomorphism "
            "classes, trained by this project on cluttered digits, with 13 zero-cost proxies of "
            "the untrained network, -inf where undefined. See the datasheet in the book."
        ),
        columns={
            "index": "place of the cell in the benchmark's random order, from 0",
            "arch": "NAS-Bench-201 string of the cell",
            "valid": "validation accuracy, mean over the seeds, percent",
            "test": "test accuracy, mean over the seeds, percent",
            "valid_std": "standard deviation of the validation accuracy over the seeds, points",
            "test_std": "standard deviation of the test accuracy over the seeds, points",
            "num_seeds": "number of seeds",
            "train_seconds": "training time of one seed, its share of a joint run, seconds",
            "params": "trainable parameters, millions",
            "flops": "multiply-adds of one image's forward pass, millions",
            "latency": "forward pass of 64 images on one CPU thread, milliseconds",
            **{name: text for name, text in PROXY_COLUMNS.items() if name not in _COSTS},
        },
    )
)

RUNS = register(
    Table(
        name="nb201_digits_runs",
        sources=(),
        build=_runs,
        description="One row a training run of NB201-Digits, with its learning curves.",
        columns={
            "index": "place of the cell in the benchmark's random order, from 0",
            "arch": "NAS-Bench-201 string of the cell",
            "seed": "seed of the weights and of the order of the images",
            "train_loss": "mean cross-entropy of each epoch, nats",
            "valid_curve": "accuracy on 250 validation images after each epoch, percent",
            "valid": "accuracy on all 1,000 validation images at the end, percent",
            "test": "accuracy on the 2,000 test images at the end, percent",
            "train_seconds": "training time, this seed's share of a joint run, seconds",
        },
    )
)
