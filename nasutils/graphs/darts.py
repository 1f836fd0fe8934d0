"""Computation graphs of DARTS genotypes, without building their networks."""

from functools import cache

from nasutils.graphs.assembly import Assembly, Fragment, Row, chain, conv, conv_bn, merge, node
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.operators import ADD, AVG_POOL, BATCH_NORM, CONCAT, MAX_POOL, RELU
from nasutils.networks.darts import check_size
from nasutils.spaces import darts
from nasutils.spaces.darts import DARTSGenotype

# The networks of NAS-Bench-301's training runs, which its surrogate describes.
CHANNELS, NUM_CELLS, SIZE, CLASSES = 32, 8, 32, 10

_KERNELS = {darts.SEP_CONV_3: 3, darts.SEP_CONV_5: 5, darts.DIL_CONV_3: 3, darts.DIL_CONV_5: 5}


def darts_graph(
    genotype: DARTSGenotype, *, channels: int = CHANNELS, num_cells: int = NUM_CELLS
) -> ComputationGraph:
    """Return the graph of the CIFAR-10 network around a genotype, for 32x32 images.

    It equals the trace of ``DARTSNetwork(genotype, channels=channels, num_cells=num_cells)``, and
    raises the same errors. The default size is that of NAS-Bench-301's training runs; DARTS itself
    ends with 36 and 20.
    """
    check_size(channels, num_cells)
    graph = Assembly(3, SIZE)
    c, size = channels, SIZE
    c_first = c_second = 3 * c
    first = second = graph.add(conv_bn(3, c_second, 3, SIZE), 0)
    reductions = num_cells // 3, 2 * num_cells // 3
    for i in range(num_cells):
        reduces = i in reductions
        c *= 2 if reduces else 1
        prepare = (
            # What the cell before the last one gave is still larger then.
            _factorized(c_first, c, 2 * size)
            if i - 1 in reductions
            else _relu_conv_bn(c_first, c, size)
        )
        inputs = [graph.add(prepare, first), graph.add(_relu_conv_bn(c_second, c, size), second)]
        cell = genotype.reduce if reduces else genotype.normal
        first, second = second, _add_cell(graph, inputs, cell, c, size, reduces=reduces)
        c_first, c_second = c_second, len(darts.CONCAT) * c
        size //= 2 if reduces else 1
    return graph.classify(second, c_second, size, CLASSES)


def _add_cell(
    graph: Assembly, inputs: list[int], cell: darts.Cell, channels: int, size: int, *, reduces: bool
) -> int:
    """Append the operations of a cell whose inputs are prepared; return its output node."""
    nodes = inputs.copy()
    out = size // 2 if reduces else size
    for i in range(0, len(cell), 2):
        values = [
            _add_operation(graph, nodes[source], op, channels, size if source < 2 else out, out)
            for op, source in cell[i : i + 2]
        ]
        nodes.append(graph.add(merge(ADD, 2, channels, out), *values))
    kept = [nodes[i] for i in darts.CONCAT]
    return graph.add(merge(CONCAT, len(kept), len(kept) * channels, out), *kept)


def _add_operation(
    graph: Assembly, source: int, op: str, channels: int, size: int, out: int
) -> int:
    if op == darts.SKIP and size == out:
        return source
    return graph.add(_operation(op, channels, size, out), source)


@cache
def _operation(op: str, channels: int, size: int, out: int) -> Fragment:
    if op == darts.SKIP:
        return _factorized(channels, channels, size)
    if op in (darts.MAX_POOL, darts.AVG_POOL):
        pool = MAX_POOL if op == darts.MAX_POOL else AVG_POOL
        return chain(node(pool, channels, size, out))
    rows = _depthwise_separable(channels, _KERNELS[op], size, out)
    if op in (darts.SEP_CONV_3, darts.SEP_CONV_5):
        rows += _depthwise_separable(channels, _KERNELS[op], out, out)
    return chain(*rows)


def _depthwise_separable(channels: int, kernel: int, size: int, out: int) -> list[Row]:
    return [
        node(RELU, channels, size),
        conv(channels, channels, kernel, size, out, depthwise=True),
        conv(channels, channels, 1, out),
        node(BATCH_NORM, channels, out),
    ]


@cache
def _relu_conv_bn(c_in: int, c_out: int, size: int) -> Fragment:
    return chain(node(RELU, c_in, size), conv(c_in, c_out, 1, size), node(BATCH_NORM, c_out, size))


@cache
def _factorized(c_in: int, c_out: int, size: int) -> Fragment:
    """Halve the map by two convolutions, of which the second does not see the first pixels."""
    half = size // 2
    rows = (
        node(RELU, c_in, size),
        conv(c_in, c_out // 2, 1, size, half),
        conv(c_in, c_out // 2, 1, size - 1, half),
        node(CONCAT, c_out, half),
        node(BATCH_NORM, c_out, half),
    )
    return Fragment(rows, [(-1, 0), (0, 1), (0, 2), (1, 3), (2, 3), (3, 4)])
