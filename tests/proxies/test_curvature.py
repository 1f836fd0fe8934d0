"""The cheap second derivatives against torch's own, and the curvature against the whole Hessian."""

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F

from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.proxies import score
from nasutils.proxies.curvature import BatchNorm, Convolution, SecondDerivatives
from nasutils.spaces.nasbench201 import NASBench201Cell


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (4, 2, 3), (3, 2, 3, 2)])
def test_the_derivatives_of_a_batch_norm(affine, shape):
    torch.manual_seed(0)
    x = (3 + 2 * torch.randn(shape, dtype=torch.float64)).requires_grad_()
    weight = torch.randn(shape[1], dtype=torch.float64) if affine else None
    bias = torch.randn(shape[1], dtype=torch.float64) if affine else None

    def norm(x, weight=weight, bias=bias):
        return BatchNorm.apply(x, weight, bias, None, None, 0.1, 0.3)

    assert torch.equal(norm(x), F.batch_norm(x, None, None, weight, bias, True, 0.1, 0.3))
    assert gradgradcheck(norm, x)
    if affine:
        assert gradcheck(norm, (x, weight.requires_grad_(), bias.requires_grad_()))


def test_a_batch_norm_updates_its_statistics():
    x = torch.randn(6, 3, 4, 4)
    ours, theirs = nn.BatchNorm2d(3, momentum=0.3), nn.BatchNorm2d(3, momentum=0.3)
    with SecondDerivatives([]):
        ours(x)
    theirs(x)
    for name, buffer in theirs.named_buffers():
        assert torch.equal(dict(ours.named_buffers())[name], buffer), name
    with SecondDerivatives([]):
        assert torch.equal(ours.eval()(x), theirs.eval()(x))
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            ours.train()(x[:1, :, :1, :1])


GEOMETRIES = [((1, 1), (1, 1), (1, 1), 1), ((2, 1), (0, 2), (1, 2), 2), ((2, 2), (0, 0), (1, 1), 4)]


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_derivatives_of_a_convolution(geometry):
    """All of torch's second derivatives, but the weight's as one number."""
    torch.manual_seed(0)
    kernel = (3, 3) if geometry[-1] < 4 else (1, 1)
    x = torch.randn(2, 4, 6, 7, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(8, 4 // geometry[-1], *kernel, dtype=torch.float64, requires_grad=True)
    share = torch.zeros((), dtype=torch.float64, requires_grad=True)
    share.wanted = True

    def derivatives(convolve, *inputs):
        y = convolve()
        torch.manual_seed(1)
        loss = (torch.tanh(y) * torch.randn_like(y)).sum()
        gradients = torch.autograd.grad(loss, [x, weight], create_graph=True)
        square = sum((g * torch.randn_like(g)).sum() for g in gradients)
        return y, *gradients, *torch.autograd.grad(square, [x, *inputs])

    ours = derivatives(lambda: Convolution.apply(share, x, weight, *geometry), share)
    theirs = derivatives(lambda: F.conv2d(x, weight, None, *geometry), weight)
    for a, b in zip(ours[:-1], theirs[:-1], strict=True):
        torch.testing.assert_close(a, b)
    assert float(ours[-1]) == pytest.approx(float((weight.detach() * theirs[-1]).sum()), rel=1e-12)


class Arrangement(nn.Module):
    """Layers in unusual places: tied, called twice, used as a function, with padding by name."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding="same", bias=False)
        self.twice = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.tied = nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect", bias=False)
        self.tied.weight = self.twice.weight
        self.norm = nn.BatchNorm2d(8, affine=False, track_running_stats=False)
        self.grouped = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.vectors = nn.BatchNorm1d(8)
        self.act, self.drop = nn.ReLU(inplace=True), nn.Dropout(0.3)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.act(self.norm(self.twice(torch.tanh(self.stem(x)))))
        x = x + self.act(self.twice(x)) + self.tied(x)
        x = x + F.conv2d(x, self.twice.weight**2, None, 1, 1)
        x = F.max_pool2d(self.grouped(x), 2)
        return self.head(self.drop(self.vectors(x.mean((2, 3)))))


def slow_grasp(network, images, labels):
    """Return GraSP by torch's second derivatives, a tensor a layer."""
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    weights = list({id(m.weight): m.weight for m in layers}.values())
    torch.manual_seed(0)  # as ``score`` seeds dropout
    options = {"allow_unused": True, "materialize_grads": True}
    loss = F.cross_entropy(network.train()(images), labels)
    gradients = torch.autograd.grad(loss, weights, create_graph=True, **options)
    square = sum((g.detach() * g).sum() for g in gradients)
    products = torch.autograd.grad(square, weights, **options)
    return -sum(float((w.detach() * p).sum()) for w, p in zip(weights, products, strict=True))


def test_networks_against_torchs_second_derivatives(build, batch):
    torch.manual_seed(0)
    skips = NASBench201Network(
        NASBench201Cell(("skip_connect",) * 6), 5, channels=4, cells_per_stage=1
    )
    networks = [build("nasbench201"), build("nasbench101"), build("darts"), skips, Arrangement()]
    for network in networks:
        images = batch[0].double()
        found = score(network.double(), images, batch[1], "grasp")["grasp"]
        assert found == pytest.approx(slow_grasp(network, images, batch[1]), rel=1e-9)


def test_first_derivatives_are_torchs_to_the_last_bit(build, batch):
    for network in (build("nasbench201"), build("darts")):
        alone = score(network, *batch, ("grad_norm", "snip", "fisher"))
        assert score(network, *batch, (*alone, "grasp")).items() >= alone.items()
