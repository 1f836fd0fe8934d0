"""Average pooling of 3 x 3 windows with stride 1: torch's bits, in a fraction of its time.

Torch visits the windows one by one. Here the map moves by one position at a time, and long rows of
numbers are added up, in the same order.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

# Window, stride, padding, no window beyond the edge, padding not counted, no divisor: as the search
# spaces have it.
_ARGUMENTS = (3, 1, 1, False, False, None)
_DTYPES = (torch.float32, torch.float64)


class FastPooling(TorchFunctionMode):
    """Within this context, such pooling on the CPU takes the short way."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Call the function, or the one in its place."""
        if func is F.avg_pool2d and not kwargs and args[1:] == _ARGUMENTS:
            x = args[0]
            if x.ndim == 4 and x.is_contiguous() and x.dtype in _DTYPES and not x.is_cuda:
                return AveragePool.apply(x)
        return func(*args, **(kwargs or {}))


class AveragePool(Function):
    """The mean of each window, the positions on the map alone."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return _window_sums(x) / _window_sizes(x)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        """Spread each gradient over its window."""
        return AveragePoolBackward.apply(gradient)


class AveragePoolBackward(Function):
    """The transposed map, of which the first is the transposed one."""

    @staticmethod
    def forward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return _window_sums(gradient / _window_sizes(gradient)).contiguous()

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        """Average over each window."""
        return AveragePool.apply(gradient)


def _window_sums(x: Tensor) -> Tensor:
    """Sum each window, row by row: (B, C, H, W), a view."""
    padded = F.pad(x, (1, 1, 1, 1))
    width = padded.shape[-1]
    sums = torch.empty_like(padded)
    # One long row: what a window reaches beyond a map's edge is padding, or dropped at the end.
    flat, last = padded.view(-1), padded.numel() - 2 * width - 2
    total = sums.view(-1)[:last]
    torch.add(flat[:last], flat[1 : last + 1], out=total)
    for start in (2, *(row * width + column for row in (1, 2) for column in range(3))):
        total += flat[start : last + start]
    return sums[..., : x.shape[-2], : x.shape[-1]]


def _window_sizes(x: Tensor) -> Tensor:
    """Return how many positions of a window are on the map, (1, 1, H, W)."""
    return _window_sums(x.new_ones(1, 1, *x.shape[-2:]))
