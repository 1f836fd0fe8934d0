"""Benchmarks and splits: who is learnt from, who judges, and that a seed is a seed."""

import itertools

import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.metrics import kendall_tau


def test_labels_architectures_and_ceiling(tiny):
    benchmark = tiny(costs={"params": "size"})
    assert len(benchmark) == 40
    assert benchmark.labelled_indices.tolist() == list(range(10, 40))
    assert np.isnan(benchmark.labels[:10]).all()
    assert [str(each) for each in benchmark.architectures] == benchmark.table["arch"].tolist()
    assert benchmark.architecture(7) == benchmark.architectures[7]
    assert benchmark.architectures_at([3, 1]) == [benchmark.architectures[i] for i in (3, 1)]
    assert benchmark.features["params"].tolist() == list(range(40))
    assert benchmark.features.shape == (40, 7)  # a cost, five operations, the depth
    known = benchmark.table[10:]
    assert benchmark.ceiling == kendall_tau(known["valid"], known["test"])
    assert benchmark.proxies.empty


def test_the_table_is_read_when_it_is_needed_and_once(tiny):
    def read():
        calls.append(0)
        return known.table

    known, calls = tiny(), []
    benchmark = tiny(rows=read)
    assert calls == []
    assert len(benchmark) == len(benchmark.labels) == 40
    assert calls == [0]


def test_what_kind_of_accuracies(tiny):
    assert tiny().has_validation
    assert not tiny(label="test").has_validation
    assert tiny(costs={"params": "size", "flops": "size"}).cost == "flops"
    assert tiny(costs={"params": "size"}).cost == "params"
    assert tiny().cost == ""


def test_values_of_its_own(tiny):
    benchmark = tiny(values=lambda rows: [name.upper() for name in rows["arch"]])
    assert benchmark.architecture(2) == benchmark.table["arch"][2].upper()


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_smaller_sets_are_parts_of_larger_ones(tiny, seed):
    benchmark = tiny()
    splits = [benchmark.split(size, seed) for size in (1, 7, 30)]
    assert [len(split.labelled) for split in splits] == [1, 7, 30]
    for small, large in itertools.pairwise(splits):
        assert (large.labelled[: len(small.labelled)] == small.labelled).all()
    # Only architectures with labels, each once.
    assert sorted(splits[-1].labelled) == list(range(10, 40))


def test_a_seed_draws_the_same_cells_for_every_method(tiny):
    first, again = (tiny().split(7, 3) for _ in range(2))
    assert (first.labelled == again.labelled).all()
    assert (tiny().split(7, 4).labelled != first.labelled).any()
    assert [split.seed for split in tiny().splits(7, range(2, 5))] == [2, 3, 4]
    # The draw is that of numpy's permutation, so that it can be had without the package.
    expected = np.random.default_rng(3).permutation(np.arange(10, 40))[:7]
    assert (first.labelled == expected).all()


def test_who_judges(tiny):
    assert tiny().split(7, 0).test.tolist() == list(range(40))
    split = tiny(evaluate_on_all=False).split(7, 0)
    assert np.intersect1d(split.labelled, split.test).size == 0
    assert sorted([*split.labelled, *split.test]) == list(range(40))


@pytest.mark.parametrize("size", [-1, 0, 31])
def test_sets_that_cannot_be_drawn(tiny, size):
    with pytest.raises(NasutilsError, match=f"tiny has 30 labelled .* not {size}"):
        tiny().split(size, 0)
