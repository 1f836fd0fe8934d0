"""UP-NAS on NAS-Bench-201: training encoder and estimator, and one search."""

from collections.abc import Iterator

from nasutils.data import load_table
from perf.harness import Measurement, in_fresh_process

SETUP = """
from dataclasses import replace
from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.up_nas.pipeline import Pipeline, Sizes
from nasutils.methods.up_nas.strategies import search
from nasutils.spaces.nasbench201 import NASBench201Cell
steps = Pipeline(get_benchmark("nb201-c10-proxies"), 0, replace(Sizes(), trials=1))
_ = steps.unified, steps.space, steps.benchmark.architectures
"""
TRAIN = """
steps.model
"""
SEARCH = """
search("Gradient Ascent until invalid", steps.estimator("up_sum"), NASBench201Cell, seed=0)
"""


def measure() -> Iterator[Measurement]:
    """Train once as the paper does, and search once with 1,500 queries."""
    load_table("nasbench201_proxies")
    training = in_fresh_process(SETUP, TRAIN)
    task = "UP-NAS on NAS-Bench-201: train encoder and estimator"
    yield Measurement(task, "time", f"{training.seconds:.0f} s", "90 s")
    yield Measurement(task, "processor time", f"{training.processor:.0f} s")
    yield Measurement(task, "peak memory of the process", f"{training.megabytes:.0f} MB")
    searching = in_fresh_process(SETUP + TRAIN, SEARCH)
    task = "UP-NAS on NAS-Bench-201: one gradient ascent, 375 starts"
    yield Measurement(task, "time", f"{searching.seconds:.1f} s", "5 s")
