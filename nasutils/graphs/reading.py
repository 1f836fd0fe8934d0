"""Reading a running module call by call: which calls are nodes, and what flows into them."""

import contextlib
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch._decomp import decomposition_table
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from nasutils.errors import GraphError
from nasutils.graphs import operators as ops
from nasutils.graphs import vocabulary as words
from nasutils.graphs.draft import Draft
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.layout import CHANNELS, Layout, Shape
from nasutils.graphs.memory import CONSTANT, VOID, Memory, address


class Reader(TorchDispatchMode):
    """Write down the nodes and edges of what runs while it is active.

    It sees PyTorch's own operators. With inference mode on, these are ``linear`` or ``einsum``, not
    yet the parts that PyTorch makes them of. Error messages call the module by its ``name``.
    """

    def __init__(self, name: str, images: int, *, identities: bool) -> None:
        super().__init__()
        #: The path and class of the submodules that are running.
        self.running: list[tuple[str, str]] = []
        #: Why there is no graph, even if the module went on.
        self.refusal: GraphError | None = None
        self._name = name
        self._identities = identities
        self._draft = Draft()
        self._memory = Memory()
        self._layout = Layout(images)
        self._joined: dict[tuple[Any, ...], int] = {}
        self._as_one = False

    def start(self, images: Tensor) -> None:
        """Add the input."""
        self._memory.write(images, self._node(ops.INPUT, [], images))

    def finish(self, value: Any) -> tuple[ComputationGraph, list[str]]:
        """Add the output; return the graph and the places in the module that its nodes are from.

        Raises:
            GraphError: If an operator was refused, there is no output, or no path leads to it.
        """
        if self.refusal is not None:
            raise self.refusal
        if not isinstance(value, Tensor):
            raise GraphError(f"{self._name} returns a {type(value).__name__}, not one tensor")
        source = self._origin(value)
        if source < 0:
            raise GraphError(f"{self._name} has no path from its input to its output")
        return self._draft.graph(self._node(ops.OUTPUT, [source], value))

    def where(self) -> str:
        """Name the submodule that is running, or that failed."""
        path, kind = self.running[-1] if self.running else ("", "")
        return f"{path!r} ({kind}) of {self._name}" if path else self._name

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Execute one operator and read it; GraphError if images take part and it is unknown."""
        kwargs = kwargs or {}
        if self._as_one:
            return func(*args, **kwargs)
        try:
            return self._run(func, *self._on_meta(func, args, kwargs))
        except GraphError as error:
            self.refusal = error
            raise

    def run_as_one(self, function: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
        """Execute a function of Python and read it as one operator."""
        self._as_one = True
        try:
            value = function(*args, **kwargs)
        finally:
            self._as_one = False
        self._memory.write(value, self._computed(function.__name__, args, value))
        return value

    def _on_meta(self, func: OpOverload, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Bring tensors from outside the module, which are constants, to where the images are."""
        if len({t.is_meta for t in _tensors((args, kwargs))}) < 2:
            return args, kwargs
        if func._schema.is_mutable and not args[0].is_meta:
            raise GraphError(f"{self.where()} writes into a tensor that is not its own")
        return pytree.tree_map_only(Tensor, lambda t: t.to("meta"), (args, kwargs))

    def _run(self, func: OpOverload, args: tuple, kwargs: dict) -> Any:
        live = [self._is_live(t) for t in _tensors((args, kwargs))]
        name, terms = _named(func, args, live)
        is_view = _is_view(func)
        if any(live) and not (is_view or _is_known(name, live)):
            return self._run_parts(func, args, kwargs)
        value = func(*args, **kwargs)
        results = _tensors(value)
        if not results:
            return value
        dim = self._channels(name, func, terms, kwargs, results[0])
        for result in results:
            self._layout[result] = dim
        if name in words.IDENTITIES and self._identities and any(live):
            node = self._node(ops.IDENTITY, [self._origin(args[0])], args[0])
            value = self._memory.twin(args[0], node)
            self._layout[value] = dim
        elif is_view or name in words.MOVES | words.IDENTITIES:
            for copied in (r for r in results if address(r) != address(args[0])):
                self._memory.write(copied, self._origin(args[0]))
        else:
            origin = self._computed(name, terms, results[0])
            for result in results:
                self._memory.write(result, origin)
        return value

    def _run_parts(self, func: OpOverload, args: tuple, kwargs: dict) -> Any:
        """Run an unknown operator as those that PyTorch makes it of."""
        value = NotImplemented
        with contextlib.suppress(GraphError), self:
            value = func.decompose(*args, **kwargs)
            if value is NotImplemented and not func._schema.is_mutable:
                parts = decomposition_table.get(func)
                value = parts(*args, **kwargs) if parts else value
        if value is not NotImplemented:
            return value
        name = func.overloadpacket.__name__
        way_out = "what runs must not depend on the images' values"
        if name not in words.DECISIONS:
            way_out = f"known are views, {', '.join(sorted({*words.UNARY, *words.MERGES}))}"
        raise GraphError(f"{name!r} in {self.where()} is an unknown operator: {way_out}")

    def _is_live(self, tensor: Tensor) -> bool:
        return self._memory.read(tensor)[-1] >= 0

    def _origin(self, tensor: Tensor) -> int:
        """Return what a tensor comes from; one that was written in parts is their concatenation."""
        origins = self._memory.read(tensor)
        if len(origins) == 1 or origins[-1] < 0:
            return origins[0]
        key = address(tensor), tensor.storage_offset(), tensor.size(), tensor.stride(), *origins
        if key not in self._joined:
            self._joined[key] = self._node(ops.CONCAT, origins, tensor)
        return self._joined[key]

    def _channels(
        self, name: str, func: OpOverload, args: tuple, kwargs: dict, result: Tensor
    ) -> int | None:
        """Return which dimension of an operator's result is the channels."""
        tensors = _tensors((args, kwargs))
        if name in words.CHANNELS_FIRST or not tensors:
            return CHANNELS
        if _reads_last(name, args):
            return result.ndim - 1
        if _is_view(func) or name in words.MOVES or name in words.REDUCTIONS or name == "stack":
            return self._layout.moved(name, func, args, kwargs, result)
        # Smaller ones are broadcast, and constants adapted to what they scale.
        return self._layout[max(tensors, key=lambda t: (t.ndim, self._is_live(t)))]

    def _computed(self, name: str, args: tuple, result: Tensor) -> int:
        """Return what an operator's result comes from, after adding its node if it is one."""
        if name in words.ZEROS:
            return VOID
        if name in words.SHAPED:
            return CONSTANT
        if name in words.FILLS or name == "copy":
            return self._origin_of(args[-1 if name in words.FILLS else 1])
        if name in words.MERGES:
            return self._merge(name, args, result)
        sources = [self._origin(t) for t in _tensors(args)]
        if max(sources, default=CONSTANT) >= 0:
            return self._operator(name, args, sources, result)
        return sources[0] if name in words.UNARY else CONSTANT

    def _merge(self, name: str, args: tuple, result: Tensor) -> int:
        """Read an operator of several terms, without those that are zero or change nothing."""
        op = words.MERGES[name]
        terms = args[0] if isinstance(args[0], list | tuple) else args[:2]
        if name == "rsub":
            terms = terms[::-1]
        origins = [self._origin_of(term) for term in terms]
        if (op == ops.MUL and VOID in origins) or (op == ops.DIV and origins[0] == VOID):
            return VOID
        kept = [
            origin
            for term, origin in zip(terms, origins, strict=True)
            if origin != VOID and not (op in (ops.MUL, ops.DIV) and _is_one(term))
        ]
        if max(kept, default=VOID) < 0:
            return CONSTANT if kept else VOID
        return kept[0] if _changes_nothing(op, origins, kept) else self._node(op, kept, result)

    def _origin_of(self, term: Any) -> int:
        if isinstance(term, Tensor):
            return self._origin(term)
        return VOID if term == 0 else CONSTANT

    def _operator(self, name: str, args: tuple, sources: list[int], result: Tensor) -> int:
        """Add a node that has one input, or weights."""
        op, weight = words.UNARY[name], ()
        dim = CHANNELS if name in words.CHANNELS_FIRST else None
        dim = args[0].ndim - 1 if _reads_last(name, args) else dim
        shape_in, shape_out = self._layout.sizes(args[0], dim), self._layout.sizes(result)
        if op in ops.WEIGHTED:
            op, *weight = _weight(op, args, shape_in[0], shape_out[0])
        elif op == ops.AVG_POOL and _averages_all(name, args, shape_in, shape_out):
            op = ops.MEAN
        elif op == "hardtanh" and name != "clamp_max":
            op = words.CLIPPED.get(args[1:3], op)
        return self._draft.add(op, sources, shape_in, shape_out, *weight, place=self.where())

    def _node(self, op: str, sources: list[int], tensor: Tensor) -> int:
        """Add a node that leaves the shape as it is."""
        shape = self._layout.sizes(tensor)
        return self._draft.add(op, sources, shape, shape, place=self.where())


class AsOne(TorchFunctionMode):
    """Have a reader see as one operator what PyTorch makes of several."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Call a function, and read it if it is such a one."""
        if getattr(func, "__name__", "") in words.AS_ONE:
            return self._reader.run_as_one(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


def _named(func: OpOverload, args: tuple, live: list[bool]) -> tuple[str, tuple]:
    """Return an operator's name, "" where it has none here, and the arguments of its usual form."""
    if func.namespace != "aten" or func._overloadname.endswith("_mode"):
        return "", args
    name = func.overloadpacket.__name__.rstrip("_")
    if name in ("matmul", "mm") and live == [True, False] and args[1].ndim == 2:
        return ops.LINEAR, (args[0], args[1].mT)
    if name == "addmm" and live == [False, True, False]:
        return ops.LINEAR, (args[1], args[2].mT, args[0])
    if name in ("convolution", "_convolution") and args[1].ndim == 4:
        return "conv_transpose2d" if args[6] else "conv2d", args
    return name, args


def _is_view(func: OpOverload) -> bool:
    """Whether a result only shows an argument's memory, or a copy where that cannot be."""
    aliases = [r.alias_info for r in func._schema.returns if r.alias_info is not None]
    return any(not alias.is_write for alias in aliases)


def _is_known(name: str, live: list[bool]) -> bool:
    """Whether an operator can be read; where images decide on an index, it cannot."""
    if name in words.MOVES:
        return not any(live[1:])
    return any(name in known for known in words.KNOWN)


def _reads_last(name: str, args: tuple) -> bool:
    """Whether an operator reads the last dimension as the channels."""
    return name == ops.LINEAR or (name == "layer_norm" and len(args[1]) == 1)


def _weight(op: str, args: tuple, c_in: int, c_out: int) -> tuple[str, tuple[int, ...]]:
    """Return the operator, more exactly, with the shape of its weight and its bias."""
    has_bias = len(args) > 2 and args[2] is not None
    out, per_group, *kernel = (*args[1].shape, 1, 1)[:4]
    if op == ops.CONV_TRANSPOSE:  # its weight has shape (C_in, C_out / groups, ...)
        out, per_group = c_out, c_in * per_group // c_out
    elif op == ops.CONV and per_group == 1 and c_in > 1:
        op = ops.DEPTHWISE
    return op, (out, per_group, *kernel, int(has_bias))


def _averages_all(name: str, args: tuple, shape_in: Shape, shape_out: Shape) -> bool:
    """Whether a pooling is the mean over whole maps."""
    kernel, _, padding = (*args[1:], 0, 0)[:3]
    covers = tuple(kernel * 2)[:2] == shape_in[1:] and padding in (0, [0], [0, 0])
    return shape_out[1:] == (1, 1) and (covers or name == "adaptive_avg_pool2d")


def _is_one(term: Any) -> bool:
    return isinstance(term, int | float) and term == 1


def _changes_nothing(op: str, origins: list[int], kept: list[int]) -> bool:
    """Whether an operator passes on its only term."""
    if len(kept) != 1 or op == ops.MAX_POOL:
        return False
    if op == ops.CONCAT:
        return len(origins) == 1  # beside zeros, the result is wider than the term
    return op in (ops.ADD, ops.MUL) or origins[0] == kept[0]  # not 0 - x or 1 / x
