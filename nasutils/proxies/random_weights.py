"""A network with other weights and new norms: what proxies without data draw for themselves."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from nasutils.proxies.structure import NORMS, Layer, Structure

MOMENTUM = 0.1  # what batch norm has, for the norms that keep no statistics


def normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Draw standard normal numbers of a tensor's shape, the same for any device."""
    return torch.randn(like.shape, generator=generator, device="cpu", dtype=torch.float32).to(like)


def random_weights(
    structure: Structure, weights: dict[str, Tensor], draw: Callable[[Layer], Tensor]
) -> dict[str, Tensor]:
    """Return all parameters: the layers' weights drawn in turn, their biases zero."""
    weights = {name: w.detach() for name, w in weights.items()}
    weights |= {layer.name: draw(layer) for layer in structure.layers}
    return weights | {name: torch.zeros_like(weights[name]) for name in structure.biases}


class NewNorms(TorchFunctionMode):
    """Within this context, norms of all kinds are new, and those of the batch.

    Entered once a pass. Each call of a norm has a running variance, kept as batch norm does.
    """

    def __init__(self) -> None:
        super().__init__()
        self._statistics: list[dict[str, Tensor]] = []
        self._call = 0

    def __enter__(self) -> "NewNorms":
        """Begin a pass."""
        self._call = 0
        return super().__enter__()

    def variances(self) -> list[Tensor]:
        """Return the running variance of each call, averaged over channels or groups."""
        return [running["running_var"].double().mean() for running in self._statistics]

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Call the function; a norm without scale and offset, and on statistics from here."""
        kwargs = kwargs or {}
        if func not in NORMS:
            return func(*args, **kwargs)
        call = inspect.signature(func).bind(*args, **kwargs).arguments
        own = {"weight", "bias", "running_mean", "running_var", "training", "use_input_stats"}
        call = {name: value for name, value in call.items() if name not in own}
        x = call["input"]
        if func is F.batch_norm:
            return func(**call, **self._running(x, x.shape[1]), training=True)
        if func is F.group_norm:
            groups = x.reshape(len(x), call["num_groups"], -1)
        else:
            groups = x.flatten(-len(call.get("normalized_shape", x.shape[2:])))
        groups = groups.detach()
        variance = groups.square().mean() if func is F.rms_norm else groups.var(-1, correction=0)
        self._running(x, 1)["running_var"].lerp_(variance.mean(), MOMENTUM)
        return func(**call)

    def _running(self, x: Tensor, channels: int) -> dict[str, Tensor]:
        """Return the statistics of this call."""
        if self._call == len(self._statistics):
            mean, variance = x.new_zeros(channels), x.new_ones(channels)
            self._statistics.append({"running_mean": mean, "running_var": variance})
        self._call += 1
        return self._statistics[self._call - 1]
