"""The short way of average pooling against torch's, bit for bit."""

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F

from nasutils.proxies.pooling import AveragePool, FastPooling


def pool(x):
    return F.avg_pool2d(x, 3, 1, 1, False, False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3, 2, 7, 5), (2, 3, 1, 4), (1, 1, 1, 1), (2, 2, 2, 2)])
def test_values_and_derivatives_are_torchs(shape, dtype):
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=dtype, requires_grad=True)
    g, u = torch.randn(2, *shape, dtype=dtype)
    g.requires_grad_()
    results = []
    for function in (pool, AveragePool.apply):
        y = function(x)
        (back,) = torch.autograd.grad(y, x, g, create_graph=True)
        results.append((y, back, *torch.autograd.grad(back, g, u)))
    for theirs, ours in zip(*results, strict=True):
        assert torch.equal(ours, theirs)
        assert ours.is_contiguous()


def test_derivatives_are_those_of_the_values():
    x = torch.randn(2, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(AveragePool.apply, x)
    assert gradgradcheck(AveragePool.apply, x)


OTHERS = [
    nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    nn.AvgPool2d(3, 1, 1),
    nn.AvgPool2d(2),
    nn.AvgPool2d(3, 1, 1, count_include_pad=False, divisor_override=2),
]


def test_which_pooling_takes_the_short_way():
    x = torch.randn(2, 2, 6, 6, requires_grad=True)
    with FastPooling():
        assert "AveragePool" in nn.AvgPool2d(3, 1, 1, count_include_pad=False)(x).grad_fn.name()
        for module in OTHERS:
            assert module(x).grad_fn.name() == "AvgPool2DBackward0"
        last = x.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
        assert pool(last).grad_fn.name() == "AvgPool2DBackward0"
