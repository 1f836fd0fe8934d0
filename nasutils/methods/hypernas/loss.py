"""The adaptive multi-task loss (Section 3.5)."""

from collections.abc import Sequence
from math import inf

import torch
from torch import Tensor, nn

from nasutils.errors import NasutilsError


class AdaptiveLoss(nn.Module):
    """Eq. 11: the sum over tasks of L^q / (2 u^2) + ln(1 + u^2), with a learned u for each task.

    The power is part of the loss, so that gradients pass it: with q > 1 a task counts the more the
    larger its loss. For a constant loss the best u^2 is (L^q + (L^2q + 8 L^q)^(1/2)) / 4. The paper
    takes q = 1.5; 1 leaves the losses as they are.

    Raises:
        NasutilsError: If there is no task, or q is below 1, where a vanishing loss has an infinite
            gradient.
    """

    def __init__(self, tasks: int, q: float = 1.5) -> None:
        super().__init__()
        if tasks < 1 or not 1 <= q < inf:
            raise NasutilsError(f"the adaptive loss needs a task and q >= 1, not {tasks} and {q}.")
        self.q = q
        self.u = nn.Parameter(torch.ones(tasks))

    def forward(self, losses: Sequence[Tensor]) -> Tensor:
        """Combine the losses of the tasks, non-negative tensors of any shape, to a scalar.

        The power is taken of each element, and then their mean.

        Raises:
            NasutilsError: If there are not as many losses as tasks, or one is negative.
        """
        if len(losses) != len(self.u):
            raise NasutilsError(f"{len(self.u)} tasks, but {len(losses)} losses.")
        if any((loss < 0).any() for loss in losses):
            raise NasutilsError("Eq. 11 takes the power of losses that are not negative.")
        square = self.u.square()
        return sum(
            (loss**self.q).mean() / (2 * s) + torch.log1p(s)
            for loss, s in zip(losses, square, strict=True)
        )
