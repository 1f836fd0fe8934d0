import numpy as np
import pytest
import torch

from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell

CLASSES = 5
ALL_OPS = ("nor_conv_3x3", "skip_connect", "avg_pool_3x3", "nor_conv_1x1", "none", "nor_conv_3x3")


def nasbench201(ops):
    return NASBench201Network(NASBench201Cell(ops), CLASSES, channels=4, cells_per_stage=1)


def nasbench101():
    cell = NASBench101Cell.from_string("|conv3x3-bn-relu~0|+|maxpool3x3~0~1|+|output~1~2|")
    return NASBench101Network(cell, CLASSES, channels=4, cells_per_stack=1)


def darts():
    genotype = DARTSGenotype.random(np.random.default_rng(1))
    return DARTSNetwork(genotype, CLASSES, channels=4, num_cells=3)


NETWORKS = {
    "nasbench201": lambda: nasbench201(ALL_OPS),
    "nasbench101": nasbench101,
    "darts": darts,
    "dead": lambda: nasbench201(("none",) * 6),
}


@pytest.fixture
def build():
    """Return a function from a name in ``NETWORKS`` to a fresh network, always the same one."""

    def make(name):
        torch.manual_seed(3)
        return NETWORKS[name]()

    return make


@pytest.fixture(params=NETWORKS)
def network(request, build):
    return build(request.param)


@pytest.fixture
def batch():
    """Return ten images and their labels, two of each class."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(10, 3, 16, 16, generator=generator), torch.arange(10) % CLASSES
