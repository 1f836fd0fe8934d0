"""Counting on networks small enough to count by hand."""

import torch
from torch import nn

from nasutils.networks.counting import build_on_meta, count_flops, count_params


def test_convolution_and_linear():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.Flatten(), nn.Linear(4 * 25, 2)
    )
    assert count_params(network) * 1e6 == 3 * 4 * 9 + 4 * 25 * 2 + 2
    assert count_flops(network, (3, 5, 5)) * 1e6 == 25 * 4 * 27 + 200


def test_grouped_convolution_counts_its_own_channels_only():
    network = nn.Conv2d(8, 8, 3, padding=1, groups=4)
    assert count_flops(network, (8, 2, 2)) * 1e6 == 8 * 4 * (2 * 9)


def test_costs_of_the_layers_without_weights():
    network = nn.Sequential(nn.BatchNorm2d(2), nn.ReLU(), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1))
    # 2 and 1 per element of (2, 4, 4); 4 per element of (2, 2, 2); 3 * 3 per channel.
    assert count_flops(network, (2, 4, 4)) * 1e6 == 32 * 2 + 32 + 8 * 4 + 2 * 9


def test_frozen_parameters_do_not_count():
    network = nn.Linear(3, 3).requires_grad_(False)
    assert count_params(network) == 0


def test_counting_leaves_the_network_as_it_was():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).train()
    count_flops(network, (1, 3, 3))
    assert network.training
    assert network[1].num_batches_tracked == 0
    assert all(not module._forward_hooks for module in network.modules())


def test_counting_keeps_mixed_modes_and_takes_double_precision():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).double()
    network[1].eval()
    assert count_flops(network, (1, 3, 3)) * 1e6 == 9 * 2 + 18 * 2
    assert [module.training for module in network.modules()] == [True, True, False]


def test_meta_network_has_no_memory():
    network = build_on_meta(lambda: nn.Linear(10**6, 10**5))
    assert network.weight.device == torch.device("meta")
    assert count_params(network) == 10**5 + 0.1
