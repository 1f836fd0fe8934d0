"""A small benchmark of NAS-Bench-201 cells whose labels and accuracies are made up."""

import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.spaces.nasbench201 import NASBench201Cell


@pytest.fixture
def tiny():
    """Return a function that makes a benchmark of 40 cells, the first ten without a label."""
    rng = np.random.default_rng(0)
    cells = {}
    while len(cells) < 40:
        cell = NASBench201Cell.random(rng)
        if cell.is_connected:
            cells.setdefault(cell.isomorphism_class(), str(cell))
    table = pd.DataFrame({"arch": [*cells.values()]})
    table["test"] = rng.uniform(50, 95, size=40)
    table["valid"] = np.where(np.arange(40) < 10, np.nan, table["test"] + rng.normal(size=40))
    table["size"] = np.arange(40.0)

    def make(**attributes):
        known = {"id": "tiny", "title": "Tiny", "heading": "Tiny", "space": "nasbench201"}
        known |= {"rows": lambda: table, "label": "valid", "test": "test"}
        return Benchmark(**{**known, **attributes})

    return make
