"""The experiments of the leaderboard: everybody ranks, parts of ours, searches, carried weights."""

import math
import time
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.oracle import table_oracle
from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError
from nasutils.methods.base import METHODS, Method, Prediction
from nasutils.methods.leaderboard import carry_over, grid, searches
from nasutils.methods.leaderboard.methods import ABLATIONS, WITH_NETWORK, ablation
from nasutils.metrics.selection import top_overlap
from nasutils.study.run import Run, experiment

# Numbers of labels of the live run.
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
LITERATURE = {"nb101-c10-sample": (50, 100, 172, 424), "nb201-c10": (39, 78, 156, 469, 781, 1563)}
_OF_LITERATURE = ("baselines/Trees", "leaderboard/Ours", "leaderboard/Ours + network")
# The network takes minutes beyond so many labels.
_MOST_OF_NETWORK = 500


@experiment(
    "literature", 1, ("literature",), benchmarks=lambda: LITERATURE,
    methods=lambda: _OF_LITERATURE, default=False, demo=False,
)  # fmt: skip
def literature(run: Run) -> None:
    """Rank on the numbers of labels that the literature has figures for."""
    for benchmark in benchmarks_of(run, [*LITERATURE]):
        for id in run.rows(_OF_LITERATURE):
            most = _MOST_OF_NETWORK if "network" in id else math.inf
            sizes = [size for size in LITERATURE[benchmark.id] if size <= most]
            _rank(run, "literature", benchmark, METHODS[id], sizes)


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
        # The network trains for longer than a live run should take.
        names = [name for name in ABLATIONS if run.real or name != WITH_NETWORK]
        for name in run.rows(names):
            taus.setdefault(name, {}).update(
                _rank(run, "ablation", benchmark, ablation(name), sizes, name)
            )
    return pd.DataFrame(taus).T


#: Benchmark -> queries of a search, and seeds. NB101 over the whole table asks for mean test
#: accuracies, among 30,001 cells for validation accuracies.
QUERIES = {"nb201-digits": 40, "nb201-c10": 50, "nb101-valid": 140, "nb101-test": 140}
_SEEDS = {"nb201-digits": 20, "nb201-c10": 10, "nb101-valid": 3, "nb101-test": 3}
MARKS = (5, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 140)
# A whole table of half a million is too much for predictors that cannot rank a part of it.
_TOO_LARGE = {("Guided by Trees", "nb101-test")}


@experiment("search", 1, ("search",), benchmarks=lambda: QUERIES, methods=lambda: searches.SEARCHES)
def search(run: Run) -> pd.DataFrame:
    """Search tables by the accuracy that is learnt, and count every query.

    Returns:
        Mean regret (points): a row a search, a column a number of queries, of the last benchmark.
    """
    found: dict[str, pd.Series] = {}
    for benchmark in benchmarks_of(run, [*QUERIES]):
        seeds = run.seeds(demo=2, bench=_SEEDS[benchmark.id], paper=20)
        for name in run.rows(searches.SEARCHES):
            if (name, benchmark.id) in _TOO_LARGE:
                continue
            lines = [_search(benchmark, name, seed) for seed in seeds]
            for mark in lines[0][0]:
                column = f"{benchmark.id}/{mark}"
                values = [regrets[mark] for regrets, _ in lines]
                run.add("search", name, column, "regret", values, seeds)
            tests = [accuracy for _, accuracy in lines]
            column = f"{benchmark.id}/{QUERIES[benchmark.id]}"
            run.add("search", name, column, "test_accuracy", tests, seeds)
            found[name] = pd.DataFrame([regrets for regrets, _ in lines]).mean()
    return pd.DataFrame(found).T


def _search(benchmark: Benchmark, name: str, seed: int) -> tuple[dict[int, float], float]:
    """Return the regrets of one search, and the test accuracy of the best that it was told."""
    queries = QUERIES[benchmark.id]
    oracle = table_oracle(benchmark, connected=benchmark.space == "nasbench201", learnt=True)
    asked = searches.SEARCHES[name](benchmark, oracle, queries, seed)
    if oracle.rows != queries:
        raise NasutilsError(f"{name} asked {oracle.rows} times, not {queries}.")
    best = asked[benchmark.labels[asked].argmax()]
    test = benchmark.table.get("test", benchmark.test_accuracy)
    return searches.regrets(benchmark, asked, MARKS), float(test[best])


@experiment("carry_over", 1, ("carry_over", "weights"), demo=False)
def carried(run: Run) -> None:
    """Learn weights of proxies on half of each benchmark, and judge them on all others.

    On its own benchmark the other half judges.
    """
    known = [get_benchmark(id) for id in carry_over.BENCHMARKS]
    proxies = carry_over.common_proxies(known)
    equal = np.ones(len(proxies))
    for seed in run.seeds(demo=2, bench=10, paper=10):
        halves = {each: _halves(len(each), seed) for each in known}
        for source in known:
            weights = carry_over.learn_weights(source, proxies, halves[source][0])
            for proxy, weight in zip(proxies, weights, strict=True):
                run.add("weights", proxy, source.id, "weight", [weight], [seed])
            for target in known:
                tau = carry_over.carried_tau(weights, target, proxies, halves[target][1])
                run.add("carry_over", source.id, target.id, "kendall_tau", [tau], [seed])
        for target in known:
            tau = carry_over.carried_tau(equal, target, proxies, halves[target][1])
            run.add("carry_over", carry_over.EQUAL, target.id, "kendall_tau", [tau], [seed])


def _halves(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(size)
    return order[: size // 2], order[size // 2 :]


def _entries(run: Run, entries: dict[str, Method]) -> Iterable[Method]:
    return [entries[id] for id in run.rows(entries)]


def _seeds(run: Run) -> range:
    return run.seeds(demo=2, bench=3, paper=10)


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
