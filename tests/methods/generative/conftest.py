"""A small auto-encoder that was trained on a few cells."""

import numpy as np
import pytest
import torch

from nasutils.methods.generative.cell_tensors import CellTensors
from nasutils.methods.generative.gvae import GVAE, Weights, batch_losses
from nasutils.methods.generative.model import Schedule, train
from nasutils.spaces.graphnet import GraphNetCell


@pytest.fixture(scope="session")
def graphnet_cells() -> list[GraphNetCell]:
    rng = np.random.default_rng(0)
    return [GraphNetCell.random(rng).canonical() for _ in range(24)]


@pytest.fixture(scope="session")
def vectors() -> torch.Tensor:
    """What stands for the scaled proxy vectors of the cells: two groups, far apart."""
    generator = torch.Generator().manual_seed(0)
    side = torch.tensor([-1.0, 1.0]).repeat(12).unsqueeze(1)
    return side + 0.1 * torch.randn(24, 4, generator=generator)


@pytest.fixture(scope="session")
def small_gvae(graphnet_cells, vectors) -> GVAE:
    torch.manual_seed(0)
    model = GVAE(hidden=48, latent=48, layers=2)
    cells, schedule = CellTensors.of(graphnet_cells), Schedule(250, 24, 1e-2, cosine=True)
    losses = batch_losses(model, cells, cells, vectors, schedule, Weights(kl=0.002))
    train(model, losses, schedule, seed=0)
    return model
