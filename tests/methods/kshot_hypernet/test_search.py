"""Search within limits, and what is deployed."""

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError
from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.judging import judge
from nasutils.methods.kshot_hypernet.search import Limits, deploy, search, within
from nasutils.methods.kshot_hypernet.tasks import Images, load_task
from nasutils.methods.kshot_hypernet.training import build_supernet
from nasutils.networks.counting import count_params
from nasutils.spaces.nasbench201 import CONV1, CONV3, NONE, SKIP, NASBench201Cell


@pytest.fixture
def supernet():
    config = SuperNetConfig(task="digits", size=8, channels=2, hidden=4, coefficients=3)
    return build_supernet(config, 10, 1)


@pytest.fixture(scope="module")
def task():
    return load_task("digits", 8)


def test_limits_are_limits(supernet, task):
    image = task.valid.x[:1]
    large, small = NASBench201Cell((CONV3,) * 6), NASBench201Cell((SKIP,) * 6)
    exact = count_params(supernet.export(large))
    assert within(large, Limits(params=exact), supernet, image)
    assert not within(large, Limits(params=exact - 1e-6), supernet, image)
    assert not within(large, Limits(flops=0.05), supernet, image)
    assert within(small, Limits(flops=0.05), supernet, image)
    assert within(small, Limits(latency=60.0), supernet, image)
    assert not within(small, Limits(latency=0.0), supernet, image)


def test_everything_asked_keeps_within_the_limits(supernet, task):
    limit = count_params(supernet.export(NASBench201Cell((CONV1,) * 6)))
    result = search(
        supernet,
        task,
        Limits(params=limit),
        budget=8,
        images=50,
        rng=np.random.default_rng(0),
    )
    assert len(result.architectures) == 8
    assert all(count_params(supernet.export(c)) <= limit for c in result.architectures)
    again = judge(supernet, [result.best], task.train, task.valid.first(50))
    assert result.score == again[0]


def test_impossible_limits_are_named(supernet, task, monkeypatch):
    monkeypatch.setattr("nasutils.methods.kshot_hypernet.search._TRIES", 3)
    with pytest.raises(NasutilsError, match="params=0"):
        search(supernet, task, Limits(params=0), budget=2, rng=np.random.default_rng(0))


def test_the_deployed_network_is_the_judged_one(supernet, task):
    cell = NASBench201Cell((CONV3, NONE, CONV1, SKIP, CONV3, CONV1))
    images = Images(task.test.x[:100], task.test.y[:100])
    expected = judge(supernet, [cell], task.train, images)[0]
    network = deploy(supernet, cell, task.train)
    assert not network.training
    with torch.no_grad():
        correct = (network(images.x).argmax(1) == images.y).float().mean().item()
    assert 100 * correct == pytest.approx(expected, abs=1.01)
