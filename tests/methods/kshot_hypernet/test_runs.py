"""Runs: names, files, continuation."""

from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet import runs, scratch
from nasutils.methods.kshot_hypernet.cells import JUDGED, sample_of_cells
from nasutils.methods.kshot_hypernet.keeping import kept_accuracies
from nasutils.methods.kshot_hypernet.runs import FAMILIES, ROWS, SuperNetRun, configuration
from nasutils.methods.kshot_hypernet.tasks import Task, load_task
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.networks.nasbench201_supernet import effective
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell
from nasutils.threads import deterministic_cpu


@pytest.fixture
def run(tmp_path, monkeypatch) -> SuperNetRun:
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    monkeypatch.setitem(JUDGED, "sample", lambda task: sample_of_cells()[:12])
    monkeypatch.setattr(runs, "_CURVE_CELLS", 3)
    digits = load_task("digits", 8)
    task = Task(digits.train.first(200), digits.valid.first(50), digits.test.first(100), 10)
    monkeypatch.setattr(runs, "load_task", lambda *_, **__: task)
    config = replace(
        configuration("digits/kshot_hypernet/0"),
        channels=2,
        batch_size=100,
        coefficients=3,
        hidden=4,
        epochs=2,
        warm_up=1,
    )
    return SuperNetRun(config)


def test_a_run_is_done_once(run, monkeypatch):
    first = run.accuracies("sample", 100)
    assert list(first.columns) == ["cell", "accuracy"]
    assert len(first) == 12
    assert first["accuracy"].between(0, 100).all()
    again = SuperNetRun(run.config)
    monkeypatch.setattr(SuperNetRun, "trained", property(lambda self: pytest.fail("trained again")))
    pd.testing.assert_frame_equal(again.accuracies("sample", 100), first)


def test_judging_goes_on_where_it_was_killed(run, monkeypatch):
    assert run.trained.epoch == 2
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
    run.file("accuracies-100.parquet").unlink()
    pd.testing.assert_frame_equal(run.accuracies("sample", 100), resumed)


def test_the_history_has_the_accuracies_of_a_sample(run):
    history = run.trained.history
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
        SuperNetRun(configuration("digits/shared/0")).accuracies("some", 100)


def test_scratch_does_not_depend_on_the_row(run, monkeypatch):
    monkeypatch.setitem(JUDGED, "sample", lambda task: sample_of_cells()[:2])
    small = replace(run.config, epochs=1)
    found = SuperNetRun(small).scratch("sample", 100)
    monkeypatch.setattr(runs, "scratch_accuracies", lambda path, *args, **kwargs: path)
    other = replace(small, provider="kshot", loss="labels", sampling="spos", coefficients=12)
    assert SuperNetRun(small).scratch("sample", 100) == SuperNetRun(other).scratch("sample", 100)
    assert len(found) == 2
    assert found["accuracy"].between(5, 100).all()


def test_what_is_not_kept_leaves_no_file(run, tmp_path):
    fleeting = SuperNetRun(run.config, kept=False)
    expected = run.accuracies("sample", 100, limit=5)
    (run.file("checkpoint.pt")).unlink()
    run.file("accuracies-100.parquet").unlink()
    before = sorted(tmp_path.rglob("*"))
    pd.testing.assert_frame_equal(fleeting.accuracies("sample", 100, limit=5), expected)
    assert sorted(tmp_path.rglob("*")) == before
    assert fleeting.trained.history[-1].get("valid") is None


def test_taught_cells_learn_the_soft_labels_of_the_super_net(run, monkeypatch):
    seen = []

    def train(cell, config, task, soft):
        seen.append(soft)
        return NASBench201Network(cell, 10, channels=2, cells_per_stage=1, in_channels=1)

    monkeypatch.setattr(scratch, "train_from_scratch", train)
    before = {k: v.clone() for k, v in run.trained.supernet.state_dict().items()}
    run.scratch("sample", 100, 2, taught=True)
    run.scratch("sample", 100, 1)
    soft, again, none = seen
    assert soft is again
    assert none is None
    assert soft.shape == (200, 10)
    torch.testing.assert_close(soft.sum(1), torch.ones(200))
    after = run.trained.supernet.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_soft_labels_are_what_the_loss_is_about(run):
    # On one-hot labels, cross-entropy with probabilities is that with classes.
    task = run.task
    hot = torch.nn.functional.one_hot(task.train.y, 10).float()
    config, cell = replace(run.config, epochs=1), NASBench201Cell((CONV3,) * 6)
    with deterministic_cpu():
        by_class = scratch.train_from_scratch(cell, config, task)
        by_share = scratch.train_from_scratch(cell, config, task, hot)
    for one, other in zip(by_class.parameters(), by_share.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_the_command_line_does_what_is_named(run, monkeypatch, capsys):
    monkeypatch.setitem(FAMILIES, "digits", replace(run.config, epochs=1))
    monkeypatch.setattr(runs, "ROWS", {"shared": {"provider": "shared"}})
    runs.main(["digits/shared/1", "--images", "50"])
    runs.main(["digits/shared/1", "--images", "50", "--scratch", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("digits/shared/1: sample mean ")
    assert lines[1].startswith(f"digits/shared/1: {configuration('digits/shared/1').key}")
    assert len(lines) == 4
