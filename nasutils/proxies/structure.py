"""What a network is made of, from one dry run: its layers, and where each image's values lie.

Two images go through, the second of them of NaN, without norms, which alone mix images. NaN marks
whatever depends on the second image. So it is seen, not guessed, how activations are laid out:
batch first as a rule, but attention may work on (tokens, B, ...) or on windows, (B * windows, ...).
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from nasutils.proxies.observe import Call, Observer
from nasutils.proxies.preserve_state import buffers_of, run
from nasutils.proxies.registry import ProxyError

_SMALL = 1e-6  # a weight with which no network's values grow, and no NaN gets lost
_MIXED = "the network mixes images: its activations are not of one image."

NORMS = {F.batch_norm, F.group_norm, F.instance_norm, F.layer_norm, F.rms_norm}


class WithoutNorms(TorchFunctionMode):
    """Within this context, every norm returns its input."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Call the function, unless it is a norm."""
        kwargs = kwargs or {}
        if func in NORMS:
            return args[0] if args else kwargs["input"]
        return func(*args, **kwargs)


@dataclass(frozen=True)
class Layer:
    """A weight that convolves or multiplies, a leaf of autograd, with ``fan_in`` weights a channel.

    The name is that of the parameter; of a weight that is computed, its largest parameter's.
    """

    name: str
    weight: Tensor
    fan_in: int


@dataclass(frozen=True)
class Layout:
    """Where the images lie in a tensor's elements, in row-major order.

    Attributes:
        inner: How many neighbouring elements one image has before the next image follows; 0 where
            the images do not matter, -1 where they mix.
        marked: Whether the second image was seen: a dead map has as many elements an image.
    """

    inner: int
    marked: bool = True

    def by_image(self, x: Tensor, size: int) -> Tensor | None:
        """Return (B, elements of an image), in any order; None if the images do not matter.

        Raises ProxyError if images mix.
        """
        if self._first(x, size):
            last = x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)
            return (x.permute(0, 2, 3, 1) if last else x).flatten(1)  # without a copy
        if not self._matters(x, size):
            return None
        return x.reshape(-1, size, self.inner).movedim(1, 0).flatten(1)

    def sums(self, x: Tensor, size: int, channels: int | None) -> Tensor:
        """Sum a layer's output, or x of its shape, over all but images and channels: (B, channels).

        ``channels`` is their dimension, from the end. Zero if the images do not matter; ProxyError
        if they mix, or x has no dimension of channels.
        """
        if channels is None:
            raise ProxyError("the network multiplies images by several matrices at once.")
        channel = x.ndim + channels
        if self._first(x, size) and channel:
            others = [d for d in range(1, x.ndim) if d != channel]
            return x.sum(others) if others else x
        if not self._matters(x, size):
            return x.new_zeros(size, x.shape[channel])
        after = math.prod(x.shape[channel + 1 :])
        row, together = x.shape[channel] * after, size * self.inner
        if self.inner % row == 0:  # An image has whole rows.
            shape = -1, size, self.inner // row, x.shape[channel], after
            return x.reshape(shape).sum((0, 2, 4))
        if after % together:
            raise ProxyError(_MIXED)
        shape = -1, x.shape[channel], after // together, size, self.inner
        return x.reshape(shape).sum((0, 2, 4)).T

    def _first(self, x: Tensor, size: int) -> bool:
        return x.shape[:1] == (size,) and x.numel() == size * self.inner

    def _matters(self, x: Tensor, size: int) -> bool:
        together = size * self.inner
        if together < 0 or (together and self.marked and x.numel() % together):
            raise ProxyError(_MIXED)
        return together > 0 and (self.marked or x.numel() == together)


MIXED = Layout(-1)


@dataclass(frozen=True)
class Structure:
    """What the dry run finds.

    Attributes:
        layers: In the order of the parameters.
        biases: Names of the layers' biases.
        calls: The layout of each layer's output, by the layer's name and the number of the call.
        relus: The layout of each ReLU's input, in the order of the calls.
        memory_format: Where pooling and batch norm are several times as fast, but less exact, if
            the network takes it: ``view`` fails on maps whose channels lie together.
    """

    layers: list[Layer]
    biases: frozenset[str]
    calls: dict[tuple[str, int], Layout]
    relus: list[Layout]
    memory_format: torch.memory_format

    def layout(self, call: Call) -> Layout:
        """Return the layout of a call's output."""
        return self.calls.get((call.name, call.index), MIXED)


def find_structure(
    network: nn.Module, weights: dict[str, Tensor], images: Tensor, seed: int
) -> Structure:
    """Run two images of the size of ``images`` in training mode."""
    shape = 2, *images.shape[1:]
    tries = [(torch.channels_last, math.nan)] if images.dtype == torch.float32 else []
    # A network may check its numbers: zeros tell the layers at least.
    tries += [(torch.contiguous_format, math.nan), (torch.contiguous_format, 0.0)]
    while True:
        memory_format, second = tries.pop(0)
        pair = torch.zeros(shape, dtype=images.dtype, device=images.device)
        pair[1] = second
        try:
            return _dry_run(network, weights, pair.contiguous(memory_format=memory_format), seed)
        except (RuntimeError, ValueError):
            if not tries:
                raise


def _dry_run(network: nn.Module, weights: dict[str, Tensor], pair: Tensor, seed: int) -> Structure:
    calls: dict[tuple[str, int], Layout] = {}
    fan_in: dict[str, int] = {}
    relus: list[Layout] = []

    def on_call(call: Call) -> bool:
        calls[call.name, call.index] = _layout(call.output)
        fan_in[call.name] = call.fan_in
        return False

    small = {k: torch.full_like(w, _SMALL, requires_grad=False) for k, w in weights.items()}
    observer = Observer(small, pair, on_call=on_call, on_relu=lambda x: relus.append(_layout(x)))
    torch.manual_seed(seed)
    with WithoutNorms(), observer:
        run(network, small, buffers_of(network), pair, training=True)
    layers = [Layer(name, weights[name], fan_in[name]) for name in weights if name in fan_in]
    is_last = pair.is_contiguous(memory_format=torch.channels_last)
    memory_format = torch.channels_last if is_last else torch.contiguous_format
    return Structure(layers, frozenset(observer.biases), calls, relus, memory_format)


def _layout(x: Tensor) -> Layout:
    """Find which elements are NaN: those of the second of two images."""
    marked = x.isnan()
    if x.shape[:1] == (2,) and marked.flatten(1).any(1).tolist() == [False, True]:
        return Layout(x.numel() // 2)  # the batch comes first, as a rule
    marked = marked.flatten()
    if not marked.any():
        return Layout(len(marked) // 2 if x.shape[:1] == (2,) else 0, marked=False)
    for d, size in enumerate(x.shape):
        after = math.prod(x.shape[d + 1 :])
        for inner in (size // 2 * after, after) if size % 2 == 0 else ():
            if not marked.view(-1, 2, inner)[:, 0].any():
                return Layout(inner)
    return MIXED
