"""The hypernetwork's weights: slices, repetitions, scale, and gradients by the chain rule."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from nasutils.digits import task
from nasutils.errors import UnknownNameError
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.common.target_networks import Place, Target
from nasutils.methods.hypernas.encoder import CellSequenceEncoder, EncoderSettings, initialise
from nasutils.methods.hypernas.graphs import graphs_of
from nasutils.methods.hypernas.hypernetwork import Hypernetwork, HypernetworkSettings
from nasutils.spaces.nasbench201 import NASBench201Cell

SMALL = HypernetworkSettings(hidden=12, layers=2, channels=4)


@pytest.fixture
def hypernetwork():
    torch.manual_seed(0)
    return Hypernetwork(6, {"stem.0.weight": (8, 3, 3, 3), "classifier.bias": (10,)}, SMALL)


def weight_of(hypernetwork, shape, head="3", vertex=0):
    torch.manual_seed(1)
    place = Place("w", 1, vertex, head, shape)
    features = [torch.zeros(1, 3, 6), torch.randn(1, 3, 6)]
    return hypernetwork(features, [[place]])[0]["w"]


def test_smaller_layers_get_a_slice(hypernetwork):
    whole, part = weight_of(hypernetwork, (4, 4, 3, 3)), weight_of(hypernetwork, (3, 2, 3, 3))
    # Scaled by the root of 2 / fan-in, which is 4 x 9 and 2 x 9.
    torch.testing.assert_close(part, whole[:3, :2] * 2**0.5)


def test_larger_layers_repeat(hypernetwork):
    whole, large = (
        weight_of(hypernetwork, (4, 4, 1, 1), "1"),
        weight_of(hypernetwork, (6, 9, 1, 1), "1"),
    )
    rows, columns = torch.arange(6) % 4, torch.arange(9) % 4
    torch.testing.assert_close(large, whole[rows][:, columns] * (4 / 9) ** 0.5)


def test_weights_by_hand(hypernetwork):
    torch.manual_seed(1)
    vertex = torch.randn(1, 3, 6)[0, 2]
    hidden = hypernetwork.mlp(vertex)
    expected = (hypernetwork.heads["3"] * hidden).sum(-1) * (2 / 36) ** 0.5
    torch.testing.assert_close(weight_of(hypernetwork, (4, 4, 3, 3), vertex=2), expected)


def test_sizes(hypernetwork):
    linear = [m for m in hypernetwork.mlp if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [(6, 12), (12, 12)]
    assert HypernetworkSettings() == HypernetworkSettings(hidden=96, layers=3)
    shapes = {head: tuple(p.shape) for head, p in hypernetwork.heads.items()}
    assert shapes == {
        "1": (4, 4, 1, 1, 12),
        "3": (4, 4, 3, 3, 12),
        "projection": (4, 4, 1, 1, 12),
    }


def test_unknown_head(hypernetwork):
    with pytest.raises(UnknownNameError, match="Valid: 1, 3, projection"):
        weight_of(hypernetwork, (4, 4, 5, 5), "5")


def test_gradients_are_those_of_the_chain_rule():
    # Eqs. 9 and 10: through the weights, with their gradient as the outer factor.
    cell = NASBench201Cell.random(np.random.default_rng(0))
    sequences, target = (
        cell_sequences("nb201_digits", [cell]),
        Target.build(lambda: task.build_network(cell)),
    )
    torch.manual_seed(0)
    encoder = CellSequenceEncoder(
        len(sequences.vocabulary), sequences.order, EncoderSettings(hidden=8), 1
    )
    initialise(encoder, [torch.Generator().manual_seed(0)], gain=2.0)
    hypernetwork = Hypernetwork(8, target.shared, SMALL)
    images, labels = torch.randn(12, *task.IMAGE_SHAPE), torch.arange(12) % 10
    cells = graphs_of(sequences, "row")
    parameters = [*encoder.parameters(), *hypernetwork.parameters()]

    def generate():
        features = [vertices[0] for vertices, _ in encoder.walk(cells)]
        return hypernetwork(features, [target.places])[0]

    loss = F.cross_entropy(target(generate(), images), labels)
    direct = torch.autograd.grad(loss, parameters, allow_unused=True)

    weights = generate()
    leaves = {name: w.detach().requires_grad_() for name, w in weights.items()}
    loss = F.cross_entropy(target(leaves, images), labels)
    outer = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    pairs = zip(weights.values(), outer, strict=True)
    product = sum((w * g).sum() for w, g in pairs if g is not None)
    chained = torch.autograd.grad(product, parameters, allow_unused=True)
    assert sum(g is not None and bool(g.any()) for g in direct) > 20
    for one, other in zip(direct, chained, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other)
