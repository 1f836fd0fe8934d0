"""Unified and single proxies as methods: what they rank by, what they need, who can run them."""

import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.evaluation import evaluate
from nasutils.data.proxy_files import PROXIES
from nasutils.errors import NasutilsError
from nasutils.methods.base import Need, get_method
from nasutils.methods.baselines.proxies import PROXY_METHODS, random_ranking
from nasutils.methods.up_nas.methods import UNIFIED_PROXIES, UnifiedProxy
from nasutils.methods.up_nas.normalise import Normalisation
from nasutils.spaces.nasbench201 import NASBench201Cell


def made(proxies, cells=80):
    """Return a benchmark whose accuracy is jacov less half of the parameters."""
    rng = np.random.default_rng(0)
    archs = list(dict.fromkeys(NASBench201Cell.random(rng) for _ in range(2 * cells)))[:cells]
    frame = pd.DataFrame(rng.normal(size=(cells, len(proxies))), columns=list(proxies))
    frame["accuracy"] = frame.get("jacov", 0) - 0.5 * frame["params"]
    frame["arch"] = list(map(str, archs))
    names = {"title": "Made", "heading": "Made", "space": "nasbench201"}
    return Benchmark(id="made", rows=lambda: frame, label="accuracy", test="accuracy", **names)


@pytest.fixture(scope="module")
def benchmark():
    return made(PROXIES)


def test_the_sum_is_of_proxies_on_the_scale_of_the_labelled_cells(benchmark):
    split = benchmark.split(40, 3)
    found = get_method("up_nas/UP_sum-").predict(benchmark, [split]).scores[0]
    fitted = Normalisation.fit("normal_score", benchmark.proxies.iloc[split.labelled])
    normalised = fitted.transform(benchmark.proxies).drop(columns="grasp")
    np.testing.assert_allclose(found, normalised.sum(axis=1))


@pytest.mark.parametrize("name", UNIFIED_PROXIES)
def test_only_searched_weights_need_labels(benchmark, name):
    entry = get_method(f"up_nas/{name.replace('up', 'UP', 1)}")
    searched = name in ("up_weighted", "up_selected")
    assert (Need.LABELS in entry.needs) == searched
    hidden = Benchmark(**{**vars_of(benchmark), "rows": lambda: shuffled(benchmark)})
    split = benchmark.split(40, 0)
    rule = UNIFIED_PROXIES[name]
    if searched:
        rule = UnifiedProxy(rounded=rule.rounded, trials=25)
    ours, theirs = rule.fit(benchmark, split), rule.fit(hidden, split)
    assert np.array_equal(ours.scores, theirs.scores) != searched
    assert (ours.search is None) != searched


def vars_of(benchmark):
    return {name: getattr(benchmark, name) for name in Benchmark.__dataclass_fields__}


def shuffled(benchmark):
    return benchmark.table.assign(accuracy=benchmark.table["accuracy"].to_numpy()[::-1])


def test_searched_weights_beat_the_sum_on_cells_that_they_have_not_seen(benchmark):
    split = benchmark.split(40, 0)
    taus = {}
    for name, rule in {"sum": UNIFIED_PROXIES["up_sum"], "found": UnifiedProxy(trials=80)}.items():
        scores = rule.fit(benchmark, split).scores[None]
        taus[name] = evaluate(benchmark, [split], scores)["kendall_tau"][0]
    assert taus["found"] > taus["sum"] + 0.1


def test_missing_proxies_are_left_out_of_the_sum_but_not_too_many():
    some = made([name for name in PROXIES if name not in ("zen", "nwot")])
    split = some.split(40, 0)
    assert np.isfinite(get_method("up_nas/UP_sum").predict(some, [split]).scores).all()
    few = made(["params", "flops", "snip"])
    with pytest.raises(NasutilsError, match="UP_sum on made: no public scores of epe_nas, fisher"):
        get_method("up_nas/UP_sum").predict(few, few.splits(40, [0]))


def test_a_single_proxy_ranks_by_its_public_scores_undefined_ones_last(benchmark):
    values = benchmark.proxies["synflow"].copy()
    values[5] = -np.inf
    table = benchmark.table.assign(synflow=values)
    other = Benchmark(**{**vars_of(benchmark), "rows": lambda: table})
    entry = PROXY_METHODS["synflow"]
    assert (entry.name, entry.needs) == ("SynFlow", {Need.PROXIES})
    found = entry.predict(other, other.splits(10, [0])).scores[0]
    assert found.argsort().tolist() == values.to_numpy().argsort().tolist()
    assert found.argmin() == 5


def test_nothing_is_known_of_foreign_architectures(benchmark):
    predict = PROXY_METHODS["snip"].fit(benchmark, benchmark.split(10, 0))
    rng = np.random.default_rng(9)
    known = set(benchmark.architectures)
    foreign = next(c for c in iter(lambda: NASBench201Cell.random(rng), None) if c not in known)
    with pytest.raises(NasutilsError, match="is no architecture of made"):
        predict([foreign])


def test_chance_ranks_nothing_and_the_same_with_the_same_seed(benchmark):
    splits = benchmark.splits(10, range(50))
    found = random_ranking.predict(benchmark, splits).scores
    assert abs(np.mean(evaluate(benchmark, splits, found)["kendall_tau"])) < 0.04
    assert np.array_equal(found, random_ranking.predict(benchmark, splits).scores)
    assert not np.array_equal(found[0], found[1])
