"""Computation graphs of four spaces, put together directly and traced from the network."""

from collections.abc import Iterator

from perf.harness import Measurement, in_fresh_process

GRAPHS, TRACES = 3_000, 5
TARGET = 1_000  # graphs a second

# Space -> its class, its network's class, how that is called, the size of the images.
SPACES = {
    "nasbench101": ("NASBench101Cell", "NASBench101Network", "a", 32),
    "nasbench201": ("NASBench201Cell", "NASBench201Network", "a", 32),
    "darts": ("DARTSGenotype", "DARTSNetwork", "a, channels=32, num_cells=8", 32),
    "ofa_mbv3": ("OFAMobileNetV3", "OFAMobileNetV3Network", "a", 224),
}

SETUP = """
import numpy as np
import torch
from nasutils.graphs import {space}_graph, trace
from nasutils.networks.counting import build_on_meta
from nasutils.networks.{space} import {network}
from nasutils.spaces.{space} import {architecture}
torch.set_num_threads(1)
rng = np.random.default_rng(0)
drawn = ({architecture}.random(rng) for _ in range(2 * {number}))
drawn = [a for a in drawn if getattr(a, "is_connected", True)][:{number}]
assert len(drawn) == {number}
"""


def measure() -> Iterator[Measurement]:
    """Count the graphs of random architectures that one core makes in a second, both ways."""
    for space, (architecture, network, call, size) in SPACES.items():
        names = {"space": space, "architecture": architecture, "network": network}
        setup = SETUP.format(**names, number=GRAPHS)
        direct = in_fresh_process(setup, f"for a in drawn: {space}_graph(a)", repeats=2)
        task = f"computation graphs of random `{space}` architectures"
        rate = GRAPHS / direct.processor
        yield Measurement(task, "graphs a second, directly", f"{rate:,.0f}", f"{TARGET:,}")
        build = f"build_on_meta(lambda: {network}({call}))"
        traced = in_fresh_process(
            SETUP.format(**names, number=TRACES),
            f"for a in drawn: trace({build}, (3, {size}, {size}))",
        )
        rate = TRACES / traced.processor
        yield Measurement(task, "graphs a second, traced from the network", f"{rate:.1f}")
