"""Zero-cost proxies: scores of untrained networks that stand in for their accuracy.

>>> import torch
>>> from nasutils.networks.nasbench201 import NASBench201Network
>>> from nasutils.spaces.nasbench201 import NASBench201Cell
>>> cell = NASBench201Cell(("nor_conv_3x3",) * 6)
>>> network = NASBench201Network(cell, channels=4, cells_per_stage=1)
>>> images, labels = torch.randn(8, 3, 32, 32), torch.arange(8)
>>> scores = score(network, images, labels, names=["params", "nwot", "snip"])
>>> round(scores["params"], 4)
0.0261
"""

from nasutils.data.proxy_files import PROXIES

# Each of these modules registers its proxies.
from nasutils.proxies import activations, gradients, jacobians, meco, size, synflow, zen, zico
from nasutils.proxies.activations import regularised_swap
from nasutils.proxies.az_nas import az_nas
from nasutils.proxies.registry import (
    UNDEFINED,
    Need,
    Proxy,
    ProxyError,
    describe,
    get_proxy,
    proxy_names,
    register,
)
from nasutils.proxies.scoring import Scores, score, score_networks

# The 13 proxies of NAS-Bench-Suite-Zero, in the order of its tables: what UP-NAS unifies.
SUITE_ZERO = PROXIES
