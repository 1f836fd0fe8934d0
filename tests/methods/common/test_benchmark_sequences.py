"""Cell sequences of a benchmark: built once for each choice, and those of its architectures."""

import numpy as np
import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.common.benchmark_sequences import (
    benchmark_sequences,
    network_of,
    read_sequences,
)
from nasutils.methods.common.cell_sequences import NETWORKS


def test_built_once_for_each_choice():
    digits = get_benchmark("nb201-digits")
    assert benchmark_sequences(digits) is benchmark_sequences(digits)
    assert len(benchmark_sequences(digits, "none").order) == 3
    assert len(benchmark_sequences(digits, cells_per_stage=4).order) == 14
    pruned, plain = (benchmark_sequences(digits, prune=prune).cells[0] for prune in (True, False))
    assert (pruned.labels <= plain.labels).all()
    assert (pruned.labels < plain.labels).any()


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(
    "id",
    ["nb201-c10", "nb101-naslib", "nb201-c10-proxies", "nb101-naslib-proxies", "mbv3-imagenet",
     "vit-c100", "nb301-approx-random"],
)  # fmt: skip
def test_of_the_public_tables(id):
    benchmark = get_benchmark(id)
    network, place = network_of(benchmark), int(benchmark.labelled_indices[0])
    assert network in NETWORKS
    alone = read_sequences(network, [benchmark.architecture(place)])
    among = benchmark_sequences(benchmark)[place : place + 1]
    for one, other in zip(alone.cells, among.cells, strict=True):
        np.testing.assert_array_equal(one.adjacency, other.adjacency)
        np.testing.assert_array_equal(one.labels, other.labels)
