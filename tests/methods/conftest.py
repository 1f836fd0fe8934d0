"""A small auto-encoder, trained once for all tests that need one."""

import numpy as np
import pytest
import torch

from nasutils.methods.common.codecs import get_codec
from nasutils.methods.common.vgae import VGAE, VGAESchedule, train_vgae
from nasutils.spaces.nasbench201 import NASBench201Cell


@pytest.fixture(scope="session")
def few_cells() -> list[NASBench201Cell]:
    rng = np.random.default_rng(0)
    return [NASBench201Cell.random(rng) for _ in range(8)]


@pytest.fixture(scope="session")
def cell_graphs(few_cells) -> tuple[torch.Tensor, torch.Tensor]:
    return get_codec("nasbench201").encode(few_cells)


@pytest.fixture(scope="session")
def trained_vgae(cell_graphs) -> tuple[VGAE, list[float]]:
    """The auto-encoder and its losses."""
    schedule = VGAESchedule(epochs=1000, batch_size=8, learning_rate=3e-3)
    return train_vgae(*cell_graphs, seed=0, schedule=schedule)
