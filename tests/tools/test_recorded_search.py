"""The replayed searches are those of the package, and their figures those of the table."""

import json

import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.spaces.nasbench201 import OPS, NASBench201Cell, all_cells
from tools.recorded_search import FILE, QUERIES, record


def test_a_record_holds_every_query_with_the_tables_figures():
    cells = [*all_cells()]
    valid, test = np.random.default_rng(0).uniform(10, 95, (2, len(cells)))
    table = pd.DataFrame({"arch": map(str, cells), "valid": valid, "test": test})
    columns = {"label": "valid", "test": "test"}
    made = Benchmark("x", "Title", "Heading", "nasbench201", rows=lambda: table, **columns)
    found = record(made, 60, seed=1)
    assert found == record(made, 60, seed=1)
    assert found["best"] == pytest.approx(test.max(), abs=0.006)
    places = {cell: i for i, cell in enumerate(cells)}
    for queries in found["searches"].values():
        assert len(queries) == 60
        for code, learnt, judged in queries:
            place = places[NASBench201Cell(tuple(OPS[int(digit)] for digit in code))]
            assert (learnt, judged) == pytest.approx((valid[place], test[place]), abs=0.006)
    means = {name: np.mean([query[1] for query in queries[20:]])
             for name, queries in found["searches"].items()}  # fmt: skip
    assert means["Ageing evolution"] > means["Random search"]


def test_the_stored_record_is_small_and_whole():
    assert FILE.stat().st_size < 100_000
    found = json.loads(FILE.read_text())
    assert [len(queries) for queries in found["searches"].values()] == [QUERIES] * 2
    tests = [test for queries in found["searches"].values() for *_, test in queries]
    assert max(tests) <= found["best"]
