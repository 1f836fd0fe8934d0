"""One vector trains the network as its forty tensors would."""

import copy

import torch
from torch import nn

from nasutils.methods.common.flat_parameters import flatten_parameters


def test_steps_on_the_vector_are_steps_on_the_network():
    torch.manual_seed(0)
    separate = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 2))
    together = copy.deepcopy(separate)
    flat = flatten_parameters(together)
    assert flat.shape == (sum(p.numel() for p in separate.parameters()),)
    optimisers = [torch.optim.Adam(separate.parameters()), torch.optim.Adam([flat])]
    for _ in range(3):
        x = torch.randn(8, 5)
        for network, optimiser in zip((separate, together), optimisers, strict=True):
            optimiser.zero_grad(set_to_none=False)
            network(x).square().sum().backward()
            clipped = [flat] if network is together else network.parameters()
            nn.utils.clip_grad_norm_(clipped, 0.5)
            optimiser.step()
    for one, other in zip(separate.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one.grad, other.grad)
