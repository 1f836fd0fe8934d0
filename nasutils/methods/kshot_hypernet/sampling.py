"""Which sub-nets are trained in a step: FocusFair, FairNAS and SPOS sampling.

Source: Zhuge et al., WANT@ICML 2024, Section 3.2 and Algorithm 1.
"""

import torch
from torch import Tensor

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.spaces.nasbench201 import OPS, NASBench201Cell

SAMPLINGS = ("focus_fair", "fair", "spos")


def sample_choices(
    beta: Tensor, sampling: str, temperature: float, generator: torch.Generator
) -> Tensor:
    """Draw K architectures for a step, K being the number of operations.

    FocusFair draws an edge's operations without replacement under softmax(beta / temperature):
    each is used once, those of high weight early, hence together. FairNAS is the same under equal
    weights. SPOS draws K architectures independently and uniformly.

    Args:
        beta: Architecture parameters, (edges, K).
        sampling: One of ``SAMPLINGS``.
        temperature: Of FocusFair.
        generator: Source of the randomness, on the CPU.

    Returns:
        Positions of operations, (K, edges): one row an architecture, in the order of drawing.

    Raises:
        UnknownNameError: If there is no such sampling.
        NasutilsError: If the temperature is not positive or beta not finite.
    """
    if not beta.isfinite().all():
        raise NasutilsError("the architecture parameters are no longer finite.")
    if sampling not in SAMPLINGS:
        raise UnknownNameError("sampling", sampling, SAMPLINGS)
    if not temperature > 0:
        raise NasutilsError(f"temperature {temperature}: it must be positive.")
    weights = torch.ones(beta.shape)
    if sampling == "focus_fair":
        # In double precision no weight becomes zero, which could not be drawn at all.
        weights = (beta.detach().cpu().double() / temperature).softmax(1)
    # torch.multinomial draws one after the other, each time among those that are left.
    draws = torch.multinomial(
        weights, weights.shape[1], replacement=sampling == "spos", generator=generator
    )
    return draws.T


def sample_cells(
    beta: Tensor, sampling: str, temperature: float, generator: torch.Generator
) -> list[NASBench201Cell]:
    """Draw the five cells of a step; arguments and errors as ``sample_choices``."""
    choices = sample_choices(beta, sampling, temperature, generator)
    return [NASBench201Cell(tuple(OPS[i] for i in row)) for row in choices.tolist()]
