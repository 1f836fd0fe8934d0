"""UP-NAS on NAS-Bench-201: training encoder and estimator, and one search."""

from collections.abc import Iterator

from nasutils.data import load_table
from perf.harness import Measurement, in_fresh_process

SETUP = """
import numpy as np
from nasutils.methods.up_nas import *
from nasutils.benchmarks.zero_cost import load_zero_cost_cells
from nasutils.methods.up_nas.strategies import search
from nasutils.spaces.nasbench201 import NASBench201Cell, all_cells
codec = get_codec("nasbench201")
graphs = codec.encode(list(all_cells()))
scores = load_zero_cost_cells("nb201-c10").proxies
normalised = Normalisation.fit("normal_score", scores).transform(scores).iloc[::2]
cells = [NASBench201Cell.from_string(arch) for arch in normalised.index]
"""
TRAIN = """
vgae, _ = train_vgae(*graphs, seed=0)
model = ProxyModel.fit(
    codec, vgae, cells, normalised, MPE_SCHEDULES["nasbench201"], seed=0
)
"""
SEARCH = """
landscape = model.unified(published_weights("up_sum"))
search("Gradient Ascent until invalid", landscape, NASBench201Cell, seed=0)
"""


def measure() -> Iterator[Measurement]:
    """Train once as the paper does, and search once with 1,500 questions."""
    load_table("nasbench201_proxies")
    training = in_fresh_process(SETUP, TRAIN)
    task = "UP-NAS on NAS-Bench-201: train encoder and estimator"
    yield Measurement(task, "time", f"{training.seconds:.0f} s", "90 s")
    yield Measurement(task, "processor time", f"{training.processor:.0f} s")
    yield Measurement(task, "peak memory of the process", f"{training.megabytes:.0f} MB")
    searching = in_fresh_process(SETUP + TRAIN, SEARCH)
    task = "UP-NAS on NAS-Bench-201: one gradient ascent, 375 starts"
    yield Measurement(task, "time", f"{searching.seconds:.1f} s", "5 s")
