"""The two proxies that need no run on real numbers: how large and how costly a network is."""

from nasutils.networks.counting import count_flops
from nasutils.proxies.passes import Passes
from nasutils.proxies.preserve_state import default_dtype
from nasutils.proxies.registry import Need, register

_COUNT = "a count: the same for a dead network"


@register(
    title="Parameters",
    equation=r"\frac{1}{10^6} \sum_{p} \lvert p \rvert",
    source="ning2021evaluating",
    when_undefined=_COUNT,
    needs=set(),
)
def params(passes: Passes) -> float:
    """Return the number of parameters, in millions: also of frozen ones, which count elsewhere."""
    return sum(weight.numel() for weight in passes.weights.values()) / 1e6


@register(
    title="FLOPs",
    equation=r"\frac{1}{10^6} \sum_{m} (\text{multiply-adds of module } m \text{ for one image})",
    source="ning2021evaluating",
    when_undefined=_COUNT,
    needs={Need.SHAPE},
)
def flops(passes: Passes) -> float:
    """Return the FLOPs of one image as the public tables count them, in millions."""
    with default_dtype(passes.images.dtype):
        return count_flops(passes.network, tuple(passes.images.shape[1:]))
