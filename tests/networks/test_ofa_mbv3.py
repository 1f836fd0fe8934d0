"""The OFA-MobileNetV3 network: its size is that of the measured sub-nets."""

import numpy as np
import pytest
import torch
from torch import nn

from nasutils.data import load_table
from nasutils.networks.counting import build_on_meta, count_params
from nasutils.networks.ofa_mbv3 import (
    InvertedResidual,
    OFAMobileNetV3Network,
    SqueezeExcitation,
    make_divisible,
)
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

SMALLEST = OFAMobileNetV3((((3, 3),) * 2,) * 5)


def multiply_adds(network, image):
    """Of convolutions and linear layers, as the table counts them, in millions."""
    total = 0

    def add(module, inputs, output):
        nonlocal total
        total += module.weight[0].numel() * output[0].numel()

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(add)
    network(torch.empty(1, *image, device="meta"))
    return total / 1e6


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_parameters_and_multiply_adds_of_the_table():
    for row in load_table("ofa_mbv3").sample(25, random_state=0).itertuples():
        subnet = OFAMobileNetV3.from_string(row.arch)
        network = build_on_meta(lambda s=subnet: OFAMobileNetV3Network(s))
        assert count_params(network) == pytest.approx(row.params, abs=1e-9)
        assert multiply_adds(network, (3, 224, 224)) == pytest.approx(row.flops, abs=1e-9)


def test_widths_are_multiples_of_eight_near_the_wish():
    wishes = range(1, 2000)
    widths = [make_divisible(wish) for wish in wishes]
    assert all(width % 8 == 0 for width in widths)
    assert all(width >= 0.9 * wish for width, wish in zip(widths, wishes, strict=True))
    assert all(abs(width - wish) <= 8 for width, wish in zip(widths, wishes, strict=True))
    assert [make_divisible(wish) for wish in (3, 18, 28, 72, 120, 240)] == [8, 24, 32, 72, 120, 240]


def test_block_by_hand():
    # 1x1 8 -> 24, 5x5 depthwise, gate 24 -> 8 -> 24 with biases, 1x1 24 -> 8, three batch norms.
    block = InvertedResidual(8, 8, 5, 3, stride=1, hardswish=True, squeeze=True)
    gate = 24 * 8 + 8 + 8 * 24 + 24
    expected = 8 * 24 + 24 * 25 + gate + 24 * 8 + 2 * (24 + 24 + 8)
    assert sum(p.numel() for p in block.parameters()) == expected


@pytest.mark.parametrize(("c_out", "stride", "kept"), [(8, 1, True), (8, 2, False), (6, 1, False)])
def test_short_cut_only_where_shapes_agree(c_out, stride, kept):
    block = InvertedResidual(8, c_out, 3, 4, stride=stride, hardswish=False, squeeze=False).eval()
    nn.init.zeros_(block.layers[-1].weight)  # the path gives zeros; what is left is the short cut
    x = torch.randn(2, 8, 6, 6)
    y = block(x)
    assert y.shape == (2, c_out, 6 // stride, 6 // stride)
    assert torch.equal(y, x) if kept else not y.any()


def test_gate_scales_channels():
    gate = SqueezeExcitation(16)
    for parameter in gate.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(2, 16, 5, 5)
    torch.testing.assert_close(gate(x), x / 2)  # the hard sigmoid of 0


def test_resolution_of_each_block():
    network = build_on_meta(lambda: OFAMobileNetV3Network(SMALLEST))
    shapes = []
    for block in network.blocks:
        block.register_forward_hook(lambda *args: shapes.append(tuple(args[2].shape[1:])))
    logits = network(torch.empty(2, 3, 224, 224, device="meta"))
    assert logits.shape == (2, 1000)
    stages = [(24, 56), (40, 28), (80, 14), (112, 14), (160, 7)]
    assert shapes == [(c, size, size) for c, size in stages for _ in range(2)]


def test_every_parameter_gets_a_gradient():
    torch.manual_seed(0)
    subnet = OFAMobileNetV3.random(np.random.default_rng(0))
    network = OFAMobileNetV3Network(subnet, 7, in_channels=1)
    logits = network(torch.randn(4, 1, 64, 64))
    assert logits.shape == (4, 7)
    nn.functional.cross_entropy(logits, torch.arange(4)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
