"""Judging against a slow reference."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nasutils.errors import NasutilsError
from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.judging import accuracy, judge, recompute_statistics
from nasutils.methods.kshot_hypernet.tasks import Images, load_task
from nasutils.methods.kshot_hypernet.training import build_supernet
from nasutils.networks.nasbench201_supernet import Choice
from nasutils.spaces.nasbench201 import CONV3, NONE, SKIP, NASBench201Cell

CONFIG = SuperNetConfig(task="digits", size=8, channels=2, hidden=4, coefficients=3)


@pytest.fixture
def supernet():
    return build_supernet(CONFIG, 10, 1)


@pytest.fixture(scope="module")
def task():
    return load_task("digits", 8)


def test_statistics_are_the_images_own(supernet, task):
    choice = Choice.cell(NASBench201Cell((CONV3,) * 6))
    images = task.train.first(512)  # one batch
    recompute_statistics(supernet, choice, images)
    with torch.no_grad():
        stem = nn.functional.conv2d(images.x, supernet.kernels(choice)[0], padding=1)
    torch.testing.assert_close(supernet.stem.norm.running_mean, stem.mean((0, 2, 3)))
    torch.testing.assert_close(supernet.stem.norm.running_var, stem.var((0, 2, 3)))
    # Hence the judged images, were they the same, would be normalised as in training.
    logits = supernet.eval()(images.x, choice)
    torch.testing.assert_close(logits, supernet.train()(images.x, choice), rtol=1e-2, atol=1e-2)
    assert supernet.stem.norm.momentum == 0.1


def test_accuracies_are_those_of_exported_networks(supernet, task):
    cells = [NASBench201Cell.random(np.random.default_rng(i)) for i in range(4)]
    images = task.test.first(200)
    got = judge(supernet, cells, task.train, images)
    for cell, value in zip(cells, got, strict=True):
        recompute_statistics(supernet, Choice.cell(cell), task.train.first(2_048))
        plain = supernet.eval().export(cell)
        expected = (plain(images.x).argmax(1) == images.y).float().mean().item()
        assert value == pytest.approx(100 * expected, abs=0.51)


def test_the_super_net_stays_as_it_is(supernet, task):
    before = {name: value.clone() for name, value in supernet.state_dict().items()}
    judge(supernet, [NASBench201Cell((SKIP,) * 6)], task.train, task.test.first(50))
    assert all(torch.equal(before[name], v) for name, v in supernet.state_dict().items())


def test_the_same_function_is_judged_once(supernet, task):
    cells = [
        NASBench201Cell((CONV3, NONE, NONE, SKIP, NONE, NONE)),
        NASBench201Cell((NONE, NONE, NONE, SKIP, NONE, NONE)),
        NASBench201Cell((SKIP, NONE, NONE, NONE, SKIP, NONE)),
    ]
    judged = []

    def track(functions):
        judged.extend(functions)
        return functions

    values = judge(supernet, cells, task.train, task.test.first(50), track=track)
    assert judged == cells[1:]
    assert values[0] == values[1]


def test_statistics_of_training_are_used_on_request(supernet, task):
    choice = Choice.cell(NASBench201Cell((CONV3,) * 6))
    images = task.test.first(100)
    cell = [NASBench201Cell((CONV3,) * 6)]
    got = judge(supernet, cell, task.train, images, recompute=False)
    assert got[0] == accuracy(supernet, choice, images)


def test_no_images_no_accuracy(supernet, task):
    none = Images(task.test.x[:0], task.test.y[:0])
    with pytest.raises(NasutilsError, match="no images"):
        judge(supernet, [NASBench201Cell((SKIP,) * 6)], task.train, none)


def test_zero_cell_is_judged_at_chance(supernet, task):
    config = replace(CONFIG, provider="shared")
    net = build_supernet(config, 10, 1)
    value = judge(net, [NASBench201Cell((NONE,) * 6)], task.train, task.test.first(100))
    assert 0 <= value[0] <= 30
