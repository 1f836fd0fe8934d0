"""The scores with which the book's tables were made stay as they are.

In double precision: in single precision rounding alone moves some of them by more.
"""

import pytest
import torch

from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.proxies import score
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell

GENOTYPE = """
Genotype(normal=[('dil_conv_3x3', 0), ('dil_conv_3x3', 1), ('max_pool_3x3', 0), ('dil_conv_5x5', 1),
('max_pool_3x3', 1), ('dil_conv_3x3', 2), ('dil_conv_5x5', 0), ('avg_pool_3x3', 2)],
normal_concat=[2, 3, 4, 5], reduce=[('dil_conv_3x3', 0), ('sep_conv_5x5', 1), ('avg_pool_3x3', 0),
('sep_conv_3x3', 1), ('sep_conv_3x3', 2), ('dil_conv_3x3', 3), ('avg_pool_3x3', 1),
('dil_conv_5x5', 4)], reduce_concat=[2, 3, 4, 5])"""
OPS = (
    *("nor_conv_3x3", "nor_conv_3x3", "nor_conv_1x1"),
    *("skip_connect", "nor_conv_1x1", "avg_pool_3x3"),
)


def nasbench201():
    return NASBench201Network(NASBench201Cell(OPS), channels=8, cells_per_stage=2)


def nasbench101():
    cell = NASBench101Cell.from_string("|conv1x1-bn-relu~0|+|output~1|")
    return NASBench101Network(cell, channels=16, cells_per_stack=1)


def darts():
    genotype = DARTSGenotype.from_string(" ".join(GENOTYPE.split()))
    return DARTSNetwork(genotype, channels=8, num_cells=5)


SCORES = {
    nasbench201: {
        "epe_nas": 24.321044759,
        "fisher": 0.35709748444,
        "flops": 10.60336,
        "grad_norm": 9.1617366181,
        "grasp": 1.6159920897,
        "jacov": -12.041219692,
        "l2_norm": 77.61938073,
        "nwot": 135.60113724,
        "params": 0.073394,
        "plain": 0.025947549099,
        "snip": 14.50002027,
        "synflow": 34.397928236,
        "zen": 44.485178132,
        "snip_ssnr": 65348.051124,
        "t_cet": 17370.788952,
    },
    nasbench101: {
        "epe_nas": 19.116313089,
        "fisher": 0.55090073527,
        "flops": 1.999488,
        "grad_norm": 3.1864854921,
        "grasp": -0.50969558063,
        "jacov": -12.042689371,
        "l2_norm": 43.716663303,
        "nwot": 128.65637767,
        "params": 0.009754,
        "plain": 0.46227067254,
        "snip": 10.08341242,
        "synflow": 16.667861019,
        "zen": 4.3972247161,
        "snip_ssnr": 7867.8036289,
        "t_cet": 4051.922673,
    },
    darts: {
        "epe_nas": 16.58103365,
        "fisher": 0.95981359966,
        "flops": 9.231744,
        "grad_norm": 29.807567236,
        "grasp": -4.7139582847,
        "jacov": -12.048670621,
        "l2_norm": 204.98971611,
        "nwot": 147.61321619,
        "params": 0.045626,
        "plain": 0.30417845289,
        "snip": 45.916323669,
        "synflow": 32.008611762,
        "zen": 63.274079241,
        "snip_ssnr": 39095.425149,
        "t_cet": 36908.203851,
    },
}


@pytest.mark.parametrize("build", SCORES)
def test_scores_are_those_of_the_book(build):
    torch.manual_seed(1)
    network = build().double()
    images = torch.randn(12, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double()
    found = score(network, images, torch.arange(12) % 10, list(SCORES[build]))
    for name, value in SCORES[build].items():
        assert found[name] == pytest.approx(value, rel=1e-6), name
