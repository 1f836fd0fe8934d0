"""What is known of architectures before any is trained, in blocks of features of one kind each."""

from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from scipy.sparse import coo_array
from scipy.stats import norm

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.rows import nasbench201_scores
from nasutils.methods.baselines.forest import path_features
from nasutils.methods.common.benchmark_sequences import benchmark_sequences
from nasutils.methods.common.cell_sequences import Cells, CellSequences
from nasutils.methods.common.paths import Paths

#: What the blocks hold.
BLOCKS = {
    "structure": "counts of operations, and extremes of paths",
    "paths": "how often each sequence of operations leads through a cell",
    "positions": "which operation stands where",
    "scores": "public zero-cost proxies, parameters and FLOPs",
}
# What changes no signal is no step of a path.
_SILENT = ("input", "output", "skip_connect", "none")
# A sequence that fewer of the architectures have, or that is not among so many, is left out.
_RARE, _MOST = 0.005, 150
# Whole tables -> the data set of their public scores.
_SCORED = {"nb201-c10": "cifar10", "nb201-c100": "cifar100", "nb201-in16": "imagenet16-120"}


@lru_cache(maxsize=2)
def feature_blocks(benchmark: Benchmark) -> dict[str, np.ndarray]:
    """Return the features of all M architectures by block, float32 of shape (M, F) each.

    Every feature has mean 0 and standard deviation 1; a block of a benchmark may be empty. Labels
    are not read.
    """
    sequences = benchmark_sequences(benchmark)
    scores = known_scores(benchmark)
    ranks = scores.rank(na_option="top")
    found = {
        "structure": path_features(sequences).to_numpy(),
        "paths": path_counts(sequences),
        "positions": positions(sequences),
        "scores": norm.ppf((ranks.to_numpy() - 0.5) / len(scores)),
    }
    return {name: _standardised(values) for name, values in found.items()}


def known_scores(benchmark: Benchmark) -> pd.DataFrame:
    """Return the public zero-cost proxies and costs that all architectures have, a row each.

    Latency is left out: it takes a measurement.
    """
    parts = [benchmark.proxies.dropna(axis=1)]
    if benchmark.id in _SCORED:
        of_all = nasbench201_scores(_SCORED[benchmark.id])
        parts.append(of_all.loc[benchmark.table["arch"]].reset_index(drop=True))
    costs = {name: column for name, column in benchmark.costs.items() if name != "latency"}
    parts.append(pd.DataFrame({name: benchmark.table[column] for name, column in costs.items()}))
    found = pd.concat(parts, axis=1)
    return found.loc[:, ~found.columns.duplicated()]


def path_counts(sequences: CellSequences) -> np.ndarray:
    """Count the paths of each sequence of operations through each distinct cell, (B, P).

    Skip connections are no step. Source: White et al., "BANANAS", AAAI 2021, Section 4, which has
    one bit a path in place of the count.
    """
    cells = [cell for cell in sequences.cells if not cell.shared]
    return np.hstack([_path_counts(cell, sequences.vocabulary) for cell in cells])


def _path_counts(cell: Cells, vocabulary: tuple[str, ...]) -> np.ndarray:
    paths = Paths.of(cell, vocabulary)
    edges, ends = paths.edges.numpy() > 0, paths.ends.numpy()
    silent = [vocabulary.index(name) for name in _SILENT if name in vocabulary]
    labels = cell.labels.numpy().astype(np.int64)
    steps = np.where(np.isin(labels, silent), 0, labels + 1)
    owners, vertices = np.nonzero(paths.starts.numpy())
    codes, done = steps[owners, vertices], []
    while len(owners):  # all paths of all cells grow by a vertex
        there = ends[owners, vertices]
        done.append((owners[there], codes[there]))
        grown, following = np.nonzero(edges[owners, vertices])
        owners, vertices, codes = owners[grown], following, codes[grown]
        step = steps[owners, vertices]
        codes = np.where(step > 0, codes * (len(vocabulary) + 1) + step, codes)
    rows, codes = map(np.concatenate, zip(*done, strict=True))
    _, columns = np.unique(codes, return_inverse=True)
    counts = coo_array((np.ones(len(rows), np.float32), (rows, columns))).tocsc()
    counts.resize(len(labels), counts.shape[1])
    having = np.diff(counts.indptr)
    kept = np.argsort(-having, kind="stable")[:_MOST]
    return counts[:, kept[having[kept] >= _RARE * len(labels)]].toarray()


def positions(sequences: CellSequences) -> np.ndarray:
    """Return which operation stands at each vertex of each distinct cell, one-hot: (B, V)."""
    cells = [cell for cell in sequences.cells if not cell.shared]
    one_hot = [cell.one_hot(len(sequences.vocabulary)).to(torch.float32) for cell in cells]
    return torch.cat([each.flatten(1) for each in one_hot], 1).numpy()


def _standardised(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float32)
    values = values[:, np.ptp(values, axis=0) > 0]
    return (values - values.mean(0)) / values.std(0)
