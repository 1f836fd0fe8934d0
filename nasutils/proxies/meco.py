"""MeCo: how little the channels of a layer's map correlate, from one random image."""

import torch
from torch import Tensor

from nasutils.proxies.jacobians import correlations
from nasutils.proxies.observe import Call
from nasutils.proxies.passes import Passes
from nasutils.proxies.random_weights import normal
from nasutils.proxies.registry import ProxyError, declared


@declared
def meco(passes: Passes) -> float:
    r"""Return the smallest eigenvalue of the channels' correlations, summed over the layers.

    :math:`a_l` is the output of a layer's call for one standard normal image of the batch's size,
    in training mode, and P the matrix of Pearson's correlations between its channels, over the
    positions; correlations with a constant channel are 0. A map of at most as many positions as
    channels has the eigenvalue 0, and adds nothing.

    The paper sums over layers, its code over all modules: norms, activations, and containers, which
    return the map of their last module once more. The layers alone score one function alike in all
    codings.
    """
    generator = torch.Generator().manual_seed(passes.seed)
    image = normal(passes.images[:1], generator)
    values: list[float] = []

    def visit(call: Call, output: Tensor | None) -> None:
        if call.channels is None:
            raise ProxyError("the network multiplies by several matrices at once.")
        if output is None:  # The image has no share in it.
            return
        channels = call.output.movedim(call.channels, 0).flatten(1).double()  # (C, positions)
        if channels.shape[1] > 2 * len(channels):
            matrix = correlations(channels).nan_to_num(0.0)
            values.append(float(torch.linalg.eigvalsh(matrix)[0]))

    # Twice: batch norm refuses one value a channel, and correlates two equal images as it does one.
    passes.visit_layers(image.repeat(2, 1, 1, 1), visit, training=True)
    return sum(values)
