"""AutoFormer-Tiny table: vision transformers, trained on small data sets.

Source: Wei et al., "Auto-Prox: Training-Free Vision Transformer Architecture Search via Automatic
Proxy Discovery", AAAI 2024, https://arxiv.org/abs/2312.09059.
"""

import pickle
from pathlib import Path
from typing import Any

import pandas as pd

from nasutils.data.tables import table
from nasutils.errors import ArchitectureError, DataError
from nasutils.spaces.autoformer import AutoFormerTiny

_FILES = ("autoprox_autoformer_1", "autoprox_autoformer_2")

# Column: key of the files.
_ACCURACIES = {
    "c100": "c100_base_acc",
    "c100_kd": "c100_kd_acc",
    "flowers": "flower_base_acc",
    "flowers_kd": "flower_kd_acc",
    "chaoyang": "chaoyang_base_acc",
    "chaoyang_kd": "chaoyang_kd_acc",
    "imagenet_supernet": "imagenet_super_acc",
}


def read_records(path: Path) -> list[dict[str, Any]]:
    """Read one of the two files; DataError if it is damaged or holds other than plain values."""
    import torch

    try:
        return torch.load(path, weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise DataError(f"{path} is no list of plain records: {error}") from error


def _row(record: dict[str, Any], file: int) -> dict[str, Any]:
    try:
        network = AutoFormerTiny.from_string(str(record["arch"]))
    except ArchitectureError as error:
        raise DataError(f"file {file} of the AutoFormer records: {error}") from error
    return {
        "arch": str(network),
        "width": network.width,
        "depth": network.depth,
        **{column: record[key] for column, key in _ACCURACIES.items()},
        "file": file,
    }


@table("autoformer")
def _build(paths: dict[str, Path]) -> pd.DataFrame:
    rows = [
        _row(record, file)
        for file, name in enumerate(_FILES, start=1)
        for record in read_records(paths[name])
    ]
    frame = pd.DataFrame(rows).astype(dict.fromkeys(_ACCURACIES, float))
    # In the second file these do not belong to the architectures beside them.
    frame.loc[frame["file"] == 2, "imagenet_supernet"] = float("nan")
    return frame
