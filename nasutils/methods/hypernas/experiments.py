"""What the chapter measures: one function a part, each a few of its tables and figures."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.registry import BENCHMARKS, get_benchmark
from nasutils.errors import JobError
from nasutils.methods.base import Method, Prediction, methods_of
from nasutils.methods.baselines.forest import FORESTS
from nasutils.methods.common.benchmark_sequences import benchmark_sequences, network_of
from nasutils.methods.hypernas import auxiliary, searches
from nasutils.methods.hypernas.auxiliary import Auxiliary, load_auxiliary
from nasutils.methods.hypernas.joint import HyperNAS, JointRecipe
from nasutils.methods.hypernas.methods import (
    ABLATIONS,
    AVERAGED,
    BOTH,
    CHAPTER,
    CONTROLS,
    GENERATED_TASK,
    JOINT,
    PROXY_TASK,
    generated_accuracy,
    predict_of,
    train_jointly,
)
from nasutils.methods.hypernas.neighbours import features_of, neighbour_tau, sample
from nasutils.methods.hypernas.predictor import RECIPES, fit
from nasutils.methods.hypernas.pretraining import sequences_of
from nasutils.methods.hypernas.selection import CANDIDATES, cross_validate
from nasutils.methods.hypernas.teacher import TeacherSettings, generated_networks
from nasutils.metrics import kendall_tau
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.study.run import Run, experiment

#: Numbers of labels where not all of the benchmark's are used.
SIZES = {"nb201-c100": (156, 469), "nb201-in16": (156, 469)}
#: Row of the joint part -> which of the first three numbers of labels: training takes minutes.
JOINT_SIZES = {"HyperNAS-H": slice(2), "GHN": slice(2), "HyperNAS, gain 2": slice(2)}
JOINT_SIZES |= dict.fromkeys(("q = 1.25", "q = 2", "q = 3"), slice(1, 2))
#: The predictor of HyperNAS on the cell sequence of its target networks, without hypernetwork; and
#: each predictor without hypernetwork -> the row of ``JOINT`` whose it is.
ALONE = "HyperNAS-P, same sequence"
PREDICTORS = {ALONE: "HyperNAS", f"{ALONE}, gain 2": "HyperNAS, gain 2"}
#: Rows that were compared in five seeds instead of three.
_FIVE = ("HyperNAS, gain 2", f"{ALONE}, gain 2")
#: Scale -> changes of the joint recipes, and of their predictors' schedules.
TARGETS = {
    "demo": {"images": 32, "networks": 1},
    "bench": {"images": 64, "networks": 1},
    "paper": {"images": 128, "precision": "bfloat16"},
}
SHORT = {"demo": {"epochs": 60}, "bench": {}, "paper": {}}
# Rows that are run by name alone, and those that the live run leaves out, to be short.
_ASKED_FOR = (*ABLATIONS, *CONTROLS)
_LONG = (*_ASKED_FOR, PROXY_TASK, GENERATED_TASK, AVERAGED, BOTH)
#: Benchmark -> rows that take minutes a training set there: five seeds in place of ten.
SLOW = {
    "nb301-approx-random": (*methods_of(CHAPTER), *FORESTS),
    "nb101-c10-30k": ("NP", "HyperNAS-P", AVERAGED, GENERATED_TASK),
}
_TABLES = ("nasbench101", "nasbench201")


def benchmark_of(run: Run) -> Benchmark:
    """Return the benchmark that a run is about.

    Raises:
        JobError: If the run's method cannot be ranked on it.
    """
    default = run.by_scale(demo="nb201-digits", bench="nb201-c10", paper="nb201-c10")
    benchmark = get_benchmark(run.benchmark or default)
    entry = _ranked_methods().get(run.method)
    if entry is not None and (obstacle := entry.obstacle(benchmark)):
        raise JobError(f"{entry.name} on {benchmark.id}: {obstacle}; nothing would be recorded.")
    return benchmark


def label_sizes(benchmark: Benchmark) -> tuple[int, ...]:
    """Return the numbers of labels that predictors learn from."""
    return SIZES.get(benchmark.id, benchmark.label_sizes)


def _ranked_methods() -> dict[str, Method]:
    """Return what the part ``ranking`` may be told to run."""
    found = methods_of(CHAPTER, "baselines")
    return {name: entry for name, entry in found.items() if name not in JOINT}


def _rows(run: Run, benchmark: Benchmark) -> list[Method]:
    """Return what the part ``ranking`` does run."""
    every, left_out = _ranked_methods(), _ASKED_FOR if run.real else _LONG
    usual = [name for name in (*methods_of(CHAPTER), *FORESTS) if name not in (*JOINT, *left_out)]
    rows = [every[name] for name in ([run.method] if run.method else usual)]
    return [row for row in rows if not row.obstacle(benchmark)]


def _extent(run: Run, name: str, benchmark: Benchmark) -> tuple[tuple[int, ...], range]:
    """Return numbers of labels and seeds: fewer for variants, and where training takes minutes."""
    variant, in_table = name in ABLATIONS, benchmark.space in _TABLES
    slow = name in SLOW.get(benchmark.id, ())
    seeds = run.seeds(demo=2, bench=5 if slow or (variant and in_table) else 10, paper=10)
    short = in_table and (slow or variant or name in CONTROLS)
    return label_sizes(benchmark)[: 3 if short else None], seeds


class Ranked(NamedTuple):
    """What predictors have learnt, what they make of a benchmark, and the mean Kendall's tau."""

    splits: Sequence[Split]
    prediction: Prediction
    tau: float


@experiment(
    "ranking", 1, ("ranking", "training", "neighbours", "search"),
    benchmarks=BENCHMARKS.keys, methods=_ranked_methods,
)  # fmt: skip
def ranking(run: Run) -> dict[tuple[str, int], Ranked]:
    """Rank a benchmark by methods and numbers of labels, and search it (Tables 1, 2, 6)."""
    benchmark, found = benchmark_of(run), {}
    for entry in _rows(run, benchmark):
        sizes, seeds = _extent(run, entry.name, benchmark)
        for size in sizes:
            splits = benchmark.splits(size, seeds)
            prediction = entry.predict(benchmark, splits, progress=run.real)
            place = entry.name, f"{benchmark.id}/{size}"
            figures = evaluate(benchmark, splits, prediction.scores)
            for metric, values in figures.items():
                run.add("ranking", *place, metric, values, seeds)
            seconds = [prediction.seconds / len(seeds)] * len(seeds)
            run.add("training", *place, "seconds", seconds, seeds)
            if prediction.model is not None and size == sizes[:3][-1]:
                drawn = sample(benchmark, run.seed)
                accuracy = benchmark.test_accuracy[drawn]
                features = features_of(prediction.model, benchmark, drawn)
                near = [neighbour_tau(each, accuracy) for each in features]
                run.add("neighbours", *place, "kendall_tau", near, seeds)
            searches.search(run, benchmark, entry.name, size, splits, prediction)
            tau = float(np.mean(figures["kendall_tau"]))
            found[entry.name, size] = Ranked(splits, prediction, tau)
    return found


def _with_images() -> list[str]:
    """Return the ids of the benchmarks whose networks a hypernetwork can make."""
    return [id for id, each in BENCHMARKS.items() if network_of(each) in auxiliary.NETWORKS]


class Joined(NamedTuple):
    """A model that was trained with a hypernetwork, and what it can do: metric -> figure."""

    model: HyperNAS
    figures: dict[str, float]


@experiment("joint", 1, ("joint",), benchmarks=_with_images, methods=lambda: (*JOINT, *PREDICTORS))
def joint(run: Run) -> dict[tuple[str, int], Joined]:
    """Train predictor and hypernetwork together, and each alone (Figures 2, 5 and 6).

    Returns:
        Row and number of labels -> the model of the last seed.
    """
    benchmark, found = benchmark_of(run), {}
    task = load_auxiliary(network_of(benchmark), full=run.scale == "paper", device=_device(run))
    for name in run.rows([*JOINT, *PREDICTORS]):
        if (name[0] == "q" or name in _FIVE) and not (run.real or run.method):
            continue  # the live run does without the other q and gains
        number = 5 if name in _FIVE else 3
        seeds = run.seeds(demo=1, bench=number, paper=number)
        for size in _joint_sizes(run, benchmark, name):
            splits = benchmark.splits(size, seeds)
            place = name, f"{benchmark.id}/{size}"
            if name in PREDICTORS:
                taus = _alone(run, name, benchmark, task, splits)
                run.add("joint", *place, "kendall_tau", taus, seeds)
                continue
            recipe = _recipe(run, name, **SHORT[run.scale])
            for split in splits:
                joined = _train(run, benchmark, task, split, recipe)
                for metric, value in joined.figures.items():
                    run.add("joint", *place, metric, [value], [split.seed])
                found[name, size] = joined
    return found


def _device(run: Run) -> str:
    return "cuda" if run.scale == "paper" and torch.cuda.is_available() else "cpu"


def _recipe(run: Run, name: str, **schedule: int) -> JointRecipe:
    """Return a joint recipe with the target networks of the run's scale, and another schedule."""
    predictor = replace(JOINT[name].predictor, **schedule)
    return replace(JOINT[name], predictor=predictor, **TARGETS[run.scale])


def _joint_sizes(run: Run, benchmark: Benchmark, name: str) -> tuple[int, ...]:
    sizes = label_sizes(benchmark)
    if not run.real:
        return sizes[1:2]
    if (name, benchmark.id) == ("HyperNAS", "nb201-c10"):  # as Table 1 needs them
        return sizes
    return sizes[:3][JOINT_SIZES.get(PREDICTORS.get(name, name), slice(None))]


def _alone(
    run: Run, name: str, benchmark: Benchmark, task: Auxiliary, splits: Sequence[Split]
) -> list[float]:
    """Train a predictor on the cell sequences of the target networks; tau of each split."""
    sequences = benchmark_sequences(benchmark, cells_per_stage=task.cells_per_stage)
    rows, seeds = zip(*((split.labelled, split.seed) for split in splits), strict=True)
    recipe = JOINT[PREDICTORS[name]].predictor
    predictor = fit(sequences, benchmark.labels, rows, recipe, seeds, progress=run.real)
    return evaluate(benchmark, splits, predictor.predict(sequences))["kendall_tau"]


def _train(
    run: Run, benchmark: Benchmark, task: Auxiliary, split: Split, recipe: JointRecipe
) -> Joined:
    """Train under one split; measure how the model ranks and what it generates."""
    began = time.perf_counter()
    model = train_jointly(benchmark, task, split, recipe, progress=run.real)
    seconds = time.perf_counter() - began
    counts = {"networks": run.by_scale(demo=20, bench=50, paper=100), "seed": 0}
    accuracy = generated_accuracy(model, benchmark, task, split, **counts)
    figures = {"accuracy": accuracy, "seconds": seconds}
    if model.predictor is not None:
        sequences = benchmark_sequences(benchmark, cells_per_stage=task.cells_per_stage)
        scores = model.predictor.predict(sequences)
        figures["kendall_tau"] = evaluate(benchmark, [split], scores)["kendall_tau"][0]
    return Joined(model, figures)


@experiment("teacher", 1, ("teacher",), benchmarks=_with_images, default=False)
def teacher(run: Run, *, settings: TeacherSettings | None = None) -> pd.DataFrame:
    """Tell how well ``generated_networks``, which it returns, rank a benchmark's architectures."""
    benchmark = benchmark_of(run)
    network = network_of(benchmark)
    found = generated_networks(network, load_auxiliary(network), settings, progress=run.real)
    measured = _measured(benchmark, found["arch"])
    known = measured.notna().to_numpy()  # a table may lack some of the random architectures
    scores = {"accuracy": found["accuracy"], "cross-entropy": -found["cross_entropy"]}
    for row, values in scores.items():
        place = "teacher", row, f"{benchmark.id}/generated"
        run.add(*place, "kendall_tau", kendall_tau(values[known], measured[known]))
        run.add(*place, "mean", values.abs().mean())
    return found


def _measured(benchmark: Benchmark, architectures: pd.Series) -> pd.Series:
    """Look the accuracies of architectures up in a table; NaN where it has them not."""
    by_hash = "hash" in benchmark.table
    names = benchmark.table["hash" if by_hash else "arch"].to_numpy()
    if by_hash:
        architectures = [NASBench101Cell.from_string(text).hash for text in architectures]
    return pd.Series(benchmark.test_accuracy, names).reindex(architectures).reset_index(drop=True)


@experiment("choice", 1, ("choice",), benchmarks=BENCHMARKS.keys)
def choice(run: Run, *, folds: int = 3) -> pd.DataFrame:
    """Cross-validate every setting of ours against its alternatives, among training labels.

    Returns:
        A row a setting, a column a split: mean tau on the held-out folds.
    """
    benchmark = benchmark_of(run)
    seeds = range(1000 + run.seed, 1005 + run.seed)  # of no split that is evaluated elsewhere
    size = label_sizes(benchmark)[:3][-1]
    rows = [split.labelled for split in benchmark.splits(size, seeds)]
    names = [*CANDIDATES] if run.real else ["ours", "labels: z-scores"]
    found = {}
    for name in names:
        recipe = CANDIDATES[name]
        sequences = sequences_of(recipe, benchmark)
        taus = cross_validate(sequences, benchmark.labels, rows, recipe, seeds, folds=folds)
        found[name] = taus.mean(1)
        run.add("choice", name, f"{benchmark.id}/{size}", "kendall_tau", found[name], seeds)
    return pd.DataFrame(found, index=seeds).T


@experiment("cost", 1, ("table10", "pool"), benchmarks=_with_images, default=False)
def cost(run: Run) -> None:
    """Time how long one prediction takes (Table 10); count which cells of NB101 are labelled."""
    benchmark = benchmark_of(run)
    split = benchmark.split(20, run.seed)
    cells = benchmark.architectures_at(split.labelled)
    # How long a prediction takes does not depend on what was learnt.
    for name, recipe in (("NP", "np"), ("HyperNAS-P", "hypernas_p"), ("Ours", "tuned")):
        once = replace(RECIPES[recipe], epochs=1)
        sequences = sequences_of(once, benchmark)
        predictor = fit(sequences, benchmark.labels, [split.labelled], once, [run.seed])
        predict = predict_of(predictor, benchmark, threads=1)
        seconds = _seconds(lambda predict=predict: [predict([cell]) for cell in cells])
        run.add("table10", name, f"{benchmark.id}/one", "seconds", seconds / len(cells))
    task = load_auxiliary(network_of(benchmark), device=_device(run))
    model = train_jointly(benchmark, task, split, _recipe(run, "GHN", epochs=1))
    counts = {"networks": len(cells), "seed": run.seed}
    seconds = _seconds(lambda: generated_accuracy(model, benchmark, task, split, **counts))
    run.add("table10", "GHN", f"{benchmark.id}/one", "seconds", seconds / len(cells))
    if benchmark.space == "nasbench101":
        large = benchmark.table["vertices"].to_numpy() == 7
        column = f"{benchmark.id}/seven vertices"
        run.add("pool", "labelled", column, "count", large[benchmark.labelled_indices].sum())
        run.add("pool", "all", column, "count", 100 * large.mean())


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
