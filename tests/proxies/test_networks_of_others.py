"""Networks as they come: wrapped, frozen, unusual in what they return, or no network at all."""

import copy
import math
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.proxies import proxy_names, score, score_networks

LABELS = torch.arange(6) % 4


class Small(nn.Module):
    """A convolution, a block with batch norm and dropout, a linear map."""

    def __init__(self, wrap=lambda logits: logits, run=lambda block, x: block(x)):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 6, 3)
        self.block = nn.Sequential(
            nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout2d(0.2)
        )
        self.head = nn.Linear(6, 4)
        self.wrap, self.run = wrap, run

    def forward(self, x):
        return self.wrap(self.head(self.run(self.block, self.stem(x)).mean((2, 3))))


@pytest.fixture
def images():
    return torch.randn(6, 3, 10, 10, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def expected(images):
    return score(Small(), images, LABELS)


def states(network):
    return {k: (v._version, v.clone()) for k, v in network.state_dict(keep_vars=True).items()}


@pytest.mark.parametrize("reentrant", [True, False])
def test_activation_checkpoints(reentrant, images, expected):
    def run(block, x):
        return checkpoint(block, x, use_reentrant=reentrant)

    network = Small(run=run)
    before = states(network)
    assert score(network, images, LABELS) == expected
    for name, (version, value) in states(network).items():
        assert version == before[name][0], name
        assert torch.equal(value, before[name][1])
    assert all(parameter.grad is None for parameter in network.parameters())
    # Checkpoints work as before.
    network(images).sum().backward()
    assert network.block[0].weight.grad.any()


def test_frozen_networks(images, expected):
    assert score(Small().requires_grad_(False), images, LABELS) == expected


def test_data_parallel_networks(images, expected):
    assert score(nn.DataParallel(Small()), images, LABELS) == expected


def test_compiled_networks(images, expected):
    network = Small()
    assert score(torch.compile(network, backend="eager"), images, LABELS) == expected
    network.block = torch.compile(network.block, backend="eager")
    network.head.compile(backend="eager")
    names = [name for name in proxy_names() if not name.startswith("az_")]
    assert score(network, images, LABELS, names) == {name: expected[name] for name in names}


def test_forward_passes_may_leave_attributes(images, expected):
    class Curious(Small):
        def forward(self, x):
            self.calls = getattr(self, "calls", 0) + 1
            self.stem.seen = x
            return super().forward(x)

    network = Curious()
    network.calls = 3
    assert score(network, images, LABELS) == expected
    assert network.calls == 3
    assert not hasattr(network.stem, "seen")


@dataclass
class Output:
    logits: torch.Tensor


OUTPUTS = {
    "dictionary": lambda logits: {"features": logits * 2, "logits": logits},
    "object": Output,
    "tuple": lambda logits: (logits, 2 * logits),
    "list": lambda logits: [logits],
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs(kind, images, expected):
    assert score(Small(OUTPUTS[kind]), images, LABELS) == expected


@pytest.mark.parametrize(
    ("wrap", "message"),
    [
        (lambda logits: {"scores": logits}, "returns dict with the keys .'scores'., without"),
        (lambda logits: None, "returns NoneType, without a tensor"),
        (lambda logits: logits[0], r"this network returns \(4,\)"),
    ],
)
def test_outputs_without_logits(wrap, message, images):
    with pytest.raises(NasutilsError, match=f"snip: .*{message}"):
        score(Small(wrap), images, LABELS, "snip")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_refused_networks(images):
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.device("meta"):
        meta = Small()
    for network, message in (
        (torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3))), "snip: the network is scripted"),
        (lazy, "snip: layers are lazy"),
        (meta, "snip: the weights are on the meta device"),
        (None, "snip: a network is a torch.nn.Module, not None"),
        (Small, "snip: a network is a torch.nn.Module, not <class"),
    ):
        with pytest.raises(NasutilsError, match=message):
            score(network, images, LABELS, "snip")
        assert "snip" in score(network, images, LABELS, "snip", errors="record").errors
    assert all(map(nn.parameter.is_lazy, lazy.parameters()))
    counts = score(meta, images, names=("params", "flops"))
    assert counts == score(Small(), images, names=("params", "flops"))


@pytest.mark.parametrize("shape", [(6, 1, 10, 10), (6, 10, 10, 3), (6, 3, 2, 2)])
@pytest.mark.parametrize("name", proxy_names())
def test_images_that_do_not_fit(shape, name):
    if name == "params":
        return
    with pytest.raises(NasutilsError, match=rf"{name}: the network fails on images of shape \(6"):
        score(Small(), torch.randn(shape), LABELS, name)


class Once(torch.autograd.Function):
    """The identity, which cannot be derived twice."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return gradient


def test_one_refusal_does_not_lose_the_other_scores(images):
    network = Small(run=lambda block, x: block(Once.apply(x)))
    found = score(network, images, LABELS, errors="record")
    assert set(found) == set(proxy_names())
    assert set(found.errors) == {"grasp"}
    assert found.errors["grasp"].startswith("grasp: torch has no second derivative")
    for name, value in found.items():
        assert math.isnan(value) == (name == "grasp")
        if name != "grasp":
            assert score(network, images, LABELS, name) == {name: value}
    with pytest.raises(NasutilsError, match="grasp: torch has no second derivative"):
        score(network, images, LABELS)
    with pytest.raises(UnknownNameError, match="unknown way with errors 'ignore'"):
        score(network, images, LABELS, errors="ignore")


def test_missing_labels_are_recorded(images, expected):
    found = score(Small(), images, names=("nwot", "snip"), errors="record")
    assert found["nwot"] == expected["nwot"]
    assert found.errors == {"snip": "labels are missing: snip cannot do without."}


def test_a_network_that_mixes_images_has_no_values_by_image(images):
    class Mixing(Small):
        def forward(self, x):
            x = self.stem(x)
            return self.head(F.relu(x + x.roll(1, 0)).mean((2, 3)))

    found = score(Mixing(), images, LABELS, ("nwot", "snip"), errors="record")
    assert "nwot: the network mixes images" in found.errors["nwot"]
    assert found["snip"] > 0


def test_tables_keep_errors(images):
    frame = score_networks([Small(), None], images, LABELS, ("snip", "nwot"), errors="record")
    assert frame.notna().all(axis=1).tolist() == [True, False]
    assert [sorted(errors) for errors in frame.attrs["errors"]] == [[], ["nwot", "snip"]]


def test_other_tasks_have_their_own_loss(images):
    targets = torch.randn(6, 4)
    network = Small().double()
    found = score(network, images, targets, loss=F.mse_loss, errors="record")
    assert set(found.errors) == {"epe_nas"}
    assert "epe_nas: it compares images of one class" in found.errors["epe_nas"]
    assert found.errors["epe_nas"].endswith('or score the others with errors="record".')
    network = copy.deepcopy(network)
    torch.manual_seed(0)
    F.mse_loss(network(images.double()), targets.double()).backward()
    norms = [m.weight.grad.norm() for m in (network.stem, network.block[0], network.head)]
    assert found["grad_norm"] == pytest.approx(float(sum(norms)), rel=1e-9)


def test_a_loss_may_take_maps(images):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 1))
    labels = torch.randint(5, (6, 8, 8))
    found = score(network, images, labels, ("snip", "nwot"), loss=F.cross_entropy)
    assert all(map(math.isfinite, found.values()))
    with pytest.raises(NasutilsError, match="snip: the loss of a batch is one number"):
        score(network, images, labels, "snip", loss=lambda output, labels: output)
