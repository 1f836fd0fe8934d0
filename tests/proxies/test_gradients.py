"""The gradient family on one linear layer, in closed form, and on networks against slow ways."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasutils.proxies import UNDEFINED, score

FAMILY = ("grad_norm", "l2_norm", "plain", "snip", "snip_ssnr", "fisher", "grasp")


@pytest.fixture(scope="module")
def by_hand():
    """Return weights (C, D), images (B, D), one-hot labels (B, C) and softmax (B, C)."""
    rng = np.random.default_rng(0)
    w, x, y = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), np.eye(3)[[0, 1, 2, 1]]
    odds = np.exp(x @ w.T)
    return w, x, y, odds / odds.sum(1, keepdims=True)


@pytest.fixture(scope="module")
def linear(by_hand):
    """Return the scores of the same, as a network of one linear layer."""
    w, x, y, _ = by_hand
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 3, bias=False)).double()
    network[1].weight.data = torch.tensor(w)
    images = torch.tensor(x)[:, :, None, None]
    return score(network, images, torch.tensor(y.argmax(1)), FAMILY)


def test_first_order_scores_of_a_linear_layer(by_hand, linear):
    w, x, y, p = by_hand
    g = (p - y).T @ x / len(x)
    s = np.abs(w * g)
    assert linear["grad_norm"] == pytest.approx(np.sqrt((g**2).sum()))
    assert linear["l2_norm"] == pytest.approx(np.sqrt((w**2).sum()))
    assert linear["plain"] == pytest.approx((w * g).sum())
    assert linear["snip"] == pytest.approx(s.sum())
    assert linear["snip_ssnr"] == pytest.approx(s.sum() / s.std(ddof=1))


def test_fisher_of_a_linear_layer(by_hand, linear):
    w, x, y, p = by_hand
    products = (x @ w.T) * (p - y) / len(x)  # (B, C)
    fan_in = 2
    expected = fan_in * (products**2).sum() / (2 * len(x))
    assert linear["fisher"] == pytest.approx(expected)


def test_grasp_of_a_linear_layer(by_hand, linear):
    w, x, y, p = by_hand
    g = (p - y).T @ x / len(x)
    # Softmax regression: the Hessian is the mean of (diag(p) - p p^T) times x x^T.
    hessian = np.mean(
        [np.kron(np.diag(q) - np.outer(q, q), np.outer(v, v)) for q, v in zip(p, x, strict=True)],
        axis=0,
    )
    assert linear["grasp"] == pytest.approx(-w.ravel() @ hessian @ g.ravel())


def naive(network, images, labels):
    """Return the family computed the plain way, on a copy, with every quantity by its definition.

    GraSP by central differences of the gradient, with so small a step that no ReLU switches.
    """
    network = copy.deepcopy(network).train()
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    outputs = {m: [] for m in layers}

    def keep(module, inputs, output):
        output.retain_grad()
        outputs[module].append(output)

    handles = [m.register_forward_hook(keep) for m in layers]
    F.cross_entropy(network(images), labels).backward()
    for handle in handles:
        handle.remove()
    w = [m.weight.detach().clone() for m in layers]
    g = [torch.zeros_like(m.weight) if m.weight.grad is None else m.weight.grad for m in layers]
    fisher = 0.0
    for module in layers:
        for output in outputs[module]:
            if output.grad is None:
                continue
            product = (output * output.grad).detach()
            product = product.reshape(*product.shape[:2], -1)
            for channel in range(product.shape[1]):
                mean = sum(float(p.sum()) ** 2 for p in product[:, channel]) / len(product)
                fisher += module.weight[channel].numel() * mean / 2

    def directional(step):
        """Return w . gradient at weights moved along the gradient."""
        for module, a, b in zip(layers, w, g, strict=True):
            module.weight.data = a + step * b
        moved = torch.autograd.grad(
            F.cross_entropy(network(images), labels),
            [m.weight for m in layers],
            allow_unused=True,
            materialize_grads=True,
        )
        return sum(float((a * m).sum()) for a, m in zip(w, moved, strict=True))

    step = 1e-8
    return {
        "grad_norm": sum(float(b.norm()) for b in g),
        "l2_norm": sum(float(a.norm()) for a in w),
        "plain": sum(float((a * b).sum()) for a, b in zip(w, g, strict=True)),
        "snip": sum(float((a * b).abs().sum()) for a, b in zip(w, g, strict=True)),
        "fisher": fisher,
        "grasp": -(directional(step) - directional(-step)) / (2 * step),
    }


def test_networks_against_the_naive_way(network, batch):
    network, images = network.double(), batch[0].double()
    expected = naive(network, images, batch[1])
    for name, value in score(network, images, batch[1], list(expected)).items():
        assert value == pytest.approx(expected[name], rel=1e-5, abs=1e-9), name


def test_ssnr_adds_up_over_the_layers(build, batch):
    network = build("nasbench201").double()
    images = batch[0].double()
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    loss = F.cross_entropy(copy.deepcopy(network)(images), batch[1])
    assert loss.isfinite()
    expected = 0.0
    gradients = torch.autograd.grad(
        F.cross_entropy(network(images), batch[1]),
        [m.weight for m in layers],
        allow_unused=True,
        materialize_grads=True,
    )
    for layer, gradient in zip(layers, gradients, strict=True):
        s = (layer.weight * gradient).abs().detach().numpy()
        expected += s.sum() / s.std(ddof=1) if s.any() else 0.0
    assert score(network, images, batch[1], "snip_ssnr")["snip_ssnr"] == pytest.approx(expected)


def test_layers_before_a_batch_norm_have_no_plain_saliency():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.BatchNorm2d(4, eps=1e-12),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 36, 3),
    ).double()
    images, labels = torch.randn(6, 1, 8, 8).double(), torch.arange(6) % 3
    layer = network[4]
    loss = F.cross_entropy(network(images), labels)
    (gradient,) = torch.autograd.grad(loss, [layer.weight])
    plain = score(network, images, labels, "plain")["plain"]
    assert plain == pytest.approx(float((layer.weight.detach() * gradient).sum()), rel=1e-9)


def test_a_layer_called_twice_adds_up_its_calls():
    class Twice(nn.Module):
        def __init__(self, first, second):
            super().__init__()
            self.first, self.second = first, second

        def forward(self, x):
            return self.second(torch.tanh(self.first(x))).flatten(1)

    torch.manual_seed(0)
    images, labels = torch.randn(4, 3, 1, 1).double(), torch.arange(4) % 3
    shared = nn.Conv2d(3, 3, 1).double()
    other = copy.deepcopy(shared)
    assert len(list(Twice(shared, shared).parameters())) == 2
    once = score(Twice(shared, shared), images, labels, ("fisher", "l2_norm"))
    apart = score(Twice(shared, other), images, labels, ("fisher", "l2_norm"))
    assert once["fisher"] == pytest.approx(apart["fisher"])
    assert 2 * once["l2_norm"] == pytest.approx(apart["l2_norm"])


def test_tokens_are_no_channels():
    class Tokens(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(x.flatten(2).transpose(1, 2)).mean(1)

    torch.manual_seed(0)
    images, labels = torch.randn(4, 3, 2, 2).double(), torch.arange(4) % 5
    linear = nn.Linear(3, 5).double()
    convolution = nn.Conv2d(3, 5, 1).double()
    convolution.weight.data = linear.weight.data[:, :, None, None]
    convolution.bias.data = linear.bias.data
    pooled = nn.Sequential(convolution, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    expected = score(pooled, images, labels, "fisher")
    assert score(Tokens(linear), images, labels, "fisher") == pytest.approx(expected)


def test_a_dead_network_has_no_gradient(build, batch):
    scores = score(build("dead"), *batch, FAMILY)
    for name in ("grad_norm", "plain", "snip", "snip_ssnr", "grasp"):
        assert scores[name] == 0
    assert scores["l2_norm"] > 0
    assert scores["fisher"] > 0  # of the classifier's biases


def test_overflow_is_undefined(build, batch):
    network = build("nasbench201")
    network.classifier.weight.data.fill_(1e38)
    scores = score(network, *batch, FAMILY)
    for name in ("plain", "snip", "grasp", "fisher"):
        assert scores[name] == UNDEFINED
