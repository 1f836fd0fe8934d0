import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.evaluation import evaluate
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods import base
from nasutils.methods.base import Method, Need, Prediction, get_method, method, methods_of, register
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell


@pytest.fixture
def benchmark():
    """Twelve different cells whose accuracy is their number of 3 x 3 convolutions, and a bit."""
    rng = np.random.default_rng(0)
    cells = list(dict.fromkeys(NASBench201Cell.random(rng) for _ in range(12)))
    accuracy = [cell.ops.count(CONV3) + i / 100 for i, cell in enumerate(cells)]
    frame = pd.DataFrame({"arch": map(str, cells), "valid": accuracy, "test": accuracy})
    names = {"title": "Twelve cells", "heading": "Twelve", "space": "nasbench201"}
    return Benchmark(id="twelve", rows=lambda: frame, label="valid", test="test", **names)


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(base, "METHODS", {})


def count_convolutions(benchmark, split):
    """Rank by 3 x 3 convolutions; the seed decides who is scored higher among equals."""
    order = np.random.default_rng(split.seed).random(len(benchmark)) / 1000

    def predict(architectures):
        return [each.ops.count(CONV3) + order[i] for i, each in enumerate(architectures)]

    return predict


def test_a_method_of_ones_own_is_a_few_lines(benchmark):
    @method("baselines", "Mine", description="counts")
    def mine(benchmark, split):
        return lambda architectures: [each.ops.count(CONV3) for each in architectures]

    assert methods_of("baselines") == {"Mine": mine}
    assert get_method("baselines/Mine") is mine
    splits = benchmark.splits(4, [0, 1])
    found = mine.predict(benchmark, splits)
    assert found.scores.shape == (2, 12)
    assert found.seconds >= 0
    assert min(evaluate(benchmark, splits, found.scores)["spearman"]) > 0.9


def test_each_split_is_fitted_with_its_own_seed(benchmark):
    entry = Method("baselines", "Random ties", count_convolutions)
    splits = benchmark.splits(4, [3, 4])
    together = entry.predict(benchmark, splits).scores
    alone = [entry.predict(benchmark, [split]).scores[0] for split in splits]
    assert np.array_equal(together, alone)
    assert not np.array_equal(*together)


def test_methods_that_train_side_by_side_are_asked_once(benchmark):
    asked = []

    def fit_predict(benchmark, splits, *, progress):
        asked.append(len(splits))
        return Prediction(np.zeros((len(splits), len(benchmark))), 1.5, "the model")

    entry = Method("baselines", "Side by side", count_convolutions, fit_predict=fit_predict)
    found = entry.predict(benchmark, benchmark.splits(4, range(3)))
    assert asked == [3]
    assert (found.seconds, found.model) == (1.5, "the model")


def test_methods_come_in_the_order_of_the_chapters_and_of_their_registration():
    for chapter, name in (("b", "2"), ("a", "1"), ("b", "3")):
        register(Method(chapter, name, count_convolutions))
    assert list(methods_of("a", "b")) == ["1", "2", "3"]


def test_a_name_is_given_once_in_a_chapter():
    register(Method("a", "Mine", count_convolutions))
    register(Method("b", "Mine", count_convolutions))
    with pytest.raises(NasutilsError, match="'a/Mine' exists already"):
        register(Method("a", "Mine", count_convolutions))
    with pytest.raises(UnknownNameError, match=r"Did you mean 'a/Mine'\?"):
        get_method("a/mine")


def test_what_stands_in_the_way_is_said_before_anything_is_fitted(benchmark):
    def never(benchmark, split):
        raise AssertionError

    needs = Method("a", "Proxies", never, frozenset({Need.PROXIES}))
    space = Method("a", "Of DARTS", never, spaces=frozenset({"darts"}))
    assert needs.obstacle(benchmark) == "no public proxies"
    assert space.obstacle(benchmark) == "does not read nasbench201"
    for entry in (needs, space):
        with pytest.raises(NasutilsError, match=entry.obstacle(benchmark)):
            entry.predict(benchmark, benchmark.splits(4, [0]))


def test_a_score_that_is_no_number_is_named(benchmark):
    entry = Method("a", "Broken", lambda *_: lambda asked: [np.nan] * len(asked))
    with pytest.raises(NasutilsError, match="is NaN"):
        entry.predict(benchmark, benchmark.splits(4, [0]))
