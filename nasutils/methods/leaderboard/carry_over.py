"""Weights of zero-cost proxies, learnt on one benchmark and judged on another."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.linear_model import Ridge

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.metrics import kendall_tau

#: The benchmarks with public proxies.
BENCHMARKS = (
    "nb201-digits", "nb201-c10-proxies", "nb201-c100-proxies", "nb201-in16-proxies",
    "nb101-naslib-proxies", "nb301-surrogate",
)  # fmt: skip
#: The row of no learning at all.
EQUAL = "equal weights"


def common_proxies(benchmarks: Sequence[Benchmark]) -> list[str]:
    """Return the proxies that all architectures of all benchmarks have."""
    complete = [benchmark.proxies.dropna(axis=1).columns for benchmark in benchmarks]
    return [name for name in complete[0] if all(name in names for names in complete)]


def normal_ranks(benchmark: Benchmark, proxies: Sequence[str]) -> np.ndarray:
    """Return the proxies as normal scores of their ranks within the benchmark, (M, P)."""
    ranks = benchmark.proxies[list(proxies)].rank().to_numpy()
    return norm.ppf((ranks - 0.5) / len(ranks))


def learn_weights(
    benchmark: Benchmark, proxies: Sequence[str], rows: np.ndarray, *, penalty: float = 1.0
) -> np.ndarray:
    """Fit normal scores of the labels of some rows by ridge regression on the proxies: (P,)."""
    labels = benchmark.labels[rows]
    targets = norm.ppf((rankdata(labels) - 0.5) / len(labels))
    return Ridge(alpha=penalty).fit(normal_ranks(benchmark, proxies)[rows], targets).coef_


def carried_tau(
    weights: np.ndarray, benchmark: Benchmark, proxies: Sequence[str], rows: np.ndarray
) -> float:
    """Return Kendall's tau of the weighted sum with the accuracy that judges, over some rows."""
    scores = normal_ranks(benchmark, proxies)[rows] @ weights
    return kendall_tau(scores, benchmark.test_accuracy[rows])
