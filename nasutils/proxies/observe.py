"""Watch a network's operations below autograd, where all codings of a function look alike.

A module, a function and an operator that compute the same reach the same few operations of torch's
core: what is read here is what a network does, not how it is written.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch import ops as _ops
from torch.utils._python_dispatch import TorchDispatchMode

_aten = _ops.aten

# Products of matrices: which arguments are the factors, and which, if any, is added.
_PRODUCTS = {
    _aten.mm: (0, 1, None),
    _aten.bmm: (0, 1, None),
    _aten.addmm: (1, 2, 0),
    _aten.baddbmm: (1, 2, 0),
}
# What leaves the values as they are.
_ARRANGEMENTS = {
    *(_aten.view, _aten._unsafe_view, _aten.transpose, _aten.permute, _aten.t),
    *(_aten.squeeze, _aten.unsqueeze, _aten._reshape_alias, _aten.clone),
}
_SUMS = {_aten.add, _aten.add_}
_DATA = object()


@dataclass(eq=False)
class Call:
    """One use of a weight: a convolution, or a product with a matrix.

    The name is the weight's; of one that is computed, its largest parameter's. ``index`` uses of it
    came before, and ``fan_in`` weights are behind a channel. The output includes the bias; its
    channels' dimension counts from the end, and is None where several matrices multiply the images.
    """

    name: str
    index: int
    output: Tensor
    channels: int | None
    fan_in: int


class Observer(TorchDispatchMode):
    """Within this context, tell of every layer's output and every ReLU's input.

    Args:
        weights: The network's parameters by name.
        images: What the network is given.
        on_call: Gets every layer's call when its output is complete, and returns whether it wants
            the output to stay as it is.
        on_relu: Gets every ReLU's input: of plain, leaky, parametric and clipped ones, and of
            hard-sigmoid and hard-swish, which are made of one.
        on_data: Gets every operation that the images went into, with its first argument and its
            first result.

    Attributes:
        biases: The names of the parameters that were added to layers' outputs.
    """

    def __init__(
        self,
        weights: dict[str, Tensor],
        images: Tensor,
        *,
        on_call: Callable[[Call], bool] | None = None,
        on_relu: Callable[[Tensor], None] | None = None,
        on_data: Callable[[Any, Any, Tensor], None] | None = None,
    ) -> None:
        super().__init__()
        for name, weight in weights.items():
            weight._origin = name
        images._origin = _DATA
        self._sizes = {name: weight.numel() for name, weight in weights.items()}
        self._on_call, self._on_relu, self._on_data = on_call, on_relu, on_data
        self._used: Counter[str] = Counter()
        self._last: Call | None = None  # whose output may still get its bias
        self._kept: dict[int, Call] = {}  # by the memory of the output
        self.biases: set[str] = set()

    def __exit__(self, *error: Any) -> None:
        """Tell of the last call, and stop."""
        super().__exit__(*error)
        self._complete()
        self._kept.clear()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Run the operation, and tell what it was."""
        op = func.overloadpacket
        bias = self._bias(args) if self._last and op in _SUMS else None
        if self._last and bias is None and op not in _ARRANGEMENTS:
            self._complete()
        if self._on_relu and op in _RELUS:
            x = _RELUS[op](*args)
            if x is not None and x.is_floating_point():
                self._on_relu(x)
        if self._kept and op.__name__.endswith("_") and isinstance(args[0], Tensor):
            self._save(args[0])
        out = func(*args, **(kwargs or {}))
        origin = self._origin(args)
        if call := self._layer(op, args, out):
            self._last, origin = call, _DATA
            out._call = call.name, call.index
        elif bias is not None:
            self._last.output, self._last.channels = out, bias
        elif self._last and op in _ARRANGEMENTS:
            out._call = getattr(args[0], "_call", None)
        results = list(_tensors((out,))) if origin else ()
        for tensor in results:
            tensor._origin = origin
        if self._on_data and origin is _DATA and results:
            self._on_data(op, args[0], results[0])
        return out

    def _origin(self, args: tuple[Any, ...]) -> Any:
        """Tell whether the images went in, or else which parameter, the largest of several."""
        origins = [o for t in _tensors(args) if (o := getattr(t, "_origin", None))]
        if _DATA in origins:
            return _DATA
        return max(origins, key=self._sizes.__getitem__, default=None)

    def _parameter(self, tensor: Tensor | None) -> str | None:
        origin = getattr(tensor, "_origin", None)
        return None if origin is _DATA else origin

    def _layer(self, op: Any, args: tuple[Any, ...], out: Any) -> Call | None:
        """Return the call, if the operation is a layer's."""
        if op is _aten.convolution:
            weight, bias, channels = args[1], args[2], 1 - out.ndim
            fan_in = weight.numel() // out.shape[1]
        elif op in _PRODUCTS:
            first, second, added = _PRODUCTS[op]
            bias = None if added is None else args[added]
            right = self._parameter(args[second]) is not None
            weight, channels = (args[second], -1) if right else (args[first], -2)
            fan_in = weight.shape[channels - 1 if right else -1]
            if weight.ndim == 3 and weight.shape[0] > 1 and weight.stride(0):
                channels = None
        else:
            return None
        if (name := self._parameter(weight)) is None:
            return None
        if (added := self._parameter(bias)) is not None:
            self.biases.add(added)
        self._used[name] += 1
        return Call(name, self._used[name] - 1, out, channels, fan_in)

    def _bias(self, args: tuple[Any, ...]) -> int | None:
        """Return the dimension of the channels, if this adds a bias to the last call's output."""
        call = self._last
        if call.channels is None:
            return None
        x, bias = args[:2]
        if not isinstance(bias, Tensor) or self._parameter(x) is not None:
            x, bias = bias, x
        name, width = self._parameter(bias), call.output.shape[call.channels]
        if name is None or getattr(x, "_call", None) != (call.name, call.index):
            return None
        if not bias.numel() == width == max(bias.shape, default=1) or x.ndim < bias.ndim:
            return None
        self.biases.add(name)
        return bias.shape.index(width) - bias.ndim

    def _complete(self) -> None:
        call, self._last = self._last, None
        if call and self._on_call and self._on_call(call):
            self._kept[_memory(call.output)] = call

    def _save(self, overwritten: Tensor) -> None:
        """Copy an output that is to stay, before an operation works in place."""
        if call := self._kept.pop(_memory(overwritten), None):
            call.output = call.output.clone()


def _tensors(args: Sequence[Any]) -> Iterator[Tensor]:
    for arg in args:
        if isinstance(arg, Tensor):
            yield arg
        elif isinstance(arg, (list, tuple)):
            yield from (item for item in arg if isinstance(item, Tensor))


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _clips_at_zero(x: Tensor, low: float | None = None, *_: Any) -> Tensor | None:
    return x if low == 0 else None


def _threshold(x: Tensor, threshold: float, value: float) -> Tensor | None:
    return x if threshold == value == 0 else None


def _maximum(x: Tensor, y: Tensor) -> Tensor | None:
    return y if not x.any() else None if y.any() else x


# What a ReLU, if the operation is one, clips at zero.
_RELUS: dict[Any, Callable[..., Tensor | None]] = {
    **dict.fromkeys(
        (_aten.relu, _aten.relu_, _aten.leaky_relu, _aten.leaky_relu_, _aten._prelu_kernel),
        lambda x, *_: x,
    ),
    **dict.fromkeys(
        (_aten.hardsigmoid, _aten.hardsigmoid_, _aten.hardswish, _aten.hardswish_),
        lambda x: x + 3,
    ),
    **dict.fromkeys((_aten.hardtanh, _aten.hardtanh_, _aten.clamp, _aten.clamp_), _clips_at_zero),
    **dict.fromkeys((_aten.clamp_min, _aten.clamp_min_), _clips_at_zero),
    **dict.fromkeys((_aten.threshold, _aten.threshold_), _threshold),
    _aten.maximum: _maximum,
}
