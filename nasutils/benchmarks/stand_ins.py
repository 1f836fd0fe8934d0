"""What may stand for an accuracy: fewer epochs, fewer seeds, inherited weights.

None of them is a prediction. How well each ranks says how well a predictor can, that learns it.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd

from nasutils.benchmarks.rows import nasbench101_runs, nasbench101_valid
from nasutils.data import load_table
from nasutils.data.nasbench101_runs import EPOCHS

#: A frame of two columns: what stands in, and the mean test accuracy (%), a row a cell.
Pairs = Callable[[], pd.DataFrame]


def _nasbench101(epochs: int) -> pd.DataFrame:
    return nasbench101_valid(epochs)[["valid", "test"]].dropna()


def _nasbench201(table: str, column: str, data: str = "c10") -> pd.DataFrame:
    truth = load_table("nasbench201")[f"test_{data}"]
    return pd.concat([load_table(table)[column].rename("stand-in"), truth], axis=1)


def _one_seed() -> pd.DataFrame:
    """Return one seed beside the mean of two others, so that it judges nothing of itself."""
    runs = load_table("nasbench201_runs").dropna()
    return pd.DataFrame({"one": runs["test_1"], "others": runs[["test_2", "test_3"]].mean(axis=1)})


#: Benchmark -> what stands for its test accuracy -> both.
STAND_INS: dict[str, dict[str, Pairs]] = {
    "nb101-c10": {
        "validation, mean of three trainings": lambda: nasbench101_runs()[["valid", "test"]],
        **{f"validation, {n} epochs": partial(_nasbench101, n) for n in reversed(EPOCHS)},
    },
    **{
        f"nb201-{data}": {
            "validation": partial(_nasbench201, "nasbench201", f"valid_{data}", data),
            "validation, 12 epochs": partial(
                _nasbench201, "nasbench201_12_epochs", f"valid_{data}", data
            ),
        }
        for data in ("c10", "c100", "in16")
    },
}
STAND_INS["nb201-c10"] |= {
    "test, one seed": _one_seed,
    "one super-net": partial(_nasbench201, "nasbench201_supernets", "one_shot"),
    "several super-nets": partial(_nasbench201, "nasbench201_supernets", "few_shot"),
}
