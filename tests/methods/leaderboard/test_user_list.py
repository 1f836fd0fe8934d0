"""A list of one's own is ranked; what is wrong with it is said in a line."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from nasutils.cli import app
from nasutils.errors import DataError, UnknownNameError
from nasutils.methods.leaderboard.user_list import rank_list, read_list
from nasutils.metrics import kendall_tau
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell


def cells(number, space=NASBench201Cell):
    rng = np.random.default_rng(0)
    found = {}
    while len(found) < number:
        cell = space.random(rng)
        found.setdefault(str(cell), cell)
    return [*found.values()]


@pytest.fixture
def frame():
    texts = [str(cell) for cell in cells(120)]
    accuracy = np.array([text.count("conv_3x3") + 0.5 * text.count("1x1") for text in texts])
    return pd.DataFrame({"arch": texts, "accuracy": accuracy})


def hide(frame, labels):
    return frame.assign(accuracy=frame["accuracy"].where(frame.index < labels))


def test_a_list_is_ranked_by_its_labels(frame):
    found = rank_list(hide(frame, 60), "nasbench201")
    assert [*found] == ["rank", "arch", "score"]
    assert set(found["arch"]) == set(frame["arch"][60:])
    assert found["score"].is_monotonic_decreasing
    truth = frame.set_index("arch")["accuracy"][found["arch"]]
    assert kendall_tau(found["score"], truth) > 0.7


def test_a_column_of_ones_own_is_a_feature(frame):
    rng = np.random.default_rng(1)
    secret = rng.standard_normal(len(frame))
    known = hide(frame.assign(accuracy=secret, my_score=secret), 40)
    truth = pd.Series(secret, frame["arch"])
    found = rank_list(known, "nasbench201")
    assert kendall_tau(found["score"], truth[found["arch"]]) > 0.5


def test_cells_of_nasbench101_are_read_from_text():
    known = cells(30, NASBench101Cell)
    frame = pd.DataFrame({"arch": map(str, known), "accuracy": [len(str(c)) for c in known]})
    assert len(rank_list(hide(frame, 20), "nasbench101")) == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.rename(columns={"arch": "cell"}), "no column arch; its columns: cell"),
        (lambda f: f.drop(columns="accuracy"), "no column accuracy"),
        (lambda f: f.assign(arch=["?", *f["arch"][1:]]), "line 2: "),
        (lambda f: f.assign(arch=[f["arch"][1], *f["arch"][1:]]), "stands in the list twice"),
        (lambda f: f.assign(accuracy=["good", *f["accuracy"][1:]]), "line 2: accuracy is 'good'"),
        (lambda f: f.assign(params=[np.nan, *range(119)]), "params is a feature"),
        (lambda f: hide(f, 4), "4 labels: a ranking takes 5 or more"),
        (lambda f: f.fillna(1.0), "nothing to rank"),
        (lambda f: f.assign(accuracy=[np.inf, *f["accuracy"][1:]]), "infinite"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(frame, change, message):
    with pytest.raises(DataError, match=message.replace("?", r"\?")):
        rank_list(change(hide(frame, 60)), "nasbench201")


def test_unknown_space_is_refused(frame):
    with pytest.raises(UnknownNameError, match="nasbench201"):
        rank_list(frame, "nasbench2001")


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_list(tmp_path / "none.csv")


def test_command_writes_the_best(frame, tmp_path):
    hide(frame, 60).to_csv(tmp_path / "cells.csv", index=False)
    options = ["--space", "nasbench201", "--top", "3", "--format", "json"]
    result = CliRunner().invoke(app, ["rank", str(tmp_path / "cells.csv"), *options])
    assert result.exit_code == 0
    records = json.loads(result.stdout)
    assert [each["rank"] for each in records] == [1, 2, 3]
