"""The experiments of the chapter on benchmarks: what each table holds, and how far to trust it."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.repeats import REPEATED, TWINS, noise_taus, repeated_measurements
from nasutils.benchmarks.stand_ins import STAND_INS
from nasutils.benchmarks.summaries import (
    cost_profile,
    frame_of,
    histogram,
    median_by_value,
    shuffled,
    tau_of_samples,
    tau_within_best,
)
from nasutils.errors import JobError
from nasutils.metrics import kendall_tau, spearman
from nasutils.metrics.selection import regret, top_overlap
from nasutils.spaces import darts, ofa_mbv3
from nasutils.study.run import ALL as ALL_PARTS
from nasutils.study.run import Run, experiment

DEMO = ("nb201-digits",)
REAL = (
    "nb101-test", "nb201-c10", "nb201-c100", "nb201-in16",
    "nb301-surrogate", "mbv3-imagenet", "vit-c100",
)  # fmt: skip
ALL = (*DEMO, *REAL)
LIVE = ("nb201-digits", "nb201-c10")  # whose cells the page shows, by scale
# Tables whose architectures are those of another, so that costs and counts are the same.
_SAME_CELLS = ("nb201-c100", "nb201-in16")
_WITH_COST = tuple(name for name in ALL if name not in (*_SAME_CELLS, "vit-c100"))
_WITH_VALIDATION = ("nb201-digits", "nb201-c10", "nb201-c100", "nb201-in16")

#: Spaces that no table holds in full -> the number of their architectures.
SPACE_SIZES = {"nb301-surrogate": darts.NUM_CELLS**2, "mbv3-imagenet": ofa_mbv3.NUM_SUBNETS}
SEEDS = 3  # of what is drawn at random
FEW_VALUES = 20  # a feature of more is no count
BEST_SHARES = (1, 0.5, 0.1, 0.01)
TOP = 10  # architectures that a search would try
BEST = 1_000  # cells among which a score has to tell good from better
SAMPLE_SIZES = (5, 10, 20, 50, 100, 200, 500)
PERCENTILES = {"tau_low": 2.5, "tau_median": 50, "tau_high": 97.5}
#: Ranking -> which part of the architectures it knows nothing of.
HALF_RANKINGS = ("worse half shuffled", "better half shuffled")


def live_benchmark(run: Run) -> Benchmark:
    """Return the benchmark whose cells the page shows."""
    return get_benchmark(run.by_scale(demo=LIVE[0], bench=LIVE[1], paper=LIVE[1]))


def selected(run: Run, among: Collection[str] = ALL) -> list[Benchmark]:
    """Return the benchmarks of the run's scale that it selects ``among`` those of the experiment.

    Raises:
        JobError: If it selects one that the scale does not have, or one experiment that is about
            none of the scale, so that nothing would be recorded.
    """
    of_scale = run.by_scale(demo=DEMO, bench=REAL, paper=REAL)
    if run.benchmark and run.benchmark not in of_scale:
        raise JobError(
            f"benchmark {run.benchmark} is not of scale {run.scale}: {', '.join(of_scale)} are."
        )
    ids = [id for id in of_scale if id in among and run.benchmark in ("", id)]
    if not ids and run.part != ALL_PARTS:
        raise JobError(f"part {run.part} has no benchmark of scale {run.scale}.")
    return [get_benchmark(id) for id in ids]


@experiment("size", 1, ("size", "distribution"), benchmarks=lambda: ALL)
def sizes(run: Run) -> None:
    """Record how many architectures there are, and how good they are."""
    for benchmark in selected(run):
        accuracy = pd.Series(benchmark.test_accuracy)
        run.add("size", "cells", benchmark.id, "count", len(accuracy))
        for row, value in zip(
            ("worst", "median", "best"), accuracy.quantile([0, 0.5, 1]), strict=True
        ):
            run.add("size", row, benchmark.id, "accuracy", value)
        for edge, share in histogram(accuracy, benchmark.window).items():
            run.add("distribution", f"{edge:g}", benchmark.id, "share", share)
        if benchmark.id in LIVE:
            classes = {cell.isomorphism_class() for cell in benchmark.architectures}
            run.add("size", "classes", benchmark.id, "count", len(classes))
    for id, count in SPACE_SIZES.items():
        if run.benchmark in ("", id):
            run.add("size", "space", id, "log10_count", np.log10(float(count)))


@experiment("features", 1, ("features", "operations"), benchmarks=lambda: ALL)
def features(run: Run) -> None:
    """Record how well what is known before any training ranks, and the medians by counts."""
    for benchmark in selected(run):
        frame = frame_of(benchmark)
        for feature in frame.columns.drop("accuracy"):
            pair = frame[feature], frame["accuracy"]
            run.add("features", feature, benchmark.id, "kendall_tau", kendall_tau(*pair))
            run.add("features", feature, benchmark.id, "spearman", spearman(*pair))
            if frame[feature].nunique() > FEW_VALUES or benchmark.id in _SAME_CELLS:
                continue
            for value, median in median_by_value(frame, feature).items():
                run.add("operations", f"{feature} = {value:g}", benchmark.id, "accuracy", median)


@experiment("noise", 2, ("noise",), benchmarks=lambda: REPEATED)
def noise(run: Run) -> None:
    """Record how far measurements of the same cells agree."""
    for benchmark in selected(run, REPEATED):
        seeds = run.seeds(demo=SEEDS, bench=SEEDS, paper=SEEDS)
        for seed in seeds if benchmark.id in TWINS else seeds[:1]:
            repeats = repeated_measurements(benchmark.id, np.random.default_rng(seed))
            taus = noise_taus(benchmark.id, repeats, np.random.default_rng(seed))
            for row, tau in taus.items():
                run.add("noise", row, benchmark.id, "kendall_tau", [tau], [seed])
            scatter = [np.sqrt(repeats.var(1, ddof=1).mean())]
            run.add("noise", "standard deviation", benchmark.id, "accuracy_points", scatter, [seed])
        run.add("noise", "cells", benchmark.id, "count", len(repeats))


@experiment("validation", 1, ("validation",), benchmarks=lambda: _WITH_VALIDATION)
def validation(run: Run) -> None:
    """Record how well validation accuracy ranks, among ever fewer, and what its choice costs."""
    for benchmark in selected(run, _WITH_VALIDATION):
        frame = frame_of(benchmark)
        for share, tau in tau_within_best(frame, "valid", BEST_SHARES).items():
            run.add("validation", f"best {100 * share:g} %", benchmark.id, "kendall_tau", tau)
        loss = regret(frame["valid"], frame["accuracy"], k=1)
        run.add("validation", "best by validation", benchmark.id, "accuracy_points", loss)


@experiment("ceilings", 1, ("ceilings",), benchmarks=lambda: STAND_INS, demo=False)
def ceilings(run: Run) -> None:
    """Record how well fewer epochs, fewer seeds and inherited weights rank, and what they find."""
    for id in [run.benchmark] if run.benchmark else STAND_INS:
        for row, read in STAND_INS[id].items():
            score, truth = read().to_numpy(dtype=float).T
            best = np.argsort(-truth, kind="stable")[:BEST]
            run.add("ceilings", row, id, "count", len(truth))
            run.add("ceilings", row, id, "kendall_tau", kendall_tau(score, truth))
            run.add("ceilings", row, id, "tau_of_best", kendall_tau(score[best], truth[best]))
            run.add("ceilings", row, id, "accuracy_points", regret(score, truth, k=1))


@experiment("cost", 1, ("cost",), benchmarks=lambda: _WITH_COST)
def cost(run: Run) -> None:
    """Record the best and the median accuracy over cost."""
    for benchmark in selected(run, _WITH_COST):
        metrics = {"cost": f"{benchmark.cost}_m", "best": "accuracy_best"}
        metrics["median"] = "accuracy_median"
        for number, line in cost_profile(frame_of(benchmark), benchmark.cost).iterrows():
            for name, value in line.items():
                run.add("cost", f"bin {number}", benchmark.id, metrics[name], value)


@experiment("top", 1, ("top",), benchmarks=lambda: LIVE)
def top(run: Run) -> None:
    """Record what two rankings of equal tau are worth to a search."""
    seeds = run.seeds(demo=SEEDS, bench=SEEDS, paper=SEEDS)
    for benchmark in selected(run, LIVE):
        truth = benchmark.test_accuracy
        upper = truth >= np.median(truth)
        for row, where in zip(HALF_RANKINGS, (~upper, upper), strict=True):
            rankings = [shuffled(truth, where, np.random.default_rng(seed)) for seed in seeds]
            figures = {
                "kendall_tau": [kendall_tau(scores, truth) for scores in rankings],
                "accuracy_points": [regret(scores, truth, TOP) for scores in rankings],
                "share": [top_overlap(scores, truth, TOP) for scores in rankings],
            }
            for metric, values in figures.items():
                run.add("top", row, benchmark.id, metric, values, seeds)


@experiment("samples", 1, ("samples",), benchmarks=lambda: LIVE)
def samples(run: Run) -> pd.DataFrame | None:
    """Record how far tau scatters on samples; return its percentiles by size, means over seeds."""
    seeds = run.seeds(demo=SEEDS, bench=SEEDS, paper=SEEDS)
    for benchmark in selected(run, LIVE):
        frame, bands = frame_of(benchmark), {}
        for size in (n for n in SAMPLE_SIZES if n <= len(frame) / 2):
            draws = [
                tau_of_samples(frame, "valid", size, np.random.default_rng([seed, size]))
                for seed in seeds
            ]
            for metric, percent in PERCENTILES.items():
                taus = np.percentile(draws, percent, axis=1)
                run.add("samples", f"{size} cells", benchmark.id, metric, taus, seeds)
                bands[size, metric] = taus.mean()
        return pd.Series(bands).unstack()
    return None


@experiment("dead", 1, ("dead",), benchmarks=lambda: ("nb201-c10",))
def dead(run: Run) -> None:
    """Record how well counting parameters ranks with and without the cells that pass no signal."""
    for benchmark in selected(run, ("nb201-c10",)):
        frame = frame_of(benchmark)
        alive = np.array([cell.is_connected for cell in benchmark.architectures])
        better = frame["accuracy"].rank(pct=True) > 0.5
        run.add("dead", "dead", benchmark.id, "count", (~alive).sum())
        parts = {"all": frame, "alive": frame[alive], "better half": frame[better]}
        for row, part in parts.items():
            tau = kendall_tau(part["params"], part["accuracy"])
            run.add("dead", row, benchmark.id, "kendall_tau", tau)


@experiment("teacher", 1, ("teacher",), benchmarks=lambda: ("vit-c100",))
def teacher(run: Run) -> None:
    """Record how a teacher changes the order of the networks that were trained with and without."""
    for benchmark in selected(run, ("vit-c100",)):
        both = benchmark.table.dropna(subset="c100")
        pairs = {
            "teacher": ("c100", "c100_kd"),
            "width, alone": ("width", "c100"),
            "width, taught": ("width", "c100_kd"),
        }
        for row, (first, second) in pairs.items():
            tau = kendall_tau(both[first], both[second])
            run.add("teacher", row, benchmark.id, "kendall_tau", tau)


@experiment("agreement", 1, ("agreement",), benchmarks=lambda: ("nb201-c10",))
def agreement(run: Run) -> None:
    """Record how far the order of the same cells agrees between data sets."""
    for benchmark in selected(run, ("nb201-c10",)):
        digits = get_benchmark("nb201-digits").table.set_index("arch")["test"]
        known = benchmark.table.set_index("arch").loc[digits.index]
        data_sets = {"nb201-digits": digits}
        data_sets |= {f"nb201-{data}": known[f"test_{data}"] for data in ("c10", "c100", "in16")}
        for row, first in data_sets.items():
            for column, second in data_sets.items():
                tau = kendall_tau(first, second) if row != column else 1.0
                run.add("agreement", row, column, "kendall_tau", tau)
        run.add("agreement", "cells", "nb201-digits", "count", len(digits))
