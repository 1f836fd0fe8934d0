"""What a search finds by a trained predictor, which costs no training (Tables 3, 6 and 7)."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.data.nasbench301 import Surrogate
from nasutils.methods.base import Predict, Prediction
from nasutils.methods.hypernas.methods import predict_of
from nasutils.search import SearchResult, evolutionary_search
from nasutils.spaces.registry import get_space
from nasutils.study.run import Run

#: Architectures that a search asks the predictor for.
BUDGET = 1000
#: Scale -> the number of labels after which a table is searched.
SEARCH_SIZES = {"demo": 78, "bench": 156, "paper": 156}
MAX_FLOPS = 500  # millions

#: Row, metric, and a figure a split.
Finds = Iterator[tuple[str, str, Sequence[float]]]


def evolve(predict: Predict, space: str, *, budget: int, seed: int) -> SearchResult:
    """Search a space by evolution for what a predictor, asked for a budget of scores, likes."""
    architecture = get_space(space)
    return evolutionary_search(
        architecture.random,
        architecture.mutate,
        predict,
        budget=budget,
        rng=np.random.default_rng(seed),
        population=100,
        children=20,
    )


def _of_table(benchmark: Benchmark, name: str, splits: Sequence[Split], found: Prediction) -> Finds:
    """Return the cell ranked first, and the best of ten by validation accuracy (Table 6)."""
    for queries, word in ((1, "query"), (10, "queries")):
        top = np.argsort(-found.scores, axis=1)[:, :queries]  # (R, queries)
        best = [picks[benchmark.labels[picks].argmax()] for picks in top]
        row = f"{name}, {queries} {word}"
        yield row, "valid_accuracy", benchmark.labels[best]
        yield row, "test_accuracy", benchmark.test_accuracy[best]


def _light(benchmark: Benchmark, name: str, splits: Sequence[Split], found: Prediction) -> Finds:
    """Return the network that is ranked first among the measured ones of few FLOPs (Table 7)."""
    flops, accuracy = benchmark.table["flops"].to_numpy(), benchmark.test_accuracy
    light = [split.test[flops[split.test] < MAX_FLOPS] for split in splits]
    first = [rows[scores[rows].argmax()] for rows, scores in zip(light, found.scores, strict=True)]
    yield name, "top1_accuracy", accuracy[first]
    yield name, "flops_m", flops[first]
    if name == "Ours":
        yield "best measured", "top1_accuracy", [accuracy[rows].max() for rows in light]


def _of_darts(benchmark: Benchmark, name: str, splits: Sequence[Split], found: Prediction) -> Finds:
    """Return what the surrogate says of the five that evolution ranks highest (Table 3)."""
    if found.model is None:
        return
    surrogate, means = Surrogate(), []
    for replica, split in enumerate(splits):
        predict = predict_of(found.model.member(replica), benchmark)
        result = evolve(predict, benchmark.space, budget=BUDGET, seed=split.seed)
        top = np.argsort(-result.scores)[:5]
        means.append(surrogate.predict([result.architectures[i] for i in top]).mean())
    yield name, "accuracy", means
    if name == "Ours":
        best = [benchmark.test_accuracy[split.labelled].max() for split in splits]
        yield "best of the labelled", "accuracy", best


#: Benchmark -> what is found by the prediction of a method that has learnt some splits.
SEARCHES: dict[str, Callable[[Benchmark, str, Sequence[Split], Prediction], Finds]] = {
    **dict.fromkeys(("nb201-digits", "nb201-c10", "nb201-c100", "nb201-in16"), _of_table),
    "mbv3-imagenet": _light,
    "nb301-approx-random": _of_darts,
}


def search(
    run: Run, benchmark: Benchmark, name: str, size: int, splits: Sequence[Split], found: Prediction
) -> None:
    """Search a benchmark by a method that has learnt so many labels, if it is searched; record."""
    finds = SEARCHES.get(benchmark.id)
    if finds is None or (finds is _of_table and size != SEARCH_SIZES[run.scale]):
        return
    column, seeds = f"{benchmark.id}/{size}", [split.seed for split in splits]
    for row, metric, values in finds(benchmark, name, splits, found):
        run.add("search", row, column, metric, values, seeds)
