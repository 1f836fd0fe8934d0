"""Reading a traced module call by call: which calls are nodes, and what flows into them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from nasutils.errors import GraphError
from nasutils.graphs import operators as ops
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.vocabulary import ADAPTIVE_MEAN, FUNCTIONS, MODULES, VIEW, ZERO

#: Name of the user's module inside the traced one.
ROOT = "network"

# In place of the number of a node: a value that is zero, or one that no image changes.
_VOID, _CONSTANT = -1, -2

_NO_WEIGHT = (0, 0, 0, 0, 0)

_Shape = tuple[int, int, int]


class Reader(fx.Interpreter):
    """Run a traced module and write down the nodes and edges that come by.

    Args:
        root: The traced module, on the meta device, which holds the user's as ``ROOT``.
        graph: Its trace.
        name: What error messages call the user's module.
        identities: Whether identities and dropout are nodes.
    """

    def __init__(self, root: nn.Module, graph: fx.Graph, name: str, *, identities: bool) -> None:
        super().__init__(root, graph=graph)
        self.extra_traceback = False
        self._name = name
        self._identities = identities
        self._codes: list[int] = []
        self._features: list[tuple[int, ...]] = []
        self._edges: set[tuple[int, int]] = set()
        # What a value comes from: the node that computed it, or a negative code. Sizes have none.
        self._flow: dict[fx.Node, int] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Execute one traced call and read it.

        Raises:
            GraphError: If it fails, or is no known operator.
        """
        try:
            value = super().run_node(n)
        except Exception as error:
            raise GraphError(f"{self._where(n)} does not run on such an image: {error}") from error
        if n.op == "get_attr" and isinstance(value, Tensor):
            value = value.to("meta")  # a tensor that is neither parameter nor buffer
        if n.op == "placeholder":
            self._flow[n] = self._node(ops.INPUT, (), _chw(value), _chw(value))
        elif n.op == "output":
            self._output(n, value)
        elif _holds_tensor(value):
            self._flow[n] = self._read(n, value)
            self._overwrite(n, value)
        return value

    def result(self) -> ComputationGraph:
        """Return the nodes from which the output, the last one, can be reached."""
        alive = {len(self._codes) - 1}
        for source, target in sorted(self._edges, key=lambda edge: -edge[1]):
            if target in alive:
                alive.add(source)
        kept = sorted(alive)
        number = {old: new for new, old in enumerate(kept)}
        edges = sorted((number[s], number[t]) for s, t in self._edges if t in alive)
        return ComputationGraph(
            np.array(self._codes, dtype=np.int32)[kept],
            np.array(self._features, dtype=np.int32)[kept],
            np.array(edges, dtype=np.int64).T,
        )

    def _read(self, n: fx.Node, value: Any) -> int:
        """Return what a value comes from, after adding a node if it is an operator's."""
        known = self._lookup(n)
        sources = [self._flow[a] for a in n.all_input_nodes if a in self._flow]
        live = [a for a in n.all_input_nodes if self._flow.get(a, _VOID) >= 0]
        if known == ZERO or (_VOID in sources and not live):
            return _VOID
        if not live:
            return _CONSTANT
        if known is None:
            raise GraphError(
                f"{self._where(n)} is an unknown operator. Known modules: "
                f"{', '.join(m.__name__ for m in MODULES)}; functions: {', '.join(FUNCTIONS)}."
            )
        if known == VIEW or (known == ops.IDENTITY and not self._identities):
            return self._flow[live[0]]
        if known in ops.MERGES:
            return self._merge(n, known, _chw(value))
        return self._operator(n, known, live, value)

    def _overwrite(self, n: fx.Node, value: Any) -> None:
        """After an operator that works in place, its result is what its argument now holds."""
        if self._lookup(n) not in (VIEW, ops.IDENTITY):
            for other, held in self.env.items():
                if held is value:
                    self._flow[other] = self._flow[n]

    def _merge(self, n: fx.Node, op: str, shape: _Shape) -> int:
        """Read an operator of several terms, without those that are zero or change nothing."""
        terms = [a for a in pytree.tree_leaves((n.args, n.kwargs)) if _is_term(a, op)]
        flows = [self._flow_of(term) for term in terms]
        if (op == ops.MUL and _VOID in flows) or (op == ops.DIV and flows[0] == _VOID):
            return _VOID
        kept = [
            flow
            for term, flow in zip(terms, flows, strict=True)
            if flow != _VOID and not (op in (ops.MUL, ops.DIV) and _is_one(term))
        ]
        if _changes_nothing(op, flows, kept):
            return kept[0]
        return self._node(op, kept, shape, shape)

    def _flow_of(self, term: Any) -> int:
        if isinstance(term, fx.Node):
            return self._flow.get(term, _CONSTANT)
        return _VOID if term == 0 else _CONSTANT

    def _operator(self, n: fx.Node, op: str, live: list[fx.Node], value: Any) -> int:
        """Add a node that has one input, or weights."""
        shape_in, shape_out = _chw(self.env[live[0]]), _chw(value)
        weight = _NO_WEIGHT
        if op in ops.WEIGHTED:
            op, weight = self._weight(n, op, shape_in[0], shape_out[0])
        elif op == ADAPTIVE_MEAN:
            op = ops.MEAN if shape_out[1:] == (1, 1) else ops.AVG_POOL
        return self._node(op, [self._flow[a] for a in live], shape_in, shape_out, weight)

    def _weight(self, n: fx.Node, op: str, c_in: int, c_out: int) -> tuple[str, tuple[int, ...]]:
        """Return the operator, more exactly, with the shape of its weight and its bias."""
        if n.op == "call_module":
            layer = self.fetch_attr(n.target)
            shape, has_bias = layer.weight.shape, layer.bias is not None
        else:
            given = dict(zip(("input", "weight", "bias"), n.args, strict=False)) | n.kwargs
            shape, has_bias = self.env[given["weight"]].shape, given.get("bias") is not None
        out, per_group, *kernel = (*shape, 1, 1)[:4]
        if op == ops.CONV_TRANSPOSE:  # its weight has shape (C_in, C_out / groups, ...)
            out, per_group = c_out, c_in * per_group // c_out
        elif op == ops.CONV and per_group == 1 and c_in > 1:
            op = ops.DEPTHWISE
        return op, (out, per_group, *kernel, int(has_bias))

    def _node(
        self,
        op: str,
        sources: Iterable[int],
        shape_in: _Shape,
        shape_out: _Shape,
        weight: tuple[int, ...] = _NO_WEIGHT,
    ) -> int:
        """Append a node with edges from those sources that are nodes; return its number."""
        number = len(self._codes)
        self._codes.append(ops.CODES[op])
        sizes = [size for pair in zip(shape_in, shape_out, strict=True) for size in pair]
        self._features.append((*sizes, *weight))
        self._edges |= {(source, number) for source in sources if source >= 0}
        return number

    def _output(self, n: fx.Node, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise GraphError(f"{self._name} returns a {type(value).__name__}, not one tensor")
        source = self._flow[n.args[0]]
        if source < 0:
            raise GraphError(f"{self._name} has no path from its input to its output")
        self._node(ops.OUTPUT, [source], _chw(value), _chw(value))

    def _target(self, n: fx.Node) -> Any:
        """Return a leaf module's class, or the name of a function, method or attribute."""
        if n.op == "call_module":
            return type(self.fetch_attr(n.target))
        target = n.target if isinstance(n.target, str) else getattr(n.target, "__name__", "?")
        return target.rstrip("_")

    def _lookup(self, n: fx.Node) -> str | None:
        target = self._target(n)
        if isinstance(target, type):
            return next((MODULES[c] for c in target.__mro__ if c in MODULES), None)
        return FUNCTIONS.get(target) if n.op != "get_attr" else None

    def _where(self, n: fx.Node) -> str:
        """Name a call for an error message."""
        target = self._target(n)
        if isinstance(target, type):
            path = user_path(n.target)
            return f"node {path!r} ({target.__name__}) of {self._name}" if path else self._name
        stack = list(n.meta.get("nn_module_stack") or ())
        path = user_path(stack[-1]) if stack else ""
        return f"node {n.name!r} ({target}) of {self._name}{f', in {path!r},' if path else ''}"


def user_path(path: str) -> str:
    """Return a submodule's path as the user knows it; the user's whole module has none."""
    return path.removeprefix(ROOT).removeprefix(".")


def _is_term(argument: Any, op: str) -> bool:
    """Whether an argument is added, multiplied or joined, and no dimension or option."""
    is_number = isinstance(argument, int | float) and op != ops.CONCAT
    return isinstance(argument, fx.Node) or is_number


def _is_one(term: Any) -> bool:
    return isinstance(term, int | float) and term == 1


def _changes_nothing(op: str, flows: list[int], kept: list[int]) -> bool:
    """Whether an operator passes on its only term."""
    if len(kept) != 1 or kept[0] < 0:
        return False
    if op == ops.CONCAT:
        return len(flows) == 1  # beside zeros, the result is wider than the term
    return op in (ops.ADD, ops.MUL) or flows[0] == kept[0]  # not 0 - x or 1 / x


def _holds_tensor(value: Any) -> bool:
    parts = value if isinstance(value, tuple | list) else (value,)
    return any(isinstance(part, Tensor) for part in parts)


def _chw(value: Any) -> _Shape:
    """Return (C, H, W) of a batch, or of the first of several; a vector is a map of one pixel."""
    first = value[0] if isinstance(value, tuple | list) else value
    channels, height, width, *more = (*first.shape[1:], 1, 1, 1)
    return channels, height, width * int(np.prod(more))
