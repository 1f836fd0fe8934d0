"""Proxies of the activations' signs: how differently a network's units code the images."""

import math

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from nasutils.errors import NasutilsError
from nasutils.proxies.gradients import layer_ssnrs
from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import UNDEFINED, declared


def log_determinant(kernel: Tensor) -> float:
    """Return a positive semi-definite matrix's log-determinant; -inf if singular up to rounding."""
    eigenvalues = torch.linalg.eigvalsh(kernel)  # ascending
    rounding = torch.finfo(kernel.dtype).eps * len(kernel) * eigenvalues[-1]
    return UNDEFINED if eigenvalues[0] <= rounding else float(eigenvalues.log().sum())


@declared
def nwot(passes: Passes) -> float:
    r"""Return the log-determinant of the kernel of the ReLUs' binary codes.

    :math:`X_r \in \{0, 1\}^{B \times n_r}` marks the positive inputs of the r-th call of a ReLU,
    in training mode. Rescaling weights leaves it as it is. Leaky, parametric and clipped ReLUs
    count; so do hard-sigmoid and hard-swish, which clip :math:`x + 3`; GELU and SiLU do not.
    """
    return log_determinant(passes.training.relus.kernel)


@declared
def swap(passes: Passes) -> float:
    r"""Return how many different columns the ReLUs' binary codes have.

    A column of :math:`X`, NASWOT's codes of all calls, is what one unit does on the batch: there
    are :math:`2^B` at most, so that small batches make ties. ``regularised_swap`` adds a size.
    """
    return passes.training.relus.num_patterns


def regularised_swap(swap: ArrayLike, params: ArrayLike, *, mu: float, sigma: float) -> np.ndarray:
    r"""Weigh SWAP by size: :math:`\mathrm{SWAP} \cdot e^{-(\theta - \mu)^2 / \sigma}`.

    The parameters :math:`\theta` of the same networks are in the unit of mu, the size that is
    wanted: the source counts thousands, the proxy ``params`` millions. Sigma is how wide around it,
    in the unit squared, positive; the source sets it as large as mu.
    """
    if not sigma > 0:
        raise NasutilsError(f"sigma is the width of a curve, positive: not {sigma}.")
    return np.asarray(swap) * np.exp(-((np.asarray(params) - mu) ** 2) / sigma)


@declared
def t_cet(passes: Passes) -> float:
    r"""Return topology times compressibility, summed over the layers.

    :math:`K_l` is NASWOT's kernel of the signs of layer l's own outputs, in evaluation mode;
    :math:`s_l = \lvert w_l \odot g_l \rvert` are SNIP's saliencies, from the training pass.
    """
    topology = [log_determinant(kernel) for kernel in passes.layer_kernels]
    return sum(
        log_det * math.log1p(ssnr)
        for log_det, ssnr in zip(topology, layer_ssnrs(passes), strict=True)
        if log_det != UNDEFINED
    )
