"""What paths through a computation graph say beside its counts: how deep it is, and by what.

Counts of operators do not tell a chain from the same operators side by side; paths do. The features
are ours, and take no label, other benchmark or network.
"""

import numpy as np

from nasutils.graphs import OPERATORS
from nasutils.methods.common.graph_set import GraphSet


def path_features(graphs: GraphSet) -> np.ndarray:
    """Describe the paths of N graphs from a node without predecessor to one without successor.

    Returns:
        The mean number of nodes of each operator on a path, all paths alike; then the edges of the
        longest and of the shortest path, and the logarithm of how many there are: float64 of shape
        (N, number of operators + 3).
    """
    operators = graphs.kinds[graphs.nodes, 0]
    nodes = np.split(operators, np.cumsum(graphs.num_nodes)[:-1])
    edges = np.split(graphs.edges, np.cumsum(graphs.num_edges)[:-1], axis=1)
    return np.stack([_of_graph(*pair) for pair in zip(nodes, edges, strict=True)])


def _of_graph(operators: np.ndarray, edges: np.ndarray) -> np.ndarray:
    size = len(operators)
    before, longest, shortest = _walk(size, edges)
    # Backwards, the last node is the first.
    after = _walk(size, size - 1 - edges[::-1])[0][::-1]
    ends = np.setdiff1d(np.arange(size), edges[0])
    paths = before[ends].sum()
    share = np.bincount(operators, before * after / paths, minlength=len(OPERATORS))
    return np.append(share, [longest[ends].max(), shortest[ends].min(), np.log(paths)])


def _walk(size: int, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return number, longest and shortest of the walks from a node without predecessor to each.

    Every edge leads from a lower number to a higher.
    """
    predecessors: list[list[int]] = [[] for _ in range(size)]
    for source, target in edges.T.tolist():
        predecessors[target].append(source)
    number, longest, shortest = [1.0] * size, [0] * size, [0] * size
    for node, those in enumerate(predecessors):
        if those:
            number[node] = sum([number[each] for each in those])
            longest[node] = 1 + max([longest[each] for each in those])
            shortest[node] = 1 + min([shortest[each] for each in those])
    return np.array(number), np.array(longest), np.array(shortest)
