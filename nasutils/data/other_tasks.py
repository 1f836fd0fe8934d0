"""Cells of NAS-Bench-201 and 301 on other tasks, with their zero-cost proxies there.

Source: Krishnakumar et al., "NAS-Bench-Suite-Zero", NeurIPS 2022 Datasets and Benchmarks,
https://arxiv.org/abs/2210.03230, which trained some 199 cells of each space on each task.
"""

from pathlib import Path

import pandas as pd

from nasutils.data.nasbench201 import arch_from_codes
from nasutils.data.proxy_files import PROXIES, score, zipped_records
from nasutils.data.tables import table

SPACES = ("nasbench201", "nasbench301")


@table("other_tasks")
def _build(paths: dict[str, Path]) -> pd.DataFrame:
    rows = []
    for name, record in zipped_records(paths["naslib_other_tasks"]):
        proxy, _, rest = name.partition("/")
        _, space, task, _ = rest.split("--")
        if space in SPACES:
            arch = arch_from_codes(record["arch"]) if space == SPACES[0] else record["arch"]
            rows.append((space, task, arch, record["val_accuracy"], proxy, score(record[proxy])))
    keys = ["space", "task", "arch", "valid"]
    frame = pd.DataFrame(rows, columns=[*keys, "proxy", "score"])
    wide = frame.pivot(index=keys, columns="proxy", values="score").reset_index()
    return wide.rename_axis(columns=None)[[*keys, *PROXIES]]
