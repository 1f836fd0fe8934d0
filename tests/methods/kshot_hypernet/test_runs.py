"""Runs: names, files, continuation."""

from dataclasses import replace
from functools import partial

import pandas as pd
import pytest

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet import runs
from nasutils.methods.kshot_hypernet.keeping import kept_accuracies
from nasutils.methods.kshot_hypernet.runs import FAMILIES, JUDGED, ROWS, Run, configuration
from nasutils.networks.nasbench201_supernet import effective
from nasutils.spaces.nasbench201 import CONV1, CONV3, SKIP, NASBench201Cell


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    monkeypatch.setitem(JUDGED, "sample", lambda task: runs.sample_of_cells()[:12])
    monkeypatch.setattr(runs, "_CURVE_CELLS", 3)
    config = replace(
        configuration("digits/kshot_hypernet/0"),
        channels=2,
        coefficients=3,
        hidden=4,
        epochs=2,
        warm_up=1,
    )
    return Run(config)


def test_a_run_is_done_once(run, monkeypatch):
    first = run.accuracies("sample", 100)
    assert list(first.columns) == ["cell", "accuracy"]
    assert len(first) == 12
    assert first["accuracy"].between(0, 100).all()
    monkeypatch.setattr(Run, "trained", lambda self: pytest.fail("trained again"))
    pd.testing.assert_frame_equal(run.accuracies("sample", 100), first)


def test_judging_goes_on_where_it_was_killed(run, monkeypatch):
    run.trained()
    monkeypatch.setattr(runs, "kept_accuracies", partial(kept_accuracies, chunk=4))
    judge, calls = runs.judge, []

    def killed(supernet, cells, *args, **kwargs):
        calls.append(cells)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return judge(supernet, cells, *args, **kwargs)

    monkeypatch.setattr(runs, "judge", killed)
    with pytest.raises(KeyboardInterrupt):
        run.accuracies("sample", 100)
    resumed = run.accuracies("sample", 100)
    functions = [effective(NASBench201Cell.from_string(cell)) for cell in resumed["cell"]]
    assert sum(map(len, calls[:1] + calls[2:])) == len(set(functions))
    monkeypatch.setattr(runs, "judge", judge)
    (run.folder / "accuracies-100.parquet").unlink()
    pd.testing.assert_frame_equal(run.accuracies("sample", 100), resumed)


def test_the_history_has_the_accuracies_of_a_sample(run):
    history = run.trained().history
    assert [point["epoch"] for point in history] == [1, 2]
    assert all(len(point["valid"]) == 3 for point in history)


def test_every_name_has_a_configuration_of_its_own():
    names = [f"{family}/{row}/{seed}" for family in FAMILIES for row in ROWS for seed in (0, 1)]
    keys = {configuration(name).key for name in names}
    assert len(keys) == len(names)


def test_bad_names_are_named():
    with pytest.raises(NasutilsError, match="FAMILY/ROW/SEED"):
        configuration("c10-16px/shared")
    with pytest.raises(UnknownNameError, match="c10-16px"):
        configuration("cifar/shared/0")
    with pytest.raises(UnknownNameError, match="kshot_hypernet"):
        configuration("digits/kshot_hyper/0")
    with pytest.raises(UnknownNameError, match="sample"):
        Run(configuration("digits/shared/0")).accuracies("some", 100)


def test_the_sample_is_fixed():
    cells = runs.sample_of_cells()
    assert len(set(cells)) == 1_000
    assert cells[0].ops == (CONV1, CONV1, CONV3, CONV1, CONV1, SKIP)


@pytest.mark.real_data
def test_the_best_cells_are_the_tables(real_data):
    best = runs.best_cells("cifar10", 20)
    assert best[0].ops == (CONV3, CONV3, CONV3, SKIP, CONV3, CONV1)  # 94.373 % true
    assert len(set(best)) == 20


def test_scratch_does_not_depend_on_the_row(run, monkeypatch):
    monkeypatch.setitem(JUDGED, "sample", lambda task: runs.sample_of_cells()[:2])
    small = replace(run.config, epochs=1)
    found = Run(small).scratch("sample", 100)
    monkeypatch.setattr(runs, "scratch_accuracies", lambda path, *args, **kwargs: path)
    other = replace(small, provider="kshot", loss="labels", sampling="spos", coefficients=12)
    assert Run(small).scratch("sample", 100) == Run(other).scratch("sample", 100)
    assert len(found) == 2
    assert found["accuracy"].between(5, 100).all()
