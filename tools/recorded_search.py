"""Record two searches of NAS-Bench-201, query by query, for the figure that replays them.

``python -m tools.recorded_search`` writes ``book/_static/search.json`` from the public table.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.registry import get_benchmark
from nasutils.files import write_text
from nasutils.search import evolutionary_search, random_search
from nasutils.spaces.nasbench201 import OPS, NASBench201Cell

FILE = Path(__file__).parents[1] / "book" / "_static" / "search.json"
QUERIES, SEED = 150, 0
EVOLUTION = {"population": 20, "tournament": 5}


def record(benchmark: Benchmark, queries: int, seed: int) -> dict[str, Any]:
    """Return what random search and ageing evolution ask, each with the accuracies of each cell.

    Both are told the accuracy that is learnt, on NAS-Bench-201 that of validation. A query is the
    operations of a cell, as digits of ``OPS``, this accuracy, and the one that judges, in percent.
    """
    places = {cell: i for i, cell in enumerate(benchmark.architectures)}

    def told(cells: list[NASBench201Cell]) -> np.ndarray:
        return benchmark.labels[[places[cell] for cell in cells]]

    draw, mutate = NASBench201Cell.random, NASBench201Cell.mutate
    rngs = [np.random.default_rng(seed) for _ in range(2)]
    searches = {
        "Random search": random_search(draw, told, budget=queries, rng=rngs[0]),
        "Ageing evolution": evolutionary_search(
            draw, mutate, told, budget=queries, rng=rngs[1], **EVOLUTION
        ),
    }
    return {
        "benchmark": benchmark.title,
        "operations": OPS,
        "best": round(float(benchmark.test_accuracy.max()), 2),
        "searches": {
            name: [_query(benchmark, cell, places[cell]) for cell in found.architectures]
            for name, found in searches.items()
        },
    }


def _query(benchmark: Benchmark, cell: NASBench201Cell, place: int) -> tuple[str, float, float]:
    digits = "".join(str(OPS.index(op)) for op in cell.ops)
    accuracies = benchmark.labels[place], benchmark.test_accuracy[place]
    return digits, *(round(float(each), 2) for each in accuracies)


def main() -> None:
    """Record the searches of the page."""
    write_text(FILE, json.dumps(record(get_benchmark("nb201-c10"), QUERIES, SEED)) + "\n")
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
