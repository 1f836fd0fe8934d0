"""The chapter's experiments: every one at every scale, on small tables, and against what stands."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nasutils.benchmarks import experiments
from nasutils.benchmarks.registry import BENCHMARKS, get_benchmark
from nasutils.errors import JobError, UnknownNameError
from nasutils.metrics import kendall_tau
from nasutils.paths import repository_root
from nasutils.report import PublishedResults
from nasutils.study.run import Experiment, Run

EVERY = {name: e for name, e in vars(experiments).items() if isinstance(e, Experiment)}
SIZE = 60


@pytest.fixture
def small(monkeypatch):
    """Let every benchmark of the experiments be 60 cells of the embedded one, under its own id."""
    table = get_benchmark("nb201-digits").table[:SIZE].copy()
    for data in ("c10", "c100", "in16"):
        table[f"test_{data}"] = table["test"] + len(data)
    table["c100"], table["c100_kd"], table["width"] = table["valid"], table["test"], table["params"]
    digits = replace(get_benchmark("nb201-digits"), rows=lambda: table)
    monkeypatch.setattr(experiments, "get_benchmark", lambda id: replace(digits, id=id))
    repeats = np.random.default_rng(0).normal(size=(SIZE, 3)) + table[["test"]].to_numpy()
    monkeypatch.setattr(experiments, "repeated_measurements", lambda id, rng: repeats)
    pairs = {"short": lambda: table[["valid", "test"]]}
    monkeypatch.setattr(experiments, "STAND_INS", {"nb101-c10": pairs, "nb201-c10": pairs})
    monkeypatch.setattr(experiments, "BEST", 20)
    monkeypatch.setattr(experiments, "SAMPLE_SIZES", (5, 10, 500))
    few = partial(experiments.tau_of_samples, repeats=20)
    monkeypatch.setattr(experiments, "tau_of_samples", few)


def rows_of(run):
    return {(row["item"], row["row"], row["column"], row["metric"]) for row in run.recorder.rows}


def test_every_experiment_is_one_of_a_kind():
    assert len({each.part for each in EVERY.values()}) == len(EVERY) == 11
    items = [item for each in EVERY.values() for item in each.items]
    assert len(items) == len(set(items))


@pytest.mark.parametrize("scale", ["bench", "paper", "demo"])
@pytest.mark.usefixtures("small")
def test_every_experiment_records_its_items_on_the_benchmarks_of_the_scale(scale):
    run = Run("benchmarks", experiments, scale=scale)
    for each in EVERY.values():
        run.do(each)
    recorded = rows_of(run)
    wanted = {item for each in EVERY.values() for item in each.items}
    if scale == "demo":
        wanted -= {"dead", "teacher", "agreement", "ceilings"}
    assert {item for item, *_ in recorded} == wanted
    columns = {column for item, _, column, _ in recorded if item == "distribution"}
    assert columns == set(experiments.DEMO if scale == "demo" else experiments.REAL)
    assert {column for _, _, column, _ in recorded} <= set(BENCHMARKS)


@pytest.mark.usefixtures("small")
def test_a_single_part_and_benchmark():
    run = Run("benchmarks", experiments, scale="bench", part="cost", benchmark="nb101-test")
    assert run.do(experiments.sizes) is None
    run.do(experiments.cost)
    recorded = rows_of(run)
    assert {(item, column) for item, _, column, _ in recorded} == {("cost", "nb101-test")}
    assert {metric for *_, metric in recorded} == {"flops_m", "accuracy_best", "accuracy_median"}
    assert len(recorded) == 12 * 3


@pytest.mark.usefixtures("small")
def test_stand_ins_are_judged_over_all_and_among_the_best():
    run = Run("benchmarks", experiments, scale="bench", part="ceilings", benchmark="nb101-c10")
    run.do(experiments.ceilings)
    figures = {row["metric"]: row["value"] for row in run.recorder.rows}
    cells = get_benchmark("nb201-digits").table[:SIZE]
    best = cells.nlargest(20, "test")
    chosen = cells.loc[cells["valid"].idxmax(), "test"]
    assert figures == pytest.approx(
        {
            "count": SIZE,
            "kendall_tau": kendall_tau(cells["valid"], cells["test"]),
            "tau_of_best": kendall_tau(best["valid"], best["test"]),
            "accuracy_points": cells["test"].max() - chosen,
        }
    )


@pytest.mark.usefixtures("small")
def test_seeds_begin_with_the_runs():
    run = Run("benchmarks", experiments, scale="demo", seed=4, part="top")
    run.do(experiments.top)
    assert {row["seed"] for row in run.recorder.rows} == {4, 5, 6}


@pytest.mark.usefixtures("small")
def test_figures_by_hand():
    run = Run("benchmarks", experiments, scale="bench")
    for each in (experiments.sizes, experiments.features, experiments.teacher, experiments.top):
        run.do(each)
    figures = {
        (row["row"], row["column"], row["metric"]): row["value"] for row in run.recorder.rows
    }
    table = get_benchmark("nb201-digits").table[:SIZE]
    assert figures["best", "nb101-test", "accuracy"] == pytest.approx(table["test"].max())
    assert figures["median", "vit-c100", "accuracy"] == pytest.approx(table["test"].median())
    tau = kendall_tau(table["params"], table["test"])
    assert figures["params", "nb201-in16", "kendall_tau"] == pytest.approx(tau)
    assert figures["width, taught", "vit-c100", "kendall_tau"] == pytest.approx(tau)
    assert figures["space", "mbv3-imagenet", "log10_count"] == pytest.approx(19.3, abs=0.1)
    # Who knows the better half finds the best; who knows the worse half alone may not.
    assert figures["worse half shuffled", "nb201-c10", "accuracy_points"] == 0
    assert figures["worse half shuffled", "nb201-c10", "share"] == 1
    assert figures["better half shuffled", "nb201-c10", "share"] < 1


@pytest.mark.usefixtures("small")
def test_samples_are_returned_for_the_page():
    run = Run("benchmarks", experiments, scale="demo")
    band = run.do(experiments.samples)
    assert band.index.tolist() == [5, 10]  # no more than half of the cells
    assert (band["tau_low"] <= band["tau_median"]).all()
    assert (band["tau_median"] <= band["tau_high"]).all()
    rows = [row["value"] for row in run.recorder.rows if row["metric"] == "tau_low"]
    assert np.mean(rows[:3]) == pytest.approx(band.loc[5, "tau_low"])


@pytest.mark.parametrize(
    ("choice", "error", "message"),
    [
        ({"part": "nois"}, UnknownNameError, "Did you mean 'noise'"),
        ({"benchmark": "nb101-c11"}, UnknownNameError, "nb101-test"),
        ({"part": "noise", "benchmark": "vit-c100"}, UnknownNameError, "benchmark of part 'noise'"),
    ],
)
def test_parameters_are_checked_before_anything_runs(choice, error, message):
    with pytest.raises(error, match=message):
        Run("benchmarks", experiments, scale="bench", **choice)


@pytest.mark.parametrize(
    ("name", "choice", "message"),
    [
        ("sizes", {"benchmark": "nb101-test"}, "not of scale demo"),
        ("dead", {"part": "dead"}, "no benchmark of scale demo"),
    ],
)
def test_what_a_scale_does_not_have(name, choice, message):
    run = Run("benchmarks", experiments, scale="demo", **choice)
    with pytest.raises(JobError, match=message):
        run.do(EVERY[name])


def test_published_demo_figures_are_what_the_experiments_record():
    run = Run("benchmarks", experiments, scale="demo")
    for each in EVERY.values():
        run.do(each)
    rows = PublishedResults("benchmarks", ("demo",), repository_root()).rows
    keys = ["item", "row", "column", "metric", "seed"]
    published = rows.set_index(keys)["value"].to_dict()
    recorded = run.recorder.frame.set_index(keys)["value"].to_dict()
    assert published.keys() == recorded.keys()
    # Another processor may round the last digit differently.
    assert [recorded[key] for key in published] == pytest.approx([*published.values()], rel=1e-6)
