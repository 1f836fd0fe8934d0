"""Which dimension of a tensor holds the channels, after it was permuted, reshaped or reduced."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

#: (channels, height, width)
Shape = tuple[int, int, int]

#: The channels' dimension in a batch of maps, as convolutions read it.
CHANNELS = 1

_RESHAPES = {
    *("view", "reshape", "_unsafe_view", "_reshape_alias", "flatten", "unflatten"),
    *("view_as", "reshape_as", "squeeze", "unsqueeze"),
}
_PERMUTES = {
    *("permute", "transpose", "movedim", "moveaxis", "swapaxes", "swapdims", "t"),
    *("numpy_T", "mT", "mH", "adjoint", "rot90"),
}
_BROADCASTS = {"expand", "expand_as", "repeat", "tile"}


class Layout:
    """The channels' dimension of each tensor; None where a map has one channel and no such."""

    def __init__(self, images: int) -> None:
        self._images = images
        self._dims: dict[int, tuple[Tensor, int | None]] = {}

    def __getitem__(self, tensor: Tensor) -> int | None:
        return self._dims.get(id(tensor), (tensor, CHANNELS))[1]

    def __setitem__(self, tensor: Tensor, dim: int | None) -> None:
        self._dims[id(tensor)] = tensor, dim  # while the tensor lives, its id is not used again

    def sizes(self, tensor: Tensor, dim: int | None = None) -> Shape:
        """Return one image's (C, H, W), with channels where they are read; a vector is a pixel."""
        dim, left = self[tensor] if dim is None else dim, list(tensor.shape)
        channels = left.pop(dim) if dim is not None and dim < tensor.ndim else 1
        batch, height, width, *more = (*left, 1, 1, 1)
        # Parts of an image may lie side by side in the batch, as windows of attention do.
        return channels, height, width * math.prod(more) * max(batch // self._images, 1)

    def moved(
        self, name: str, call: Callable[..., Any], args: tuple, kwargs: dict, result: Tensor
    ) -> int | None:
        """Return where the channels are in what a call made of its first argument."""
        source = pytree.tree_leaves(args[0])[0]
        dim = self[source]
        if dim is None or dim >= source.ndim:
            found = None
        elif name in _RESHAPES:
            found = _reshaped(source.shape, dim, result.shape)
        elif name in ("select", "unbind"):
            cut = (args[1] if len(args) > 1 else 0) % source.ndim
            return None if cut == dim else dim - (cut < dim)
        elif name in _BROADCASTS or (result.ndim == source.ndim and name not in _PERMUTES):
            found = dim + result.ndim - source.ndim
        else:
            # Where a dimension of that size ends up, if each had its own.
            like = torch.empty([64 + d for d in range(source.ndim)], device="meta")
            likes = pytree.tree_map_only(Tensor, lambda _: like, args[0])
            moved = pytree.tree_leaves(call(likes, *args[1:], **kwargs))[0]
            return next((d for d in range(moved.ndim) if moved.shape[d] == 64 + dim), None)
        if found is None:
            single = (d for d in range(1, result.ndim) if result.shape[d] == 1)
            found = next(single, None if result.ndim == 3 else CHANNELS)
        return found


def _reshaped(before: torch.Size, dim: int, after: torch.Size) -> int | None:
    """Return the dimension in which, after a reshape, a step leads to the next channel."""
    step = math.prod(before[dim + 1 :])
    steps = [math.prod(after[d + 1 :]) for d in range(len(after))]
    return next((d for d, s in enumerate(steps) if d and s <= step < s * after[d]), None)
