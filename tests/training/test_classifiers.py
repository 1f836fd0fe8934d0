"""Training of replicas is exactly the training of each alone."""

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.spaces.nasbench201 import CONV1, CONV3, POOL, SKIP, NASBench201Cell
from nasutils.training import classifiers

CELL = NASBench201Cell((CONV3, CONV1, POOL, SKIP, CONV3, CONV1))
SCHEDULE = classifiers.Schedule(epochs=2, batch_size=8)


def network(replicas):
    return NASBench201Network(
        CELL, 3, channels=4, cells_per_stage=1, in_channels=1, replicas=replicas
    )


@pytest.fixture(scope="module")
def data():
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(3, (48,), generator=rng)
    images = torch.randn(48, 1, 8, 8, generator=rng) + labels.view(-1, 1, 1, 1)
    return images[:32], labels[:32], images[32:], labels[32:]


def trained(seeds, data, dtype=torch.float64):
    net = network(len(seeds))
    classifiers.initialise(net, seeds)
    net.to(dtype)
    images, labels, valid, valid_labels = data
    history = classifiers.train(
        net, images.to(dtype), labels, valid.to(dtype), valid_labels, SCHEDULE, seeds
    )
    return net, history


def test_replicas_train_as_if_alone(data):
    together, history = trained((3, 7), data)
    for i, seed in enumerate((3, 7)):
        alone, single = trained((seed,), data)
        np.testing.assert_allclose(history.train_loss[i], single.train_loss[0], rtol=1e-6)
        np.testing.assert_array_equal(history.valid_accuracy[i], single.valid_accuracy[0])
        for shared, own in zip(together.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(shared.chunk(2)[i], own, rtol=1e-6, atol=1e-9)


def test_same_seed_same_result_other_seed_other_result(data):
    first, second = (trained((1,), data)[1].train_loss for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, trained((2,), data)[1].train_loss)


def test_certain_probabilities_teach_as_labels_do(data):
    images, labels, *valid = data
    certain = torch.nn.functional.one_hot(labels, 3).double()
    _, by_labels = trained((3, 7), data)
    _, by_probabilities = trained((3, 7), (images, certain, *valid))
    np.testing.assert_allclose(by_probabilities.train_loss, by_labels.train_loss, rtol=1e-6)


def test_it_learns(data):
    _, history = trained((0, 1, 2), data)
    assert (history.train_loss[:, -1] < history.train_loss[:, 0]).all()
    assert history.train_loss.shape == history.valid_accuracy.shape == (3, 2)


def test_initial_weights_have_he_variance():
    net = NASBench201Network(CELL, channels=64, replicas=2)
    classifiers.initialise(net, (0, 1))
    weight = net.stages[-1].edges[0][1].weight  # (2 * 256, 256, 3, 3)
    for block in weight.chunk(2):
        assert block.std().item() == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.01)
    assert not torch.equal(*weight.chunk(2))


def test_accuracy_by_hand():
    class Constant(torch.nn.Module):
        replicas = 2

        def forward(self, x):
            # Replica 0 says class 0 to everything, replica 1 says class 2.
            return torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]).expand(len(x), 2, 3)

    labels = torch.tensor([0, 0, 0, 2, 1])
    got = classifiers.accuracy(Constant(), torch.zeros(5, 1, 2, 2), labels, batch_size=2)
    np.testing.assert_allclose(got, [60, 20])


def test_seeds_must_match_replicas():
    with pytest.raises(NasutilsError, match="2 replicas need as many seeds, not 3"):
        classifiers.initialise(network(2), (0, 1, 2))


def test_too_few_images_for_a_batch(data):
    images, labels, valid, valid_labels = data
    schedule = classifiers.Schedule(epochs=1, batch_size=64)
    with pytest.raises(NasutilsError, match="32 images do not fill a batch of 64"):
        classifiers.train(network(1), images, labels, valid, valid_labels, schedule, (0,))
