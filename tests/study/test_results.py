import pytest

from nasutils.errors import JobError, UnknownNameError
from nasutils.study import Recorder, load_results, provenance
from nasutils.study.results import COLUMNS, METRICS, read_metrics, results_file, write_metrics

FIGURE = {"item": "table1", "row": "a", "column": "c", "metric": "tau"}


def test_columns_are_the_agreed_ones():
    assert ", ".join(COLUMNS) == (
        "paper, item, row, column, metric, seed, value, scale, device, seconds, version, job, note"
    )


def test_by_hand_nothing_is_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rec = Recorder("up_nas", scale="demo")
    rec.add(**FIGURE, value=0.5)
    rec.save()
    assert list(tmp_path.iterdir()) == []
    assert rec.frame.loc[0, "value"] == 0.5


def test_in_a_job_the_figures_carry_its_provenance(tmp_path):
    provenance.write(tmp_path, {"version": "0.1.0+gabc", "job": "nasutils run x"})
    rec = Recorder("up_nas", scale="bench", seed=4, out=str(tmp_path))
    rec.add(**FIGURE, value=1 / 3)
    rec.add(**FIGURE, value=2, seed=5, seconds=1.5)
    rec.save()
    first, second = read_metrics(tmp_path / METRICS)
    assert (first["value"], first["seed"], first["scale"]) == ("0.33333333", "4", "bench")
    assert (second["seed"], second["seconds"]) == ("5", "1.5")
    assert (first["version"], first["job"]) == ("0.1.0+gabc", "nasutils run x")
    assert first["device"].startswith("cpu x ")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith("part")] == []


def test_bad_figures():
    rec = Recorder("up_nas", scale="demo")
    for value in (float("nan"), float("inf")):
        with pytest.raises(JobError, match="table1, a, c: tau"):
            rec.add(**FIGURE, value=value)
    rec.add(**FIGURE, value=1)
    with pytest.raises(JobError, match="recorded twice"):
        rec.add(**FIGURE, value=2)
    with pytest.raises(UnknownNameError, match=r"paper 'upnas'.*up_nas"):
        Recorder("upnas", scale="demo")
    with pytest.raises(UnknownNameError, match="scale"):
        Recorder("up_nas", scale="big")


def test_load_results(root):
    assert load_results("tiny").empty
    rec = Recorder("up_nas", scale="demo")
    rec.add(**FIGURE, value=1)
    write_metrics(results_file("tiny", root), rec.rows)
    frame = load_results("tiny")
    assert tuple(frame.columns) == COLUMNS
    assert frame.value.dtype == float
    results_file("tiny", root).write_text("a,b\n1,2\n")
    with pytest.raises(JobError, match=r"tiny\.csv: has the columns"):
        load_results("tiny")
