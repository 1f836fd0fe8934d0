"""A computation graph in the making, node by node, in the order in which operators run."""

from collections.abc import Iterable

import numpy as np

from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.layout import Shape
from nasutils.graphs.operators import CODES

_NO_WEIGHT = (0, 0, 0, 0, 0)


class Draft:
    """Nodes and edges, numbered as they come, and the places in the network that they are from."""

    def __init__(self) -> None:
        self._places: list[str] = []
        self._codes: list[int] = []
        self._features: list[tuple[int, ...]] = []
        self._edges: set[tuple[int, int]] = set()

    def add(
        self,
        op: str,
        sources: Iterable[int],
        shape_in: Shape,
        shape_out: Shape,
        weight: tuple[int, ...] = _NO_WEIGHT,
        *,
        place: str,
    ) -> int:
        """Append a node with edges from those sources that are nodes; return its number."""
        number = len(self._codes)
        self._places.append(place)
        self._codes.append(CODES[op])
        sizes = [size for pair in zip(shape_in, shape_out, strict=True) for size in pair]
        self._features.append((*sizes, *weight))
        self._edges |= {(source, number) for source in sources if source >= 0}
        return number

    def graph(self, last: int) -> tuple[ComputationGraph, list[str]]:
        """Return the nodes from which a last one can be reached, and their places."""
        alive = {last}
        for source, target in sorted(self._edges, key=lambda edge: -edge[1]):
            if target in alive:
                alive.add(source)
        kept = sorted(alive)
        number = {old: new for new, old in enumerate(kept)}
        edges = sorted((number[s], number[t]) for s, t in self._edges if t in alive)
        graph = ComputationGraph(
            np.array(self._codes, dtype=np.int32)[kept],
            np.array(self._features, dtype=np.int32)[kept],
            np.array(edges, dtype=np.int64).T,
        )
        return graph, [self._places[v] for v in kept]
