"""Proxies of the activations' signs: how differently a network's units code the images."""

import math

import torch
from torch import Tensor

from nasutils.proxies.gradients import layer_ssnrs
from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import UNDEFINED, Need, register

_CODES = r"K = \sum_{r} X_r X_r^\top + (1 - X_r)(1 - X_r)^\top"


def log_determinant(kernel: Tensor) -> float:
    """Return the logarithm of the determinant of a positive semi-definite matrix.

    Minus infinity if the matrix is singular, up to rounding.
    """
    eigenvalues = torch.linalg.eigvalsh(kernel)  # ascending
    rounding = torch.finfo(kernel.dtype).eps * len(kernel) * eigenvalues[-1]
    return UNDEFINED if eigenvalues[0] <= rounding else float(eigenvalues.log().sum())


@register(
    title="NASWOT",
    equation=rf"\log \lvert \det K \rvert, \quad {_CODES}",
    source="mellor2021naswot",
    when_undefined="UNDEFINED where the kernel is singular: for a dead network, for equal images "
    "in the batch, without ReLU modules",
    needs={Need.IMAGES, Need.RELU_CODES},
)
def nwot(passes: Passes) -> float:
    r"""Return the log-determinant of the kernel of the ReLUs' binary codes.

    :math:`X_r \in \{0, 1\}^{B \times n_r}` marks the positive inputs of ReLU module r, counted
    once a call, in training mode. Rescaling weights leaves it as it is.
    """
    kernel = passes.training.relu_kernel
    return UNDEFINED if kernel is None else log_determinant(kernel)


@register(
    title="T-CET",
    equation=r"\sum_l \log \lvert \det K_l \rvert \cdot \log \Bigl( 1 +"
    r" \frac{\sum_i s_{l,i}}{\operatorname{std}_i(s_{l,i})} \Bigr)",
    source="xiang2023tcet",
    when_undefined="0 for a dead network: a layer whose kernel is singular adds nothing, as one "
    "with fewer outputs than images; UNDEFINED where a gradient overflows",
    needs={Need.IMAGES, Need.LABELS, Need.WEIGHT_GRADIENTS, Need.LAYER_CODES},
)
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
