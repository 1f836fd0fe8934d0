"""Computation graphs of NAS-Bench-201 cells, without building their networks.

There are two networks to choose from. The graph that the authors of the transferable predictor
published with a later paper is not of the benchmark's own network: theirs, in TensorFlow, has no
batch norm in its reductions and at its end, other ReLUs, and a dropout.

Sources: Dong & Yang, "NAS-Bench-201", https://arxiv.org/abs/2001.00326, Figure 1; Salameh et al.,
"AutoGO", NeurIPS 2023, whose repository holds the graph of the best cell, read node by node.
"""

from functools import cache

from nasutils.errors import GraphError, UnknownNameError
from nasutils.graphs.assembly import Assembly, Fragment, chain, conv, conv_bn, linear, merge, node
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.operators import ADD, AVG_POOL, BATCH_NORM, IDENTITY, MEAN, RELU
from nasutils.spaces.nasbench201 import CONV3, EDGES, NONE, POOL, SKIP, NASBench201Cell

STAGES, CLASSES = 3, 10

#: The benchmark's own network, and that of the published graphs.
BENCHMARK, AUTOGO = NETWORKS = ("benchmark", "autogo")

_Terms = tuple[list[tuple[int, str]], ...]


def nasbench201_graph(
    cell: NASBench201Cell,
    *,
    network: str = BENCHMARK,
    channels: int = 16,
    cells_per_stage: int = 5,
    image: tuple[int, int] = (3, 32),
) -> ComputationGraph:
    """Return the graph of a network around a cell; the benchmark's on CIFAR-10, if not told else.

    By default it equals the trace of ``NASBench201Network(cell)``, whose classifier is a 1x1
    convolution; skip connections are edges, as Table 5 of Han et al. has it. For the best cell that
    makes 83 nodes with weights, 213 others, 342 edges. With ``network="autogo"`` it is the graph
    that the same group published later, where skip connections and the dropout are nodes: 83, 223
    and 352. The image is its number of channels, and its height and width.

    Raises:
        GraphError: If every path through the cell is cut.
        UnknownNameError: If there is no such network.
    """
    if network not in NETWORKS:
        raise UnknownNameError("network of NAS-Bench-201", network, NETWORKS)
    terms = _terms(cell)
    autogo = network == AUTOGO
    colours, size = image
    graph = Assembly(colours, size)
    x = graph.add(conv_bn(colours, channels, 3, size), 0)
    for stage in range(STAGES):
        if stage:
            x = graph.add((_bare_reduction if autogo else _reduction)(channels, size), x)
            channels, size = 2 * channels, size // 2
        for _ in range(cells_per_stage):
            x = _add_cell(graph, x, terms, channels, size, autogo=autogo)
    head = _bare_head(channels, size) if autogo else _head(channels, size)
    return graph.finish(graph.add(head, x), CLASSES)


def _terms(cell: NASBench201Cell) -> _Terms:
    """Return the (source, operation) pairs of nodes 1, 2, 3 on paths from node 0 to node 3."""
    edges = [(*edge, op) for edge, op in zip(EDGES, cell.ops, strict=True) if op != NONE]
    reached, needed = {0}, {3}
    for source, target, _ in edges:  # EDGES is sorted by target
        reached |= {target} if source in reached else set()
    for source, target, _ in reversed(edges):
        needed |= {source} if target in needed else set()
    live = reached & needed
    if 0 not in live:
        raise GraphError(f"no path leads from the input to the output of {cell}")
    return tuple(
        [(source, op) for source, target, op in edges if target == v and {source, v} <= live]
        for v in (1, 2, 3)
    )


def _add_cell(
    graph: Assembly, x: int, terms: _Terms, channels: int, size: int, *, autogo: bool
) -> int:
    """Append the operations of a cell that reads node x; return its output node."""
    nodes = [x, -1, -1, -1]
    for v, incoming in enumerate(terms, start=1):
        values = [
            nodes[source]
            if op == SKIP and not autogo
            else graph.add(_operation(op, channels, size), nodes[source])
            for source, op in incoming
        ]
        if values:
            # Two at a time: ((a + b) + c), or (a + (b + c)).
            nodes[v], *others = values[::-1] if autogo else values
            for value in others:
                nodes[v] = graph.add(merge(ADD, 2, channels, size), nodes[v], value)
    return nodes[3]


@cache
def _operation(op: str, channels: int, size: int) -> Fragment:
    if op == SKIP:
        return chain(node(IDENTITY, channels, size))
    if op == POOL:
        return chain(node(AVG_POOL, channels, size))
    kernel = 3 if op == CONV3 else 1
    return chain(
        node(RELU, channels, size),
        conv(channels, channels, kernel, size),
        node(BATCH_NORM, channels, size),
    )


@cache
def _reduction(channels: int, size: int) -> Fragment:
    wide, half = 2 * channels, size // 2
    rows = (
        node(RELU, channels, size),
        conv(channels, wide, 3, size, half),
        node(BATCH_NORM, wide, half),
        node(RELU, wide, half),
        conv(wide, wide, 3, half),
        node(BATCH_NORM, wide, half),
        node(AVG_POOL, channels, size, half),
        conv(channels, wide, 1, half),
        node(ADD, wide, half),
    )
    path, shortcut = [(v - 1, v) for v in range(6)], [(-1, 6), (6, 7)]
    return Fragment(rows, [*path, *shortcut, (5, 8), (7, 8)])


@cache
def _bare_reduction(channels: int, size: int) -> Fragment:
    wide, half = 2 * channels, size // 2
    rows = (
        conv(channels, channels, 3, size),
        node(RELU, channels, size),
        conv(channels, wide, 3, size, half),
        node(AVG_POOL, channels, size, half),
        conv(channels, wide, 1, half),
        node(ADD, wide, half),
        node(RELU, wide, half),
    )
    path, shortcut = [(v - 1, v) for v in range(3)], [(-1, 3), (3, 4)]
    return Fragment(rows, [*path, *shortcut, (2, 5), (4, 5), (5, 6)])


@cache
def _head(channels: int, size: int) -> Fragment:
    return chain(
        node(BATCH_NORM, channels, size),
        node(RELU, channels, size),
        node(MEAN, channels, size, 1),
        conv(channels, CLASSES, 1, 1, bias=True),
    )


@cache
def _bare_head(channels: int, size: int) -> Fragment:
    return chain(
        node(MEAN, channels, size, 1), node(IDENTITY, channels, 1), linear(channels, CLASSES)
    )
