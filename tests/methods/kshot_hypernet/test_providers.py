"""Providers: parameter counts of the paper, Eq. 4's linearity, initial scale, attention by hand."""

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet.encoder import ArchitectureEncoder, CoefficientAttention
from nasutils.methods.kshot_hypernet.providers import (
    PROVIDERS,
    HypernetworkKernels,
    KshotKernels,
    make_provider,
)
from nasutils.networks.nasbench201_supernet import KernelShape
from nasutils.spaces.nasbench201 import NASBench201Cell

SHAPES = [KernelShape(8, 3, 3), KernelShape(16, 8, 1), KernelShape(16, 16, 3)]


def random_alpha(seed=0):
    return torch.from_numpy(NASBench201Cell.random(np.random.default_rng(seed)).one_hot())


def size(parameters):
    return sum(p.numel() for p in parameters)


def test_parameters_of_the_papers_example():
    # Section 3.1: 256 channels, 3 x 3, h = N = 64. The paper prints 37.75 M and 1.05 M; the latter
    # leaves h out of the second map, whose own dimensions (h x C_out * k * k) make it 1.196 M.
    shape = [KernelShape(256, 256, 3)]
    assert size(KshotKernels(shape, 64, 64).kernels) == 37_748_736
    provider = HypernetworkKernels(shape, 64, 64)
    first, second = size(provider.first), size(provider.second)
    assert first == 256 * 64 * 64
    assert first + second // 64 == 1_050_880
    assert first + second == 1_196_032


def test_mixing_first_maps_is_mixing_kernels():
    # Eq. 4 as written: N kernels, then their weighted sum.
    torch.manual_seed(0)
    provider = HypernetworkKernels(SHAPES, 12, 8).double()
    alpha = random_alpha().double()
    z, coefficients = provider.encoder(alpha)
    for i, kernel in enumerate(provider(alpha, range(3))):
        shape, scale = SHAPES[i], 8**-0.5
        dictionary = [
            (scale * scale * (z @ first).T @ provider.second[i])
            .view(shape.c_in, shape.c_out, shape.size, shape.size)
            .transpose(0, 1)
            for first in provider.first[i]
        ]
        slow = 12**0.5 * sum(c * w for c, w in zip(coefficients, dictionary, strict=True))
        torch.testing.assert_close(kernel, slow)


def test_kshot_kernels_are_the_weighted_sum():
    torch.manual_seed(0)
    provider = KshotKernels(SHAPES, 5, 8)
    alpha = random_alpha()
    coefficients = provider.simplex_net(alpha).softmax(0)
    slow = 5**0.5 * sum(c * w for c, w in zip(coefficients, provider.kernels[2], strict=True))
    torch.testing.assert_close(provider(alpha, [2])[0], slow)


@pytest.mark.parametrize("name", PROVIDERS)
def test_kernels_start_at_he_scale_whatever_n_and_h(name):
    shape = KernelShape(32, 16, 3)
    for n, h in ((1, 8), (12, 32), (64, 16)):
        scales = []
        for seed in range(5):
            torch.manual_seed(seed)
            provider = make_provider(name, [shape], n, h)
            scales.append(provider(random_alpha(), [0])[0].std().item())
        assert np.mean(scales) == pytest.approx(shape.he_std, rel=0.2)


@pytest.mark.parametrize("name", PROVIDERS)
def test_one_step_moves_a_kernel_about_as_far_as_a_shared_one(name):
    shape, lr = KernelShape(32, 16, 3), 1e-3
    torch.manual_seed(0)
    provider = make_provider(name, [shape], 12, 32)
    alpha = random_alpha()
    target = torch.randn(*shape)
    before = provider(alpha, [0])[0].clone()
    (before * target).sum().backward()
    with torch.no_grad():
        for parameters in (getattr(provider, n, []) for n in ("kernels", "first", "second")):
            for p in parameters:
                p -= lr * p.grad
        moved = provider(alpha, [0])[0] - before
    # A shared kernel moves by lr * target.
    assert 0.7 < (-(moved * target).sum() / (lr * target.square().sum())).item() < 1.6


@pytest.mark.parametrize("name", ["kshot", "kshot_hypernet"])
def test_warm_up_makes_coefficients_equal(name):
    torch.manual_seed(0)
    provider = make_provider(name, SHAPES, 6, 8)
    provider.uniform = True
    kernel = provider(random_alpha(), [1])[0]
    head = provider.simplex_net if name == "kshot" else provider.encoder.to_coefficients
    with torch.no_grad():
        for p in head.parameters():
            p.zero_()  # softmax of equal logits
    provider.uniform = False
    torch.testing.assert_close(provider(random_alpha(), [1])[0], kernel)


def test_generated_kernels_depend_on_the_architecture():
    torch.manual_seed(0)
    a, b = random_alpha(0), random_alpha(1)
    for name in ("kshot", "hypernet", "kshot_hypernet"):
        provider = make_provider(name, SHAPES, 6, 8)
        assert not torch.allclose(provider(a, [2])[0], provider(b, [2])[0])
    shared = make_provider("shared", SHAPES, 6, 8)
    assert torch.equal(shared(a, [2])[0], shared(b, [2])[0])


def test_the_hypernetwork_alone_has_one_kernel():
    assert all(len(first) == 1 for first in make_provider("hypernet", SHAPES, 12, 8).first)


def test_coefficient_attention_by_hand():
    # Two coefficients of three features; hidden layer of one unit.
    block = CoefficientAttention(2, reduction=2)
    with torch.no_grad():
        block.mlp[0].weight.copy_(torch.tensor([[1.0, -1.0]]))
        block.mlp[0].bias.copy_(torch.tensor([0.5]))
        block.mlp[2].weight.copy_(torch.tensor([[2.0], [-1.0]]))
        block.mlp[2].bias.copy_(torch.tensor([0.0, 0.25]))
    x = torch.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
    # Means 2, 0: hidden 2.5, out (5, -2.25). Maxima 3, 1: hidden 2.5, out (5, -2.25).
    expected = [2 / (1 + np.exp(-10.0)), 0.0]
    assert block(x).tolist() == pytest.approx(expected)
    # Means -1, 2: hidden relu(-2.5) = 0, out (0, .25). Maxima 1, 2: hidden 0, the same.
    x = torch.tensor([[-3.0, 1.0, -1.0], [2.0, 2.0, 2.0]])
    expected = [-1 / (1 + 1), 2 / (1 + np.exp(-0.5))]
    assert block(x).tolist() == pytest.approx(expected)


def test_encoder_gives_normalised_features_and_coefficients():
    torch.manual_seed(0)
    z, coefficients = ArchitectureEncoder(16, 12)(random_alpha())
    assert z.shape == (16, 16)
    torch.testing.assert_close(z.mean(1), torch.zeros(16), atol=1e-5, rtol=0)
    assert coefficients.shape == (12,)
    assert coefficients.sum().item() == pytest.approx(1)
    assert (coefficients > 0).all()


def test_bad_names_and_numbers_are_named():
    with pytest.raises(UnknownNameError, match="kshot_hypernet"):
        make_provider("kshot_hyper", SHAPES, 6, 8)
    with pytest.raises(NasutilsError, match="N = 0"):
        make_provider("kshot", SHAPES, 0, 8)


@pytest.mark.parametrize("name", ["kshot", "hypernet", "kshot_hypernet"])
def test_training_starts_near_plain_sharing(name):
    torch.manual_seed(0)
    provider = make_provider(name, [KernelShape(16, 16, 3)], 12, 32)
    kernels = [provider(random_alpha(seed), [0])[0].detach().flatten() for seed in range(20)]
    correlations = np.corrcoef(torch.stack(kernels))
    assert correlations[~np.eye(20, dtype=bool)].mean() > 0.95
