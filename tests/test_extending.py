"""What CONTRIBUTING.md says of a new benchmark and a new method, tried."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks import registry
from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.evaluation import evaluate
from nasutils.benchmarks.oracle import table_oracle
from nasutils.errors import NasutilsError
from nasutils.methods import base
from nasutils.spaces.nasbench201 import NASBench201Cell

EXAMPLES = re.findall(
    r"```python\n(.*?)```", Path(__file__).parents[1].joinpath("CONTRIBUTING.md").read_text(), re.S
)
BENCHMARK, METHOD = (
    next(text for text in EXAMPLES if text.startswith(start))
    for start in ("register_benchmark", "@method")
)


@pytest.fixture
def names(tmp_path, monkeypatch):
    """The names that the examples use, with registries and a working folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "BENCHMARKS", dict(registry.BENCHMARKS))
    monkeypatch.setattr(base, "METHODS", dict(base.METHODS))
    rng = np.random.default_rng(0)
    cells = list(dict.fromkeys(NASBench201Cell.random(rng) for _ in range(30)))
    counts = np.array([str(cell).count("conv") for cell in cells], dtype=float)
    noisy = counts + 0.1 * rng.standard_normal(len(cells))
    frame = pd.DataFrame({"arch": map(str, cells), "valid": noisy, "test": counts})
    frame.to_csv("mine.csv", index=False)
    register = registry.register_benchmark
    return {"pd": pd, "Benchmark": Benchmark, "register_benchmark": register, "method": base.method}


def test_a_benchmark_and_a_method_are_an_entry_each(names):
    exec(BENCHMARK + METHOD, names)
    benchmark = registry.get_benchmark("mine")
    splits = benchmark.splits(10, range(3))
    found = base.methods_of("hypernas")["My ranking"].predict(benchmark, splits)
    assert evaluate(benchmark, splits, found.scores) == {
        "kendall_tau": pytest.approx([1.0] * 3),
        "spearman": pytest.approx([1.0] * 3),
    }
    oracle = table_oracle(benchmark)
    assert oracle(benchmark.architectures[:3]) == pytest.approx(benchmark.test_accuracy[:3])
    with pytest.raises(NasutilsError, match="exists already"):
        exec(BENCHMARK, names)


def test_each_takes_about_a_dozen_lines():
    assert len(BENCHMARK.splitlines()) <= 12
    assert len(METHOD.splitlines()) <= 4
