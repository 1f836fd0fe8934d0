"""The 13 proxies of one CIFAR-size network in one call, against one call for each.

A first call is not timed: who scores many networks pays once for the memory of all. GraSP costs
most, so that a third way has autograd derive it from the definition, as public code does.
"""

from collections.abc import Iterator

from perf.harness import Measurement, in_fresh_process

SETUP = """
import torch
from torch.nn.functional import cross_entropy
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.proxies import SUITE_ZERO, score
from nasutils.spaces.nasbench201 import NASBench201Cell

conv3, conv1, pool, skip = "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3", "skip_connect"
torch.manual_seed(0)
network = NASBench201Network(NASBench201Cell((conv3, conv3, conv1, skip, conv1, pool))).train()
images, labels = torch.randn(64, 3, 32, 32), torch.randint(10, (64,))

def grasp_by_autograd():
    weights = [m.weight for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    gradients = torch.autograd.grad(
        cross_entropy(network(images), labels), weights, create_graph=True
    )
    square = sum((g.detach() * g).sum() for g in gradients)
    curved = torch.autograd.grad(square, weights)
    return -sum(float((w.detach() * h).sum()) for w, h in zip(weights, curved))
"""
TOGETHER = "score(network, images, labels, SUITE_ZERO)"
ONE_BY_ONE = "for name in SUITE_ZERO: score(network, images, labels, name)"
BY_AUTOGRAD = """
for name in SUITE_ZERO:
    grasp_by_autograd() if name == "grasp" else score(network, images, labels, name)
"""
NEWER = ("zico", "meco", "swap", "az_expressivity", "az_trainability")
MANY = "for _ in range(20): " + TOGETHER


def measure() -> Iterator[Measurement]:
    """Time the ways, and look at the memory after one and after twenty networks."""
    task = "score a NAS-Bench-201 network of CIFAR size by 13 proxies, 64 images"
    together = in_fresh_process(SETUP + TOGETHER, TOGETHER, repeats=3)
    one_by_one = in_fresh_process(SETUP + TOGETHER, ONE_BY_ONE, repeats=2)
    by_autograd = in_fresh_process(SETUP + TOGETHER + BY_AUTOGRAD, BY_AUTOGRAD, repeats=2)
    many = in_fresh_process(SETUP + TOGETHER, MANY)
    yield Measurement(task, "time", f"{together.seconds:.2f} s", "0.80 s")
    for way, run in (("", one_by_one), (", GraSP by autograd alone", by_autograd)):
        share = together.seconds / run.seconds
        yield Measurement(task, f"time, one by one{way}", f"{run.seconds:.2f} s")
        yield Measurement(task, f"share of the time one by one{way}", f"{share:.2f}", "0.33")
    alone = "score the same network by one of the newer proxies"
    for name in NEWER:
        once = f"score(network, images, labels, {name!r})"
        run = in_fresh_process(SETUP + once, once, repeats=3)
        share = run.seconds / together.seconds
        yield Measurement(alone, f"time of {name}, in times of the 13", f"{share:.2f}")
    yield Measurement(task, "peak memory of the process", f"{together.megabytes:.0f} MB")
    growth = many.megabytes - together.megabytes
    yield Measurement(task, "growth of the peak over 20 networks", f"{growth:.0f} MB", "100 MB")
