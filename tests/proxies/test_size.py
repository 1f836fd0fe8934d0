import pytest
import torch

from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.proxies import score
from nasutils.spaces.nasbench201 import NASBench201Cell

# Millions, of the benchmark's CIFAR-10 network: without operations, and a 3x3, a 1x1
# convolution, a pooling on one of the six edges.
FLOPS = 7.943872, 35.81952, 4.36224, 1.29024
PARAMS = 0.073306, 0.24304, 0.028, 0.0


@pytest.mark.parametrize(
    "ops",
    [
        ("none",) * 6,
        ("nor_conv_3x3", "skip_connect", "avg_pool_3x3", "nor_conv_1x1", "none", "nor_conv_3x3"),
        ("nor_conv_3x3",) * 6,
    ],
)
def test_the_public_tables_are_linear_in_the_operations(ops):
    network = NASBench201Network(NASBench201Cell(ops))
    counts = [1, *(ops.count(op) for op in ("nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"))]
    found = score(network, torch.empty(1, 3, 32, 32), names=("params", "flops"))
    for name, costs in (("params", PARAMS), ("flops", FLOPS)):
        expected = sum(n * cost for n, cost in zip(counts, costs, strict=True))
        assert found[name] == pytest.approx(expected, rel=1e-9)


def test_precision_does_not_matter(build, batch):
    network = build("nasbench101")
    names = ("params", "flops")
    single = score(network, batch[0], names=names)
    assert score(network.double(), batch[0], names=names) == single
