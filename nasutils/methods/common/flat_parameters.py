"""All parameters of a small network in one vector, so that a step touches one tensor, not forty."""

import torch
from torch import Tensor, nn


def flatten_parameters(module: nn.Module) -> Tensor:
    """Move a network's parameters and gradients into two vectors, of which they become views.

    An optimiser of the vector trains the network; its steps, the clipping and the zeroing then cost
    as much as one tensor's. Set the vector's gradient to zero in place, never to None.

    Args:
        module: On its final device.

    Returns:
        The parameters, of shape (P,), with their gradients, all zero.
    """
    flat = torch.cat([p.detach().flatten() for p in module.parameters()])
    flat.grad = torch.zeros_like(flat)
    sizes = [p.numel() for p in module.parameters()]
    views = zip(flat.split(sizes), flat.grad.split(sizes), strict=True)
    for p, (values, gradients) in zip(module.parameters(), views, strict=True):
        p.data, p.grad = values.view_as(p), gradients.view_as(p)
    return flat
