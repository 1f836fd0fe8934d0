"""Computation graphs of OFA-MobileNetV3 sub-nets, without building them."""

from functools import cache

from nasutils.graphs.assembly import Assembly, Fragment, Row, chain, conv, linear, node
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.operators import ADD, BATCH_NORM, HARDSIGMOID, HARDSWISH, MEAN, MUL, RELU
from nasutils.networks.ofa_mbv3 import EXPANDED, MIXED, SE_REDUCTION, STAGES, STEM, make_divisible
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

SIZE, CLASSES = 224, 1000


def ofa_mbv3_graph(subnet: OFAMobileNetV3) -> ComputationGraph:
    """Return the graph of a sub-net on 224x224 images, of width 1.0.

    It equals the trace of ``OFAMobileNetV3Network(subnet)``.
    """
    graph = Assembly(3, SIZE)
    x = graph.add(_first_block(), graph.add(_stem(), 0))
    c_in, size = STEM, SIZE // 2
    for index, choices in enumerate(subnet.stages):
        for i, (kernel, expansion) in enumerate(choices):
            stride = 1 if i else STAGES[index].stride
            x = graph.add(_block(index, c_in, kernel, expansion, size, stride), x)
            c_in, size = STAGES[index].channels, size // stride
    return graph.finish(graph.add(_head(c_in, size), x), CLASSES)


@cache
def _block(stage: int, c_in: int, kernel: int, expansion: int, size: int, stride: int) -> Fragment:
    fixed = STAGES[stage]
    inner = make_divisible(c_in * expansion)
    activation = HARDSWISH if fixed.hardswish else RELU
    rows = [
        conv(c_in, inner, 1, size),
        node(BATCH_NORM, inner, size),
        node(activation, inner, size),
        *_depthwise(inner, kernel, size, size // stride, activation),
    ]
    return _projected(rows, c_in, fixed.channels, size // stride, stride, squeeze=fixed.squeeze)


def _depthwise(channels: int, kernel: int, size: int, out: int, activation: str) -> list[Row]:
    return [
        conv(channels, channels, kernel, size, out, depthwise=True),
        node(BATCH_NORM, channels, out),
        node(activation, channels, out),
    ]


def _projected(
    rows: list[Row], c_in: int, c_out: int, size: int, stride: int, *, squeeze: bool
) -> Fragment:
    """End a block of inner rows: squeeze-and-excitation, 1x1 convolution, short cut."""
    inner = rows[-1][2]
    edges = [(v - 1, v) for v in range(len(rows))]
    if squeeze:
        before, rows = len(rows) - 1, [*rows, *_squeeze_excitation(inner, size)]
        edges += [(v - 1, v) for v in range(before + 1, len(rows))] + [(before, len(rows) - 1)]
    rows = [*rows, conv(inner, c_out, 1, size), node(BATCH_NORM, c_out, size)]
    edges += [(len(rows) - 3, len(rows) - 2), (len(rows) - 2, len(rows) - 1)]
    if stride == 1 and c_in == c_out:
        rows.append(node(ADD, c_out, size))
        edges += [(len(rows) - 2, len(rows) - 1), (-1, len(rows) - 1)]
    return Fragment(rows, edges)


def _squeeze_excitation(channels: int, size: int) -> list[Row]:
    middle = make_divisible(channels // SE_REDUCTION)
    return [
        node(MEAN, channels, size, 1),
        conv(channels, middle, 1, 1, bias=True),
        node(RELU, middle, 1),
        conv(middle, channels, 1, 1, bias=True),
        node(HARDSIGMOID, channels, 1),
        node(MUL, channels, size),
    ]


@cache
def _stem() -> Fragment:
    half = SIZE // 2
    return chain(
        conv(3, STEM, 3, SIZE, half), node(BATCH_NORM, STEM, half), node(HARDSWISH, STEM, half)
    )


@cache
def _first_block() -> Fragment:
    rows = _depthwise(STEM, 3, SIZE // 2, SIZE // 2, RELU)
    return _projected(rows, STEM, STEM, SIZE // 2, 1, squeeze=False)


@cache
def _head(channels: int, size: int) -> Fragment:
    return chain(
        conv(channels, EXPANDED, 1, size),
        node(BATCH_NORM, EXPANDED, size),
        node(HARDSWISH, EXPANDED, size),
        node(MEAN, EXPANDED, size, 1),
        conv(EXPANDED, MIXED, 1, 1),
        node(HARDSWISH, MIXED, 1),
        linear(MIXED, CLASSES),
    )
