"""SynFlow in the place of a predictor: what ranks the children of the searches beside ours.

All cells of NAS-Bench-201 have public scores. Networks of the other spaces are built and scored
here, narrower than the benchmarks' own: 16 channels for NAS-Bench-101, 8 channels and 8 cells for
DARTS.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from nasutils.benchmarks.zero_cost import nasbench201_synflow
from nasutils.errors import UnknownNameError
from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.proxies import score
from nasutils.search import Score
from nasutils.threads import deterministic_cpu

_IMAGES = torch.zeros(2, 3, 32, 32)  # SynFlow looks at their shape alone


def _by_network(build: Callable[[Any], nn.Module]) -> Score:
    """Return what builds every architecture and scores it; each is scored once."""

    @cache
    def flow(architecture: Any) -> float:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # an architecture has the same weights whenever it is asked about
            return score(build(architecture), _IMAGES, names="synflow")["synflow"]

    @deterministic_cpu()
    def rank(architectures: list[Any]) -> list[float]:
        return [flow(architecture) for architecture in architectures]

    return rank


def _public_nasbench201() -> Score:
    known = nasbench201_synflow().to_dict()
    return lambda cells: [known[str(cell)] for cell in cells]


#: Name of an arena -> what ranks its architectures.
_SYNFLOW: dict[str, Callable[[], Score]] = {
    "nasbench101": partial(_by_network, partial(NASBench101Network, channels=16)),
    "nasbench201": _public_nasbench201,
    "nasbench301": partial(_by_network, partial(DARTSNetwork, channels=8, num_cells=8)),
}


def rank_by_synflow(name: str) -> Score:
    """Return SynFlow as the ``rank`` of a search.

    Args:
        name: Of the arena: nasbench101, nasbench201 or nasbench301.

    Raises:
        UnknownNameError: If there is no such arena, or none with SynFlow.
        DataError: If public scores cannot be had.
    """
    if name not in _SYNFLOW:
        raise UnknownNameError("benchmark to search by SynFlow", name, _SYNFLOW)
    return _SYNFLOW[name]()
