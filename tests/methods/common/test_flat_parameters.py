"""One vector trains the network as its forty tensors would."""

import copy

import pytest
import torch
from torch import nn

from nasutils.errors import NasutilsError
from nasutils.methods.common.flat_parameters import Schedule, flatten_parameters, train_flat


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


@pytest.mark.parametrize("limit", [float("inf"), 0.1])
def test_training_is_adam_batch_by_batch(limit):
    torch.manual_seed(1)
    x, network = torch.randn(7, 3), nn.Linear(3, 1)
    reference, seen = copy.deepcopy(network), []
    schedule = Schedule(2, 3, 0.05, cosine=True, max_grad_norm=limit)

    def epoch(order):
        seen.append(order)
        return (x[order],)

    losses = train_flat(network, epoch, lambda x: network(x).square().mean(), 7, schedule)
    adam = torch.optim.Adam(reference.parameters(), lr=0.05)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 4)
    for order, expected in zip(seen, losses, strict=True):
        batch_losses = []
        for rows in order.split(3)[:2]:  # the seventh row fills no batch
            loss = reference(x[rows]).square().mean()
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reference.parameters(), limit)
            adam.step()
            falling.step()
            batch_losses.append(loss.item())
        assert expected == pytest.approx(sum(batch_losses) / 2)
    for one, other in zip(network.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_rows_that_fill_no_batch_train_nothing():
    with pytest.raises(NasutilsError, match="2 architectures do not fill a batch of 3"):
        train_flat(nn.Linear(1, 1), lambda order: (order,), torch.sum, 2, Schedule(1, 3, 0.1))
