"""SynFlow in the place of a predictor: it needs no label, and ranks the children of a search.

All cells of NAS-Bench-201 have public scores. Networks of the other spaces are built and scored
here, narrower than the benchmarks' own: 16 channels for NAS-Bench-101, 8 channels and 8 cells for
DARTS; those of NB201-Digits are the benchmark's own.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.zero_cost import nasbench201_synflow
from nasutils.digits.task import IMAGE_SHAPE, build_network
from nasutils.methods.base import Predict, method
from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.proxies import score
from nasutils.threads import deterministic_cpu


def _by_network(build: Callable[[Any], nn.Module], image: tuple[int, ...] = (3, 32, 32)) -> Predict:
    """Return what builds every architecture and scores it; each is scored once."""
    images = torch.zeros(2, *image)  # SynFlow looks at their shape alone

    @cache
    def synflow(architecture: Any) -> float:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # an architecture has the same weights whenever it is asked about
            return score(build(architecture), images, names="synflow")["synflow"]

    @deterministic_cpu()
    def rank(architectures: list[Any]) -> list[float]:
        return [synflow(architecture) for architecture in architectures]

    return rank


def _public_nasbench201() -> Predict:
    known = nasbench201_synflow().to_dict()
    return lambda cells: [known[str(cell)] for cell in cells]


#: Networks, as of ``Benchmark.network`` or its space -> what ranks architectures.
_SYNFLOW: dict[str, Callable[[], Predict]] = {
    "nasbench101": partial(_by_network, partial(NASBench101Network, channels=16)),
    "nasbench201": _public_nasbench201,
    "darts": partial(_by_network, partial(DARTSNetwork, channels=8, num_cells=8)),
    "nb201_digits": partial(_by_network, build_network, IMAGE_SHAPE),
}


@cache
def _ranking(network: str) -> Predict:
    return _SYNFLOW[network]()


@method(
    "baselines",
    "Synflow",
    needs=frozenset(),
    spaces=frozenset({"nasbench101", "nasbench201", "darts"}),
    description="the zero-cost proxy SynFlow, of networks that are built for it",
)
def synflow(benchmark: Benchmark, split: Split) -> Predict:
    """Rank by the proxy; no label is read."""
    return _ranking(benchmark.network or benchmark.space)
