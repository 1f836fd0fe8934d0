"""ZiCo: how large gradients are against how much they differ from batch to batch."""

import math

import torch

from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import declared


@declared
def zico(passes: Passes) -> float:
    r"""Return the layers' logarithms of inverse coefficients of variation.

    :math:`g_l^{(b)}` is the gradient of half b of the batch. Weights with equal gradients in both
    halves are left out. As in the source's code, the mean is of absolute gradients, the deviation
    of signed ones and of the halves themselves, not of a sample's.
    """
    score = 0.0
    for halves in zip(*passes.half_gradients, strict=True):
        gradients = torch.stack(halves).double()
        mean, deviation = gradients.abs().mean(0), gradients.std(0, correction=0)
        ratios = (mean / deviation)[deviation != 0]
        if ratios.numel():
            score += math.log(ratios.sum())
    return score
