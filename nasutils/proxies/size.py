"""The two proxies that need no run on real numbers: how large and how costly a network is."""

from nasutils.networks.counting import count_flops
from nasutils.proxies.passes import Passes
from nasutils.proxies.preserve_state import default_dtype
from nasutils.proxies.registry import declared


@declared
def params(passes: Passes) -> float:
    """Return the number of parameters, in millions: also of frozen ones, which count elsewhere."""
    return sum(weight.numel() for weight in passes.weights.values()) / 1e6


@declared
def flops(passes: Passes) -> float:
    """Return the FLOPs of one image as the public tables count them, in millions."""
    with default_dtype(passes.images.dtype):
        return count_flops(passes.network, tuple(passes.images.shape[1:]))
