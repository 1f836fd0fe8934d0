"""Cells whose proxies and accuracies are both known, for callers that do not use benchmarks yet."""

from dataclasses import dataclass

import pandas as pd

from nasutils.benchmarks.registry import get_benchmark


@dataclass(frozen=True, slots=True)
class ZeroCostCells:
    """Proxies, validation and test accuracies of N cells, indexed by string or hash."""

    proxies: pd.DataFrame
    valid: pd.Series
    test: pd.Series


def load_zero_cost_cells(name: str) -> ZeroCostCells:
    """Read the cells of one of the benchmarks that have public proxies."""
    ids = {
        "nb201-digits": "nb201-digits",
        "nb101-c10": "nb101-naslib-proxies",
        "nb301": "nb301-surrogate",
    }
    benchmark = get_benchmark(ids.get(name, f"{name}-proxies"))
    table = benchmark.table.set_index("hash" if name == "nb101-c10" else "arch")
    proxies = table[benchmark.proxies.columns]
    return ZeroCostCells(proxies, table[benchmark.label], table[benchmark.test])
