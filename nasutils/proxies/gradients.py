"""Proxies of the loss's gradient: one forward and one backward pass serve all but GraSP.

The definitions are those of the public NAS-Bench-Suite-Zero scores, after Abdelfattah et al.,
"Zero-Cost Proxies for Lightweight NAS", ICLR 2021, https://arxiv.org/abs/2101.08134.
"""

import torch
from torch import Tensor

from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import Need, ProxyError, register

_GRADIENT = {Need.IMAGES, Need.LABELS, Need.WEIGHT_GRADIENTS}
_MAY_OVERFLOW = "0 for a dead network; UNDEFINED where a gradient overflows"


def _total(terms: list[Tensor]) -> float:
    """Add up, in double precision."""
    return float(sum(term.sum(dtype=torch.float64) for term in terms))


def _norms(tensors: list[Tensor]) -> float:
    return _total([torch.linalg.vector_norm(t, dtype=torch.float64) for t in tensors])


@register(
    title="Gradient norm",
    equation=r"\sum_l \lVert g_l \rVert_2",
    source="abdelfattah2021zerocost",
    when_undefined=_MAY_OVERFLOW,
    needs=_GRADIENT,
)
def grad_norm(passes: Passes) -> float:
    """Return the sum of the Euclidean norms of the layers' gradients."""
    return _norms(passes.training.weight_gradients)


@register(
    title="Weight norm",
    equation=r"\sum_l \lVert w_l \rVert_2",
    source="abdelfattah2021zerocost",
    when_undefined="finite for finite weights, also for a dead network",
    needs={Need.SHAPE},
)
def l2_norm(passes: Passes) -> float:
    r"""Return the sum of the Euclidean norms of the layers' weights.

    Torch's initial weights give a convolution of C outputs a norm near :math:`\sqrt{C / 3}`,
    whatever its kernel: an untrained network's score counts its layers by width, and networks with
    as many differ by chance alone.
    """
    return _norms([layer.weight.detach() for layer in passes.layers])


@register(
    title="Plain saliency",
    equation=r"\sum_l \sum_i w_{l,i}\, g_{l,i}",
    source="abdelfattah2021zerocost",
    when_undefined=_MAY_OVERFLOW,
    needs=_GRADIENT,
)
def plain(passes: Passes) -> float:
    """Return the sum of weight times gradient: the loss's first-order change as weights grow.

    Layers before a batch norm contribute nothing but the rounding: the loss does not depend on
    their scale. What remains is noise of few layers, whose rank correlation with accuracy on
    NAS-Bench-201 is negative although its source reads it as a saliency, bigger is better.
    """
    return _total(_saliencies(passes))


@register(
    title="SNIP",
    equation=r"\sum_l \sum_i \lvert w_{l,i}\, g_{l,i} \rvert",
    source="lee2019snip",
    when_undefined=_MAY_OVERFLOW,
    needs=_GRADIENT,
)
def snip(passes: Passes) -> float:
    """Return the summed sensitivity of the loss to a mask on each weight."""
    return _total([s.abs() for s in _saliencies(passes)])


@register(
    title="SNIP-SSNR",
    equation=r"\sum_l \frac{\sum_i s_{l,i}}{\operatorname{std}_i(s_{l,i})}, \quad"
    r" s_l = \lvert w_l \odot g_l \rvert",
    source="xiang2023tcet",
    when_undefined="0 for a dead network: a layer whose saliencies do not vary adds nothing; "
    "UNDEFINED where a gradient overflows",
    needs=_GRADIENT,
)
def snip_ssnr(passes: Passes) -> float:
    """Return the sum of the layers' signal-to-noise ratios."""
    return sum(layer_ssnrs(passes))


def layer_ssnrs(passes: Passes) -> list[float]:
    """Return each layer's sum of SNIP saliencies over their standard deviation (of a sample)."""
    return [ssnr(saliency.abs().double()) for saliency in _saliencies(passes)]


def ssnr(saliency: Tensor) -> float:
    """Return the sum of a layer's saliencies over their deviation, 0 where they do not vary."""
    if saliency.numel() < 2 or (std := saliency.std()) == 0:
        return 0.0
    return float(saliency.sum() / std)


def _saliencies(passes: Passes) -> list[Tensor]:
    """Return weight times gradient of each layer."""
    gradients = passes.training.weight_gradients
    return [
        layer.weight.detach() * gradient
        for layer, gradient in zip(passes.layers, gradients, strict=True)
    ]


@register(
    title="Fisher",
    equation=r"\sum_l d_l \sum_c \frac{1}{2B} \sum_{n=1}^{B} \Bigl( \sum_{p}"
    r" a_{l,n,c,p}\, \frac{\partial L}{\partial a_{l,n,c,p}} \Bigr)^2",
    source="turner2020blockswap",
    when_undefined="what the biases of its classifier give for a dead network; UNDEFINED where a "
    "gradient overflows",
    needs=_GRADIENT | {Need.OUTPUT_GRADIENTS},
)
def fisher(passes: Passes) -> float:
    r"""Return the Fisher information of the layers' output channels.

    :math:`a_{l,n,c,p}` is the output of layer l for image n in channel c at position p;
    :math:`d_l` the weights behind a channel. BlockSwap has no :math:`d_l`: it came with the public
    scores, which spread a channel's value over its weights before they add up.
    """
    products = passes.training.output_gradients.products
    if errors := [product for _, product in products if isinstance(product, ProxyError)]:
        raise errors[0]
    return _total([fan_in * p.double().square().mean(0) / 2 for fan_in, p in products])


@register(
    title="GraSP",
    equation=r"-\sum_l \sum_i w_{l,i}\, (H g)_{l,i}, \quad"
    r" H = \nabla^2_w L",
    source="wang2020grasp",
    when_undefined=_MAY_OVERFLOW,
    needs=_GRADIENT | {Need.HESSIAN_PRODUCT},
)
def grasp(passes: Passes) -> float:
    """Return the summed change of the gradient's squared norm (by half) as weights shrink.

    With the sign of the public scores: the paper prunes the largest values first.
    """
    curvature = passes.training.curvature
    if isinstance(curvature, RuntimeError):
        raise ProxyError(f"torch has no second derivative: {curvature}") from curvature
    return -curvature
