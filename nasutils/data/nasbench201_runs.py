"""Single and short trainings of NAS-Bench-201 cells: the seeds of a mean, and 12 epochs.

Sources: files that other authors extracted from the benchmark of Dong & Yang, "NAS-Bench-201",
ICLR 2020, https://arxiv.org/abs/2001.00326.
"""

from pathlib import Path

import pandas as pd

from nasutils.data.nasbench201 import in_order
from nasutils.data.safe_pickle import load_pickle, pickled_frame
from nasutils.data.tables import table
from nasutils.spaces.nasbench201 import OPS, NASBench201Cell

# What the file calls the images -> the suffix of our columns.
_DATASETS = {"cifar10": "c10", "cifar100": "c100", "imagenet": "in16"}
_SPLITS = {"val": "valid", "test": "test"}


@table("nasbench201_runs")
def _build_runs(paths: dict[str, Path]) -> pd.DataFrame:
    found = load_pickle(paths["meco_nb201_runs"])
    archs = [str(NASBench201Cell(tuple(OPS[code] for code in codes))) for codes in found]
    runs = pd.DataFrame(list(found.values()), index=archs, columns=["test_1", "test_2", "test_3"])
    return in_order(runs, paths)


@table("nasbench201_12_epochs")
def _build_12_epochs(paths: dict[str, Path]) -> pd.DataFrame:
    found = pickled_frame(paths["mini_nb201"])
    columns = {
        f"{ours}_{suffix}": found[f"{dataset}-{theirs}"].astype(float)
        for dataset, suffix in _DATASETS.items()
        for theirs, ours in _SPLITS.items()
    }
    return in_order(pd.DataFrame(columns, index=found["cellstr"]), paths)
