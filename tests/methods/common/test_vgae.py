"""The auto-encoder, its layer and loss by hand, and what it must reconstruct."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from nasutils.errors import NasutilsError
from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.vgae import VGAE, GINLayer, VGAESchedule, train_vgae, vgae_loss
from nasutils.spaces.darts import DARTSGenotype


def test_gin_layer_by_hand():
    layer = GINLayer(1, 1).eval()
    with torch.no_grad():
        layer.eps.fill_(0.5)
        for module in layer.mlp:
            if isinstance(module, torch.nn.Linear):
                module.weight.fill_(2.0)
                module.bias.fill_(-1.0)
    path = torch.tensor([[[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]])
    x = torch.tensor([[[2.0], [4.0], [-8.0]]])
    # 1.5 x + neighbours: 3 + 4 = 7, 6 - 6 = 0, -12 + 4 = -8. Twice 2 s - 1, each with a ReLU:
    # 7 -> 13 -> 25, 0 -> 0 -> 0 (from -1), -8 -> 0 -> 0. Fresh batch norms divide by sqrt(1 + e).
    out = layer(path, x)
    torch.testing.assert_close(out[0, :, 0], torch.tensor([25.0, 0, 0]), rtol=1e-4, atol=1e-4)


def test_renaming_the_vertices_renames_the_embedding():
    torch.manual_seed(0)
    vgae = VGAE(5).eval()
    adjacency = torch.rand(1, 1, 6, 6).round().triu(1)
    ops = torch.eye(5)[torch.tensor([[[0, 1, 2, 3, 4, 0]]])]
    order = torch.randperm(6)
    # The encoder adds the transpose, so that the renamed graph need not be upper triangular.
    mean, log_std = vgae.encode(adjacency, ops)
    renamed = vgae.encode(adjacency[:, :, order][..., order], ops[:, :, order])
    torch.testing.assert_close(renamed, (mean[:, :, order], log_std[:, :, order]))


def test_graphs_do_not_see_each_other():
    torch.manual_seed(0)
    vgae = VGAE(11).eval()
    adjacency, ops = CODECS["darts"].encode([DARTSGenotype.random(np.random.default_rng(0))])
    both, _ = vgae.encode(adjacency, ops)
    for cell in (0, 1):
        alone, _ = vgae.encode(adjacency[:, cell : cell + 1], ops[:, cell : cell + 1])
        torch.testing.assert_close(both[:, cell : cell + 1], alone)


def test_loss_by_hand():
    # Two vertices, three labels, one dimension: one pair, whose edge is there at logit ln 3.
    adjacency = torch.tensor([[[[0.0, 1], [0, 0]]]])
    ops = torch.eye(3)[torch.tensor([[[0, 2]]])]
    adjacency_logits = torch.full((1, 1, 2, 2), math.log(3))
    ops_logits = torch.zeros(1, 1, 2, 3)
    mean, log_std = torch.tensor([[[[2.0], [0.0]]]]), torch.zeros(1, 1, 2, 1)
    # For two vertices: -ln(3/4), twice ln 3, and w (2 + 0), since KL(N(2, 1) | N(0, 1)) = 2.
    loss = vgae_loss(adjacency_logits, ops_logits, mean, log_std, adjacency, ops, kl_weight=0.1)
    assert float(loss) == pytest.approx((math.log(4 / 3) + 2 * math.log(3) + 0.1 * 2) / 2)


def test_divergence_is_torchs():
    torch.manual_seed(0)
    mean, log_std = torch.randn(2, 3, 2, 5, 4)
    zeros = torch.zeros(3, 2, 5, 5), torch.zeros(3, 2, 5, 6)
    target = torch.zeros(3, 2, 5, 5), torch.eye(6)[torch.zeros(3, 2, 5, dtype=int)]
    without, with_ = (vgae_loss(*zeros, mean, log_std, *target, w) for w in (0.0, 1.0))
    expected = kl_divergence(Normal(mean, log_std.exp()), Normal(0.0, 1.0)).sum(-1).mean()
    torch.testing.assert_close(with_ - without, expected)


def test_below_the_diagonal_nothing_counts():
    torch.manual_seed(0)
    logits, ops = torch.randn(1, 1, 4, 4), torch.eye(3)[torch.zeros(1, 1, 4, dtype=int)]
    rest = torch.zeros(1, 1, 4, 3), torch.zeros(1, 1, 4, 2), torch.zeros(1, 1, 4, 2)
    target = torch.rand(1, 1, 4, 4).round().triu(1)
    spoilt = logits + 9 * torch.ones(4, 4).tril()
    assert vgae_loss(logits, *rest, target, ops, 0) == vgae_loss(spoilt, *rest, target, ops, 0)


def test_size_is_the_references():
    # The reference implementation of arch2vec has about 0.12 M parameters.
    assert sum(p.numel() for p in VGAE(7).parameters()) == pytest.approx(0.12e6, rel=0.1)


def test_what_was_learnt_comes_back_exactly(few_cells, cell_graphs, trained_vgae):
    vgae, losses = trained_vgae
    codec = CODECS["nasbench201"]
    z = vgae.embed(*cell_graphs)
    assert z.shape == (8, 128)
    graphs = vgae.reconstruct(z, codec.graphs)
    decoded = [codec.decode(a, x) for a, x in zip(*map(torch.Tensor.numpy, graphs), strict=True)]
    assert decoded == few_cells
    assert losses[-1] < losses[0] / 2


def test_posterior_does_not_depend_on_the_batch(cell_graphs, trained_vgae):
    vgae, _ = trained_vgae
    mean, std = vgae.posterior(*cell_graphs)
    assert (std > 0).all()
    torch.testing.assert_close(vgae.posterior(*cell_graphs, batch_size=3), (mean, std))
    torch.testing.assert_close(vgae.embed(*cell_graphs), mean)


def test_darts_embeds_both_cells():
    rng = np.random.default_rng(0)
    adjacency, ops = CODECS["darts"].encode([DARTSGenotype.random(rng) for _ in range(8)])
    vgae, _ = train_vgae(adjacency, ops, seed=0, schedule=VGAESchedule(epochs=1, batch_size=4))
    assert vgae.embed(adjacency, ops).shape == (8, 352)
    edges, labels = vgae.reconstruct(vgae.embed(adjacency, ops), 2)
    assert edges.shape == (8, 2, 11, 11)
    assert labels.shape == (8, 2, 11)


def test_the_rate_falls_along_a_cosine(cell_graphs, monkeypatch):
    rates = []
    step = torch.optim.Adam.step

    def watched(self, *args, **kwargs):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    schedule = VGAESchedule(epochs=4, batch_size=8, learning_rate=2.0, cosine=True)
    train_vgae(*cell_graphs, seed=0, schedule=schedule)
    assert rates == pytest.approx([2, 1 + math.sqrt(0.5), 1, 1 - math.sqrt(0.5)])


def test_the_same_seed_trains_the_same_and_leaves_other_draws_alone(cell_graphs):
    schedule = VGAESchedule(epochs=1, batch_size=8)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again, other = (
        train_vgae(*cell_graphs, seed=s, schedule=schedule)[1] for s in (1, 1, 2)
    )
    assert first == again != other
    assert torch.equal(torch.rand(3), expected)


def test_too_few_architectures(cell_graphs):
    with pytest.raises(NasutilsError, match="8 architectures do not fill a batch of 32"):
        train_vgae(*cell_graphs, seed=0)
