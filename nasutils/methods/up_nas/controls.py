"""What the paper's search does to the letter, and what others do at the cost of ours."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.methods.up_nas.ascent import gradient_ascent
from nasutils.methods.up_nas.estimator import UnifiedEstimator
from nasutils.methods.up_nas.methods import UNIFIED_PROXIES
from nasutils.methods.up_nas.pipeline import Pipeline
from nasutils.methods.up_nas.strategies import STRATEGIES, search
from nasutils.methods.up_nas.unify import PROXY_TITLES, UP_TITLES
from nasutils.metrics import kendall_tau
from nasutils.spaces.nasbench201 import NASBench201Cell

#: The paper's yardstick: the cells with all 13 proxies, and all cells with five of them.
YARDSTICKS = ("nb201-naslib", "nb201-naslib-all")
#: Walks by the paper's rule, each an answer of its own.
WALKS = 100
#: Row and metric, and a figure.
Figures = Iterator[tuple[str, str, float]]


def taus(benchmark: Benchmark, *, tuning: int, trials: int, seed: int) -> dict[str, float]:
    """Return Kendall's tau of every proxy and unified proxy with what judges a benchmark.

    Weights are searched on so many labels of the benchmark's own, which a seed draws.
    """
    split, ranks = benchmark.split(tuning, seed), benchmark.proxies.rank()
    scores = {PROXY_TITLES[proxy]: ranks[proxy] for proxy in ranks}
    for name, rule in UNIFIED_PROXIES.items():
        scores[UP_TITLES[name]] = replace(rule, trials=trials).fit(benchmark, split).scores
    return {row: kendall_tau(values, benchmark.test_accuracy) for row, values in scores.items()}


def as_written(steps: Pipeline, accuracy: pd.Series) -> Figures:
    """Climb by the paper's Section 3.5, and tell what a walk is worth, on the average of 100.

    One start climbs by Adam on an estimator that has learnt the means of the embeddings, and the
    cell where it ends is the answer. Accuracies are by the cells' strings.
    """
    model = steps.train_model(layers=2, sample=False)
    starts = steps.starts[:WALKS]
    estimator = model.unified(steps.unified["up_weighted"].weights)
    ends = gradient_ascent(estimator, starts, steps="adam").ends
    for row, cells in (("start", starts), ("end", ends)):
        yield row, "test_accuracy", accuracy[[*map(str, cells)]].mean()
    stays = [start == end for start, end in zip(starts, ends, strict=True)]
    yield "stays", "success_rate", 100 * np.mean(stays)


def at_equal_rows(
    estimator: UnifiedEstimator, accuracy: pd.Series, *, budget: int, seed: int
) -> Figures:
    """Compare searches by the rows that they ask of the estimator.

    Each strategy first has its budget; then random search and evolution have as many rows as an
    ascent has asked for.
    """
    task, rows = (estimator, NASBench201Cell), {}
    for strategy in STRATEGIES:
        rows[strategy] = search(strategy, *task, seed=seed, budget=budget).rows
        yield strategy, "predictor_rows", rows[strategy]
    for strategy in ("Random", "Evolutionary"):
        found = search(strategy, *task, seed=seed, budget=rows["Gradient Ascent"])
        row = f"{strategy}, as many rows"
        yield row, "predictor_rows", found.rows
        yield row, "test_accuracy", accuracy[str(found.best)]
