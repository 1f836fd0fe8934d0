"""Parameters and FLOPs of a network, counted on the meta device: no weight is ever allocated."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

_aten = torch.ops.aten


def build_on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Call ``build`` so that every tensor has a shape but no memory."""
    with torch.device("meta"):
        return build()


def count_params(network: nn.Module) -> float:
    """Return the number of trainable parameters, in millions."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad) / 1e6


def count_flops(network: nn.Module, image_shape: tuple[int, int, int]) -> float:
    """Return the FLOPs of one image's forward pass as NAS-Bench-201 counts them, in millions.

    A multiply-add counts once. Per output element, a convolution costs C_in / groups * k^2, a norm
    2, ReLU 1, pooling k^2; a linear layer costs its weights, and the products of attention theirs;
    sums, other activations and biases are free. Global average pooling costs (H + 1)(W + 1) a
    channel, a quirk of the counter behind the public tables; a mean that drops the positions is a
    sum. Operations are counted, however they are written: as modules, functions or operators.

    The image has shape (C, H, W). The network may be on any device; on the meta device it is fast.
    """
    modes = [(module, module.training) for module in network.modules()]
    fast_path = torch.backends.mha.get_fastpath_enabled()
    like = next(network.parameters(), torch.empty(0))
    counter = _Counter()
    try:
        network.eval()
        torch.backends.mha.set_fastpath_enabled(False)
        # Else torch fuses operations, which hides them.
        with torch.inference_mode(False), torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            network(torch.empty(1, *image_shape, device=like.device, dtype=like.dtype))
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        for module, mode in modes:
            module.training = mode
    return counter.total / 1e6


class _Counter(TorchDispatchMode):
    """Within this context, add up the multiply-adds of torch's core operations."""

    total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        y = out[0] if isinstance(out, tuple) and out else out
        if isinstance(y, Tensor):
            self.total += y.numel() * _cost_per_element(func.overloadpacket, args, y)
        return out


_NORMS = {_aten.native_batch_norm, _aten.cudnn_batch_norm, _aten.miopen_batch_norm}
_NORMS |= {_aten.native_layer_norm, _aten.native_group_norm, _aten._fused_rms_norm}
_POOLS = {_aten.avg_pool2d, _aten.avg_pool3d}
_POOLS |= {_aten.max_pool2d_with_indices, _aten.max_pool3d_with_indices}


def _cost_per_element(op: Any, args: tuple[Any, ...], y: Tensor) -> float:
    """Return the multiply-adds behind one element of the operation's output."""
    if op is _aten.convolution:
        x, weight, transposed = args[0], args[1], args[6]
        return weight[0].numel() * (x.numel() / y.numel() if transposed else 1)
    if op in (_aten.mm, _aten.bmm):
        return args[0].shape[-1]
    if op in (_aten.addmm, _aten.baddbmm):
        return args[1].shape[-1]
    if op in _NORMS:
        return 2
    if op in (_aten.relu, _aten.relu_, _aten.clamp_min, _aten.clamp_min_):
        return 1
    if op in (_aten.clamp, _aten.clamp_, _aten.threshold, _aten.threshold_):
        return args[1] == 0 and (len(args) < 3 or not args[2])
    if op in _POOLS:
        return math.prod(args[1]) if len(args[1]) > 1 else args[1][0] ** (y.ndim - 2)
    if op is _aten._adaptive_avg_pool2d or (op is _aten.mean and _is_global_pooling(*args)):
        return (args[0].shape[-2] + 1) * (args[0].shape[-1] + 1)
    return 0


def _is_global_pooling(x: Tensor, dims: Sequence[int] = (), keep: bool = False, *_: Any) -> bool:
    return x.ndim == 4 and keep and {d % 4 for d in dims or ()} == {2, 3}
