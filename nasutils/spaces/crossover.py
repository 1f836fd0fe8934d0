"""Crossover: one operator of an architecture takes the place of one of another.

Source: Han et al., "A General-Purpose Transferable Predictor for NAS", Section 7.2. Operators are
what the operations of a space are: of a vertex in NAS-Bench-101, of an edge in NAS-Bench-201 and
DARTS (which keeps its predecessor), a block of kernel size and expansion in OFA-MobileNetV3.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from nasutils.errors import lookup
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Operators:
    """How to read the operators of an architecture, in a fixed order, and to replace one."""

    read: Callable[[Any], list[Any]]
    replaced: Callable[[Any, int, Any], Any]


def crossover(first: A, second: A, rng: np.random.Generator) -> A:
    """Return the first parent with a random operator of the second in the place of another.

    All pairs of operators that differ are as likely; where there are none, the first parent comes
    back. UnknownNameError if the parents' space has no crossover.
    """
    by_name = {known.__name__: operators for known, operators in OPERATORS.items()}
    operators = lookup("space with a crossover", type(first).__name__, by_name)
    pairs = [
        (position, new)
        for position, old in enumerate(operators.read(first))
        for new in operators.read(second)
        if new != old
    ]
    if not pairs:
        return first
    return operators.replaced(first, *pairs[rng.integers(len(pairs))])


def _with(values: tuple, position: int, value: Any) -> tuple:
    return (*values[:position], value, *values[position + 1 :])


def _darts_replaced(genotype: DARTSGenotype, position: int, op: str) -> DARTSGenotype:
    edges = genotype.normal + genotype.reduce
    edges = _with(edges, position, (op, edges[position][1]))
    half = len(genotype.normal)
    return DARTSGenotype(edges[:half], edges[half:])


def _ofa_replaced(subnet: OFAMobileNetV3, position: int, block: tuple[int, int]) -> OFAMobileNetV3:
    stages = []
    for stage in subnet.stages:
        inside = 0 <= position < len(stage)
        stages.append(_with(stage, position, block) if inside else stage)
        position -= len(stage)
    return OFAMobileNetV3(tuple(stages))


#: Class of a space's architectures -> its operators.
OPERATORS: dict[type, Operators] = {
    NASBench101Cell: Operators(
        lambda cell: list(cell.ops[1:-1]),
        lambda cell, i, op: replace(cell, ops=_with(cell.ops, 1 + i, op)),
    ),
    NASBench201Cell: Operators(
        lambda cell: list(cell.ops),
        lambda cell, i, op: NASBench201Cell(_with(cell.ops, i, op)),
    ),
    DARTSGenotype: Operators(
        lambda genotype: [op for cell in genotype.cells for op, _ in cell], _darts_replaced
    ),
    OFAMobileNetV3: Operators(
        lambda subnet: [block for stage in subnet.stages for block in stage], _ofa_replaced
    ),
}
