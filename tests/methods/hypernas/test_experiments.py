"""Every part at every scale, on thirty architectures: what is recorded, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import JobError, UnknownNameError
from nasutils.methods.base import METHODS, get_method
from nasutils.methods.hypernas import experiments, searches
from nasutils.methods.hypernas.methods import JOINT
from nasutils.methods.hypernas.selection import CANDIDATES
from nasutils.metrics import kendall_tau
from nasutils.study.run import Run
from tests.methods.hypernas.conftest import SIZES, short_teacher

pytestmark = pytest.mark.usefixtures("quick")
AS_PUBLISHED = dict(CANDIDATES)  # before anything is made short
SEEDS = {"demo": 2, "bench": 10, "paper": 10}


def run_of(part, scale="demo", **options):
    return Run("hypernas", experiments, scale=scale, part=part, **options)


def recorded(part, scale="demo", benchmark="tiny-201", method="", **options):
    """Run a part; what it returns, and its figures."""
    run = run_of(part, scale, benchmark=benchmark, method=method)
    found = run.do(getattr(experiments, part), **options)
    return found, run.recorder.frame


def seeds_of(frame, item, metric):
    """Return the number of seeds by row and column."""
    chosen = frame[(frame["item"] == item) & (frame["metric"] == metric)]
    return chosen.groupby(["row", "column"])["seed"].nunique().to_dict()


@pytest.mark.parametrize("scale", SEEDS)
def test_ranking_records_every_size_and_seed(scale):
    found, frame = recorded("ranking", scale, method="Trees")
    expected = {("Trees", f"tiny-201/{size}"): SEEDS[scale] for size in SIZES}
    for item, metric in (("ranking", "kendall_tau"), ("ranking", "spearman")):
        assert seeds_of(frame, item, metric) == expected
    assert seeds_of(frame, "training", "seconds") == expected
    assert set(frame["item"]) == {"ranking", "training"}
    ranked = found["Trees", 12]
    taus = frame.query("metric == 'kendall_tau' and column == 'tiny-201/12'")["value"]
    assert ranked.tau == pytest.approx(taus.mean())
    again = evaluate(get_benchmark("tiny-201"), ranked.splits, ranked.prediction.scores)
    np.testing.assert_allclose(again["kendall_tau"], taus, rtol=1e-6)


def test_the_live_run_is_short_and_bench_leaves_out_variants():
    rows = {scale: set(recorded("ranking", scale, "tiny-proxies")[1]["row"]) for scale in SEEDS}
    short = {"NP", "HyperNAS-P", "Ours", "Trees", "Trees + proxies"}
    assert rows["demo"] == short
    averaged = {"Ours + proxies", "Ours + hypernetwork", "Ours, averaged", "Both + proxies"}
    assert rows["bench"] == rows["paper"] == short | averaged


def test_variants_have_fewer_seeds_and_sizes_in_tables():
    _, frame = recorded("ranking", "bench", method="Position")
    expected = {("Position", f"tiny-201/{size}"): 5 for size in SIZES[:3]}
    assert seeds_of(frame, "ranking", "kendall_tau") == expected
    assert seeds_of(frame, "neighbours", "kendall_tau") == {("Position", "tiny-201/14"): 5}
    _, frame = recorded("ranking", "bench", "tiny-vit", "Position")
    assert set(seeds_of(frame, "ranking", "kendall_tau").values()) == {10}
    assert frame["column"].nunique() == 4


def test_a_readers_method_appears_in_the_part(monkeypatch):
    entry = replace(get_method("baselines/Trees"), chapter="hypernas", name="Mine")
    monkeypatch.setitem(METHODS, "hypernas/Mine", entry)
    found, frame = recorded("ranking")
    assert ("Mine", 10) in found
    both = frame[frame["metric"] == "kendall_tau"].pivot_table("value", "seed", ["row", "column"])
    np.testing.assert_array_equal(both["Mine"], both["Trees"])


def test_a_table_is_searched(monkeypatch):
    monkeypatch.setitem(searches.SEARCHES, "tiny-201", searches.SEARCHES["nb201-c10"])
    monkeypatch.setitem(searches.SEARCH_SIZES, "bench", 14)
    found, frame = recorded("ranking", "bench", method="Ours")
    figures = frame[frame["item"] == "search"].set_index(["row", "metric", "seed"])["value"]
    assert set(frame[frame["item"] == "search"]["column"]) == {"tiny-201/14"}
    benchmark, scores = get_benchmark("tiny-201"), found["Ours", 14].prediction.scores
    for seed in range(10):
        order = sorted(range(30), key=lambda i: -scores[seed, i])
        first, best = order[0], max(order[:10], key=lambda i: benchmark.labels[i])
        for row, cell in (("Ours, 1 query", first), ("Ours, 10 queries", best)):
            valid, test = (figures[row, f"{kind}_accuracy", seed] for kind in ("valid", "test"))
            assert valid == pytest.approx(benchmark.labels[cell])
            assert test == pytest.approx(benchmark.test_accuracy[cell])


def test_light_networks_are_searched(monkeypatch):
    monkeypatch.setitem(searches.SEARCHES, "tiny-mbv3", searches.SEARCHES["mbv3-imagenet"])
    found, frame = recorded("ranking", "bench", "tiny-mbv3", "Ours")
    figures = frame[frame["item"] == "search"].set_index(["row", "column", "metric", "seed"])
    flops = get_benchmark("tiny-mbv3").table["flops"].to_numpy()
    for size in SIZES:
        for split in found["Ours", size].splits:
            place = f"tiny-mbv3/{size}", "top1_accuracy", split.seed
            chosen = figures.loc[("Ours", *place), "value"]
            assert chosen <= figures.loc[("best measured", *place), "value"]
            cost = figures.loc[("Ours", place[0], "flops_m", split.seed), "value"]
            position = np.abs(flops - cost).argmin()
            assert cost < 500
            assert position in split.test


def test_darts_is_searched_by_evolution(monkeypatch):
    asked = []

    class Skips:
        """A surrogate by which skips are what counts."""

        def predict(self, genotypes):
            asked.append(len(genotypes))
            return np.array([str(genotype).count("skip") for genotype in genotypes], dtype=float)

    monkeypatch.setattr(searches, "Surrogate", Skips)
    monkeypatch.setattr(searches, "BUDGET", 30)
    monkeypatch.setitem(searches.SEARCHES, "tiny-darts", searches.SEARCHES["nb301-approx-random"])
    _, frame = recorded("ranking", "demo", "tiny-darts", "Ours")
    expected = {
        (row, f"tiny-darts/{size}"): 2 for row in ("Ours", "best of the labelled") for size in SIZES
    }
    assert seeds_of(frame, "search", "accuracy") == expected
    assert asked == [5] * 8
    _, frame = recorded("ranking", "demo", "tiny-darts", "Trees")
    assert "search" not in set(frame["item"])  # a forest has no network to search by


@pytest.mark.parametrize("scale", SEEDS)
def test_joint_at_every_scale(scale):
    method = "" if scale == "bench" else "HyperNAS"
    found, frame = recorded("joint", scale, method=method)
    seeds = 1 if scale == "demo" else 3
    sizes = {"demo": SIZES[1:2]}.get(scale, SIZES[:3])
    taus = seeds_of(frame, "joint", "kendall_tau")
    assert taus["HyperNAS", "tiny-201/12"] == seeds
    assert {size for row, size in found if row == "HyperNAS"} == set(sizes)
    if scale != "bench":
        return
    assert set(frame["row"]) == {*JOINT, *experiments.PREDICTORS}
    columns = frame.groupby("row")["column"].nunique()
    rows = ["HyperNAS-H", "GHN", "q = 2", "HyperNAS, our training"]
    assert columns[rows].tolist() == [2, 2, 1, 3]
    ranked = {row for row, _ in taus}
    assert ranked == {*JOINT, *experiments.PREDICTORS} - {"HyperNAS-H", "GHN"}
    five = {row for (row, _), number in taus.items() if number == 5}
    assert five == {"HyperNAS, gain 2", "HyperNAS-P, same sequence, gain 2"}
    assert set(taus.values()) == {3, 5}


def test_the_live_joint_run_has_no_other_q_or_gain():
    _, frame = recorded("joint")
    rows = (*JOINT, *experiments.PREDICTORS)
    assert set(frame["row"]) == {row for row in rows if row[0] != "q" and "gain" not in row}


def test_larger_weights_are_compared_with_the_same_predictor_alone():
    assert experiments.PREDICTORS["HyperNAS-P, same sequence, gain 2"] == "HyperNAS, gain 2"
    pairs = [(name, JOINT[row].predictor) for name, row in experiments.PREDICTORS.items()]
    gains = {name: recipe.encoder.gain for name, recipe in pairs}
    assert gains == {experiments.ALONE: 1, "HyperNAS-P, same sequence, gain 2": 2}
    _, frame = recorded("joint", method="q = 3")
    assert set(frame["row"]) == {"q = 3"}


def test_joint_reads_the_recipes_of_its_scale(monkeypatch):
    seen = []
    train = experiments.train_jointly

    def spy(*arguments, **options):
        seen.append(arguments[3])
        return train(*arguments, **options)

    monkeypatch.setattr(experiments, "train_jointly", spy)
    monkeypatch.setattr(experiments, "SHORT", {"demo": {"epochs": 3}})
    recorded("joint", method="q = 2")
    (recipe,) = seen
    assert (recipe.q, recipe.images, recipe.networks, recipe.predictor.epochs) == (2, 16, 1, 3)


@pytest.mark.parametrize("benchmark", ["tiny-201", "tiny-101"])
def test_teacher_ranks_the_measured_ones_of_its_cells(benchmark):
    settings = short_teacher()
    found, frame = recorded("teacher", benchmark=benchmark, settings=settings)
    # The first of the thirty are those that the teacher has drawn.
    accuracy = get_benchmark(benchmark).test_accuracy[:8]
    values = frame.set_index(["row", "metric"])["value"]
    assert set(frame["column"]) == {f"{benchmark}/generated"}
    scores_of = {"accuracy": found["accuracy"], "cross-entropy": -found["cross_entropy"]}
    for row, scores in scores_of.items():
        assert values[row, "kendall_tau"] == pytest.approx(kendall_tau(scores, accuracy))
        assert values[row, "mean"] == pytest.approx(scores.abs().mean(), rel=1e-6)


def test_teacher_skips_cells_that_a_table_lacks(monkeypatch):
    benchmark = get_benchmark("tiny-201")
    table = benchmark.table.iloc[3:]
    partial = replace(benchmark, id="tiny-part", rows=lambda: table)
    monkeypatch.setitem(experiments.BENCHMARKS, "tiny-part", partial)
    found, frame = recorded("teacher", benchmark="tiny-part", settings=short_teacher())
    values = frame.set_index(["row", "metric"])["value"]
    expected = kendall_tau(found["accuracy"][3:], benchmark.test_accuracy[3:8])
    assert values["accuracy", "kendall_tau"] == pytest.approx(expected)
    assert len(found) == 8


def test_choice_has_every_candidate_at_bench_and_two_live(monkeypatch):
    tried = []

    def cross_validate(sequences, accuracy, rows, recipe, seeds, *, folds):
        tried.append(recipe)
        assert np.shape(rows) == (5, 14)
        np.testing.assert_array_equal(rows[2], get_benchmark("tiny-201").split(14, 1002).labelled)
        assert len(sequences.order) == (5 if recipe.reduction != "none" else 3)
        return np.tile([0.1, 0.2, 0.6], (5, 1)) + np.reshape(seeds, (5, 1))

    monkeypatch.setattr(experiments, "cross_validate", cross_validate)
    found, frame = recorded("choice", "bench")
    assert tried == [*CANDIDATES.values()]
    assert list(found.index) == [*CANDIDATES]
    expected = {(name, "tiny-201/14"): 5 for name in CANDIDATES}
    assert seeds_of(frame, "choice", "kendall_tau") == expected
    np.testing.assert_allclose(frame["value"], frame["seed"] + 0.3, rtol=1e-6)
    assert set(frame["seed"]) == set(range(1000, 1005))
    assert list(recorded("choice")[0].index) == ["ours", "labels: z-scores"]


def test_candidates_change_one_setting_each():
    ours = AS_PUBLISHED["ours"]
    assert len(set(AS_PUBLISHED.values())) == len(AS_PUBLISHED) == 16
    for name, recipe in AS_PUBLISHED.items():
        outer = [f for f in recipe.__slots__ if getattr(recipe, f) != getattr(ours, f)]
        encoder = recipe.encoder
        inner = [f for f in encoder.__slots__ if getattr(encoder, f) != getattr(ours.encoder, f)]
        # Contexts are of whole networks, and so change what is read as well.
        assert {*outer} - {"reduction"} <= {"encoder"} or not inner, name
        assert len({*outer, *inner} - {"encoder", "reduction"}) == (name != "ours"), name


@pytest.mark.parametrize(("benchmark", "items"), [("tiny-201", 1), ("tiny-101", 2)])
def test_cost_times_every_row_and_counts_large_cells(benchmark, items):
    _, frame = recorded("cost", "bench", benchmark)
    assert frame["item"].nunique() == items
    seconds = frame[frame["item"] == "table10"].set_index("row")["value"]
    assert set(seconds.index) == {"NP", "HyperNAS-P", "Ours", "GHN"}
    assert (seconds > 0).all()
    if items == 2:
        table = get_benchmark(benchmark).table
        count = frame[frame["item"] == "pool"].set_index("row")["value"]
        assert count["labelled"] == (table["vertices"][:25] == 7).sum()
        assert count["all"] == pytest.approx(100 * (table["vertices"] == 7).mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"part": "foo"}, UnknownNameError, "choice, cost, joint, ranking, teacher"),
        ({"part": "joint", "method": "Trees"}, UnknownNameError, "HyperNAS-H"),
        ({"part": "ranking", "method": "HyperNAS"}, UnknownNameError, "HyperNAS-P"),
        ({"part": "ranking", "method": "Foo"}, UnknownNameError, r"Both \+ proxies, .*Trees"),
        ({"part": "joint", "benchmark": "tiny-mbv3"}, UnknownNameError, "nb101-naslib"),
        ({"part": "teacher", "method": "Ours"}, UnknownNameError, "none"),
        ({"part": "cost", "benchmark": "vit-c100"}, UnknownNameError, "nb201-c10"),
        ({"part": "all", "method": "GHN", "benchmark": "tiny-vit"}, UnknownNameError, "HyperNAS-P"),
        ({"part": "all", "seed": -1}, JobError, "seed=-1"),
    ],
)
def test_what_would_record_nothing_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        run_of(options.pop("part"), **options)


@pytest.mark.parametrize("part", ["all", "ranking"])
def test_a_method_that_cannot_read_the_benchmark_is_refused(part):
    run = run_of(part, benchmark="tiny-201", method="Trees + proxies")
    with pytest.raises(JobError, match="tiny-201: no public proxies"):
        experiments.benchmark_of(run)
    run = run_of(part, benchmark="tiny-vit", method="Ours + hypernetwork")
    with pytest.raises(JobError, match="does not read autoformer"):
        experiments.benchmark_of(run)


def test_hypernas_alone_selects_the_joint_part():
    run = run_of("all", method="HyperNAS", benchmark="tiny-201")
    assert run.selects(experiments.joint)
    assert not any(run.selects(getattr(experiments, part)) for part in ("ranking", "choice"))
