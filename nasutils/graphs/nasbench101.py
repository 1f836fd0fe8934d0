"""Computation graphs of NAS-Bench-101 cells, without building their networks."""

from functools import cache

from nasutils.graphs.assembly import Assembly, Fragment, chain, conv, merge, node
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.operators import ADD, BATCH_NORM, CONCAT, MAX_POOL, RELU
from nasutils.networks.nasbench101 import vertex_channels
from nasutils.spaces.nasbench101 import CONV3, POOL, NASBench101Cell

CHANNELS, STACKS, CELLS_PER_STACK, SIZE, CLASSES = 128, 3, 3, 32, 10


def nasbench101_graph(cell: NASBench101Cell) -> ComputationGraph:
    """Return the graph of the benchmark's CIFAR-10 network around a cell.

    It equals the trace of ``NASBench101Network(cell)`` on 32x32 images: 128 channels, three stacks
    of three cells. For a cell of which Salameh et al. publish the graph ("AutoGO", NeurIPS 2023) it
    has that graph's nodes and edges: 65 with weights, 160 others, 251 edges.
    """
    graph = Assembly(3, SIZE)
    x = graph.add(_conv_bn_relu(3, CHANNELS, 3, SIZE), 0)
    c_in = c_out = CHANNELS
    size = SIZE
    for stack in range(STACKS):
        if stack:
            x = graph.add(_pooling(c_in, size, size // 2), x)
            c_out, size = 2 * c_out, size // 2
        for _ in range(CELLS_PER_STACK):
            x = _add_cell(graph, x, cell, vertex_channels(cell, c_in, c_out), size)
            c_in = c_out
    return graph.classify(x, c_out, size, CLASSES)


def _add_cell(
    graph: Assembly, x: int, cell: NASBench101Cell, channels: list[int], size: int
) -> int:
    """Append the operations of a cell that reads node x; return its output node."""
    outputs = [x]
    last = cell.num_vertices - 1
    for v in range(1, last):
        terms = _predecessors(outputs, cell, v) + _projection(graph, x, cell, channels, v, size)
        total = _merged(graph, ADD, terms, channels[v], size)
        outputs.append(graph.add(_operation(cell.ops[v], channels[v], size), total))
    terms = _predecessors(outputs, cell, last)
    if terms:
        terms = [_merged(graph, CONCAT, terms, channels[last], size)]
    terms += _projection(graph, x, cell, channels, last, size)
    return _merged(graph, ADD, terms, channels[last], size)


def _predecessors(outputs: list[int], cell: NASBench101Cell, v: int) -> list[int]:
    """Return the nodes that the interior vertices before v end with, where they feed v."""
    return [outputs[u] for u in range(1, v) if cell.adjacency[u][v]]


def _projection(
    graph: Assembly, x: int, cell: NASBench101Cell, channels: list[int], v: int, size: int
) -> list[int]:
    """Append the projection of the cell's input to vertex v, if there is one."""
    if not cell.adjacency[0][v]:
        return []
    return [graph.add(_conv_bn_relu(channels[0], channels[v], 1, size), x)]


def _merged(graph: Assembly, op: str, terms: list[int], channels: int, size: int) -> int:
    """Return the only term, or append an operator that reads all of them."""
    if len(terms) == 1:
        return terms[0]
    return graph.add(merge(op, len(terms), channels, size), *terms)


@cache
def _operation(op: str, channels: int, size: int) -> Fragment:
    if op == POOL:
        return _pooling(channels, size, size)
    return _conv_bn_relu(channels, channels, 3 if op == CONV3 else 1, size)


@cache
def _conv_bn_relu(c_in: int, c_out: int, kernel: int, size: int) -> Fragment:
    return chain(
        conv(c_in, c_out, kernel, size), node(BATCH_NORM, c_out, size), node(RELU, c_out, size)
    )


@cache
def _pooling(channels: int, size: int, size_out: int) -> Fragment:
    return chain(node(MAX_POOL, channels, size, size_out))
