"""The registry: one id a truth, and the answers that the tables are known by."""

import numpy as np
import pytest

from nasutils.benchmarks.registry import (
    BENCHMARKS,
    get_benchmark,
    register_benchmark,
)
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.spaces.registry import SPACES

REAL = [name for name, benchmark in BENCHMARKS.items() if not benchmark.embedded]

# Id -> architectures, and those of them that have labels.
SIZES = {
    "nb201-digits": (1500, 1500),
    "nb101-test": (423_624, 423_624),
    "nb101-c10": (423_624, 30_001),
    "nb101-c10-36-epochs": (423_624, 30_001),
    "nb101-c10-12-epochs": (423_624, 30_001),
    "nb101-c10-4-epochs": (423_624, 30_001),
    "nb101-c10-30k": (30_001, 30_001),
    "nb101-c10-sample": (30_000, 2173),
    "nb101-valid": (30_001, 30_001),
    "nb101-runs": (3258, 3258),
    "nb101-naslib": (423_624, 292),
    "nb101-naslib-20k": (20_292, 292),
    "nb101-naslib-proxies": (292, 292),
    "nb101-test-5k": (5000, 5000),
    "nb101-test-50k": (50_000, 50_000),
    "nb201-c10": (15_625, 15_625),
    "nb201-c100": (15_625, 15_625),
    "nb201-in16": (15_625, 15_625),
    "nb201-c10-proxies": (9445, 9445),
    "nb201-c100-proxies": (9445, 9445),
    "nb201-in16-proxies": (9445, 9445),
    "nb201-naslib": (9445, 9445),
    "nb201-naslib-all": (15_625, 15_625),
    "nb201-c10-4096": (4096, 4096),
    "nb301-surrogate": (1218, 1218),
    "nb301-approx-1k": (1000, 1000),
    "nb301-approx-2k": (2000, 2000),
    "nb301-approx-10k": (10_000, 10_000),
    "nb301-approx-random": (3000, 3000),
    "mbv3-imagenet": (2162, 2162),
    "vit-c100": (200, 200),
}


def check(name):
    benchmark = get_benchmark(name)
    assert (len(benchmark), len(benchmark.labelled_indices)) == SIZES[name]
    assert np.isfinite(benchmark.test_accuracy).all()
    low, high = benchmark.window
    inside = (benchmark.test_accuracy >= low) & (benchmark.test_accuracy <= high)
    assert inside.mean() > 0.9
    assert max(benchmark.label_sizes) <= len(benchmark.labelled_indices)
    assert list(benchmark.label_sizes) == sorted(benchmark.label_sizes)
    first, last = benchmark.architectures_at([0, len(benchmark) - 1])
    assert {type(first), type(last)} == {SPACES[benchmark.space]}
    for column in benchmark.costs.values():
        assert (benchmark.table[column] > 0).all()


def test_every_benchmark_is_known_by_its_own_id():
    assert all(name == benchmark.id for name, benchmark in BENCHMARKS.items())
    assert set(SIZES) <= set(BENCHMARKS)
    headings = [benchmark.heading for benchmark in BENCHMARKS.values()]
    assert len(set(headings)) == len(headings)
    for name, benchmark in BENCHMARKS.items():
        assert benchmark.space in SPACES, name


def test_unknown_ids():
    with pytest.raises(UnknownNameError, match="Did you mean 'nb201-digits'"):
        get_benchmark("nb201-digit")


def test_a_benchmark_of_ones_own_is_one_entry(tiny, monkeypatch):
    monkeypatch.setattr("nasutils.benchmarks.registry.BENCHMARKS", dict(BENCHMARKS))
    mine = register_benchmark(tiny())
    assert get_benchmark("tiny") is mine
    for taken in ("tiny", "nb101-c10"):
        with pytest.raises(NasutilsError, match="exists already"):
            register_benchmark(tiny(id=taken))


def test_the_embedded_benchmark():
    check("nb201-digits")
    # How well three seeds' validation accuracies rank what the test accuracies judge.
    assert 0.8 < get_benchmark("nb201-digits").ceiling < 0.95


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_benchmarks(real_data, name):
    check(name)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "ceiling"),
    [
        ("nb101-c10", 0.901),
        ("nb101-c10-30k", 0.901),
        ("nb101-c10-36-epochs", 0.714),
        ("nb101-c10-12-epochs", 0.457),
        ("nb101-c10-4-epochs", 0.327),
        ("nb101-runs", 0.941),
    ],
)
def test_how_well_labels_of_nasbench101_rank_the_means(real_data, name, ceiling):
    benchmark = get_benchmark(name)
    assert benchmark.ceiling == pytest.approx(ceiling, abs=1e-3)
    split = benchmark.split(172, seed=0)
    assert np.isfinite(benchmark.labels[split.labelled]).all()
    assert len(split.test) == len(benchmark) - 172
    assert not np.isin(split.labelled, split.test).any()


@pytest.mark.real_data
def test_known_answers_of_nasbench201(real_data):
    c10, c100, in16 = (get_benchmark(f"nb201-{name}") for name in ("c10", "c100", "in16"))
    assert c10.test_accuracy.argmax() == c10.labels.argmax() == 6111
    assert c10.test_accuracy.max() == pytest.approx(94.373, abs=1e-3)
    assert c10.test_accuracy.mean() == pytest.approx(87.063, abs=1e-3)
    assert c10.labels.max() == pytest.approx(91.607, abs=1e-3)
    assert c100.test_accuracy.max() == pytest.approx(73.513, abs=1e-3)
    assert in16.test_accuracy.max() == pytest.approx(47.311, abs=1e-3)
    # Costs are linear in the counts of operations.
    counts = c10.features
    flops = 7.943872 + 35.81952 * counts["conv3x3"] + 4.36224 * counts["conv1x1"]
    assert counts["flops"].to_numpy() == pytest.approx(flops + 1.29024 * counts["pool"], abs=1e-4)
    params = 0.073306 + 0.24304 * counts["conv3x3"] + 0.028 * counts["conv1x1"]
    assert counts["params"].to_numpy() == pytest.approx(params, abs=1e-4)


@pytest.mark.real_data
def test_known_answers_of_nasbench101(real_data):
    benchmark = get_benchmark("nb101-test")
    assert benchmark.test_accuracy.max() == pytest.approx(94.318, abs=1e-3)
    assert benchmark.test_accuracy.mean() == pytest.approx(89.680, abs=1e-3)
    assert benchmark.table["hash"].is_unique
    # The 292 are rows of the whole table, with labels beside the same accuracies.
    part = get_benchmark("nb101-naslib")
    known = part.table.iloc[part.labelled_indices]
    row = known.iloc[0]
    whole = benchmark.table.set_index("hash")
    assert row["test"] == whole.loc[row["hash"], "test"]


@pytest.mark.real_data
def test_samples_of_a_table_are_parts_of_it(real_data):
    whole = set(get_benchmark("nb101-test").table["hash"])
    small, large = (set(get_benchmark(f"nb101-test-{n}k").table["hash"]) for n in (5, 50))
    assert small < large < whole
    approximated = [set(get_benchmark(f"nb301-approx-{n}k").table["arch"]) for n in (1, 2, 10)]
    assert approximated[0] < approximated[1] < approximated[2]
    cells = get_benchmark("nb201-c10-4096").architectures
    assert not any("none" in cell.ops for cell in cells)
