"""Cells on other tasks: each known on all three, and sizes that follow from the operations."""

import numpy as np
import pytest

from nasutils.data.tables import load_table

pytestmark = pytest.mark.real_data


def test_the_same_cells_on_every_task():
    table = load_table("other_tasks")
    for _, rows in table.groupby("space"):
        cells = [set(task["arch"]) for _, task in rows.groupby("task")]
        assert len(cells) == 3
        assert cells[0] == cells[1] == cells[2]
        assert len(cells[0]) == 199
    assert table["valid"].between(0, 100).all()
    assert table.notna().all(axis=None)


def test_params_follow_the_operation_counts():
    table = load_table("other_tasks").query("space == 'nasbench201'")
    counts = {op: table["arch"].str.count(op) for op in ("nor_conv_3x3", "nor_conv_1x1")}
    rest = table["params"] - 0.24304 * counts["nor_conv_3x3"] - 0.028 * counts["nor_conv_1x1"]
    by_task = rest.groupby(table["task"])
    # What is left is stem and classifier, which the task's channels and classes decide.
    np.testing.assert_allclose(by_task.max(), by_task.min(), rtol=1e-9)
    # SVHN has CIFAR-10's images and classes.
    assert by_task.mean()["svhn"] == pytest.approx(0.073306)
    assert by_task.mean()["scifar100"] == pytest.approx(0.073306 + 90 * 65e-6)
