"""All parameters of a small network in one vector, so that a step touches one tensor, not forty."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn
from tqdm import tqdm

from nasutils.errors import NasutilsError
from nasutils.settings import Count, Positive, PositiveOrInfinite, check_ranges


@dataclass(frozen=True)
class Schedule:
    """How to train a small network with Adam, without weight decay."""

    epochs: Count  #: passes over the architectures
    batch_size: Count  #: architectures a step; what is left over at the end of an epoch is not seen
    learning_rate: Positive  #: of Adam, at the start
    cosine: bool = False  #: whether the rate falls to zero along a cosine, rather than stays
    max_grad_norm: PositiveOrInfinite = float(
        "inf"
    )  #: longer gradients are scaled down to this norm

    def __post_init__(self) -> None:
        check_ranges(self)


def flatten_parameters(module: nn.Module) -> Tensor:
    """Move a network's parameters and gradients into two vectors, of which they become views.

    An optimiser of the vector trains the network, which is on its final device; its steps, the
    clipping and the zeroing then cost as much as one tensor's. Set the vector's gradient to zero in
    place, never to None. The vector is of shape (P,), with gradients, all zero.
    """
    flat = torch.cat([p.detach().flatten() for p in module.parameters()])
    flat.grad = torch.zeros_like(flat)
    sizes = [p.numel() for p in module.parameters()]
    views = zip(flat.split(sizes), flat.grad.split(sizes), strict=True)
    for p, (values, gradients) in zip(module.parameters(), views, strict=True):
        p.data, p.grad = values.view_as(p), gradients.view_as(p)
    return flat


def train_flat(
    module: nn.Module,
    epoch: Callable[[Tensor], tuple[Tensor, ...]],
    loss: Callable[..., Tensor],
    size: int,
    schedule: Schedule,
    *,
    progress: str = "",
) -> list[float]:
    """Train a small network, with the draws of torch's own generator; the mean loss of each epoch.

    Args:
        module: On its final device.
        epoch: From a random order (N,) to the tensors of one epoch, each of N rows.
        loss: From a batch of these tensors to what is minimised.
        size: Number of rows, N.
        schedule: Of the training.
        progress: What a bar is called; no bar where empty.

    Raises:
        NasutilsError: If the rows do not fill a batch.
    """
    if size < schedule.batch_size:
        raise NasutilsError(f"{size} architectures do not fill a batch of {schedule.batch_size}.")
    flat = flatten_parameters(module)
    optimiser = torch.optim.Adam([flat], lr=schedule.learning_rate, fused=True)
    steps = size // schedule.batch_size
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.epochs * steps)
    losses = []
    for _ in tqdm(range(schedule.epochs), desc=progress, unit="epoch", disable=not progress):
        total = torch.zeros((), device=flat.device)
        rows = epoch(torch.randperm(size, device=flat.device))
        batches = zip(*(each.split(schedule.batch_size) for each in rows), strict=True)
        for batch in islice(batches, steps):
            value = loss(*batch)
            optimiser.zero_grad(set_to_none=False)
            value.backward()
            if schedule.max_grad_norm < float("inf"):
                nn.utils.clip_grad_norm_([flat], schedule.max_grad_norm)
            optimiser.step()
            if schedule.cosine:
                falling.step()
            total += value.detach()
        losses.append(float(total) / steps)
    return losses
