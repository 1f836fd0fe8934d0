"""Every experiment at a tiny size: what it records, against what is known otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.data import load_table
from nasutils.errors import JobError, NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet import cells, experiments, runs, supernets
from nasutils.methods.kshot_hypernet.runs import FAMILIES, ROWS
from nasutils.methods.kshot_hypernet.supernets import FULL, PROVIDERS, Sizes, make_supernets
from nasutils.methods.kshot_hypernet.tasks import Task, load_task
from nasutils.metrics import kendall_tau
from nasutils.networks.counting import count_params
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.study.run import Run

SMALL = {
    "channels": 2, "coefficients": 3, "hidden": 4, "epochs": 2, "warm_up": 1, "batch_size": 100,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _tiny(tmp_path, monkeypatch):
    """Tiny super-nets that see digits, whatever they should see, and judge twelve cells."""
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    for family, config in FAMILIES.items():
        monkeypatch.setitem(FAMILIES, family, replace(config, **SMALL))
    sizes = {"cells": 12, "images": 50, "controls": 2, "budget": 4}
    for family in ("demo", "digits", "c10-16px", "c10-paper"):
        usual = supernets.SIZES_OF.get(family, Sizes())
        scratch = min(usual.scratch, 3)
        monkeypatch.setitem(supernets.SIZES_OF, family, replace(usual, scratch=scratch, **sizes))
    monkeypatch.setattr(supernets, "_DEMO", {})
    digits = load_task("digits", 8)
    task = Task(digits.train.first(100), digits.valid.first(50), digits.test.first(50), 10)
    monkeypatch.setattr(runs, "load_task", lambda *_, **__: task)
    monkeypatch.setattr(runs, "_CURVE_CELLS", 2)
    monkeypatch.setitem(cells.JUDGED, "all", lambda task: cells.sample_of_cells()[:12])
    best = cells._best_sample
    monkeypatch.setitem(cells.JUDGED, "best", lambda task: best(task)[:5])
    real = {name: value for name, value in ROWS.items() if name.startswith(("n_", "h_"))}
    for row in real:
        monkeypatch.setitem(ROWS, row, {"hidden": 2})
    monkeypatch.setitem(ROWS, "kshot", {"provider": "kshot", "coefficients": 2})
    supernets._judged.cache_clear()
    supernets._supernet_run.cache_clear()


def recorded(experiment, scale, **options):
    """Return the run's figures by item, row, column and metric, what it returned, and its nets."""
    run = Run("kshot_hypernet", experiments, scale=scale, seed=4, part=experiment.part, **options)
    nets = make_supernets(run)
    found = run.do(experiment, **({} if experiment is experiments.logs else {"nets": nets}))
    frame = run.recorder.frame
    assert set(frame["item"]) == set(experiment.items)
    assert set(frame["seed"]) == {4}
    return frame.set_index(["item", "row", "column", "metric"])["value"], found, nets


def test_supernets_at_demo_are_the_four_providers_on_digits(tmp_path):
    run = Run("kshot_hypernet", experiments, scale="demo", seed=4)
    nets = make_supernets(run)
    found = run.do(experiments.supernets, nets=nets)
    figures = run.recorder.frame.set_index(["item", "row", "column", "metric"])["value"]
    digits = get_benchmark("nb201-digits")
    for row, title in PROVIDERS.items():
        judged = nets.judged(row)
        assert judged["true"].tolist() == digits.test_accuracy[:12].tolist()
        place = "table2", title, "digits/sample"
        assert figures[*place, "test_accuracy_mean"] == pytest.approx(judged["accuracy"].mean())
        tau = kendall_tau(judged["accuracy"], judged["true"])
        assert found.loc[title, ("nb201-digits/all", "kendall_tau")] == tau
        first = judged["true"][judged["accuracy"].idxmax()]
        assert figures["table2", title, "nb201-digits/first", "test_accuracy"] == pytest.approx(
            first
        )
        params = count_params(nets.run(row).trained.supernet)
        assert figures["cost", title, "digits", "params_m"] == pytest.approx(params)
    weights = figures["beta", :, :, "weight"].unstack(0)
    assert weights.shape == (6, 5)
    assert weights.sum(axis=1).to_numpy() == pytest.approx(1)
    assert list(tmp_path.rglob("kshot_hypernet")) == []  # nothing is kept


def test_what_was_trained_at_bench_is_read_again(monkeypatch):
    figures, *_ = recorded(experiments.supernets, "bench", benchmark="digits", method=FULL)
    assert {"digits/epoch 1", "digits/epoch 2"} <= set(figures["epochs"].index.unique("column"))
    supernets._judged.cache_clear()
    supernets._supernet_run.cache_clear()
    monkeypatch.setattr(runs.Training, "train_step", lambda self: pytest.fail("trained again"))
    monkeypatch.setattr(runs, "judge", lambda *_, **__: pytest.fail("judged again"))
    again, *_ = recorded(experiments.supernets, "bench", benchmark="digits", method=FULL)
    assert again.equals(figures)


@pytest.mark.parametrize(
    ("experiment", "titles"),
    [
        (experiments.distillation, experiments.DISTILLATIONS),
        (experiments.teachers, experiments.TEACHERS),
        (experiments.sizes, experiments.SIZES),
        (experiments.samplings, experiments.SAMPLINGS),
        (experiments.ranking, experiments.RANKERS),
    ],
    ids=lambda value: getattr(value, "part", ""),
)
def test_each_row_has_its_figures(experiment, titles):
    figures, *_ = recorded(experiment, "bench", benchmark="digits")
    item = experiment.items[0]
    assert set(figures[item].index.unique("row")) == set(titles.values())
    assert len(figures[item, :, "nb201-digits/all", "kendall_tau"]) == len(titles)


def test_one_row_of_one_table():
    figures, *_ = recorded(experiments.samplings, "bench", benchmark="digits", method="fair")
    assert set(figures.index.unique("row")) == {"FairNAS"}
    tenths = figures["figure6", "FairNAS", :, "test_accuracy_mean"]
    assert len(tenths) == 10


def test_tenths_of_the_baseline_ascend():
    figures, *_ = recorded(experiments.samplings, "bench", benchmark="digits", method=FULL)
    baseline = figures["figure6", experiments.BASELINE, :, "test_accuracy_mean"]
    assert np.all(np.diff(baseline.to_numpy()) >= 0)


def test_quantiles_span_the_sample():
    figures, _, nets = recorded(experiments.ranking, "bench", benchmark="digits", method=FULL)
    ours = figures["figure7", "ours", :, "test_accuracy"]
    accuracy = nets.judged(FULL)["accuracy"]
    assert ours["digits/0 %"] == pytest.approx(accuracy.min())
    assert ours["digits/100 %"] == pytest.approx(accuracy.max())
    assert figures["figure7", "ours", "digits/sample", "std"] == pytest.approx(accuracy.std())


def test_statistics_of_training_give_other_accuracies():
    figures, found, _ = recorded(experiments.statistics, "demo")
    means = figures["statistics", "Kshot-Hypernet", :, "test_accuracy_mean"]
    assert means["digits/recomputed"] != means["digits/from training"]
    assert found.shape == (1, 6)


def test_scratch_at_demo_stands_beside_the_table():
    figures, pairs, nets = recorded(experiments.scratch, "demo")
    judged = nets.judged(FULL)
    gains = judged["accuracy"] - judged["true"]
    place = "scratch", "Kshot-Hypernet", "digits/the table"
    assert figures[*place, "difference"] == pytest.approx(gains.mean())
    assert figures[*place, "difference_low"] < gains.mean() < figures[*place, "difference_high"]
    baseline = figures["table1", "baseline", "digits/the table", "test_accuracy_max"]
    assert baseline == pytest.approx(judged["true"].max())
    assert pairs["scratch"].tolist() == judged["true"].tolist()
    convs = [NASBench201Cell.from_string(each).ops.count("nor_conv_3x3") for each in judged["cell"]]
    none = gains[np.array(convs) == 0].mean()
    column = "digits/the table/0"
    assert figures["gains", "nor_conv_3x3", column, "difference"] == pytest.approx(none)


def test_scratch_at_bench_trains_cells_too():
    figures, *_ = recorded(experiments.scratch, "bench", benchmark="digits", method=FULL)
    assert ("table1", "baseline", "digits/3 cells", "test_accuracy_mean") in figures.index
    assert ("scratch", "ours", "nb201-digits/3 cells", "kendall_tau") in figures.index


def test_controls():
    figures, *_ = recorded(experiments.controls, "bench", benchmark="digits")
    mean = figures["controls", :, "digits/2 cells", "test_accuracy_mean"]
    gain = figures["controls", :, "digits/2 cells", "difference"]
    for way in ("soft labels", "twice the updates", "inherited"):
        assert gain[way] == pytest.approx(mean[way] - mean["from scratch"], abs=1e-5)


def test_search_keeps_within_its_limits(monkeypatch):
    monkeypatch.setattr(experiments, "query", lambda cell: type("Answer", (), {"test": 40.0}))
    figures, found, nets = recorded(experiments.search, "demo")
    params = figures["search", :, "digits", "params_m"]
    half, quarter = params["half of the parameters"], params["a quarter of them"]
    supernet = nets.run(FULL).trained.supernet
    largest = count_params(supernet.export(NASBench201Cell(("nor_conv_3x3",) * 6)))
    assert half <= largest / 2
    assert quarter <= largest / 4
    assert found["alone"].tolist() == [40.0] * 3


@pytest.mark.real_data
def test_on_cifar_the_best_cells_are_ranked_too(real_data):
    figures, _, nets = recorded(experiments.ranking, "bench", benchmark="c10-16px", method=FULL)
    best = nets.judged(FULL, "best")
    tau = figures["table4", "ours", "nb201-c10/top1000", "kendall_tau"]
    assert tau == pytest.approx(kendall_tau(best["accuracy"], best["true"]))
    assert best["true"].min() > 93


@pytest.mark.real_data
def test_all_cells(real_data):
    figures, *_ = recorded(experiments.all_cells, "bench", benchmark="c10-16px", method="shared")
    assert figures["all cells", "weight sharing", "nb201-c10/first", "test_accuracy"] > 10
    with pytest.raises(NasutilsError, match="CIFAR"):
        recorded(experiments.all_cells, "bench", benchmark="digits", method="shared")


@pytest.mark.real_data
def test_logs(real_data):
    figures, *_ = recorded(experiments.logs, "bench")
    tau = figures["logs", :, "nb201-c10/all", "kendall_tau"]
    mean = figures["logs", :, "nb201-c10/all", "test_accuracy_mean"]
    assert tau.to_dict() == pytest.approx({"one-shot": 0.485, "few-shot": 0.551}, abs=0.001)
    assert mean.round(1).to_dict() == {"one-shot": 50.5, "few-shot": 44.7}
    assert (figures["logs", :, "nb201-c10/top1000", "kendall_tau"] < 0).all()
    first = figures["logs", :, "nb201-c10/first", "test_accuracy"]
    table = load_table("nasbench201_supernets")
    arch = table["arch"][table["few_shot"].idxmax()]
    assert first["few-shot"] == pytest.approx(cells.true_accuracies("cifar10")[arch])


@pytest.mark.real_data
def test_the_papers_size_can_be_shortened(real_data):
    run = Run("kshot_hypernet", experiments, scale="paper", part="supernets", method=FULL)
    whole, reduced = make_supernets(run), make_supernets(run, epochs=1)
    assert (whole.config.epochs, whole.config.draws) == (2, 4)
    assert (reduced.config.epochs, reduced.config.draws) == (1, 1)
    assert reduced.name == "c10-paper-reduced"
    run.do(experiments.supernets, nets=reduced)
    assert set(run.recorder.frame["column"]) >= {
        "c10-paper-reduced/sample", "nb201-c10/reduced/all",
    }  # fmt: skip


def test_what_a_scale_cannot_do_is_named():
    run = Run("kshot_hypernet", experiments, scale="demo", benchmark="c10-paper")
    with pytest.raises(UnknownNameError, match="digits"):
        make_supernets(run)
    with pytest.raises(NasutilsError, match="only the scale paper"):
        make_supernets(Run("kshot_hypernet", experiments, scale="bench"), epochs=3)
    with pytest.raises(JobError, match="bench or paper"):
        Run("kshot_hypernet", experiments, scale="demo", part="sizes")
    with pytest.raises(UnknownNameError, match="n_16"):
        Run("kshot_hypernet", experiments, scale="bench", part="sizes", method="n_17")
