"""Which cells are judged."""

import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import UnknownNameError
from nasutils.methods.kshot_hypernet.cells import (
    best_cells,
    judged_cells,
    sample_of_cells,
    true_accuracies,
)
from nasutils.spaces.nasbench201 import CONV1, CONV3, SKIP


def test_the_sample_is_fixed():
    cells = sample_of_cells()
    assert len(set(cells)) == 1_000
    assert cells[0].ops == (CONV1, CONV1, CONV3, CONV1, CONV1, SKIP)
    assert judged_cells("sample", "cifar10") is cells


def test_on_digits_all_cells_are_the_benchmarks():
    table = get_benchmark("nb201-digits").table
    cells = judged_cells("sample", "digits")
    assert [str(cell) for cell in cells] == table["arch"].tolist()[: len(cells)]
    assert true_accuracies("digits")[str(cells[3])] == table["test"][3]
    best = best_cells("digits", 2)
    assert true_accuracies("digits")[str(best[0])] == table["test"].max()


def test_an_unknown_set_is_named():
    with pytest.raises(UnknownNameError, match="sample"):
        judged_cells("some", "digits")


@pytest.mark.real_data
def test_the_best_cells_are_the_tables(real_data):
    best = best_cells("cifar10", 20)
    assert best[0].ops == (CONV3, CONV3, CONV3, SKIP, CONV3, CONV1)  # 94.373 % true
    assert len(set(best)) == 20
    assert set(judged_cells("best", "cifar10")) <= set(best_cells("cifar10"))
    assert len(judged_cells("all", "cifar10")) == 15_625
