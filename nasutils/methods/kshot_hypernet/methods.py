"""Trained super-nets as methods: they rank cells by inherited accuracy and learn no label."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.errors import NasutilsError
from nasutils.methods.base import Method, Need, Predict, register
from nasutils.methods.kshot_hypernet.judging import judge
from nasutils.methods.kshot_hypernet.runs import FAMILIES, ROWS, SuperNetRun
from nasutils.methods.kshot_hypernet.supernets import PROVIDERS
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.threads import deterministic_cpu

CHAPTER = "kshot_hypernet"
#: Beginning of a benchmark's id -> the family of super-nets that learns its images.
_FAMILIES = {"nb201-digits": "digits", "nb201-c100": "c100-16px", "nb201-c10": "c10-16px"}
_IMAGES = 1_000


def _method(row: str, title: str) -> Method:
    def fit(benchmark: Benchmark, split: Split) -> Predict:
        """Train the super-net of the split's seed, or read it; its validation images judge."""
        family = next((f for id, f in _FAMILIES.items() if benchmark.id.startswith(id)), None)
        if family is None:
            raise NasutilsError(f"no super-net learns the images of {benchmark.id}.")
        config = replace(FAMILIES[family], **ROWS[row], seed=split.seed)
        training = SuperNetRun(config).trained

        def predict(cells: Sequence[NASBench201Cell]) -> np.ndarray:
            task = training.task
            with deterministic_cpu():
                return judge(training.supernet, cells, task.train, task.valid.first(_IMAGES))

        return predict

    return Method(
        CHAPTER,
        title,
        fit,
        needs=frozenset({Need.IMAGES}),
        spaces=frozenset({"nasbench201"}),
        description="accuracy with a super-net's weights; no label is learnt",
    )


for _row, _title in PROVIDERS.items():
    register(_method(_row, _title))
