"""The experiments of the UP-NAS chapter, one a table or a figure.

They share a ``Pipeline``: a chapter makes one and hands it on, so that nothing is trained twice.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.rows import darts_proxies
from nasutils.data import load_table
from nasutils.data.nasbench301 import Surrogate
from nasutils.digits.query import query
from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.vgae import VGAE, VGAE_SCHEDULES, VGAESchedule, train_vgae
from nasutils.methods.up_nas.ascent import gradient_ascent
from nasutils.methods.up_nas.complete import complete_scores
from nasutils.methods.up_nas.controls import YARDSTICKS, as_written, at_equal_rows, taus
from nasutils.methods.up_nas.estimator import MPE_SCHEDULES, ProxyModel, UnifiedEstimator
from nasutils.methods.up_nas.methods import UnifiedProxy
from nasutils.methods.up_nas.normalise import NORMALISATIONS, Normalisation
from nasutils.methods.up_nas.pipeline import Pipeline, Sizes
from nasutils.methods.up_nas.strategies import STRATEGIES, Found
from nasutils.methods.up_nas.strategies import search as run_search
from nasutils.methods.up_nas.unify import (
    PROXY_TITLES,
    UNIFIED,
    UP_TITLES,
    published_weights,
    unified_proxy,
)
from nasutils.metrics import kendall_tau
from nasutils.networks.counting import build_on_meta, count_params
from nasutils.networks.darts import DARTSNetwork
from nasutils.proxies.compare import agreement, score_sample
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.spaces.registry import Architecture
from nasutils.study.run import Run, experiment

#: What the steps compute at each scale.
DEMO = Sizes(tuning=500, trials=200, vgae=VGAESchedule(epochs=3))
REAL = Sizes()
#: The paper's searched weights that Table 1 prints.
SEARCHED = ("up_weighted", "up_selected")
DATA_SETS = ("c10", "c100", "in16")
TRANSFER = (
    *(f"nb201-{data}-proxies" for data in DATA_SETS),
    "nb301-surrogate",
    "nb101-naslib-proxies",
    "nb201-digits",
)


def make_pipeline(run: Run) -> Pipeline:
    """Return the pipeline of a run; nothing is computed yet."""
    id = run.by_scale(demo="nb201-digits", bench="nb201-c10-proxies", paper="nb201-c10-proxies")
    sizes = run.by_scale(demo=DEMO, bench=REAL, paper=REAL)
    return Pipeline(get_benchmark(id), run.seed, sizes, progress=run.real)


def test_accuracy(run: Run, cell: NASBench201Cell) -> float:
    """Return a cell's test accuracy (%) on the run's own data: the digits, or CIFAR-10."""
    return _nasbench201().loc[str(cell), "test_c10"] if run.real else query(cell).test


def _nasbench201() -> pd.DataFrame:
    return load_table("nasbench201").set_index("arch")


@experiment("weights", version=1, items=("table1", "normalisation", "cost"))
def weights(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Search the weights (Table 1), and again under each normalisation, in half of the trials.

    Returns:
        A row a normalisation, a column a figure: what it is of, and its metric.
    """
    benchmark, tuning = steps.benchmark, steps.split.labelled
    for name in SEARCHED:
        for proxy, weight in steps.unified[name].weights.items():
            run.add("table1", PROXY_TITLES[proxy], name, "weight", weight)
    run.add("cost", "weights", benchmark.id, "seconds", steps.seconds["up_weighted"])
    rows = {}
    for name in NORMALISATIONS:
        rule = UnifiedProxy(trials=steps.sizes.trials // 2, normalisation=name)
        fitted = rule.fit(benchmark, steps.split)
        best = tuning[fitted.scores[tuning].argmax()]
        rows[name] = {
            ("tuning", "kendall_tau"): fitted.search.tau,
            ("tuning", "valid_accuracy"): benchmark.labels[best],
            ("all", "kendall_tau"): kendall_tau(fitted.scores, benchmark.test_accuracy),
            ("best by score", "test_accuracy"): benchmark.test_accuracy[fitted.scores.argmax()],
        }
        for theirs in ("up_sum", *SEARCHED):
            scores = unified_proxy(fitted.normalised, published_weights(theirs))
            column = f"paper's {UP_TITLES[theirs]}", "kendall_tau"
            rows[name][column] = kendall_tau(scores, benchmark.test_accuracy)
        for (column, metric), value in rows[name].items():
            run.add("normalisation", name, f"{benchmark.id}/{column}", metric, value)
    return pd.DataFrame(rows).T


@experiment("ranking", version=1, items=("table2", "cost"))
def ranking(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Rank all cells by each proxy and each unified proxy, computed and predicted (Table 2).

    Returns:
        Kendall's tau with test accuracy: a row a proxy, the columns ``original`` and ``predicted``.
    """
    benchmark, predicted = steps.benchmark, steps.predicted
    for step in ("VGAE", "MPE"):
        run.add("cost", step, benchmark.id, "seconds", steps.seconds[step])
    ranks, scaled = benchmark.proxies.rank(), steps.unified["up_sum"].normalised
    taus: dict[str, dict[str, float]] = {}
    for version, single, summed in (
        ("original", ranks, scaled),
        ("predicted", predicted, predicted),
    ):
        scores = {title: single[proxy] for proxy, title in PROXY_TITLES.items()}
        for name, fitted in steps.unified.items():
            scores[UP_TITLES[name]] = unified_proxy(summed, fitted.weights)
        taus[version] = {
            row: kendall_tau(values, benchmark.test_accuracy) for row, values in scores.items()
        }
        for row, tau in taus[version].items():
            run.add("table2", row, f"{benchmark.id}/{version}", "kendall_tau", tau)
    return pd.DataFrame(taus)


@experiment("search", version=1, items=("table3", "table4", "table7", "search", "cost"), demo=False)
def search(run: Run, steps: Pipeline) -> None:
    """Look up what ascents find (Tables 3, 4 and 7), and other ways to the same estimate."""
    table = _nasbench201()
    for name in UNIFIED:
        found = gradient_ascent(steps.estimator(name), steps.starts)
        _look_up(run, ("table3", "table4"), UP_TITLES[name], table.loc[str(found.best)])
        run.add("cost", f"ascent, {UP_TITLES[name]}", "nb201-c10", "seconds", found.seconds)
    for proxy, title in PROXY_TITLES.items():
        best = steps.benchmark.architecture(int(steps.benchmark.proxies[proxy].rank().argmax()))
        _look_up(run, ("table3",), title, table.loc[str(best)])
    _look_up(run, ("table3", "table4"), "Upper Bound", table.max(numeric_only=True))
    for layers in (1, 2, 3):
        model = steps.model if layers == 2 else steps.train_model(layers)
        estimator = model.unified(steps.unified["up_sum"].weights)
        best = gradient_ascent(estimator, steps.starts).best
        for split in ("valid", "test"):
            value = table.loc[str(best), f"{split}_c10"]
            run.add("table7", f"MPE_{layers}+UP_sum", "nb201-c10", f"{split}_accuracy", value)
    _compare_strategies(run, steps, table["test_c10"])


def _look_up(run: Run, items: Sequence[str], row: str, accuracies: pd.Series) -> None:
    for item in items:
        for data in DATA_SETS:
            run.add(item, row, f"nb201-{data}", "test_accuracy", accuracies[f"test_{data}"])


def _compare_strategies(run: Run, steps: Pipeline, accuracy: pd.Series) -> None:
    """Record what each way to maximise UP_weighted finds: one start, Adam, all strategies, all."""
    estimator = steps.estimator("up_weighted")
    ascents = [gradient_ascent(estimator, [start]).best for start in steps.starts[:20]]
    cells = {
        "Gradient Ascent, Adam": gradient_ascent(estimator, steps.starts, steps="adam").best,
        "best of all 15,625": steps.space[int(estimator.score(steps.space).argmax())],
    }
    for strategy in STRATEGIES:
        found = run_search(strategy, estimator, NASBench201Cell, seed=run.seed, budget=BUDGET)
        cells[strategy] = found.best
        _add_costs(run, "search", strategy, "nb201-c10", found)
    found = {row: accuracy[str(cell)] for row, cell in cells.items()}
    found["Gradient Ascent, one start"] = np.mean([accuracy[str(cell)] for cell in ascents])
    for row, value in found.items():
        run.add("search", row, "nb201-c10", "test_accuracy", value)


def _add_costs(run: Run, item: str, row: str, column: str, found: Found) -> None:
    figures = {"zc_evals": found.queries, "predictor_rows": found.rows, "seconds": found.seconds}
    for metric, value in figures.items():
        run.add(item, row, column, metric, value)


@experiment("transfer", version=1, items=("transfer", "transfer cells"), demo=False)
def transfer(run: Run, steps: Pipeline) -> None:
    """Rank the cells of other benchmarks by the weights that were found on one."""
    for id in TRANSFER:
        benchmark = get_benchmark(id)
        normalised = _normal_scores(benchmark.proxies)
        sums = {UP_TITLES[name]: steps.unified[name].weights for name in UNIFIED}
        sums |= {f"{UP_TITLES[n]}, the paper's weights": published_weights(n) for n in SEARCHED}
        scores = {
            row: unified_proxy(normalised, weights.reindex(normalised.columns))
            for row, weights in sums.items()
        }
        scores |= {
            f"{PROXY_TITLES[proxy]} alone": normalised[proxy]
            for proxy in ("params", "synflow", "nwot")
            if proxy in normalised
        }
        for row, values in scores.items():
            tau = kendall_tau(values, benchmark.test_accuracy)
            run.add("transfer", row, id, "kendall_tau", tau)
        run.add("transfer cells", "cells", id, "count", len(benchmark))


BUDGET = 1500  # architectures that each strategy scores
DARTS_CELLS = 20_000  # that the auto-encoder sees
DARTS_FRESH = 1000  # that show what it can decode, and what chance finds
DARTS_SCORED = 10_000  # that the estimator learns from


@experiment(
    "darts",
    version=1,
    items=("reconstruction", "completed", "darts", "table6", "darts_cell", "cost"),
    demo=False,
)
def darts(run: Run, steps: Pipeline) -> None:
    """Train and search in the DARTS space (Table 6, Figures 4 and 5)."""
    draws = np.random.default_rng(run.seed)
    cells = [DARTSGenotype.random(draws).canonical() for _ in range(DARTS_CELLS)]
    fresh = [DARTSGenotype.random(draws).canonical() for _ in range(DARTS_FRESH)]
    began = time.perf_counter()
    graphs = CODECS["darts"].encode(cells)
    vgae, _ = train_vgae(*graphs, seed=run.seed, schedule=VGAE_SCHEDULES["darts"])
    run.add("cost", "VGAE", "darts", "seconds", time.perf_counter() - began)
    for row, share in reconstruction(vgae, fresh).items():
        run.add("reconstruction", row, "darts", "success_rate", 100 * share)
    model = _darts_model(run, steps, vgae)
    surrogate = Surrogate()
    row, error = f"mean of {DARTS_FRESH:,} random cells", 100 - surrogate.predict(fresh).mean()
    run.add("table6", row, "nb301-approx", "surrogate_error", error)
    for name in SEARCHED:
        _search_darts(run, name, model.unified(steps.unified[name].weights), surrogate)


def _normal_scores(proxies: pd.DataFrame) -> pd.DataFrame:
    return Normalisation.fit("normal_score", proxies).transform(proxies)


def reconstruction(vgae: VGAE, cells: Sequence[Architecture]) -> dict[str, float]:
    """Return the shares of DARTS cells that decode exactly, to any, and exactly to the nearest."""
    codec = CODECS["darts"]
    z = vgae.embed(*codec.encode(cells))
    decoded = codec.decode_all(*vgae.reconstruct(z, codec.graphs))
    logits = vgae.decode(z.view(len(z), codec.graphs, codec.vertices, -1))
    nearest = codec.decode_all(*codec.nearest(*(each.detach() for each in logits)))
    return {
        "exact": np.mean([a == b for a, b in zip(decoded, cells, strict=True)]),
        "valid": np.mean([a is not None for a in decoded]),
        "nearest": np.mean([a == b for a, b in zip(nearest, cells, strict=True)]),
    }


def _darts_model(run: Run, steps: Pipeline, vgae: VGAE) -> ProxyModel:
    """Fill in the public proxies, train the estimator on them, and record how both rank."""
    proxies = darts_proxies().iloc[:DARTS_SCORED]
    genotypes = [DARTSGenotype.from_string(arch).canonical() for arch in proxies.index]
    normalised = _normal_scores(proxies).where(proxies.notna())
    complete, explained = complete_scores(genotypes, normalised)
    for proxy, share in explained.items():
        run.add("completed", PROXY_TITLES[proxy], "darts", "r_squared", share)
    began = time.perf_counter()
    codec, schedule = CODECS["darts"], MPE_SCHEDULES["darts"]
    model = ProxyModel.fit(codec, vgae, genotypes, complete, schedule, seed=run.seed)
    run.add("cost", "MPE", "darts", "seconds", time.perf_counter() - began)
    benchmark = get_benchmark("nb301-surrogate")  # the first of the cells
    known = len(benchmark)
    versions = {"original": complete[:known], "predicted": model.predict(genotypes[:known])}
    for name in UNIFIED:
        for version, values in versions.items():
            unified = unified_proxy(values, steps.unified[name].weights)
            tau = kendall_tau(unified, benchmark.test_accuracy)
            run.add("darts", UP_TITLES[name], f"{benchmark.id}/{version}", "kendall_tau", tau)
    return model


def _search_darts(run: Run, name: str, estimator: UnifiedEstimator, surrogate: Surrogate) -> None:
    for strategy in STRATEGIES:
        found = run_search(strategy, estimator, DARTSGenotype, seed=run.seed, budget=BUDGET)
        row = f"{strategy}_{name.removeprefix('up_')}"
        network = build_on_meta(lambda best=found.best: DARTSNetwork(best))
        figures = {
            "surrogate_error": 100 - surrogate.predict([found.best]).item(),
            "params_m": count_params(network),
            "estimate": found.score,
        }
        for metric, value in figures.items():
            run.add("table6", row, "nb301-approx", metric, value)
        _add_costs(run, "table6", row, "nb301-approx", found)
        if strategy == "Gradient Ascent":
            for i, number in enumerate(found.best.numbers()):
                run.add("darts_cell", f"edge {i}", name, "number", number)


@experiment(
    "controls", version=1, items=("yardstick", "as written", "search"), default=False, demo=False
)
def controls(run: Run, steps: Pipeline) -> None:
    """Judge by the paper's yardstick; climb as it writes; compare searches at equal rows."""
    accuracy, sizes = _nasbench201()["test_c10"], steps.sizes
    for id in YARDSTICKS:
        options = {"tuning": sizes.tuning, "trials": sizes.trials, "seed": run.seed}
        for row, tau in taus(get_benchmark(id), **options).items():
            run.add("yardstick", row, id, "kendall_tau", tau)
    for row, metric, value in as_written(steps, accuracy):
        run.add("as written", row, "nb201-c10", metric, value)
    estimator = steps.estimator("up_weighted")
    for row, metric, value in at_equal_rows(estimator, accuracy, budget=BUDGET, seed=run.seed):
        run.add("search", row, "nb201-c10", metric, value)


@experiment("agreement", version=1, items=("agreement",), default=False, demo=False)
def own_proxies(run: Run, cells: int, folder: Path) -> None:
    """Score so many cells by our own proxies, and compare ranks with the public ones.

    The folder keeps the scores, so that a stopped run goes on from there.
    """
    benchmark = "nb201-c10-proxies"
    sources = {"rho": "ours", "public_rho": "another public source"}
    for proxy, row in agreement(score_sample(folder, cells, seed=run.seed)).iterrows():
        for column, value in row.dropna().items():
            where = f"{benchmark}/{sources[column]}"
            run.add("agreement", PROXY_TITLES[proxy], where, "spearman", value)
    run.add("agreement", "cells", f"{benchmark}/ours", "count", cells)
