"""The contrastive loss by hand, by plain loops, and what must not change it."""

import math

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.transferable.loss import WEIGHTS, contrastive_loss, positive_weights


def slow_loss(z, eigenvalues, classes, weights, temperature, weight_temperature):
    """Equations 4.1 and 4.5, term by term."""
    total = 0.0
    for i in range(len(z)):
        chi = {}
        for j in range(len(z)):
            if j != i:
                others = [r for r in range(len(z)) if r != i]
                below = sum(math.exp(z[i] @ z[r] / temperature) for r in others)
                chi[j] = math.log(math.exp(z[i] @ z[j] / temperature) / below)
        positives = [s for s in range(len(z)) if s != i and classes[s] == classes[i]]
        sign = {"similar": -1, "uniform": 0, "distant": 1}[weights]
        raw = {
            s: math.exp(sign * np.linalg.norm(eigenvalues[i] - eigenvalues[s]) / weight_temperature)
            for s in positives
        }
        total -= sum(raw[s] / sum(raw.values()) * chi[s] for s in positives)
    return total / len(z)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((9, 5))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    return z, rng.random((9, 11)) / 10, np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])


def tensors(drawn):
    return [torch.from_numpy(array) for array in drawn]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(("temperature", "weight_temperature"), [(0.1, 0.05), (1, 0.3)])
def test_against_plain_loops(drawn, weights, temperature, weight_temperature):
    options = {
        "weights": weights,
        "temperature": temperature,
        "weight_temperature": weight_temperature,
    }
    found = contrastive_loss(*tensors(drawn), **options)
    assert found.item() == pytest.approx(slow_loss(*drawn, **options))


def test_by_hand():
    # Two families at right angles: a, a' at the same place and b, b' too.
    z = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
    loss = contrastive_loss(z, torch.zeros(4, 11), torch.tensor([0, 0, 1, 1]), temperature=1)
    # The positive has similarity 1, the two negatives have 0.
    assert loss.item() == pytest.approx(-math.log(math.e / (math.e + 2)))


def test_weights_by_hand():
    eigenvalues = torch.zeros(3, 11)
    eigenvalues[1, 4], eigenvalues[2, 0] = 0.05, 0.1
    alpha = positive_weights(eigenvalues, torch.zeros(3))
    a, b, c = math.exp(-1), math.exp(-2), math.exp(-math.sqrt(0.05**2 + 0.1**2) / 0.05)
    expected = [
        [0, a / (a + b), b / (a + b)],
        [a / (a + c), 0, c / (a + c)],
        [b / (b + c), c / (b + c), 0],
    ]
    np.testing.assert_allclose(alpha, expected, rtol=1e-5)


def test_similar_graphs_weigh_more_and_distant_is_the_reverse():
    eigenvalues = torch.zeros(3, 11)
    eigenvalues[1, 0], eigenvalues[2, 0] = 0.01, 0.1
    similar, distant = (
        positive_weights(eigenvalues, torch.zeros(3), weights=name)[0]
        for name in ("similar", "distant")
    )
    assert similar[1] > similar[2]
    assert similar[1:].tolist() == pytest.approx(distant[1:].flip(0).tolist())


def test_weights_are_a_convex_combination_of_the_positives(drawn):
    _, eigenvalues, classes = tensors(drawn)
    for name in WEIGHTS:
        alpha = positive_weights(eigenvalues, classes, weights=name)
        assert alpha.sum(1).tolist() == pytest.approx([1] * 9)
        assert (alpha.diagonal() == 0).all()
        assert ((alpha > 0) <= (classes[:, None] == classes)).all()


def test_uniform_is_supcon_and_the_limit_of_a_blunt_softmax(drawn):
    uniform = contrastive_loss(*tensors(drawn), weights="uniform")
    blunt = contrastive_loss(*tensors(drawn), weight_temperature=1e9)
    assert uniform.item() == pytest.approx(blunt.item())


def test_pairs_as_classes_are_simclr_whatever_the_weights(drawn):
    z, eigenvalues, _ = tensors(drawn)
    z, eigenvalues = z[:8], eigenvalues[:8]
    pairs = torch.arange(4).repeat(2)
    similarity = (z @ z.T / 0.1).fill_diagonal_(-torch.inf)
    partner = torch.arange(8).roll(4)
    expected = torch.nn.functional.cross_entropy(similarity, partner)
    for name in WEIGHTS:
        found = contrastive_loss(z, eigenvalues, pairs, weights=name)
        assert found.item() == pytest.approx(expected.item())


def test_order_names_of_classes_lengths_and_rotations_do_not_matter(drawn):
    z, eigenvalues, classes = tensors(drawn)
    expected = contrastive_loss(z, eigenvalues, classes).item()
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    rotation = torch.linalg.qr(torch.randn(5, 5, dtype=z.dtype)).Q
    for changed in (
        (z[order], eigenvalues[order], classes[order]),
        (z, eigenvalues, 7 - classes),
        (z * torch.arange(1, 10)[:, None], eigenvalues, classes),
        (z @ rotation, eigenvalues, classes),
        (z, eigenvalues + 0.3, classes),
    ):
        assert contrastive_loss(*changed).item() == pytest.approx(expected)


def test_temperature_scales_the_similarities(drawn):
    # Projections in one class only: with equal similarities the loss is ln(B - 1) at any tau.
    z = torch.ones(5, 3)
    for temperature in (0.01, 0.1, 10):
        loss = contrastive_loss(z, torch.zeros(5, 11), torch.zeros(5), temperature=temperature)
        assert loss.item() == pytest.approx(math.log(4), rel=1e-5)


def test_gradients(drawn):
    z, eigenvalues, classes = tensors(drawn)
    z.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: contrastive_loss(z, eigenvalues, classes, temperature=0.5), (z,)
    )


def test_bad_input(drawn):
    z, eigenvalues, classes = tensors(drawn)
    with pytest.raises(UnknownNameError, match="distant, similar, uniform"):
        contrastive_loss(z, eigenvalues, classes, weights="simlar")
    with pytest.raises(NasutilsError, match="class 5 has one graph"):
        contrastive_loss(z, eigenvalues, torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 5]))
    with pytest.raises(NasutilsError, match="positive, not 0"):
        contrastive_loss(z, eigenvalues, classes, temperature=0)
    with pytest.raises(NasutilsError, match="9 projections, but the eigenvalues of 8"):
        contrastive_loss(z, eigenvalues[:8], classes)
    with pytest.raises(NasutilsError, match=r"not \(9, 5\), \(9, 11\) and \(8,\)"):
        contrastive_loss(z, eigenvalues, classes[:8])
