"""SynFlow in the place of a predictor: it needs no label, and ranks the children of a search.

All cells of NAS-Bench-201 and of NB201-Digits have scores. Networks of the other spaces are built
and scored here, narrower than the benchmarks' own: 16 channels for NAS-Bench-101, 8 channels and 8
cells for DARTS.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pandas as pd
import torch
from torch import nn

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.rows import nasbench201_synflow
from nasutils.data import load_table
from nasutils.methods.base import Predict, method
from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.proxies import score
from nasutils.threads import deterministic_cpu

_IMAGES = torch.zeros(2, 3, 32, 32)  # SynFlow looks at their shape alone


def _by_network(build: Callable[[Any], nn.Module]) -> Predict:
    """Return what builds every architecture and scores it; each is scored once."""

    @cache
    def synflow(architecture: Any) -> float:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # an architecture has the same weights whenever it is asked about
            return score(build(architecture), _IMAGES, names="synflow")["synflow"]

    @deterministic_cpu()
    def rank(architectures: list[Any]) -> list[float]:
        return [synflow(architecture) for architecture in architectures]

    return rank


def _by_table(read: Callable[[], pd.Series]) -> Predict:
    """Return what looks scores up in a table, which is read when it is first asked."""
    known = cache(lambda: read().to_dict())
    return lambda cells: [known()[str(cell)] for cell in cells]


#: Networks, as of ``Benchmark.network`` or its space -> what ranks architectures.
_SYNFLOW: dict[str, Predict] = {
    "nasbench101": _by_network(partial(NASBench101Network, channels=16)),
    "nasbench201": _by_table(nasbench201_synflow),
    "nb201_digits": _by_table(lambda: load_table("nb201_digits").set_index("arch")["synflow"]),
    "darts": _by_network(partial(DARTSNetwork, channels=8, num_cells=8)),
}


@method(
    "baselines",
    "SynFlow, of built networks",
    needs=frozenset(),
    spaces=frozenset({"nasbench101", "nasbench201", "darts"}),
    description="SynFlow where no score is public, too",
)
def synflow(benchmark: Benchmark, split: Split) -> Predict:
    """Rank by the proxy; no label is read."""
    return _SYNFLOW[benchmark.network or benchmark.space]
