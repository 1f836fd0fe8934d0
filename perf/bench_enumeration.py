"""Enumerating and hashing all of NAS-Bench-101, against one graph at a time in plain Python."""

from collections.abc import Iterator

from perf.harness import Measurement, in_fresh_process

# What the benchmark's own generator hashes one by one, and how many of them we time.
LABELLED_GRAPHS, SAMPLE = 1_293_208, 10_000

ENUMERATE = "from nasutils.spaces.nasbench101_enumeration import enumerate_cells"
DRAW = f"""
import numpy as np
from nasutils.spaces.nasbench101 import HASH_LABELS, NASBench101Cell, graph_hash
rng = np.random.default_rng(0)
cells = [NASBench101Cell.random(rng) for _ in range({SAMPLE})]
graphs = [(cell.adjacency, [HASH_LABELS[op] for op in cell.ops]) for cell in cells]
"""


def measure() -> Iterator[Measurement]:
    """Time the enumeration, and the plain hash on a sample of random cells."""
    task = "enumerate and hash NAS-Bench-101"
    ours = in_fresh_process(ENUMERATE, "enumerate_cells()", repeats=2)
    sample = in_fresh_process(DRAW, "for graph in graphs: graph_hash(*graph)", repeats=2)
    plain = sample.processor * LABELLED_GRAPHS / SAMPLE
    yield Measurement(task, "time", f"{ours.seconds:.1f} s")
    yield Measurement(task, "processor time", f"{ours.processor:.1f} s")
    yield Measurement(task, "peak memory of the process", f"{ours.megabytes:.0f} MB")
    yield Measurement(
        task, "processor time, plain Python over ours", f"{plain / ours.processor:.1f}"
    )
    task = f"hash {SAMPLE:,} cells in plain Python"
    yield Measurement(task, "processor time", f"{sample.processor:.2f} s")
    yield Measurement(
        task, f"the same for {LABELLED_GRAPHS:,} graphs, extrapolated", f"{plain:.0f} s"
    )
