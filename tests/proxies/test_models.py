"""Networks and batches by name, and the command that scores them."""

import csv
import io
import json
import sys

import pytest
import torch
from torch import nn

from nasutils import cli
from nasutils.data.images import _find_npz
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.paths import cache_dir
from nasutils.proxies import proxy_names, score
from nasutils.proxies.models import load_batch, load_network

MODULE = """
import torch
from torch import nn

def build(classes=10):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(4, classes))

def text():
    return "no network"

def broken():
    raise KeyError("lost")
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "networks_of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield "networks_of_mine"
    sys.modules.pop("networks_of_mine", None)


@pytest.fixture
def call(monkeypatch, capfd):
    """Return a function that runs the command line in this process: status, output, errors."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nasutils", "proxies", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capfd.readouterr()

    return run


@pytest.mark.parametrize("name", ["timm:test_resnet", "torchvision:squeezenet1_1"])
def test_networks_of_libraries(name):
    state = torch.get_rng_state()
    network, same = load_network(name, num_classes=7), load_network(name, num_classes=7)
    other = load_network(name, num_classes=7, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    weights, equal, different = (next(n.parameters()) for n in (network, same, other))
    assert torch.equal(weights, equal)
    assert not torch.equal(weights, different)
    assert network.eval()(torch.randn(2, 3, 64, 64)).shape == (2, 7)


def test_networks_of_anyone(module, monkeypatch):
    monkeypatch.syspath_prepend(".")
    assert isinstance(load_network(f"{module}:build", classes=3)[-1], nn.Linear)
    for name, message in (
        ("resnet18", "a network is timm:NAME, torchvision:NAME or package.module:factory"),
        (":build", "a network is timm:NAME"),
        ("no_such_module:build", "no_such_module cannot be imported"),
        (f"{module}:text", "gives str, not a torch.nn.Module"),
        (f"{module}:broken", "cannot be built: KeyError: 'lost'"),
    ):
        with pytest.raises(NasutilsError, match=message):
            load_network(name)
    with pytest.raises(UnknownNameError, match="Did you mean 'build'"):
        load_network(f"{module}:bild")
    with pytest.raises(UnknownNameError, match="unknown network of timm 'resnet19'"):
        load_network("timm:resnet19")
    with pytest.raises(UnknownNameError, match="unknown network of torchvision 'resnet19'"):
        load_network("torchvision:resnet19")


def test_batches():
    images, labels = load_batch("random", images=5, size=48, seed=2)
    assert (images.shape, images.dtype, labels.shape) == ((5, 3, 48, 48), torch.float32, (5,))
    assert torch.equal(load_batch("random", images=5, size=48, seed=2)[0], images)
    assert not torch.equal(load_batch("random", images=5, size=48)[0], images)
    with pytest.raises(UnknownNameError, match="unknown batch 'cifar'"):
        load_batch("cifar")
    with pytest.raises(NasutilsError, match="at least one image"):
        load_batch("random", images=0)


@pytest.mark.real_data
def test_batches_of_images():
    for name, classes in (("cifar10", 10), ("cifar100", 100)):
        if _find_npz(name) is None:
            pytest.skip(f"no {name}.npz in {cache_dir() / 'images'} or NASUTILS_IMAGES")
        images, labels = load_batch(name, images=500)
        assert images.mean().abs() < 0.1
        assert (images.std() - 1).abs() < 0.1
        assert labels.max() == classes - 1
    with pytest.raises(NasutilsError, match="cifar10 has 50,000 training images, not 50,001"):
        load_batch("cifar10", images=50_001)


def test_the_command_writes_json_and_csv(module, call):
    arguments = ["score", f"{module}:build", "--batch", "random", "--images", "8"]
    status, output, progress = call(*arguments, "--format", "json")
    assert status == 0
    records = {record["proxy"]: record for record in json.loads(output)}
    assert list(records) == proxy_names()
    assert records["nwot"]["score"] is None
    assert records["nwot"]["note"].startswith("nwot: the network calls no ReLU")
    expected = score(load_network(f"{module}:build"), *load_batch("random", images=8), "snip")
    assert records["snip"] == {
        "network": f"{module}:build",
        "proxy": "snip",
        "score": expected["snip"],
        "note": "",
    }
    assert "100%" in progress
    two = ["--proxy", "snip", "--proxy", "zen"]
    status, output, _ = call(*arguments, "--format", "csv", *two)
    rows = list(csv.DictReader(io.StringIO(output)))
    assert [row["proxy"] for row in rows] == ["snip", "zen"]
    assert float(rows[0]["score"]) == expected["snip"]
    status, output, _ = call(*arguments, *two)
    assert output.splitlines()[0].split() == ["network", "proxy", "score", "note"]


def test_mistakes_end_in_one_line(module, call):
    for arguments, message in (
        (["resnet18"], "a network is timm:NAME"),
        ([f"{module}:build", "--proxy", "snap"], "unknown proxy 'snap'. Did you mean"),
        ([f"{module}:build", "--batch", "mnist"], "unknown batch 'mnist'"),
        ([f"{module}:build", "--device", "tpu9"], "no device 'tpu9' here"),
    ):
        status, _, errors = call("score", *arguments)
        assert (status, errors.count("\n")) == (1, 1)
        assert message in errors


def test_listings_for_programs(call):
    status, output, _ = call("list", "--format", "json")
    assert status == 0
    assert [record["name"] for record in json.loads(output)] == proxy_names()
