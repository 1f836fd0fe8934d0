"""The data flow of a network as autograd records it, against which traced graphs are checked.

Autograd links each operator to what its gradient goes back to. It knows nothing of ``trace``: it
has other names, splits and joins operators differently, and follows memory by itself.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nasutils.graphs import ComputationGraph

#: A type, the shape of its weight with 1 for a bias, and the number of values that come out.
Label = tuple[str, tuple[int, ...], int]

_NO_WEIGHT = (0, 0, 0, 0, 0)

_MOVES = (
    "View UnsafeView ReshapeAlias Permute Transpose T Slice Select Squeeze Unsqueeze Expand Clone "
    "Copys ToCopy Split SplitWithSizes Unbind Alias Index IndexSelect Repeat Roll Flip AsStrided "
    "Unfold Diagonal"
)
_TYPES = {
    "NativeBatchNorm": "batch_norm",
    "NativeLayerNorm": "layer_norm",
    "NativeGroupNorm": "group_norm",
    "Cat": "concat",
    "Stack": "concat",
    "Rsub": "sub",
    "Reciprocal": "div",
    "Bmm": "mul",
    "Sum": "add",
    "LinalgVectorNorm": "mean",
    "AdaptiveAvgPool2D": "avg_pool",
    "AvgPool2D": "avg_pool",
    "MaxPool2DWithIndices": "max_pool",
    "AdaptiveMaxPool2D": "max_pool",
    "Amax": "max_pool",
    "Max": "max_pool",
    "Maximum": "max_pool",
    "Clamp": "hardtanh",
    "ClampMin": "hardtanh",
    "Silu": "silu",
    "PreluKernel": "prelu",
    "LeakyRelu": "leaky_relu",
    "LogSoftmax": "log_softmax",
    "SafeSoftmax": "softmax",
    "PixelShuffle": "pixel_shuffle",
    "ConstantPadNd": "pad",
    "ReflectionPad2D": "pad",
}


class AutogradGraph:
    """The operators between a batch of images and the output, without what only moves data.

    Args:
        network: A network on the meta device.
        image_shape: One image's (C, H, W).
    """

    def __init__(self, network: nn.Module, image_shape: tuple[int, int, int]) -> None:
        for module in network.modules():  # autograd hides what is written in place through views
            if hasattr(module, "inplace"):
                module.inplace = False
        self._images = torch.empty(2, *image_shape, device="meta", requires_grad=True)
        self.labels: list[Label] = [("input", _NO_WEIGHT, math.prod(image_shape))]
        self.edges: set[tuple[int, int]] = set()
        with _OutOfPlace():
            output = network.eval()(self._images)
        flows: dict[Any, set[int]] = {}
        for function in _in_order(output.grad_fn):
            flows[function] = self._flow(function, flows)
        self._add("output", flows[output.grad_fn], output.numel() // 2)

    def _flow(self, function: Any, flows: dict[Any, set[int]]) -> set[int]:
        """Return the operators that a function's result comes from: itself, or those behind it."""
        inputs = [flows.get(source, set()) for source, _ in function.next_functions]
        if getattr(function, "variable", None) is self._images:
            return {0}
        sources = set().union(*inputs)
        name = re.sub(r"Backward\d*$", "", function.name())
        if not sources or name in _MOVES.split() or _changes_nothing(name, function):
            return sources
        size = math.prod(function._input_metadata[0].shape) // 2
        if name == "Addcmul":  # bias + a * b
            product = self._add("mul", inputs[1] | inputs[2], size)
            return {self._add("add", inputs[0] | {product}, size)}
        if name == "Add" and (linear := self._without_bias(function, inputs)) is not None:
            kind, (*weight, _), size = self.labels[linear]
            self.labels[linear] = kind, (*weight, 1), size
            return {linear}
        return {self._add(*_described(name, function, inputs), sources, size)}

    def _add(self, kind: str, *rest: Any) -> int:
        *weight, sources, size = rest
        number = len(self.labels)
        self.labels.append((kind, *(weight or [_NO_WEIGHT]), size))
        self.edges |= {(source, number) for source in sources}
        return number

    def _without_bias(self, function: Any, inputs: list[set[int]]) -> int | None:
        """Return the linear layer whose bias an addition is, if it is one."""
        (source,) = inputs[0] if len(inputs[0]) == 1 else (0,)
        bias = getattr(function.next_functions[-1][0], "variable", None)
        kind, weight, _ = self.labels[source]
        fits = isinstance(bias, Tensor) and bias.shape == weight[:1] and weight[-1] == 0
        return source if kind == "linear" and fits else None


class _OutOfPlace(TorchFunctionMode):
    """Have ``a += b`` make a new tensor where ``a`` is a view: autograd would hide the addition."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Call a function, or its like that leaves its argument as it is."""
        if func is Tensor.add_ and args[0]._base is not None:
            func = Tensor.add
        return func(*args, **(kwargs or {}))


def _in_order(last: Any) -> Iterable[Any]:
    """Yield a function of autograd after all those that it depends on."""
    done, waiting = set(), [last]
    while waiting:
        function = waiting[-1]
        before = [f for f, _ in function.next_functions if f is not None and f not in done]
        waiting += before if function not in done else []
        if not before or function in done:
            waiting.pop()
            if function not in done:
                done.add(function)
                yield function


def _changes_nothing(name: str, function: Any) -> bool:
    """Whether a function multiplies by 1, or joins one tensor."""
    factor = getattr(function, "_saved_other", None) if name == "Mul" else None
    is_number = isinstance(factor, Tensor) and not factor.is_meta
    return bool(is_number and factor == 1) or (name == "Cat" and len(function.next_functions) == 1)


def _described(name: str, function: Any, inputs: list[set[int]]) -> tuple[Any, ...]:
    """Return a function's type and, where it has one, the shape of its weight."""
    if name == "Convolution":
        out, per_group, *kernel = (*function._saved_weight.shape, 1)[:4]
        bias = int(function.next_functions[2][0] is not None)
        if function._saved_transposed:
            out, per_group = per_group * function._saved_groups, out // function._saved_groups
            return "conv_transpose", (out, per_group, *kernel, bias)
        alone = per_group == 1 and function._saved_groups > 1
        return "depthwise_conv" if alone else "conv", (out, per_group, *kernel, bias)
    if name in ("Addmm", "Mm") and not inputs[-1]:
        c_in, c_out = function._saved_mat2_sym_sizes
        return "linear", (c_out, c_in, 1, 1, int(name == "Addmm"))
    if name == "AvgPool2D" and function._saved_kernel_size == function._saved_self.shape[2:]:
        return ("mean",)
    if name == "Hardtanh" and (function._saved_min_val, function._saved_max_val) == (0, 6):
        return ("relu6",)
    if name == "Pow" and function._saved_exponent == 2:
        return ("mul",)
    if name.startswith("Upsample"):
        return ("upsample",)
    return (_TYPES.get(name, name.lower()),)


def labels_of(graph: ComputationGraph) -> list[Label]:
    """Return the labels of a traced graph."""
    columns = graph.features.tolist()
    return [
        (name, tuple(row[6:]), row[1] * row[3] * row[5])
        for name, row in zip(graph.names(), columns, strict=True)
    ]


def signature(labels: list[Label], edges: Iterable[tuple[int, int]]) -> Counter[bytes]:
    """Describe each node by all that leads to it and all that follows: the same for equal graphs.

    The addition of a constant counts as nothing, since autograd does not tell whether it is 0.

    Args:
        labels: Of the nodes.
        edges: From lower to higher numbers.
    """
    sources: list[list[int]] = [[] for _ in labels]
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        sources[target].append(source)
    stands_for = list(range(len(labels)))
    for v, (kind, _, size) in enumerate(labels):
        sources[v] = [stands_for[u] for u in sources[v]]
        if kind == "add" and len(sources[v]) == 1 and labels[sources[v][0]][2] == size:
            (stands_for[v],) = sources[v]
    kept = [v for v, other in enumerate(stands_for) if other == v]
    up, down, targets = {}, {}, {v: [] for v in kept}
    for v in kept:
        up[v] = _digest(labels[v], sorted(up[u] for u in set(sources[v])))
        for u in set(sources[v]):
            targets[u].append(v)
    for v in reversed(kept):
        down[v] = _digest(up[v], sorted(down[w] for w in targets[v]))
    return Counter(down.values())


def _digest(*parts: Any) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()
