"""The 13 proxies of one CIFAR-size network in one call, against one call for each.

A first call is not timed: who scores many networks pays once for the memory of all.
"""

from collections.abc import Iterator

from benchmarks.harness import Measurement, in_fresh_process

SETUP = """
import torch
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.proxies import SUITE_ZERO, score
from nasutils.spaces.nasbench201 import NASBench201Cell

conv3, conv1, pool, skip = "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3", "skip_connect"
torch.manual_seed(0)
network = NASBench201Network(NASBench201Cell((conv3, conv3, conv1, skip, conv1, pool)))
images, labels = torch.randn(64, 3, 32, 32), torch.randint(10, (64,))
score(network, images, labels, SUITE_ZERO)  # the memory that it asks for is there from now on
"""
TOGETHER = "score(network, images, labels, SUITE_ZERO)"
ONE_BY_ONE = "for name in SUITE_ZERO: score(network, images, labels, name)"
MANY = "for _ in range(20): " + TOGETHER


def measure() -> Iterator[Measurement]:
    """Time both ways, and look at the memory after one and after twenty networks."""
    task = "score a NAS-Bench-201 network of CIFAR size by 13 proxies, 64 images"
    together = in_fresh_process(SETUP, TOGETHER, repeats=3)
    one_by_one = in_fresh_process(SETUP, ONE_BY_ONE, repeats=2)
    many = in_fresh_process(SETUP, MANY)
    yield Measurement(task, "time", f"{together.seconds:.2f} s")
    yield Measurement(task, "time, one by one", f"{one_by_one.seconds:.2f} s")
    share = together.seconds / one_by_one.seconds
    yield Measurement(task, "share of the time one by one", f"{share:.2f}", "0.33")
    yield Measurement(task, "peak memory of the process", f"{together.megabytes:.0f} MB")
    growth = many.megabytes - together.megabytes
    yield Measurement(task, "growth of the peak over 20 networks", f"{growth:.0f} MB", "100 MB")
