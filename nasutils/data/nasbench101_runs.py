"""Single trainings of NAS-Bench-101 cells: validation accuracy by epochs, and all three runs.

Sources: files that other authors extracted from the benchmark of Ying et al., "NAS-Bench-101",
ICML 2019, https://arxiv.org/abs/1902.09635.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.data.nasbench101 import positions
from nasutils.data.safe_pickle import pickled_frame
from nasutils.data.tables import table
from nasutils.spaces.nasbench101 import NASBench101Cell

#: For how many epochs the benchmark trained each cell.
EPOCHS = (4, 12, 36, 108)

# Our column -> the source's, which holds errors.
_RUNS = {
    f"{ours}_{run}": f"{theirs}{run}"
    for ours, theirs in (("valid", "val"), ("test", "test"))
    for run in (1, 2, 3)
}


@table("nasbench101_valid")
def _build_valid(paths: dict[str, Path]) -> pd.DataFrame:
    texts = [paths[f"vis_nb101_{part}"].read_bytes() for part in ("20k", "10k")]
    found = pd.concat([pd.DataFrame(json.loads(text)) for text in texts], ignore_index=True)
    accuracies = {f"valid_{n}": 100 * found[f"{n}_final_validation_accuracy"] for n in EPOCHS}
    return pd.DataFrame(
        {
            "index": positions(found["key"]),
            "hash": found["key"],
            **accuracies,
            "train_seconds": found["final_training_time"],
        }
    )


@table("nasbench101_runs")
def _build_runs(paths: dict[str, Path]) -> pd.DataFrame:
    """Read a record a drawing; drawings of one cell hold the same figures."""
    columns = pickled_frame(paths["zerocost_nb101_runs"])
    vertices = ["input", *(f"node{i}" for i in range(1, 6)), "output"]
    labels = np.stack([columns[name] for name in vertices], axis=1)
    hashes = [
        NASBench101Cell.from_matrix(_matrix(text), list(ops)).hash
        for text, ops in zip(columns["adj_matrix"], labels, strict=True)
    ]
    accuracies = {ours: 100 - 100 * columns[theirs] for ours, theirs in _RUNS.items()}
    frame = pd.DataFrame({"hash": hashes, **accuracies})
    frame = frame.drop_duplicates("hash")
    frame.insert(0, "index", positions(frame["hash"]))
    return frame.sort_values("index", ignore_index=True)


def _matrix(text: str) -> np.ndarray:
    """Read a printed vector of 49 zeros and ones."""
    return np.array(text.strip("[]").split(), dtype=float).astype(int).reshape(7, 7)
