import numpy as np
import pytest
import torch
from torch import nn

from nasutils.errors import ArchitectureError
from nasutils.networks.counting import count_flops
from nasutils.networks.darts import (
    DARTSNetwork,
    DilatedConv,
    FactorizedReduce,
    SeparableConv,
    make_op,
)
from nasutils.spaces.darts import DARTS_V1, DARTS_V2, OPS, DARTSGenotype

META = torch.device("meta")


def num_params(module):
    return sum(p.numel() for p in module.parameters())


def meta_network(genotype, num_classes=10, **options):
    with META:
        return DARTSNetwork(genotype, num_classes, **options)


def op_params(op, c, stride):
    """Parameters of an operation on c channels, counted by hand."""
    kind, _, kernel = op.rpartition("_")
    k = int(kernel[0]) if kernel[0].isdigit() else 0
    separable = k * k * c + c * c + 2 * c  # depthwise, 1x1, batch norm
    return {
        "sep_conv": 2 * separable,
        "dil_conv": separable,
        "skip": 0 if stride == 1 else c * c + 2 * c,
        "max_pool": 0,
        "avg_pool": 0,
    }[kind]


def closed_form_params(genotype, c, num_cells, num_classes):
    total = 27 * 3 * c + 2 * 3 * c  # stem
    c_first = c_second = 3 * c
    for i in range(num_cells):
        reduction = i in (num_cells // 3, 2 * num_cells // 3)
        c *= 2 if reduction else 1
        total += (c_first + c_second) * c + 4 * c  # the two preprocessing 1x1 convolutions
        for op, source in genotype.reduce if reduction else genotype.normal:
            total += op_params(op, c, 2 if reduction and source < 2 else 1)
        c_first, c_second = c_second, 4 * c
    return total + (c_second + 1) * num_classes


def test_published_cifar_network():
    # The authors' training log: "param size = 3.349342MB"; the paper's Table 1: 3.3 M.
    assert num_params(meta_network(DARTS_V2)) == 3_349_342


def test_params_in_closed_form():
    rng = np.random.default_rng(0)
    for genotype in [DARTS_V1, *(DARTSGenotype.random(rng) for _ in range(15))]:
        c, num_cells = 2 * int(rng.integers(1, 20)), int(rng.integers(3, 12))
        network = meta_network(genotype, 7, channels=c, num_cells=num_cells)
        assert num_params(network) == closed_form_params(genotype, c, num_cells, 7)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_nasbench301_params_and_flops():
    """The table's figures are of NASLib's network of 32 channels and 8 cells.

    Its operations have batch norms without scale and shift, which it also puts after a pooling;
    its counter takes one operation an element for such a norm, and two for a full one.
    """
    from nasutils.data import load_table

    for row in load_table("nasbench301_proxies").sample(6, random_state=0).itertuples():
        network = meta_network(DARTSGenotype.from_string(row.arch), channels=32, num_cells=8)
        elements = {nn.BatchNorm2d: 0, nn.MaxPool2d: 0, nn.AvgPool2d: 0}

        def count(module, inputs, output, elements=elements):
            elements[type(module)] += output.numel()

        ops = [module for cell in network.cells for module in cell.ops.modules()]
        for module in ops:
            if type(module) in elements:
                module.register_forward_hook(count)
        flops = round(count_flops(network, (3, 32, 32)) * 1e6)
        norms, *pools = elements.values()
        assert flops - norms + sum(pools) == round(row.flops * 1e6)
        scales = sum(num_params(module) for module in ops if isinstance(module, nn.BatchNorm2d))
        assert num_params(network) - scales == round(row.params * 1e6)


def test_shapes_on_cifar():
    network = meta_network(DARTS_V2, num_cells=8)
    shapes = []
    for cell in network.cells:
        cell.register_forward_hook(lambda *args: shapes.append(tuple(args[2].shape[1:])))
    assert network(torch.empty(2, 3, 32, 32, device=META)).shape == (2, 10)
    assert shapes == 2 * [(144, 32, 32)] + 3 * [(288, 16, 16)] + 3 * [(576, 8, 8)]


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("stride", [1, 2])
def test_op_shape_and_params(op, stride):
    module = make_op(op, 6, stride)
    assert module(torch.randn(2, 6, 8, 8)).shape == (2, 6, 8 // stride, 8 // stride)
    assert num_params(module) == op_params(op, 6, stride)


def test_average_pool_does_not_count_padding():
    torch.testing.assert_close(
        make_op("avg_pool_3x3", 1, 1)(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4)
    )


@pytest.mark.parametrize(
    ("make", "reach"),
    [
        (lambda: DilatedConv(1, 3, 1), 2),
        (lambda: DilatedConv(1, 5, 1), 4),
        (lambda: SeparableConv(1, 3, 1), 2),
        (lambda: SeparableConv(1, 5, 1), 4),
    ],
)
def test_receptive_field(make, reach):
    op = make().double().eval()
    for p in op.parameters():
        nn.init.ones_(p)
    x = torch.ones(1, 1, 15, 15, dtype=torch.float64, requires_grad=True)
    op(x)[0, 0, 7, 7].backward()
    touched = x.grad[0, 0].nonzero()
    assert touched.min().item() == 7 - reach
    assert touched.max().item() == 7 + reach
    step = 2 if isinstance(op, DilatedConv) else 1
    assert len(touched) == len(range(-reach, reach + 1, step)) ** 2


def test_factorized_reduce_sees_even_and_odd_pixels():
    reduce = FactorizedReduce(1, 2).eval()
    for conv in (reduce.conv_even, reduce.conv_odd):
        nn.init.ones_(conv.weight)
    x = torch.arange(16.0).view(1, 1, 4, 4)
    scale = (1 + reduce.norm.eps) ** -0.5
    expected = torch.tensor([[[0.0, 2], [8, 10]], [[5, 7], [13, 15]]]) * scale
    torch.testing.assert_close(reduce(x)[0], expected)


def test_cell_by_hand():
    """All skips: a normal cell only adds, so each node is a known multiple of its inputs."""
    normal = (
        *(("skip_connect", 0), ("skip_connect", 1)),
        *(("skip_connect", 0), ("skip_connect", 2)),
        *(("skip_connect", 1), ("skip_connect", 3)),
        *(("skip_connect", 2), ("skip_connect", 4)),
    )
    network = DARTSNetwork(DARTSGenotype(normal, DARTS_V2.reduce), channels=4, num_cells=3)
    cell = network.cells[0]
    cell.preprocess_first = cell.preprocess_second = nn.Identity()
    a, b = torch.randn(2, 4, 4, 4), torch.randn(2, 4, 4, 4)
    expected = torch.cat([a + b, 2 * a + b, 2 * a + 2 * b, 3 * a + 3 * b], dim=1)
    torch.testing.assert_close(cell(a, b), expected)


def test_every_parameter_gets_a_gradient():
    torch.manual_seed(0)
    network = DARTSNetwork(DARTS_V2, channels=4, num_cells=6)
    nn.functional.cross_entropy(network(torch.randn(4, 3, 32, 32)), torch.arange(4)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_precision_can_change():
    network = DARTSNetwork(DARTS_V1, channels=4, num_cells=3).double()
    assert network(torch.zeros(1, 3, 8, 8).double()).dtype == torch.float64


def test_one_channel_images():
    network = DARTSNetwork(DARTS_V1, channels=2, num_cells=3, in_channels=1)
    assert network(torch.randn(3, 1, 12, 12)).shape == (3, 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 35}, "positive even number, not 35"),
        ({"channels": 0}, "positive even number, not 0"),
        ({"num_cells": 2}, "at least 3 cells, not 2"),
    ],
)
def test_bad_sizes(options, message):
    with pytest.raises(ArchitectureError, match=message):
        DARTSNetwork(DARTS_V2, **options)
