"""The experiments of the leaderboard: everybody ranks, parts of ours, searches, carried weights."""

import math
import time
from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.base import METHODS, Method, Prediction
from nasutils.methods.leaderboard import grid
from nasutils.methods.leaderboard.methods import ABLATIONS, ablation
from nasutils.metrics.selection import top_overlap
from nasutils.study.run import Run, experiment

#: Scale -> numbers of labels, where they are fewer.
_DEMO_SIZES = (20, 100)
_TOP = 0.01  # share of the architectures that a search would look at


def benchmarks_of(run: Run, among: Sequence[str]) -> list[Benchmark]:
    """Return the benchmark that a run names, or all of the experiment; NB201-Digits at demo."""
    if not run.real:
        return [get_benchmark("nb201-digits")]
    return [get_benchmark(id) for id in ([run.benchmark] if run.benchmark else among)]


@experiment(
    "ranking", 1, ("ranking", "empty"),
    benchmarks=lambda: grid.BENCHMARKS, methods=grid.fast_methods,
)  # fmt: skip
def ranking(run: Run) -> pd.DataFrame:
    """Let every fast method rank every benchmark, on equal numbers of labels.

    Returns:
        Mean tau: a row a method, a column a benchmark and number of labels.
    """
    sizes = grid.SIZES if run.real else _DEMO_SIZES
    taus: dict[str, dict[str, float]] = {}
    for benchmark in benchmarks_of(run, grid.BENCHMARKS):
        for entry in _entries(run, grid.fast_methods()):
            taus.setdefault(entry.id, {}).update(_rank(run, "ranking", benchmark, entry, sizes))
    return pd.DataFrame(taus).T


@experiment(
    "slow", 1, ("ranking", "empty"), benchmarks=lambda: grid.SLOW_BENCHMARKS,
    methods=grid.slow_methods, default=False, demo=False,
)  # fmt: skip
def slow(run: Run) -> None:
    """Let slow methods rank some benchmarks, on three numbers of labels."""
    for benchmark in benchmarks_of(run, grid.SLOW_BENCHMARKS):
        for entry in _entries(run, grid.slow_methods()):
            _rank(run, "ranking", benchmark, entry, grid.SLOW_SIZES)


#: Benchmark -> numbers of labels that the literature has figures for.
LITERATURE = {"nb101-c10": (50, 100, 172, 424), "nb201-c10": (39, 78, 156, 469, 781, 1563)}
_OF_LITERATURE = ("baselines/Trees", "leaderboard/Ours", "leaderboard/Ours + network")


@experiment(
    "literature", 1, ("literature",), benchmarks=lambda: LITERATURE,
    methods=lambda: _OF_LITERATURE, default=False, demo=False,
)  # fmt: skip
def literature(run: Run) -> None:
    """Rank on the numbers of labels that the literature has figures for."""
    for benchmark in benchmarks_of(run, [*LITERATURE]):
        for id in run.rows(_OF_LITERATURE):
            _rank(run, "literature", benchmark, METHODS[id], LITERATURE[benchmark.id])


@experiment(
    "ablation", 1, ("ablation",), benchmarks=lambda: grid.BENCHMARKS, methods=lambda: ABLATIONS
)
def ablations(run: Run) -> pd.DataFrame:
    """Leave out one part of ours after the other.

    Returns:
        Mean tau: a row what is left, a column a benchmark and number of labels.
    """
    sizes, taus = (50, 200) if run.real else (100,), {}
    for benchmark in benchmarks_of(run, grid.SLOW_BENCHMARKS):
        for name in run.rows(ABLATIONS):
            taus.setdefault(name, {}).update(
                _rank(run, "ablation", benchmark, ablation(name), sizes, name)
            )
    return pd.DataFrame(taus).T


def _entries(run: Run, entries: dict[str, Method]) -> Iterable[Method]:
    return [entries[id] for id in run.rows(entries)]


def _seeds(run: Run) -> range:
    return run.seeds(demo=2, bench=5, paper=10)


def _rank(
    run: Run, item: str, benchmark: Benchmark, entry: Method, sizes: Sequence[int], row: str = ""
) -> dict[str, float]:
    """Record how a method ranks on some numbers of labels, or why it does not; return mean taus."""
    row, taus = row or entry.id, {}
    for size in sizes if grid.learns(entry) else (0,):
        column = f"{benchmark.id}/{size}"
        if reason := grid.why_empty(entry, benchmark, size):
            run.add("empty", row, column, "empty", 1, note=reason)
            continue
        splits = grid.draw(entry, benchmark, size, _seeds(run))
        began = time.perf_counter()
        prediction = entry.predict(benchmark, splits)
        seconds = time.perf_counter() - began
        figures = _figures(benchmark, splits, prediction)
        figures["seconds"] = [seconds / len(splits)] * len(splits)
        for metric, values in figures.items():
            run.add(item, row, column, metric, values, [split.seed for split in splits])
        taus[column] = sum(figures["kendall_tau"]) / len(splits)
    return taus


def _figures(
    benchmark: Benchmark, splits: Collection[Split], prediction: Prediction
) -> dict[str, list[float]]:
    """Return tau, rho, the precision at the top, and the seconds of training, a figure a split."""
    found = evaluate(benchmark, splits, prediction.scores)
    found["precision_top"] = [
        top_overlap(
            scores[split.test],
            benchmark.test_accuracy[split.test],
            math.ceil(_TOP * len(split.test)),
        )
        for split, scores in zip(splits, prediction.scores, strict=True)
    ]
    found["training_seconds"] = [prediction.seconds / len(splits)] * len(splits)
    return found
