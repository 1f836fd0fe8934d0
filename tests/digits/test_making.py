"""Making the table: resumable, extendable, whole chunks or none."""

import numpy as np
import pandas as pd
import pytest

from nasutils.digits import making, task
from nasutils.digits.measure import cost_of_cell, train_cell
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.spaces.nasbench201 import NONE, SKIP, NASBench201Cell


@pytest.fixture
def calls(monkeypatch):
    """Replace the training by one that only takes notes."""
    seen: list[str] = []

    def measure(cell):
        seen.append(str(cell))
        return [{"arch": str(cell), "seed": seed, "test": 50.0} for seed in (0, 1)]

    monkeypatch.setitem(making.PASSES, "training", making.Pass(measure))
    return seen


def test_order_is_a_permutation_of_all_classes():
    cells = task.cell_order()
    assert len({cell.isomorphism_class() for cell in cells}) == len(cells) == 6466


def test_chunks_resume_and_extend(calls, tmp_path):
    making.make("training", tmp_path, 20)
    assert len(calls) == 20
    making.make("training", tmp_path, 20)
    assert len(calls) == 20
    making.make("training", tmp_path, 30)
    assert calls == [str(cell) for cell in task.cell_order()[:30]]
    frame = making.collect("training", tmp_path)
    assert frame["index"].tolist() == np.repeat(range(30), 2).tolist()


def test_a_lost_chunk_is_measured_again(calls, tmp_path):
    making.make("training", tmp_path, 30)
    (tmp_path / "training" / "0001.parquet").unlink()
    assert making.collect("training", tmp_path)["index"].max() == 9
    making.make("training", tmp_path, 30)
    assert calls[30:] == calls[10:20]


def test_interruption_leaves_whole_chunks_only(monkeypatch, tmp_path):
    stop_at = task.cell_order()[14]

    def measure(cell):
        if cell == stop_at:
            raise KeyboardInterrupt
        return [{"arch": str(cell)}]

    monkeypatch.setitem(making.PASSES, "training", making.Pass(measure))
    with pytest.raises(KeyboardInterrupt):
        making.make("training", tmp_path, 30)
    assert [file.name for file in (tmp_path / "training").iterdir()] == ["0000.parquet"]


@pytest.mark.parametrize("cells", [0, -1, 6467])
def test_impossible_number_of_cells(cells, tmp_path):
    with pytest.raises(NasutilsError, match="choose from 1 to 6466"):
        making.make("training", tmp_path, cells)


def test_unknown_pass(tmp_path):
    with pytest.raises(UnknownNameError, match="costs, proxies, training"):
        making.make("latency", tmp_path, 10)


def test_nothing_measured_yet(tmp_path):
    with pytest.raises(NasutilsError, match="nasutils digits make"):
        making.collect("training", tmp_path)


def test_costs_of_the_empty_cell_by_hand():
    (row,) = cost_of_cell(NASBench201Cell((NONE,) * 6))
    # Stem 9*8 + 2*8; reductions 8->16 and 16->32 with two 3x3, a 1x1 and two norms; head.
    reductions = sum(9 * c * 2 * c + 9 * 4 * c * c + 2 * c * c + 8 * c for c in (8, 16))
    head = 2 * 32 + 32 * 10 + 10
    assert row["params"] * 1e6 == pytest.approx(9 * 8 + 2 * 8 + reductions + head)
    assert row["latency"] > 0


def test_training_rows():
    rows = train_cell(NASBench201Cell((SKIP,) * 6), seeds=(0, 5))
    assert [row["seed"] for row in rows] == [0, 5]
    for row in rows:
        assert len(row["train_loss"]) == len(row["valid_curve"]) == task.SCHEDULE.epochs
        assert 10 < row["test"] <= 100
    again = pd.DataFrame(train_cell(NASBench201Cell((SKIP,) * 6), seeds=(0, 5)))
    assert again["test"].tolist() == [row["test"] for row in rows]


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers(workers, tmp_path):
    with pytest.raises(NasutilsError, match="at least one"):
        making.make("training", tmp_path, 10, workers=workers)
