"""One function in two codings has one score: what counts is what a network does."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasutils.proxies import proxy_names, score

CLASSES = 5


@pytest.fixture
def images():
    return torch.randn(8, 3, 12, 12, generator=torch.Generator().manual_seed(0)).double()


def scores(network, images, names=None):
    found = score(network.double(), images, torch.arange(8) % CLASSES, names, errors="record")
    return {name: found.errors.get(name, value) for name, value in found.items()}


def assert_alike(one, other, images, names=None, rel=1e-9):
    first, second = scores(one, images, names), scores(other, images, names)
    assert [n for n, v in first.items() if isinstance(v, float) and math.isfinite(v)]
    for name, value in first.items():
        if isinstance(value, str):
            assert second[name] == value
        else:
            assert second[name] == pytest.approx(value, rel=rel, abs=1e-12), name


class Switch(nn.Module):
    """A module that calls a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def network(relu=nn.ReLU, pool=lambda: nn.AdaptiveAvgPool2d((1, 1)), flatten=nn.Flatten):
    """Return a network with a gate, whose ReLUs and last pooling are coded in some way."""
    torch.manual_seed(0)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.relu = (
                nn.Conv2d(6, 6, 3, padding=1),
                nn.BatchNorm2d(6),
                relu(),
            )
            self.gate = nn.Conv2d(6, 6, 1)

        def forward(self, x):
            y = self.relu(self.norm(self.conv(x)))
            return x + y * self.gate(y.mean((2, 3), keepdim=True)).sigmoid()

    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1),
        *(Block() for _ in range(3)),
        relu(),
        pool(),
        flatten(),
        nn.Linear(6, CLASSES),
    )


RELUS = {
    "in place": lambda: nn.ReLU(inplace=True),
    "functional": lambda: Switch(F.relu),
    "functional in place": lambda: Switch(lambda x: F.relu(x, inplace=True)),
    "method": lambda: Switch(lambda x: x.relu()),
    "method in place": lambda: Switch(lambda x: x.relu_()),
    "clamp": lambda: Switch(lambda x: x.clamp(min=0)),
    "clamp_min": lambda: Switch(lambda x: torch.clamp_min(x, 0)),
    "threshold": lambda: nn.Threshold(0, 0),
    "maximum": lambda: Switch(lambda x: torch.maximum(x, torch.zeros_like(x))),
    "leaky": lambda: nn.LeakyReLU(0.0),
    "scripted": lambda: Switch(_scripted),
}


@torch.jit.script
def _scripted(x: torch.Tensor) -> torch.Tensor:
    return torch.relu(x)


@pytest.mark.parametrize("coding", RELUS)
def test_relus(coding, images):
    names = set(proxy_names()) - ({"flops"} if coding in ("maximum", "leaky") else set())
    assert_alike(network(), network(RELUS[coding]), images, sorted(names))


def test_a_shared_relu_counts_once_a_call(images):
    relu = nn.ReLU()
    assert_alike(network(), network(lambda: relu), images)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (nn.ReLU6, lambda: Switch(lambda x: x.clamp(0, 6))),
        (nn.ReLU6, lambda: nn.Hardtanh(0, 6)),
        (nn.Hardsigmoid, lambda: Switch(lambda x: F.relu6(x + 3) / 6)),
        (nn.Hardswish, lambda: Switch(lambda x: x * F.relu6(x + 3) / 6)),
    ],
)
def test_clipped_activations(one, other, images):
    # Torch's hard-sigmoid has a slope of single precision in double precision, too.
    assert_alike(network(one), network(other), images, rel=1e-7)


POOLS = {
    "mean": lambda: Switch(lambda x: x.mean((2, 3))),
    "mean of negative dimensions": lambda: Switch(lambda x: torch.mean(x, [-1, -2])),
    "mean of the flat map": lambda: Switch(lambda x: x.flatten(2).mean(-1)),
    "functional": lambda: Switch(lambda x: F.adaptive_avg_pool2d(x, 1)),
    "the whole map": lambda: nn.AvgPool2d(6),
}


@pytest.mark.parametrize("coding", POOLS)
def test_last_pooling(coding, images):
    # FLOPs follow the public counter, to which a mean is a sum, and free.
    names = [name for name in proxy_names() if name != "flops"]
    assert_alike(network(), network(pool=POOLS[coding]), images, names)


class Attention(nn.Module):
    """Tokens of 4 x 4 patches, one layer of attention, a feed-forward layer, a mean."""

    def __init__(self, attention, norm=True):
        super().__init__()
        torch.manual_seed(1)
        self.patches = nn.Conv2d(3, 8, 3, stride=3)
        self.norm = nn.LayerNorm(8) if norm else nn.Identity()
        self.up, self.down, self.head = nn.Linear(8, 16), nn.Linear(16, 8), nn.Linear(8, CLASSES)
        self.position = nn.Parameter(torch.randn(1, 16, 8))
        self.attention = attention()

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.position  # (B, N, D)
        x = x + self.attention(self.norm(x))
        x = x + self.down(F.relu(self.up(x)))
        return self.head(x.mean(1))


class Module(nn.Module):
    """Attention as torch's module."""

    def __init__(self, batch_first=True):
        super().__init__()
        self.inner = nn.MultiheadAttention(8, 2, batch_first=batch_first)
        nn.init.normal_(self.inner.in_proj_bias)
        self.batch_first = batch_first

    def forward(self, x):
        if not self.batch_first:
            x = x.transpose(0, 1)
        y = self.inner(x, x, x, need_weights=False)[0]
        return y if self.batch_first else y.transpose(0, 1)


class Maps(nn.Module):
    """The same in linear maps, with attention by a function, by products, or by einsum."""

    def __init__(self, way):
        super().__init__()
        reference = Module().inner
        self.way = way
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.qkv.weight.data = reference.in_proj_weight.data
        self.qkv.bias.data = reference.in_proj_bias.data
        self.out.load_state_dict(reference.out_proj.state_dict())

    def forward(self, x):
        size, tokens, _ = x.shape
        if self.way == "operators":
            qkv = x @ self.qkv.weight.T + self.qkv.bias
        elif self.way == "einsum":
            qkv = torch.einsum("bnd,ed->bne", x, self.qkv.weight) + self.qkv.bias
        else:
            qkv = self.qkv(x)
        q, k, v = qkv.view(size, tokens, 3, 2, 4).permute(2, 0, 3, 1, 4)
        if self.way == "function":
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = (q @ k.transpose(-2, -1) / 2).softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(size, tokens, 8))


ATTENTIONS = {
    "tokens first": lambda: Module(batch_first=False),
    "function": lambda: Maps("function"),
    "products": lambda: Maps("products"),
    "operators": lambda: Maps("operators"),
    "einsum": lambda: Maps("einsum"),
}


@pytest.mark.parametrize("size", [8, 16])  # the second, as many images as tokens
@pytest.mark.parametrize("coding", ATTENTIONS)
def test_attention(coding, size):
    images = torch.randn(size, 3, 12, 12).double()
    names = [name for name in proxy_names() if not name.startswith("az_")]
    labels = torch.arange(size) % CLASSES
    one = score(Attention(Module).double(), images, labels, names)
    other = score(Attention(ATTENTIONS[coding]).double(), images, labels, names)
    for name in names:
        assert other[name] == pytest.approx(one[name], rel=1e-8, abs=1e-12), name


def test_an_encoder_layer_in_evaluation_mode_is_not_fused(images):
    class Encoder(nn.Module):
        def __init__(self, first):
            super().__init__()
            torch.manual_seed(2)
            self.first, self.patches = first, nn.Conv2d(3, 8, 3, stride=3)
            self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0, batch_first=first)
            self.head = nn.Linear(8, CLASSES)

        def forward(self, x):
            x = self.patches(x).flatten(2).permute(*((0, 2, 1) if self.first else (2, 0, 1)))
            return self.head(self.layer(x).mean(1 if self.first else 0))

    names = [name for name in proxy_names() if not name.startswith("az_")]
    assert_alike(Encoder(True), Encoder(False), images, names)


def test_windows_are_parts_of_their_image(images):
    """A linear map on windows, (B * windows, tokens, channels), is the 1x1 convolution."""

    class Windows(nn.Module):
        def __init__(self, linear):
            super().__init__()
            self.map = linear

        def forward(self, x):
            size, c, h, w = x.shape
            x = x.view(size, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 3, 5, 1)
            x = self.map(x.reshape(-1, 4, c)).relu()
            x = x.view(size, h // 2, w // 2, 2, 2, -1).permute(0, 5, 1, 3, 2, 4)
            return x.reshape(size, -1, h, w)

    torch.manual_seed(0)
    convolution, linear, head = nn.Conv2d(3, 6, 1), nn.Linear(3, 6), nn.Linear(6, CLASSES)
    linear.weight.data, linear.bias.data = convolution.weight.data.flatten(1), convolution.bias.data
    tail = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), head]
    one = nn.Sequential(nn.Sequential(convolution, nn.ReLU()), *tail)
    other = nn.Sequential(Windows(linear), *copy.deepcopy(tail))
    names = [name for name in proxy_names() if not name.startswith("az_")]
    assert_alike(one, other, images, names)


class Functions(nn.Module):
    """Two convolutions, a norm and a linear map, as modules or as functions of parameters."""

    def __init__(self, modules):
        super().__init__()
        torch.manual_seed(3)
        self.modules_ = modules
        self.a, self.b = nn.Conv2d(3, 6, 3), nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.norm, self.c = nn.BatchNorm2d(4), nn.Linear(4, CLASSES)

    def forward(self, x):
        if self.modules_:
            return self.c(self.norm(self.b(self.a(x).relu())).relu().mean((2, 3)))
        a, b, n, c = self.a, self.b, self.norm, self.c
        x = F.conv2d(x, a.weight) + a.bias[:, None, None]
        x = torch.conv_transpose2d(x.relu(), b.weight, b.bias, stride=2)
        x = F.batch_norm(x, n.running_mean, n.running_var, n.weight, n.bias, self.training)
        return torch.addmm(c.bias, x.relu().mean((2, 3)), c.weight.T)


class Unfolded(nn.Module):
    """A convolution as a product with all its windows."""

    def __init__(self, convolution):
        super().__init__()
        self.convolution = convolution

    def forward(self, x):
        weight, bias = self.convolution.weight, self.convolution.bias
        y = weight.flatten(1) @ F.unfold(x, 3, padding=1) + bias[:, None]
        return y.view(len(x), len(weight), *x.shape[2:])


def test_a_convolution_as_a_product(images):
    torch.manual_seed(0)
    first, second = (nn.Conv2d(c, 6, 3, padding=1) for c in (3, 6))
    one = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), *tail())
    other = copy.deepcopy(one)
    other[0], other[2] = Unfolded(other[0]), Unfolded(other[2])
    names = [name for name in proxy_names() if not name.startswith("az_")]
    assert_alike(one, other, images, names)


def test_layers_as_functions(images):
    names = [name for name in proxy_names() if not name.startswith("az_")]
    assert_alike(Functions(True), Functions(False), images, names)


def test_a_computed_weight_is_its_parameter(images):
    """Weights that pass a mask or a norm are scored as what is stored."""

    class Masked(nn.Conv2d):
        def forward(self, x):
            return F.conv2d(x, self.weight * torch.ones_like(self.weight), self.bias)

    torch.manual_seed(0)
    plain = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES)
    )
    masked = copy.deepcopy(plain)
    masked[0].__class__ = Masked
    assert_alike(plain, masked, images)


NORMS = {
    "group": lambda: nn.GroupNorm(2, 6),
    "layer": lambda: nn.GroupNorm(1, 6),
    "instance": lambda: nn.InstanceNorm2d(6, affine=True),
    "rms": lambda: nn.RMSNorm([6, 6]),
    "batch, without statistics": lambda: nn.BatchNorm2d(6, track_running_stats=False),
    "batch, synchronised": lambda: nn.SyncBatchNorm(6),
    "batch": lambda: nn.BatchNorm2d(6),
}


def normed(norm):
    torch.manual_seed(0)
    body = [nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False), norm(), nn.ReLU()]
    return nn.Sequential(
        *body, nn.Conv2d(6, 6, 3, padding=1, bias=False), norm(), nn.ReLU(), *tail()
    )


def tail():
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, CLASSES)


@pytest.mark.parametrize("norm", NORMS)
def test_synflow_goes_through_norms_of_all_kinds(norm, images):
    without = scores(normed(nn.Identity), images, "synflow")
    assert scores(normed(NORMS[norm]), images, "synflow") == without


@pytest.mark.parametrize("norm", NORMS)
def test_zen_pays_back_what_norms_of_all_kinds_take(norm, images):
    """Twice as large weights before a norm: the variance, not the features, has the factor."""
    expected = scores(normed(NORMS["batch"]), images, "zen")["zen"]
    found = scores(normed(NORMS[norm]), images, "zen")["zen"]
    if norm.startswith("batch"):
        assert found == pytest.approx(expected, rel=1e-12)
    else:  # other statistics, of about the same size
        assert found == pytest.approx(expected, abs=0.3)


def test_group_norms_of_one_size_agree(images):
    other = {"zen": scores(normed(lambda: nn.GroupNorm(6, 6)), images, "zen")["zen"]}
    assert other == pytest.approx(scores(normed(NORMS["instance"]), images, "zen"))
