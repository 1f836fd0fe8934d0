"""What can be seen of an architecture without training it: its operations and its depth.

One function a search space, from (a part of) its table to a frame of features on the same index.
``depth`` counts the convolutions (or blocks, or layers) on the longest way through the network's
repeated part.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from nasutils.data import nasbench101 as nb101
from nasutils.spaces import darts, nasbench101, nasbench201
from nasutils.spaces.autoformer import AutoFormerTiny
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

_NB201_NAMES = dict(
    zip(nasbench201.OPS, ("none", "skip", "conv1x1", "conv3x3", "pool"), strict=True)
)
_NB101_NAMES = dict(zip(nb101.OP_LETTERS, ("conv3x3", "conv1x1", "pool"), strict=True))
_DARTS_CONVS = (darts.SEP_CONV_3, darts.SEP_CONV_5, darts.DIL_CONV_3, darts.DIL_CONV_5)


def nasbench201_features(table: pd.DataFrame) -> pd.DataFrame:
    """Count a NAS-Bench-201 cell's operations; ``depth`` is 0 to 3, and 0 without any path."""
    cells = table["arch"].map(nasbench201.NASBench201Cell.from_string)
    counts = {name: table["arch"].str.count(op) for op, name in _NB201_NAMES.items()}
    return pd.DataFrame({**counts, "depth": cells.map(_nasbench201_depth)})


def _nasbench201_depth(cell: nasbench201.NASBench201Cell) -> int:
    depth: list[float] = [0, -np.inf, -np.inf, -np.inf]
    for (source, target), op in zip(nasbench201.EDGES, cell.ops, strict=True):
        if op != nasbench201.NONE:
            is_conv = op in (nasbench201.CONV1, nasbench201.CONV3)
            depth[target] = max(depth[target], depth[source] + is_conv)
    return int(max(depth[-1], 0))


def nasbench101_features(table: pd.DataFrame) -> pd.DataFrame:
    """Count a NAS-Bench-101 cell's operations, edges, and convolutions in a row (``depth``)."""
    letters = table["ops"].astype(str)
    counts = {name: letters.str.count(letter) for letter, name in _NB101_NAMES.items()}
    features = {**counts, "edges": table["edges"], "depth": _nasbench101_depth(table)}
    return pd.DataFrame(features, index=table.index)


def _nasbench101_depth(table: pd.DataFrame) -> np.ndarray:
    adjacency, ops = nb101.adjacency_and_ops(table)  # (N, 7, 7), (N, 7)
    labels = nasbench101.VERTEX_LABELS
    is_conv = np.isin(ops, [labels.index(nasbench101.CONV3), labels.index(nasbench101.CONV1)])
    depth = np.zeros(ops.shape, dtype=np.int8)
    for vertex in range(1, ops.shape[1]):
        reached = depth[:, :vertex] * adjacency[:, :vertex, vertex]
        depth[:, vertex] = reached.max(axis=1) + is_conv[:, vertex]
    return depth.max(axis=1)


def darts_features(table: pd.DataFrame) -> pd.DataFrame:
    """Count the operations of both DARTS cells by kind; ``depth`` is the normal cell's, 0 to 4."""
    genotypes = table["arch"].map(darts.DARTSGenotype.from_string)
    counts = pd.DataFrame(list(genotypes.map(darts.DARTSGenotype.op_counts)), index=table.index)
    return pd.DataFrame(
        {
            "sep_conv": counts[darts.SEP_CONV_3] + counts[darts.SEP_CONV_5],
            "dil_conv": counts[darts.DIL_CONV_3] + counts[darts.DIL_CONV_5],
            "pool": counts[darts.MAX_POOL] + counts[darts.AVG_POOL],
            "skip": counts[darts.SKIP],
            "depth": genotypes.map(_darts_depth),
        }
    )


def _darts_depth(genotype: darts.DARTSGenotype) -> int:
    depth = [0] * darts.NUM_INPUTS
    for first in range(0, len(genotype.normal), 2):
        inputs = genotype.normal[first : first + 2]
        depth.append(max(depth[source] + (op in _DARTS_CONVS) for op, source in inputs))
    return max(depth)


def ofa_features(table: pd.DataFrame) -> pd.DataFrame:
    """Count the active blocks (``depth``) and average their kernel sizes and expansion ratios."""
    networks = table["arch"].map(OFAMobileNetV3.from_string)
    blocks = networks.map(lambda network: np.concatenate(network.stages))  # (depth, 2)
    return pd.DataFrame(
        {
            "depth": blocks.map(len),
            "kernel": blocks.map(lambda b: b[:, 0].mean()),
            "expansion": blocks.map(lambda b: b[:, 1].mean()),
        }
    )


def autoformer_features(table: pd.DataFrame) -> pd.DataFrame:
    """Width and depth, and the heads and MLP ratio of the mean layer."""
    networks = table["arch"].map(AutoFormerTiny.from_string)
    return pd.DataFrame(
        {
            "width": table["width"],
            "depth": table["depth"],
            "heads": networks.map(lambda network: np.mean(network.heads)),
            "mlp_ratio": networks.map(lambda network: np.mean(network.mlp_ratios)),
        }
    )


#: Search space -> from a table to what can be counted in its architectures.
FEATURES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "nasbench101": nasbench101_features,
    "nasbench201": nasbench201_features,
    "darts": darts_features,
    "ofa_mbv3": ofa_features,
    "autoformer": autoformer_features,
}
