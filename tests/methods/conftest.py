"""What tests of several methods need: a small auto-encoder, and a few graphs of each space."""

import numpy as np
import pytest
import torch

from nasutils.graphs import darts_graph, nasbench101_graph, nasbench201_graph, ofa_mbv3_graph
from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.vgae import VGAE, VGAESchedule, train_vgae
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import OPS, NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

SIZE = 12


@pytest.fixture(scope="session")
def few_cells() -> list[NASBench201Cell]:
    rng = np.random.default_rng(0)
    return [NASBench201Cell.random(rng) for _ in range(8)]


@pytest.fixture(scope="session")
def cell_graphs(few_cells) -> tuple[torch.Tensor, torch.Tensor]:
    return CODECS["nasbench201"].encode(few_cells)


@pytest.fixture(scope="session")
def trained_vgae(cell_graphs) -> tuple[VGAE, list[float]]:
    """The auto-encoder and its losses."""
    schedule = VGAESchedule(epochs=1000, batch_size=8, learning_rate=3e-3)
    return train_vgae(*cell_graphs, seed=0, schedule=schedule)


@pytest.fixture(scope="session")
def few_graphs():
    """Family -> graphs."""
    rng = np.random.default_rng(0)
    passing = [NASBench201Cell(tuple(OPS[i] for i in rng.integers(1, 5, 6))) for _ in range(SIZE)]
    return {
        "nasbench101": [nasbench101_graph(NASBench101Cell.random(rng)) for _ in range(SIZE)],
        "nasbench201": [nasbench201_graph(cell) for cell in passing],
        "darts": [
            darts_graph(DARTSGenotype.random(rng), channels=8, num_cells=3) for _ in range(SIZE)
        ],
        "ofa_mbv3": [ofa_mbv3_graph(OFAMobileNetV3.random(rng)) for _ in range(SIZE)],
    }


@pytest.fixture(scope="session")
def few_sets(few_graphs):
    """Family -> the same as a set."""
    return {name: GraphSet.of(graphs) for name, graphs in few_graphs.items()}
