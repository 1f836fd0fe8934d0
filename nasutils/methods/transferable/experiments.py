"""The chapter's tables: what is run and recorded for each of them."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.oracle import QueryOracle, surrogate_oracle, table_oracle
from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.base import Method, methods_of
from nasutils.methods.baselines.synflow import synflow
from nasutils.methods.common.architecture_graphs import labelled_graphs, rank_by_graphs
from nasutils.methods.transferable.methods import CHAPTER, RECIPES, RIDGE_PATHS, transfer_method
from nasutils.methods.transferable.search import (
    PUBLISHED,
    EvolutionSettings,
    Learn,
    evolve,
    learn_answers,
)
from nasutils.methods.transferable.sources import SOURCES, Sources, fitted_to_sources, unfitted
from nasutils.methods.transferable.transfer_predictor import TransferPredictor
from nasutils.metrics import spearman
from nasutils.search import Score
from nasutils.study.run import Run, experiment

RIDGE, RANDOM, SYNFLOW, NONE = "Ridge", "Random", "Synflow", "none"
ANSWERS = " + answers"  # a predictor that is fine-tuned again before each round of a search

_BENCH = ("nb101-test-5k", "nb201-c10-4096", "nb301-approx-1k", "mbv3-imagenet")
#: Scale -> targets.
TARGETS = {"demo": ("nb201-digits",), "bench": _BENCH, "paper": _BENCH}
IMAGENET = "mbv3-imagenet"

#: Labels of a target in Table 1, where they are not 50.
LABELS = {"nb201-c10-4096": 40}
#: Scale -> numbers of labels of the rows whose growth is shown; 50 stands for the target's own.
SIZES = {"demo": (50,), "bench": (10, 25, 50, 100, 200), "paper": (10, 25, 50, 100, 200)}
GROWING = ("CL-fine-tune", "Untrained encoder, rate 1e-3", "One GNN", "Ours", RIDGE, RIDGE_PATHS)
PAIRED = ("CL-fine-tune", "One GNN")
#: Rows that run on the page.
LIVE = ("CL, rate 1e-3", "Untrained encoder, rate 1e-3", "One GNN")

#: What is searched -> the benchmark whose labels a predictor is fine-tuned on.
LABELLED_BY = {
    "nb201-digits": "nb201-digits",
    "nb101-test": "nb101-test-5k",
    "nb201-c10": "nb201-c10-4096",
    "nb301-approx": "nb301-approx-1k",
}
SEARCHED = ("CL-fine-tune", "Ours", "One GNN")
SEARCHERS = (RANDOM, SYNFLOW, *SEARCHED, *(name + ANSWERS for name in SEARCHED))
_UNPUBLISHED = "One GNN" + ANSWERS  # on the page alone
_LIVE_SEARCH = EvolutionSettings(5, 5, 5, 2)

#: Proxies of Table 1, by their rows.
PROXIES = {"synflow": "Synflow", "jacov": "Jacov", "fisher": "Fisher",
           "grad_norm": "GradNorm", "grasp": "Grasp", "snip": "Snip"}  # fmt: skip
PROXY_BENCHMARKS = ("nb101-naslib-proxies", "nb201-c10-4096", "nb301-surrogate")


def main_labels(id: str) -> int:
    """Return how many labels of a target Table 1 has."""
    return LABELS.get(id, 50)


def _target_ids() -> set[str]:
    return {id for ids in TARGETS.values() for id in ids}


def _row_names() -> list[str]:
    """Return the rows of Table 1: the chapter's methods, whoever registered them, and ridge."""
    return [*methods_of(CHAPTER), RIDGE]


@experiment(
    "transfer", 1, ("transfer", "zero-shot", "cost", "table4"),
    benchmarks=_target_ids, methods=_row_names,
)  # fmt: skip
def transfer(run: Run) -> dict[tuple[str, str, int], list[float]]:
    """Carry every method to every target, with few labels and with more (Table 1).

    Returns:
        Row, target and number of labels -> rho of each run over networks that it has not learnt.
    """
    found = {}
    for entry in _methods(run):
        for benchmark in _targets(run):
            if entry.name in RECIPES:
                _carry_without_labels(run, entry.name, benchmark)
            for size in _sizes(run, entry.name, benchmark.id):
                splits = benchmark.splits(size, _seeds(run, entry.name))
                found[entry.name, benchmark.id, size] = _carry(run, entry, benchmark, splits)
    return found


@experiment("pairs", 1, ("pairs",), benchmarks=_target_ids, methods=lambda: PAIRED, demo=False)
def pairs(run: Run) -> None:
    """Which source helps which target: one at a time, and none."""
    sources = sources_of(run)
    for name in run.rows(PAIRED):
        for benchmark in _targets(run):
            size = main_labels(benchmark.id)
            splits = benchmark.splits(size, _seeds(run, name))
            for source in (*sources.others(benchmark.space), NONE):
                labelled = () if source == NONE else (source,)
                column = f"{benchmark.id}/{size} from {source}"
                entry = transfer_method(name, sources, labelled)
                rhos = evaluate(benchmark, splits, entry.predict(benchmark, splits).scores)
                run.add("pairs", name, column, "spearman", rhos["spearman"], _seeds(run, name))
                if labelled:
                    predictor = fitted_to_sources(RECIPES[name], sources, labelled)
                    rho = _rho_without_labels(predictor, benchmark)
                    run.add("pairs", name, column, "zero_shot_spearman", rho)


class Find(NamedTuple):
    """What a search found: the best accuracy (%), its rank (0 if unknown), and all queries."""

    accuracy: float
    rank: int
    queries: int


@experiment(
    "search", 1, ("table2",), benchmarks=lambda: LABELLED_BY, methods=lambda: SEARCHERS
)  # fmt: skip
def search(run: Run) -> dict[tuple[str, str], list[Find]]:
    """Table 2: evolution, with the benchmark's answers counted; row and benchmark -> finds."""
    published = [name for name in SEARCHERS if name != _UNPUBLISHED]
    default = published if run.real else ["One GNN", _UNPUBLISHED]
    ids = [id for id in LABELLED_BY if run.real != (id in TARGETS["demo"])]
    seeds, found = run.seeds(demo=1, bench=5, paper=5), {}
    for name in [run.method] if run.method else default:
        for id in [run.benchmark] if run.benchmark else ids:
            finds = [_search_once(run, name, id, seed) for seed in seeds]
            found[name, id] = finds
            accuracies, ranks, queries = zip(*finds, strict=True)
            measure = "test_accuracy" if ranks[0] else "accuracy"
            run.add("table2", name, id, measure, accuracies, seeds)
            run.add("table2", name, id, "queries", queries, seeds)
            if ranks[0]:
                run.add("table2", name, id, "rank", ranks, seeds)
    return found


@experiment("proxies", 1, ("table1",), benchmarks=lambda: PROXY_BENCHMARKS, demo=False)
def proxies(run: Run) -> None:
    """Table 1: zero-cost proxies, where they are public, on the cells that have them."""
    for id in [run.benchmark] if run.benchmark else PROXY_BENCHMARKS:
        scores, accuracy = _public_proxies(id)
        for proxy, row in PROXIES.items():
            if proxy in scores and np.isfinite(scores[proxy]).all():
                rho = spearman(scores[proxy].to_numpy(), accuracy)
                run.add("table1", row, id, "spearman", rho)


def sources_of(run: Run) -> Sources:
    """Return what predictors of a run see before the labels of their target."""
    device = "cuda" if run.scale == "paper" and torch.cuda.is_available() else "cpu"
    return replace(SOURCES[run.scale], seed=run.seed, device=device, progress=run.real)


def oracle_of(id: str) -> QueryOracle:
    """Return the oracle of what is searched, with no query counted yet."""
    if id == "nb301-approx":
        return surrogate_oracle()
    benchmark = get_benchmark(id)
    return table_oracle(benchmark, connected=benchmark.space == "nasbench201")


def _methods(run: Run) -> list[Method]:
    names = [name for name in _row_names() if run.real or name in LIVE or name not in RECIPES]
    sources, known = sources_of(run), methods_of(CHAPTER, "baselines")
    return [
        transfer_method(name, sources) if name in RECIPES else known[name]
        for name in ([run.method] if run.method else names)
    ]


def _targets(run: Run) -> list[Benchmark]:
    ids = [run.benchmark] if run.benchmark else TARGETS[run.scale]
    return [get_benchmark(id) for id in ids]


def _is_whole(name: str) -> bool:
    return name in RECIPES and RECIPES[name].whole


def _seeds(run: Run, name: str) -> range:
    """Return the draws of labels: fewer where the whole network is trained on them."""
    return run.seeds(demo=2, bench=5 if _is_whole(name) else 10, paper=10)


def _sizes(run: Run, name: str, id: str) -> list[int]:
    """Return the numbers of labels: fewer where the whole network is trained on them."""
    main, whole = main_labels(id), _is_whole(name)
    if name not in GROWING or (whole and run.scale == "bench" and id == IMAGENET):
        return [main]
    return sorted({main if size == 50 else size for size in SIZES[run.scale][:: 1 + whole]})


def _carry_without_labels(run: Run, name: str, benchmark: Benchmark) -> None:
    """Learn the sources, if there are any, and record what that took and how well it ranks."""
    sources = sources_of(run)
    unfitted(RECIPES[name], sources)
    if labelled := sources.others(benchmark.space):
        began = time.perf_counter()
        predictor = fitted_to_sources(RECIPES[name], sources, labelled)
        seconds = time.perf_counter() - began
        run.add("cost", name, f"{benchmark.id}/sources", "seconds", seconds)
        rho = _rho_without_labels(predictor, benchmark)
        run.add("zero-shot", name, benchmark.id, "spearman", rho)


def _rho_without_labels(predictor: TransferPredictor, benchmark: Benchmark) -> float:
    scores = rank_by_graphs(benchmark, predictor.predict)(benchmark.architectures)
    return spearman(scores, benchmark.test_accuracy)


def _carry(run: Run, entry: Method, benchmark: Benchmark, splits: Sequence[Split]) -> list[float]:
    """Train on the labels of each split, and record how well that ranks and what it took."""
    seeds, column = [split.seed for split in splits], f"{benchmark.id}/{len(splits[0].labelled)}"
    prediction = entry.predict(benchmark, splits, progress=run.real)
    rhos = evaluate(benchmark, splits, prediction.scores)["spearman"]
    run.add("transfer", entry.name, column, "spearman", rhos, seeds)
    run.add("cost", entry.name, column, "seconds", prediction.seconds / len(splits))
    if benchmark.id == IMAGENET:  # what each run ranks first among what it has not learnt
        unseen = [benchmark.test_accuracy[split.test] for split in splits]
        ranked = [row[split.test] for row, split in zip(prediction.scores, splits, strict=True)]
        first = [accuracy[row.argmax()] for accuracy, row in zip(unseen, ranked, strict=True)]
        run.add("table4", entry.name, column, "top1_accuracy", first, seeds)
        if entry.name == RIDGE:  # once for all
            best = [accuracy.max() for accuracy in unseen]
            run.add("table4", "best", column, "top1_accuracy", best, seeds)
    return rhos


def _search_once(run: Run, name: str, id: str, seed: int) -> Find:
    oracle = oracle_of(id)
    rank, learn, labels = _ranker(run, name, get_benchmark(LABELLED_BY[id]), seed)
    settings = PUBLISHED[id]["predictor" if labels else "baseline"] if run.real else _LIVE_SEARCH
    rng = np.random.default_rng([11, seed])
    best = evolve(oracle, rank, settings, rng=rng, learn=learn).score
    rank_of_best = 0 if oracle.accuracies is None else oracle.rank(best)
    return Find(best, rank_of_best, labels + oracle.queries)


def _ranker(
    run: Run, name: str, benchmark: Benchmark, seed: int
) -> tuple[Score, Learn | None, int]:
    """Return what ranks children for a searcher, how it learns more, and its labels so far."""
    if name == RANDOM:
        rng = np.random.default_rng(seed)
        return (lambda asked: rng.random(len(asked))), None, 0
    split = benchmark.split(main_labels(benchmark.id), seed)
    if name == SYNFLOW:
        return synflow.fit(benchmark, split), None, 0
    recipe, sources = RECIPES[name.removesuffix(ANSWERS)], sources_of(run)
    predictor = fitted_to_sources(recipe, sources, sources.others(benchmark.space))
    labelled = labelled_graphs(benchmark, split.labelled)
    learn = learn_answers(predictor, benchmark, labelled, seed=seed)
    learn = learn if name.endswith(ANSWERS) else None
    tuned = predictor.fine_tune(labelled, seed)
    return rank_by_graphs(benchmark, tuned.predict), learn, len(split.labelled)


def _public_proxies(id: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return public scores of a benchmark's cells, and the accuracies that judge."""
    benchmark = get_benchmark(id)
    if id != "nb201-c10-4096":
        return benchmark.proxies, benchmark.test_accuracy
    scored = get_benchmark("nb201-c10-proxies")
    kept = scored.table["arch"].isin(benchmark.table["arch"]).to_numpy()
    return scored.proxies[kept], scored.test_accuracy[kept]
