"""The auto-encoder of cells: what it must remember, and what the terms of its loss are."""

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError
from nasutils.methods.generative.cell_tensors import CellTensors
from nasutils.methods.generative.gvae import (
    GVAE,
    Weights,
    distance_correlation,
    reconstruction,
    shared_clusters,
    triplet_margin,
    validity,
)


def test_learns_a_few_cells_by_heart(small_gvae, graphnet_cells, vectors):
    assert reconstruction(small_gvae, graphnet_cells) == {"exact": 1.0, "valid": 1.0}
    z = small_gvae.embed(graphnet_cells)
    assert (small_gvae.predict(z) - vectors).abs().mean() < 0.2
    assert validity(small_gvae.decode(50 * torch.randn(100, 48))) < 1


def test_the_triplet_term_parts_the_groups(small_gvae, graphnet_cells, vectors):
    z = small_gvae.embed(graphnet_cells)
    assert triplet_margin(z, vectors, Weights()) < 0.02
    apart = torch.cdist(z, z, p=1) / z.shape[1]
    alike = torch.arange(24) % 2 == (torch.arange(24) % 2).unsqueeze(1)
    assert apart[~alike].mean() > apart[alike & ~torch.eye(24, dtype=bool)].mean() + 0.1


def test_published_sizes():
    sizes = {name: p.shape for name, p in GVAE().named_parameters()}
    assert sum(name.startswith("convolutions") for name in sizes) == 2 * 4
    assert sizes["convolutions.3.weight"] == (512, 512)
    assert sizes["posterior.weight"] == (512, 9 * 512)
    assert sizes["predictor.2.weight"] == (4, 256)


def test_the_graph_is_normalised_and_sees_every_edge(graphnet_cells):
    model = GVAE(hidden=8, latent=4, layers=1)
    tensors = CellTensors.of(graphnet_cells)
    joined = model._normalised(tensors.edges, tensors.ops)
    torch.testing.assert_close(joined, joined.mT)
    # D^-1/2 (A + I) D^-1/2 has the eigenvalue 1 with the vector D^1/2 1.
    degrees = (joined != 0).sum(-1).float().sqrt()
    torch.testing.assert_close((joined @ degrees.unsqueeze(-1))[..., 0], degrees)
    for cell, row in zip(graphnet_cells, joined, strict=True):
        used = len(cell.ops) + 2
        edges = np.sum(cell.adjacency)
        assert (row != 0).sum() == 2 * (edges + used) + 9


def test_the_loss_adds_up_by_hand(graphnet_cells, vectors):
    torch.manual_seed(0)
    model = GVAE(hidden=8, latent=4, layers=1)
    tensors = CellTensors.of(graphnet_cells)
    known, unknown = tensors[:4], tensors[4:6]
    terms = model.losses(
        unknown, known, vectors[:4], torch.Generator().manual_seed(0), Weights(kl=0.5, triplet=0)
    )
    both = tensors[:6]
    mean, log_variance = model.encode(both.edges, both.ops)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    z = mean + (log_variance / 2).exp() * noise
    edges, ops = model.logits(z)
    p = edges.sigmoid()
    likelihood = torch.where(both.edges == 1, p, 1 - p).log().sum()
    torch.testing.assert_close(terms["edges"], -likelihood / 6)
    chosen = ops.log_softmax(-1).gather(-1, both.ops.long().unsqueeze(-1)).sum()
    torch.testing.assert_close(terms["ops"], -chosen / 6)
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    prior = torch.distributions.Normal(0.0, 1.0)
    divergence = torch.distributions.kl_divergence(normal, prior).sum() / 6
    torch.testing.assert_close(terms["kl"], 0.5 * divergence)
    torch.testing.assert_close(
        terms["predictor"], (model.predictor(z[:4]) - vectors[:4]).square().mean()
    )
    assert terms["triplet"] == 0


def test_the_triplet_margin_by_hand():
    vectors = torch.tensor([[0.0], [0.5], [4.0], [10.0]])
    z = torch.tensor([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 1.0]])
    # Anchors 0 and 1 have each other within reach, and 3 farthest; 2 and 3 have no positive.
    # d (mean of both dimensions): 0-1: 1; 0-3: .5; 1-3: 1.5.
    expected = ((1 - 0.25 + 0.1) + max(1 - 2.25 + 0.1, 0)) / 2
    assert triplet_margin(z, vectors, Weights()).item() == pytest.approx(expected)
    assert triplet_margin(z, 9 * vectors, Weights()) == 0  # none within reach


def test_measures_of_structure_on_a_line():
    z = torch.tensor([0.0, 1.0, 3.0, 10.0, 11.0, 13.5]).unsqueeze(1)
    clusters = np.array([0, 0, 0, 1, 1, 1])
    assert shared_clusters(z, clusters, neighbours=2) == 1
    assert shared_clusters(z, np.array([0, 1, 0, 1, 0, 1]), neighbours=1) == pytest.approx(0)
    assert distance_correlation(z, 3 * z.numpy()) == pytest.approx(1)
    moved = z.numpy() + 9 * np.eye(6)[:, 5:]
    assert distance_correlation(z, moved) < distance_correlation(z, moved, slice(5)) < 1
    mixed = np.array([0, 0, 0, 1, 1, 0])
    assert shared_clusters(z, mixed, slice(5, None), neighbours=2) == 0
    with pytest.raises(NasutilsError, match="6 cells have no 10 neighbours"):
        shared_clusters(z, clusters)


def test_bad_input(small_gvae):
    with pytest.raises(NasutilsError, match=r"have shape \(B, 48\), not \(2, 3\)"):
        small_gvae.decode(torch.zeros(2, 3))
    with pytest.raises(NasutilsError, match="untrained"):
        GVAE(hidden=8, latent=4, layers=1).decode(torch.zeros(2, 4))
