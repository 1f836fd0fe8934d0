"""SynFlow: the flow through all paths of a network, without any data."""

import math

import torch

from nasutils.proxies.passes import Passes
from nasutils.proxies.preserve_state import buffers_of, gradients_at, run
from nasutils.proxies.registry import UNDEFINED, declared
from nasutils.proxies.structure import WithoutNorms


@declared
def synflow(passes: Passes) -> float:
    r"""Return the logarithm of the summed synaptic flow.

    :math:`f_{\lvert w \rvert}` is the network with the absolute values of all its parameters,
    without norms (batch, group, layer, ...), in double precision: the flow multiplies up layer by
    layer.
    """
    network, device = passes.network, passes.images.device
    weights = {
        k: w.detach().double().abs().requires_grad_() if w.is_floating_point() else w
        for k, w in passes.weights.items()
    }
    buffers = {
        k: b.double() if b.is_floating_point() else b for k, b in buffers_of(network).items()
    }
    ones = torch.ones(1, *passes.images.shape[1:], dtype=torch.float64, device=device)
    with WithoutNorms():
        flow = run(network, weights, buffers, ones, training=False).sum()
    through = [weights[layer.name] for layer in passes.layers]
    gradients = gradients_at(flow, through)
    total = sum(float((w.detach() * g).sum()) for w, g in zip(through, gradients, strict=True))
    return math.log(total) if total > 0 else UNDEFINED
