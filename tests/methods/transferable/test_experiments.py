"""Every experiment in every branch, on benchmarks of a dozen cells."""

from collections import defaultdict

import numpy as np
import pytest

from nasutils.benchmarks.benchmark import Split
from nasutils.benchmarks.oracle import QueryOracle
from nasutils.errors import JobError, UnknownNameError
from nasutils.methods.transferable import experiments
from nasutils.methods.transferable.methods import RECIPES
from nasutils.methods.transferable.search import EvolutionSettings
from nasutils.methods.transferable.sources import SOURCES, Sources
from nasutils.methods.transferable.transfer_predictor import FitRecipe, TransferRecipe
from nasutils.metrics import spearman
from nasutils.study.run import Run

QUICK = FitRecipe(epochs=2, batch_size=8, learning_rate=1e-3)


@pytest.fixture
def tiny(tiny_benchmarks, monkeypatch):
    """The chapter on tiny benchmarks, with recipes of two epochs."""
    target, source = tiny_benchmarks
    for scale in ("bench", "paper"):
        monkeypatch.setitem(SOURCES, scale, Sources((target.id, source.id), labels=6))
        monkeypatch.setitem(experiments.TARGETS, scale, (target.id,))
        monkeypatch.setitem(experiments.SIZES, scale, (3, 50))
    monkeypatch.setattr(experiments, "IMAGENET", target.id)
    monkeypatch.setitem(experiments.LABELS, target.id, 5)
    for name in RECIPES:
        recipe = TransferRecipe(whole=name == "One GNN", source=QUICK, fine_tune=QUICK)
        monkeypatch.setitem(RECIPES, name, recipe)
    return target, source


def recorded(run):
    """Item, row, column and metric -> seeds and values."""
    found = defaultdict(dict)
    for row in run.recorder.rows:
        key = row["item"], row["row"], row["column"], row["metric"]
        found[key][row["seed"]] = row["value"]
    return found


def run_of(scale="bench", **parameters):
    return Run("transferable", experiments, scale=scale, **parameters)


@pytest.mark.parametrize(("scale", "runs"), [("bench", 10), ("paper", 10)])
@pytest.mark.parametrize("name", ["Ours", "CL-fine-tune", "Ridge"])
def test_transfer(tiny, scale, runs, name):
    target, _ = tiny
    run = run_of(scale, part="transfer", method=name)
    rhos = run.do(experiments.transfer)
    found = recorded(run)
    for size in (3, 5):
        seeds = found["transfer", name, f"{target.id}/{size}", "spearman"]
        assert list(seeds) == list(range(runs))
        assert list(seeds.values()) == pytest.approx(rhos[name, target.id, size], rel=1e-6)
        assert ("cost", name, f"{target.id}/{size}", "seconds") in found
        first = found["table4", name, f"{target.id}/{size}", "top1_accuracy"]
        best = found.get(("table4", "best", f"{target.id}/{size}", "top1_accuracy"))
        assert (best is not None) == (name == "Ridge")
        for seed, accuracy in first.items():
            unseen = target.test_accuracy[target.split(size, seed).test]
            assert accuracy in unseen
            assert best is None or best[seed] == unseen.max() >= accuracy
    zero_shot = ("zero-shot", name, target.id, "spearman") in found
    assert zero_shot == (name != "Ridge")
    assert (("cost", name, f"{target.id}/sources", "seconds") in found) == zero_shot


@pytest.mark.usefixtures("tiny")
def test_transfer_of_whole_networks_takes_fewer_runs_and_sizes():
    for scale, runs, sizes in (("bench", 5, {5}), ("paper", 10, {3})):
        run = run_of(scale, part="transfer", method="One GNN")
        rhos = run.do(experiments.transfer)
        assert {size for *_, size in rhos} == sizes, scale
        assert {len(values) for values in rhos.values()} == {runs}


def test_rho_is_over_what_was_not_learnt(tiny, monkeypatch):
    target, _ = tiny
    scores = np.arange(len(target), dtype=float)

    class Fixed:
        name = "Fixed"

        def predict(self, benchmark, splits, progress):
            from nasutils.methods.base import Prediction

            return Prediction(np.tile(scores, (len(splits), 1)), 4.0)

    split = Split(0, np.array([1, 5]), np.setdiff1d(np.arange(12), [1, 5]))
    run = run_of(part="transfer")
    [rho] = experiments._carry(run, Fixed(), target, [split])
    assert rho == pytest.approx(spearman(scores[split.test], target.test_accuracy[split.test]))
    assert recorded(run)["cost", "Fixed", f"{target.id}/2", "seconds"] == {0: 4.0}


def test_all_rows_at_bench_and_those_of_the_page_at_demo(tiny):
    names = [entry.name for entry in experiments._methods(run_of())]
    assert names == [*experiments._row_names()]
    assert set(RECIPES) < set(names)
    names = [entry.name for entry in experiments._methods(run_of("demo"))]
    assert set(names) == {*experiments.LIVE, "Ridge", "Ridge + paths"}


@pytest.mark.parametrize("name", experiments.PAIRED)
def test_pairs(tiny, name):
    target, source = tiny
    run = run_of(part="pairs", method=name)
    run.do(experiments.pairs)
    found = recorded(run)
    alone, none = f"{target.id}/5 from {source.id}", f"{target.id}/5 from none"
    seeds = range(5 if name == "One GNN" else 10)
    assert set(found) == {
        ("pairs", name, alone, "spearman"),
        ("pairs", name, alone, "zero_shot_spearman"),
        ("pairs", name, none, "spearman"),
    }
    assert list(found["pairs", name, none, "spearman"]) == list(seeds)
    assert found["pairs", name, none, "spearman"] != found["pairs", name, alone, "spearman"]


@pytest.fixture
def tiny_search(tiny, monkeypatch):
    target, _ = tiny
    settings = EvolutionSettings(3, 2, 4, 2, children=2)
    monkeypatch.setattr(experiments, "LABELLED_BY", {"space": target.id, "untold": target.id})
    monkeypatch.setattr(
        experiments,
        "PUBLISHED",
        {id: {"predictor": settings, "baseline": settings} for id in ("space", "untold")},
    )

    def oracle(id):
        def answer(cells):
            return np.array([str(cell).count("3x3") for cell in cells], dtype=float)

        accuracies = np.arange(7.0) if id == "space" else None
        passes = lambda cell: cell.is_connected  # noqa: E731
        return QueryOracle(id, type(target.architecture(0)), answer, passes, accuracies)

    monkeypatch.setattr(experiments, "oracle_of", oracle)


@pytest.mark.usefixtures("tiny_search")
@pytest.mark.parametrize(
    ("name", "labels"),
    [("Random", 0), ("CL-fine-tune", 5), ("Ours + answers", 5), ("One GNN", 5)],
)
def test_search(name, labels):
    run = run_of(part="search", method=name)
    finds = run.do(experiments.search)
    found = recorded(run)
    for id, metric in (("space", "test_accuracy"), ("untold", "accuracy")):
        accuracy = found["table2", name, id, metric]
        assert list(accuracy) == list(range(5))
        assert list(accuracy.values()) == [find.accuracy for find in finds[name, id]]
        assert set(found["table2", name, id, "queries"].values()) == {4 + 2 * 2 + labels}
    ranks = found["table2", name, "space", "rank"]
    assert [7 - rank for rank in ranks.values()] == list(
        found["table2", name, "space", "test_accuracy"].values()
    )
    assert ("table2", name, "untold", "rank") not in found


@pytest.mark.usefixtures("tiny_search")
def test_all_published_searchers(monkeypatch):
    asked = []
    monkeypatch.setattr(
        experiments, "_search_once", lambda run, name, id, seed: (
            asked.append((name, id, seed)) or experiments.Find(90.0, 1, 10)
        ),
    )  # fmt: skip
    run_of(part="search").do(experiments.search)
    names = {name for name, *_ in asked}
    assert names == set(experiments.SEARCHERS) - {"One GNN + answers"}
    assert len(asked) == 7 * 2 * 5


def test_demo_searches_digits_and_leaves_out_what_needs_tables(monkeypatch):
    monkeypatch.setattr(
        experiments, "_search_once", lambda run, name, id, seed: experiments.Find(40.0, 3, 65)
    )
    run = run_of("demo")
    finds = run.do(experiments.search)
    assert set(finds) == {("One GNN", "nb201-digits"), ("One GNN + answers", "nb201-digits")}
    run.do(experiments.pairs)
    run.do(experiments.proxies)
    assert {row["item"] for row in run.recorder.rows} == {"table2"}
    for part in ("pairs", "proxies"):
        with pytest.raises(JobError, match=f"part={part} reads real tables"):
            run_of("demo", part=part)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_proxies_are_those_of_the_tables():
    run = run_of(part="proxies")
    run.do(experiments.proxies)
    found = {(row["row"], row["column"]): row["value"] for row in run.recorder.rows}
    assert len(found) == 18
    scores, accuracy = experiments._public_proxies("nb201-c10-4096")
    assert len(scores) == len(accuracy) == 4096
    # To the digits that the paper prints.
    assert found["Synflow", "nb201-c10-4096"] == pytest.approx(0.823, abs=2e-3)


@pytest.mark.parametrize("id", ["nb201-digits", "nb301-approx"])
def test_oracles(id):
    oracle = experiments.oracle_of(id)
    assert oracle.id == id
    assert oracle.queries == 0
    assert (oracle.accuracies is None) == (id == "nb301-approx")


def test_parameters_are_checked_against_each_other():
    with pytest.raises(UnknownNameError, match="transfer"):
        run_of(part="transfers")
    with pytest.raises(UnknownNameError, match="method of part 'pairs'"):
        run_of(part="pairs", method="Ours")
    with pytest.raises(UnknownNameError, match="benchmark of part 'search'"):
        run_of(part="search", benchmark="nb101-test-5k")
