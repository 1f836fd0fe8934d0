"""How well predictions rank the architectures of a benchmark that judge them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.errors import NasutilsError
from nasutils.metrics import kendall_tau, spearman

#: Name of a rank correlation -> the function.
RANK_CORRELATIONS = {"kendall_tau": kendall_tau, "spearman": spearman}


def evaluate(
    benchmark: Benchmark, splits: Sequence[Split], scores: ArrayLike
) -> dict[str, list[float]]:
    """Return ``kendall_tau`` and ``spearman`` of R predictors with the accuracy that judges.

    Each has learnt a split, and has scored all M architectures: scores (R, M), higher is better.

    Raises:
        NasutilsError: If the scores are not of shape (R, M), or not all finite where they judge.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.shape != (len(splits), len(benchmark)):
        raise NasutilsError(
            f"{len(splits)} predictors of {len(benchmark)} architectures need scores of shape "
            f"({len(splits)}, {len(benchmark)}), not {scores.shape}."
        )
    pairs = [
        (row[split.test], benchmark.test_accuracy[split.test])
        for row, split in zip(scores, splits, strict=True)
    ]
    return {
        name: [correlation(*pair) for pair in pairs]
        for name, correlation in RANK_CORRELATIONS.items()
    }
