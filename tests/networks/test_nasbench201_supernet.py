"""The super-net against plain networks, Eq. 6 by hand, and the count of different functions."""

import numpy as np
import pytest
import torch

from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.networks.nasbench201_supernet import (
    Choice,
    NASBench201SuperNet,
    SharedKernels,
    effective,
)
from nasutils.spaces.nasbench201 import (
    CONV1,
    CONV3,
    EDGES,
    NONE,
    OPS,
    POOL,
    SKIP,
    NASBench201Cell,
    all_cells,
)

CELLS = [
    NASBench201Cell((CONV3, CONV1, SKIP, POOL, NONE, CONV3)),
    NASBench201Cell((NONE, CONV1, CONV3, SKIP, CONV3, POOL)),  # node 1 has no input
    NASBench201Cell((CONV3, CONV3, CONV3, CONV1, SKIP, NONE)),  # node 2 has no output
    NASBench201Cell((NONE,) * 6),
]


@pytest.fixture
def supernet() -> NASBench201SuperNet:
    torch.manual_seed(0)
    net = NASBench201SuperNet(num_classes=7, channels=4, cells_per_stage=2)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if "norm" in name or name == "beta":
                p.copy_(torch.rand_like(p) + 0.5)
        for name, b in net.named_buffers():
            if "running" in name:
                b.copy_(torch.rand_like(b) + 0.5)
    return net


@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_exported_network_has_the_same_logits(supernet, cell, training):
    x = torch.randn(6, 3, 16, 16)
    supernet.train(training)
    plain = supernet.export(cell)
    assert type(plain) is NASBench201Network
    np.testing.assert_allclose(
        supernet(x, Choice.cell(cell)).detach(), plain(x).detach(), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("cell", CELLS[:3], ids=str)
def test_a_sub_net_is_the_mixture_under_one_hot_weights(supernet, cell):
    x = torch.randn(4, 3, 8, 8)
    mixture = Choice.mixture(torch.from_numpy(effective(cell).one_hot()))
    np.testing.assert_allclose(
        supernet(x, Choice.cell(cell)).detach(),
        supernet(x, mixture).detach(),
        rtol=1e-4,
        atol=1e-5,
    )


def test_the_teacher_weighs_each_operation_by_softmax_of_beta(supernet):
    # One edge of a cell, Eq. 6 written out.
    supernet.eval()
    cell, beta = supernet.stages[0], supernet.beta.detach()
    x = torch.randn(2, 4, 8, 8)
    kernels = supernet.kernels(supernet.mixture())
    only = torch.full((6, 5), -1e9)
    only[:, OPS.index(NONE)] = 0
    only[EDGES.index((0, 3))] = beta[EDGES.index((0, 3))]
    w = only.softmax(1)
    got = cell(x, kernels, Choice.mixture(w))
    w = w[EDGES.index((0, 3))]
    convs = cell.edges[EDGES.index((0, 3))]
    relu = x.clamp_min(0)
    pool = torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    expected = (
        w[OPS.index(SKIP)] * x
        + w[OPS.index(POOL)] * pool
        + w[OPS.index(CONV1)] * convs[CONV1](relu, kernels)
        + w[OPS.index(CONV3)] * convs[CONV3](relu, kernels)
    )
    np.testing.assert_allclose(got.detach(), expected.detach(), rtol=1e-5, atol=1e-5)


def test_the_plain_sum_gives_every_operation_weight_one(supernet):
    supernet.eval()
    x = torch.randn(2, 3, 8, 8)
    ones = Choice.mixture(torch.ones(6, 5))
    uniform = Choice.mixture(torch.full((6, 5), 0.2), weighted=False)
    np.testing.assert_allclose(supernet(x, ones).detach(), supernet(x, uniform).detach(), rtol=1e-4)


def test_only_what_is_chosen_gets_a_gradient(supernet):
    cell = CELLS[0]
    supernet(torch.randn(4, 3, 8, 8), Choice.cell(cell)).sum().backward()
    for edge, op in enumerate(cell.ops):
        for kind, conv in supernet.stages[0].edges[edge].items():
            kernel = supernet.provider.kernels[conv.position]
            assert (kernel.grad is not None) == (kind == op)
    assert supernet.beta.grad is None


def test_every_parameter_learns_from_the_mixture(supernet):
    supernet(torch.randn(4, 3, 8, 8), supernet.mixture()).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in supernet.parameters())


def test_15625_cells_are_9445_functions():
    functions = {effective(cell) for cell in all_cells()}
    assert len(functions) == 9_445
    assert all(effective(cell) == cell for cell in functions)


def test_operations_without_effect_have_none():
    a = NASBench201Cell((CONV3, NONE, NONE, SKIP, NONE, NONE))
    b = NASBench201Cell((NONE, NONE, NONE, SKIP, NONE, NONE))
    plain = NASBench201Network(a, channels=4, cells_per_stage=1)
    x = torch.randn(2, 3, 8, 8)
    other = NASBench201Network(b, channels=4, cells_per_stage=1)
    other.load_state_dict(plain.state_dict(), strict=False)
    assert effective(a) == effective(b) == b
    assert torch.equal(plain.eval()(x), other.eval()(x))
    assert {effective(cell).function_class() for cell in CELLS} == {
        cell.function_class() for cell in CELLS
    }


def test_kernels_start_at_he_scale():
    net = NASBench201SuperNet(channels=16, cells_per_stage=1)
    assert isinstance(net.provider, SharedKernels)
    for shape, kernel in zip(net.provider.shapes, net.provider.kernels, strict=True):
        assert kernel.shape == tuple(shape)
        assert kernel.std().item() == pytest.approx(shape.he_std, rel=0.15)


def test_a_deeper_wider_super_net_has_the_benchmarks_size():
    # The largest cell's network has 1.5316 M parameters in the benchmark.
    net = NASBench201SuperNet()
    plain = net.export(NASBench201Cell((CONV3,) * 6))
    assert sum(p.numel() for p in plain.parameters()) == pytest.approx(1_531_546, abs=5)
