"""Single and short trainings of NAS-Bench-101 and 201: known answers, other files."""

import json
import pickle

import numpy as np
import pytest

from nasutils.data import load_table
from nasutils.data.nasbench101_runs import _matrix
from nasutils.data.tables import get_table
from nasutils.errors import DataError
from nasutils.metrics import kendall_tau


@pytest.mark.real_data
def test_validation_of_nasbench101_is_of_two_stretches_of_the_table(real_data):
    found, cells = load_table("nasbench101_valid"), load_table("nasbench101")
    assert sorted(found["index"]) == [*range(20_001), *range(36_202, 46_202)]
    assert found["hash"].tolist() == cells["hash"].iloc[found["index"]].tolist()
    assert (found["valid_108"] < 20).sum() == 34


@pytest.mark.real_data
def test_the_three_runs_of_nasbench101_have_the_tables_mean(real_data):
    runs, cells = load_table("nasbench101_runs"), load_table("nasbench101")
    assert len(runs) == runs["hash"].nunique() == 3258
    of_table = cells.iloc[runs["index"]]
    assert runs["hash"].tolist() == of_table["hash"].tolist()
    mean = runs[["test_1", "test_2", "test_3"]].mean(axis=1)
    np.testing.assert_allclose(mean, of_table["test"], atol=1e-4)


@pytest.mark.real_data
def test_three_runs_of_nasbench201_have_the_tables_mean(real_data):
    runs, cells = load_table("nasbench201_runs"), load_table("nasbench201")
    assert runs["arch"].tolist() == cells["arch"].tolist()
    each = runs[["test_1", "test_2", "test_3"]]
    counts = each.notna().sum(axis=1)
    assert [(counts == n).sum() for n in (1, 2, 3)] == [2225, 5439, 7961]
    apart = (each.mean(axis=1) - cells["test_c10"]).abs() > 1e-3
    assert [apart[counts == n].sum() for n in (1, 2, 3)] == [2208, 208, 0]
    three = each.dropna()
    assert kendall_tau(three["test_1"], three["test_2"]) == pytest.approx(0.909, abs=1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize(("data", "tau"), [("c10", 0.594), ("c100", 0.645), ("in16", 0.643)])
def test_twelve_epochs_of_nasbench201(real_data, data, tau):
    short, cells = load_table("nasbench201_12_epochs"), load_table("nasbench201")
    assert short["arch"].tolist() == cells["arch"].tolist()
    found = kendall_tau(short[f"valid_{data}"], cells[f"test_{data}"])
    assert found == pytest.approx(tau, abs=1e-3)


def test_printed_matrices():
    text = "[" + " ".join(["0. 1."] + ["0."] * 23) + "\n " + " ".join(["0."] * 24) + "]"
    assert _matrix(text).tolist() == [[0, 1, *[0] * 5], *([[0] * 7] * 6)]
    with pytest.raises(ValueError, match="reshape"):
        _matrix("[0. 1.]")


def test_files_of_other_cells_are_refused(tmp_path, monkeypatch):
    csv, file = tmp_path / "cells.csv", tmp_path / "file"
    csv.write_text("arch_str\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|\n")
    file.write_bytes(pickle.dumps({(0,) * 6: [1.0, 2.0, 3.0]}))
    table = get_table("nasbench201_runs")
    with pytest.raises(DataError, match="1 cells, not 15625"):
        table.build(dict.fromkeys(table.sources, file) | {"landscapes_nb201_c10": csv})
    names = [f"{epochs}_final_validation_accuracy" for epochs in (4, 12, 36, 108)]
    columns = {name: [0.5] for name in [*names, "final_training_time"]}
    columns["key"] = ["0" * 32]
    file.write_text(json.dumps(columns))
    table = get_table("nasbench101_valid")
    monkeypatch.setattr("nasutils.data.nasbench101.load_table", lambda name: {"hash": ["1" * 32]})
    with pytest.raises(DataError, match="not among those of NAS-Bench-101"):
        table.build(dict.fromkeys(table.sources, file))
