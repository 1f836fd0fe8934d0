"""Super-nets as methods: they rank by inherited accuracy, and learn no label."""

from dataclasses import replace

import numpy as np
import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError
from nasutils.methods.base import Need, methods_of
from nasutils.methods.kshot_hypernet import runs
from nasutils.methods.kshot_hypernet.judging import judge
from nasutils.methods.kshot_hypernet.methods import CHAPTER
from nasutils.methods.kshot_hypernet.runs import FAMILIES, SuperNetRun
from nasutils.methods.kshot_hypernet.tasks import Task, load_task


def test_scores_are_validation_accuracies_with_inherited_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    tiny = replace(
        FAMILIES["digits"], channels=2, coefficients=3, hidden=4, epochs=1, batch_size=400
    )
    monkeypatch.setitem(FAMILIES, "digits", tiny)
    digits = load_task("digits", 8)
    task = Task(digits.train.first(400), digits.valid.first(100), digits.test, 10)
    monkeypatch.setattr(runs, "load_task", lambda *_, **__: task)
    benchmark = get_benchmark("nb201-digits")
    entry = methods_of(CHAPTER)["Kshot-Hypernet"]
    assert Need.LABELS not in entry.needs
    cells = benchmark.architectures_at(range(3))
    scores = entry.fit(benchmark, benchmark.split(20, 7))(cells)
    trained = SuperNetRun(replace(tiny, seed=7)).trained
    expected = judge(trained.supernet, cells, task.train, task.valid)
    assert np.array_equal(scores, expected)


def test_other_images_and_other_spaces_are_refused():
    entry = methods_of(CHAPTER)["weight sharing"]
    assert "does not read nasbench101" in entry.obstacle(get_benchmark("nb101-test"))
    benchmark = get_benchmark("nb201-in16")
    with pytest.raises(NasutilsError, match="nb201-in16"):
        entry.fit(benchmark, None)
