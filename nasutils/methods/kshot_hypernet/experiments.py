"""The experiments of the Kshot-Hypernet chapter, one a table, a figure or an analysis.

They share ``SuperNets``: a chapter makes them once and hands them on, so that none is trained
twice. What is trained and judged stays in the cache, and a run that was killed goes on from there.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from nasutils.data import load_table
from nasutils.digits.query import query
from nasutils.errors import NasutilsError
from nasutils.methods.kshot_hypernet.cells import true_accuracies
from nasutils.methods.kshot_hypernet.judging import judge
from nasutils.methods.kshot_hypernet.runs import SuperNetRun
from nasutils.methods.kshot_hypernet.search import Limits
from nasutils.methods.kshot_hypernet.search import search as search_cell
from nasutils.methods.kshot_hypernet.supernets import (
    FAMILIES_OF,
    FULL,
    PROVIDERS,
    Figures,
    SuperNets,
)
from nasutils.metrics import kendall_tau
from nasutils.metrics.intervals import mean_interval
from nasutils.networks.counting import count_params
from nasutils.spaces.nasbench201 import CONV3, OPS, NASBench201Cell
from nasutils.study.run import Run, experiment
from nasutils.threads import deterministic_cpu

#: Rows of Table 4 that are run here.
RANKERS = PROVIDERS | {"one_shot": "SPOS", "kshot": "K-shot", FULL: "ours"}
DISTILLATIONS = {FULL: "w/ our KD", "labels": "w/o KD", "mixed": "mixed loss"}
SAMPLINGS = {
    FULL: "FocusFair",
    "fair": "FairNAS",
    "spos": "SPOS",
    "shared": "weight sharing, FocusFair",
    "shared_fair": "weight sharing, FairNAS",
    "temperature_0.5": "FocusFair, 0.5",
    "temperature_1": "FocusFair, 1",
    "temperature_3": "FocusFair, 3",
}
TEACHERS = {
    FULL: "softmax(β)",
    "teacher_sum": "plain sum",
    "teacher_largest": "largest cell",
    "teacher_none": "none",
}
SIZES = {
    FULL: "N = 64, h = 32",
    "n_4": "N = 4",
    "n_16": "N = 16",
    "h_8": "h = 8",
    "h_16": "h = 16",
}
BASELINE = "baseline"  # from scratch, as Table 1 calls it
#: Row -> the most parameters of a cell's network, as a share of the largest one's.
LIMITS = {"no limit": 1.0, "half of the parameters": 0.5, "a quarter of them": 0.25}


def _families() -> list[str]:
    return [family for families in FAMILIES_OF.values() for family in families]


def _compare(
    run: Run, nets: SuperNets, item: str, titles: Mapping[str, str], *, best: bool = False
) -> pd.DataFrame:
    """Record the usual figures of some rows; return them, a row each, by column and metric."""
    found = {}
    for row in run.rows(titles):
        found[titles[row]] = nets.figures(row, best=best)
        _add(run, item, titles[row], found[titles[row]])
    return pd.DataFrame(found).T


def _add(run: Run, item: str, row: str, figures: Figures) -> None:
    for (column, metric), value in figures.items():
        run.add(item, row, column, metric, value)


@experiment(
    "supernets",
    version=1,
    items=("table2", "epochs", "cost", "beta"),
    benchmarks=_families,
    methods=lambda: PROVIDERS,
)
def supernets(run: Run, nets: SuperNets) -> pd.DataFrame:
    """Train and judge a super-net for each provider of kernels (Table 2), and count its costs.

    Returns:
        A row a provider, by column and metric.
    """
    found = _compare(run, nets, "table2", PROVIDERS)
    for row in run.rows(PROVIDERS):
        title, training = PROVIDERS[row], nets.run(row).trained
        run.add("cost", title, nets.name, "params_m", count_params(training.supernet))
        run.add("cost", title, nets.name, "seconds", training.seconds)
        for point in training.history:
            if "valid" in point:
                column = f"{nets.name}/epoch {point['epoch']}"
                run.add("epochs", title, column, "valid_accuracy", np.mean(point["valid"]))
        if row == FULL:
            for edge, weights in enumerate(training.supernet.beta.softmax(1).tolist()):
                for op, weight in zip(OPS, weights, strict=True):
                    run.add("beta", op, f"{nets.name}/edge {edge}", "weight", weight)
    return found


@experiment(
    "ranking",
    version=1,
    items=("table4", "figure7"),
    benchmarks=_families,
    methods=lambda: RANKERS,
    demo=False,
)
def ranking(run: Run, nets: SuperNets) -> None:
    """Rank cells by inherited weights (Table 4), and record how accuracies spread (Figure 7)."""
    _compare(run, nets, "table4", RANKERS, best=True)
    for row in run.rows((FULL,)):
        sample = nets.judged(row)
        for title, values in {"ours": sample["accuracy"], BASELINE: sample["true"]}.items():
            run.add("figure7", title, f"{nets.name}/sample", "std", values.std())
            for share in range(0, 101, 2):
                quantile = np.percentile(values, share)
                run.add("figure7", title, f"{nets.name}/{share} %", "test_accuracy", quantile)


@experiment(
    "distillation",
    version=1,
    items=("table3",),
    benchmarks=_families,
    methods=lambda: DISTILLATIONS,
    demo=False,
)
def distillation(run: Run, nets: SuperNets) -> None:
    """Teach by labels, by soft labels, and by both (Table 3)."""
    _compare(run, nets, "table3", DISTILLATIONS)


@experiment(
    "samplings",
    version=1,
    items=("samplings", "figure6"),
    benchmarks=_families,
    methods=lambda: SAMPLINGS,
    demo=False,
)
def samplings(run: Run, nets: SuperNets) -> None:
    """Draw students in several ways, and look along the rank who gains (Figure 6)."""
    _compare(run, nets, "samplings", SAMPLINGS)
    for row in run.rows(SAMPLINGS):
        sample = nets.judged(row)
        columns = {SAMPLINGS[row]: "accuracy"} | ({BASELINE: "true"} if row == FULL else {})
        tenths = pd.qcut(sample["true"].rank(method="first"), 10, labels=False)
        for tenth, cells in sample.groupby(tenths):
            for title, column in columns.items():
                where = f"{nets.name}/tenth {tenth + 1}"
                run.add("figure6", title, where, "test_accuracy_mean", cells[column].mean())


@experiment(
    "teachers",
    version=1,
    items=("teachers",),
    benchmarks=_families,
    methods=lambda: TEACHERS,
    demo=False,
)
def teachers(run: Run, nets: SuperNets) -> None:
    """Take the soft labels from other teachers, and from none."""
    _compare(run, nets, "teachers", TEACHERS)


@experiment(
    "sizes",
    version=1,
    items=("sizes",),
    benchmarks=_families,
    methods=lambda: SIZES,
    demo=False,
)
def sizes(run: Run, nets: SuperNets) -> None:
    """Mix fewer kernels, and make them from fewer features."""
    _compare(run, nets, "sizes", SIZES)
    for row in run.rows(SIZES):
        params = count_params(nets.run(row).trained.supernet)
        run.add("sizes", SIZES[row], nets.name, "params_m", params)


@experiment(
    "statistics",
    version=1,
    items=("statistics",),
    benchmarks=_families,
    methods=lambda: PROVIDERS,
)
def statistics(run: Run, nets: SuperNets) -> pd.DataFrame:
    """Judge with batch-norm statistics of the cell's own, and with those left by training.

    Returns:
        A row a provider, by column and metric.
    """
    found = {}
    for row in run.rows(PROVIDERS if run.real else (FULL,)):
        found[PROVIDERS[row]] = figures = {}
        for where, recompute in (("recomputed", True), ("from training", False)):
            sample = nets.judged(row, recompute=recompute)
            figures |= nets.levels(sample, where)
            tau = kendall_tau(sample["accuracy"], sample["true"])
            figures[f"{nets.name}/{where}", "kendall_tau"] = tau
        _add(run, "statistics", PROVIDERS[row], figures)
    return pd.DataFrame(found).T


@experiment(
    "scratch",
    version=1,
    items=("table1", "scratch", "gains"),
    benchmarks=_families,
    methods=lambda: PROVIDERS,
)
def scratch(run: Run, nets: SuperNets) -> pd.DataFrame:
    """Compare inherited weights with training from scratch, cell by cell (Table 1).

    Returns:
        The cells of the full method: columns ``accuracy``, ``scratch`` and ``true``.
    """
    found = pd.DataFrame()
    for row in run.rows(PROVIDERS):
        for where, cells in _beside_scratch(nets, row).items():
            column = f"{nets.name}/{where}"
            _add_difference(run, "scratch", PROVIDERS[row], column, cells, "scratch")
            if row == FULL:
                found = cells
                _add_levels_and_taus(run, nets, where, cells)
                _add_gains(run, column, cells)
    return found


def _beside_scratch(nets: SuperNets, row: str) -> dict[str, pd.DataFrame]:
    """Return cells with their inherited accuracy and that from scratch, by who trained them."""
    sample, found = nets.judged(row), {}
    if nets.sizes.own:
        found["the table"] = sample.assign(scratch=sample["true"])
    if count := nets.sizes.scratch:
        trained = nets.run(row).scratch("sample", nets.sizes.images, count)
        found[f"{count} cells"] = sample.iloc[:count].assign(scratch=trained["accuracy"])
    return found


def _add_difference(
    run: Run, item: str, row: str, column: str, cells: pd.DataFrame, other: str
) -> None:
    """Record by how much cells are better than others, paired, with the interval over the cells."""
    gains = cells["accuracy"] - cells[other]
    low, high = mean_interval(gains)
    figures = {"difference": gains.mean(), "difference_low": low, "difference_high": high}
    _add(run, item, row, {(column, metric): value for metric, value in figures.items()})


def _add_levels_and_taus(run: Run, nets: SuperNets, where: str, cells: pd.DataFrame) -> None:
    for title, source in {"ours": "accuracy", BASELINE: "scratch"}.items():
        _add(run, "table1", title, nets.levels(cells.assign(accuracy=cells[source]), where))
        if where != "the table":
            tau = kendall_tau(cells[source], cells["true"])
            run.add("scratch", title, f"{nets.truth}/{where}", "kendall_tau", tau)


def _add_gains(run: Run, column: str, cells: pd.DataFrame) -> None:
    """Record by how much cells gain, by how often they have an operation."""
    gains = cells["accuracy"] - cells["scratch"]
    ops = [NASBench201Cell.from_string(cell).ops for cell in cells["cell"]]
    for op in OPS:
        counts = np.minimum([each.count(op) for each in ops], 3)
        for count, some in gains.groupby(counts):
            run.add("gains", op, f"{column}/{count}", "difference", some.mean())


@experiment(
    "controls",
    version=1,
    items=("controls",),
    benchmarks=_families,
    methods=lambda: (FULL,),
    default=False,
    demo=False,
)
def controls(run: Run, nets: SuperNets) -> None:
    """Train from scratch with what else a super-net has: its soft labels, its number of updates."""
    count, images, ours = nets.sizes.controls, nets.sizes.images, nets.run(FULL)
    longer = replace(ours.config, epochs=2 * ours.config.epochs)
    ways = {
        "soft labels": ours.scratch("sample", images, count, taught=True),
        "twice the updates": SuperNetRun(longer).scratch("sample", images, count),
        "inherited": nets.judged(FULL).iloc[:count],
    }
    plain = ours.scratch("sample", images, count)["accuracy"]
    column = f"{nets.name}/{count} cells"
    run.add("controls", "from scratch", column, "test_accuracy_mean", plain.mean())
    for way, cells in ways.items():
        run.add("controls", way, column, "test_accuracy_mean", cells["accuracy"].mean())
        _add_difference(run, "controls", way, column, cells.assign(plain=plain), "plain")


@experiment(
    "all cells",
    version=1,
    items=("all cells",),
    benchmarks=_families,
    methods=lambda: PROVIDERS,
    default=False,
    demo=False,
)
def all_cells(run: Run, nets: SuperNets) -> None:
    """Judge all 15,625 cells (Tables 1 and 4 without a sample); on CIFAR alone."""
    if nets.config.task == "digits":
        raise NasutilsError("NB201-Digits does not know all cells: choose a benchmark on CIFAR.")
    for row in run.rows(PROVIDERS):
        judged = nets.judged(row, "all")
        figures = nets.levels(judged, "all") | _agreement(
            nets.truth, judged["accuracy"], judged["true"]
        )
        _add(run, "all cells", PROVIDERS[row], figures)


def _agreement(column: str, accuracy: pd.Series, true: pd.Series) -> Figures:
    """Return how well a ranking of all cells agrees with the true one."""
    top = true.nlargest(1_000).index
    return {
        (f"{column}/all", "kendall_tau"): kendall_tau(accuracy, true),
        (f"{column}/top1000", "kendall_tau"): kendall_tau(accuracy[top], true[top]),
        (f"{column}/first", "test_accuracy"): true[accuracy.idxmax()],
    }


@experiment("logs", version=1, items=("logs",), demo=False)
def logs(run: Run) -> None:
    """Read the only public logs of inherited accuracies: one-shot and few-shot super-nets."""
    table = load_table("nasbench201_supernets")
    true = true_accuracies("cifar10")[table["arch"]].reset_index(drop=True)
    for row, column in (("one-shot", "one_shot"), ("few-shot", "few_shot")):
        accuracy = table[column].reset_index(drop=True)
        _add(run, "logs", row, _agreement("nb201-c10", accuracy, true))
        run.add("logs", row, "nb201-c10/all", "test_accuracy_mean", accuracy.mean())


@experiment("search", version=1, items=("search",), benchmarks=_families, methods=lambda: (FULL,))
def search(run: Run, nets: SuperNets) -> pd.DataFrame:
    """Search the best cell without training, for devices of different sizes.

    Returns:
        A row a limit: ``cell``, ``params_m``, and test accuracies ``inherited`` and ``alone`` (%).
    """
    trained = nets.run(FULL).trained
    supernet, task = trained.supernet, trained.task
    largest = count_params(supernet.export(NASBench201Cell((CONV3,) * 6)))
    found = {}
    for row, share in LIMITS.items():
        limits = Limits(params=share * largest)
        rng, budget = np.random.default_rng(run.seed), nets.sizes.budget
        with deterministic_cpu():
            best = search_cell(supernet, task, limits, budget=budget, images=500, rng=rng).best
            inherited = judge(supernet, [best], task.train, task.test.first(nets.sizes.images))
        params, alone = count_params(supernet.export(best)), _accuracy_alone(nets, best)
        run.add("search", row, nets.name, "params_m", params)
        run.add("search", row, nets.name, "test_accuracy", inherited.item())
        run.add("search", row, nets.truth, "test_accuracy", alone)
        found[row] = {
            "cell": best, "params_m": params, "inherited": inherited.item(), "alone": alone
        }  # fmt: skip
    return pd.DataFrame(found).T


def _accuracy_alone(nets: SuperNets, cell: NASBench201Cell) -> float:
    """Return what a cell reaches for itself; on digits it is trained where the table lacks it."""
    if nets.config.task == "digits":
        return query(cell).test
    return true_accuracies(nets.config.task)[str(cell)]
