"""What a search finds by a trained predictor, which costs no training (Tables 3, 6 and 7)."""

from collections.abc import Callable, Sequence

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


def evolve(predict: Predict, space: str, *, budget: int, seed: int) -> SearchResult:
    """Search a space by evolution, for what a predictor ranks highest.

    Args:
        predict: Its scores.
        space: Name of the search space.
        budget: Architectures to ask it for.
        seed: Of all draws.
    """
    architecture = get_space(space)
    return evolutionary_search(
        architecture.random,
        lambda parent, rng: parent.mutate(rng),
        predict,
        budget=budget,
        rng=np.random.default_rng(seed),
        population=100,
        children=20,
    )


def _search_table(
    run: Run, benchmark: Benchmark, name: str, size: int, splits: Sequence[Split], found: Prediction
) -> None:
    """Record the cell ranked first, and the best of ten by validation accuracy (Table 6)."""
    if size != SEARCH_SIZES[run.scale]:
        return
    for queries in (1, 10):
        top = np.argsort(-found.scores, axis=1)[:, :queries]  # (R, queries)
        best = [picks[benchmark.labels[picks].argmax()] for picks in top]
        place = f"{name}, {queries} {'query' if queries == 1 else 'queries'}", _at(benchmark, size)
        for metric, values in (
            ("valid_accuracy", benchmark.labels),
            ("test_accuracy", benchmark.test_accuracy),
        ):
            run.add("search", *place, metric, values[best], _seeds(splits))


def _search_light(
    run: Run, benchmark: Benchmark, name: str, size: int, splits: Sequence[Split], found: Prediction
) -> None:
    """Record the network that is ranked first among the measured ones of few FLOPs (Table 7)."""
    flops, accuracy = benchmark.table["flops"].to_numpy(), benchmark.test_accuracy
    light = [split.test[flops[split.test] < MAX_FLOPS] for split in splits]
    first = [rows[scores[rows].argmax()] for rows, scores in zip(light, found.scores, strict=True)]
    place, seeds = (name, _at(benchmark, size)), _seeds(splits)
    run.add("search", *place, "top1_accuracy", accuracy[first], seeds)
    run.add("search", *place, "flops_m", flops[first], seeds)
    if name == "Ours":
        best = [accuracy[rows].max() for rows in light]
        run.add("search", "best measured", place[1], "top1_accuracy", best, seeds)


def _search_darts(
    run: Run, benchmark: Benchmark, name: str, size: int, splits: Sequence[Split], found: Prediction
) -> None:
    """Record what the surrogate says of the five that evolution ranks highest (Table 3)."""
    if found.model is None:
        return
    surrogate, seeds, means = Surrogate(), _seeds(splits), []
    for replica, seed in enumerate(seeds):
        predict = predict_of(found.model.member(replica), benchmark)
        result = evolve(predict, benchmark.space, budget=BUDGET, seed=seed)
        top = np.argsort(-result.scores)[:5]
        means.append(surrogate.predict([result.architectures[i] for i in top]).mean())
    run.add("search", name, _at(benchmark, size), "accuracy", means, seeds)
    if name == "Ours":
        best = [benchmark.test_accuracy[split.labelled].max() for split in splits]
        run.add("search", "best of the labelled", _at(benchmark, size), "accuracy", best, seeds)


#: Benchmark -> how what its predictors find is recorded.
SEARCHES: dict[str, Callable[..., None]] = {
    **dict.fromkeys(("nb201-digits", "nb201-c10", "nb201-c100", "nb201-in16"), _search_table),
    "mbv3-imagenet": _search_light,
    "nb301-approx-random": _search_darts,
}


def search(run: Run, benchmark: Benchmark, *found: object) -> None:
    """Search a benchmark by the predictors of one method and number of labels, if it is searched.

    Args:
        run: Where to record.
        benchmark: The benchmark.
        found: Method, number of labels, splits, and prediction.
    """
    if benchmark.id in SEARCHES:
        SEARCHES[benchmark.id](run, benchmark, *found)


def _at(benchmark: Benchmark, size: int) -> str:
    return f"{benchmark.id}/{size}"


def _seeds(splits: Sequence[Split]) -> list[int]:
    return [split.seed for split in splits]
