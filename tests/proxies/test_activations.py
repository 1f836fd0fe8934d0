import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasutils.errors import NasutilsError
from nasutils.proxies import UNDEFINED, regularised_swap, score
from nasutils.proxies.activations import log_determinant
from nasutils.proxies.passes import code_kernel


def test_kernel_counts_agreeing_units():
    rng = np.random.default_rng(0)
    activations = rng.normal(size=(5, 2, 3))
    codes = (activations > 0).reshape(5, 6)
    expected = [[sum(a == b) for b in codes] for a in codes]
    assert code_kernel(torch.tensor(activations)).tolist() == expected


def test_log_determinant():
    kernel = torch.tensor([[4.0, 1.0], [1.0, 4.0]], dtype=torch.float64)
    assert log_determinant(kernel) == pytest.approx(math.log(15))
    singular = torch.full((3, 3), 2.0, dtype=torch.float64)
    assert log_determinant(singular) == UNDEFINED
    assert log_determinant(0 * singular) == UNDEFINED


def test_nwot_by_hand():
    # Two images of four units that agree in one: det [[4, 1], [1, 4]] = 15.
    images = torch.tensor([[1.0, 1, -1, 1], [1, -1, 1, -1]]).view(2, 1, 2, 2)
    network = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    assert score(network, images, names="nwot")["nwot"] == pytest.approx(math.log(15))
    # A second ReLU sees no negative number: zeros count as such, so the codes stay the same.
    network.insert(1, nn.ReLU())
    assert score(network, images, names="nwot")["nwot"] == pytest.approx(math.log(60))


def test_nwot_does_not_depend_on_the_scale_of_weights():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.ReLU(), nn.Conv2d(8, 8, 3, bias=False), nn.ReLU()
    )
    network.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])
    images = torch.randn(6, 3, 8, 8)
    before = score(network, images, names="nwot")
    network[0].weight.data *= 4  # Powers of two: not even the rounding changes.
    network[2].weight.data /= 16
    assert score(network, images, names="nwot") == before
    assert score(network, images * 8, names="nwot") == before


def test_nwot_against_the_kernel_by_definition(build, batch):
    network, images = build("nasbench101").double(), batch[0].double()
    codes = []

    def keep(module, inputs):
        codes.append((inputs[0] > 0).flatten(1).double().numpy())

    reference = copy.deepcopy(network).train()
    for module in reference.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(keep)
    reference(images)
    kernel = sum(x @ x.T + (1 - x) @ (1 - x).T for x in codes)
    _, expected = np.linalg.slogdet(kernel)
    assert score(network, images, names="nwot")["nwot"] == pytest.approx(expected)


def test_nwot_is_undefined_for_equal_images_and_dead_networks(build, batch):
    images = batch[0].clone()
    images[3] = images[7]
    assert score(build("nasbench201"), images, names="nwot")["nwot"] == UNDEFINED
    assert score(build("dead"), batch[0], names="nwot")["nwot"] == UNDEFINED


@pytest.mark.parametrize("name", ["nwot", "swap"])
def test_networks_without_relus_are_refused(batch, name):
    smooth = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2), nn.GELU())
    with pytest.raises(NasutilsError, match=f"{name}: the network calls no ReLU"):
        score(smooth, batch[0], names=name)


def test_swap_by_hand():
    # Four units: the columns of signs are ++, +-, -+, ++.
    images = torch.tensor([[1.0, 1, -1, 1], [1, -1, 1, 1]]).view(2, 1, 2, 2)
    network = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    assert score(network, images, names="swap") == {"swap": 3}
    network.insert(0, nn.ReLU())  # after which no unit is negative: the columns are the same
    assert score(network, images, names="swap") == {"swap": 3}


@pytest.mark.parametrize("size", [3, 8, 65])
def test_swap_counts_columns_of_any_batch(build, size):
    torch.manual_seed(size)
    network, images = build("nasbench101").double(), torch.randn(size, 3, 8, 8).double()
    columns = set()
    reference = copy.deepcopy(network).train()
    for module in reference.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(
                lambda m, i: columns.update(map(tuple, (i[0] > 0).flatten(1).T.tolist()))
            )
    reference(images)
    assert score(network, images, names="swap") == {"swap": len(columns)}


def test_regularised_swap():
    found = regularised_swap([10.0, 10, 10], [40.0, 50, 60], mu=50, sigma=25)
    assert found == pytest.approx([10 * math.exp(-4), 10, 10 * math.exp(-4)])
    with pytest.raises(NasutilsError, match="sigma is the width"):
        regularised_swap(1.0, 1.0, mu=0, sigma=0)


def test_t_cet_of_one_layer():
    rng = np.random.default_rng(1)
    w, x, y = rng.normal(size=(7, 4)), rng.normal(size=(3, 4)), [0, 3, 6]
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 7, bias=False)).double()
    network[1].weight.data = torch.tensor(w)
    z = x @ w.T
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    s = np.abs(w * ((p - np.eye(7)[y]).T @ x / 3))
    codes = (z > 0).astype(float)
    _, log_det = np.linalg.slogdet(codes @ codes.T + (1 - codes) @ (1 - codes).T)
    expected = log_det * np.log(1 + s.sum() / s.std(ddof=1))
    images = torch.tensor(x)[:, :, None, None]
    assert score(network, images, torch.tensor(y), "t_cet")["t_cet"] == pytest.approx(expected)


def test_t_cet_sums_over_layers_with_evaluation_codes(build, batch):
    network, images = build("nasbench201").double(), batch[0].double()
    reference = copy.deepcopy(network)
    layers = [m for m in reference.modules() if isinstance(m, nn.Conv2d)]
    loss = F.cross_entropy(reference.train()(images), batch[1])
    gradients = torch.autograd.grad(
        loss, [m.weight for m in layers], allow_unused=True, materialize_grads=True
    )
    reference = copy.deepcopy(network).eval()
    codes = {}
    for name, module in reference.named_modules():
        module.register_forward_hook(
            lambda m, i, o, name=name: codes.__setitem__(name, (o > 0).flatten(1).double().numpy())
        )
    reference(images)
    named = [name for name, m in reference.named_modules() if isinstance(m, nn.Conv2d)]
    expected = 0.0
    for name, layer, gradient in zip(named, layers, gradients, strict=True):
        s = (layer.weight * gradient).abs().detach().numpy()
        x = codes[name]
        kernel = x @ x.T + (1 - x) @ (1 - x).T
        if s.any() and np.linalg.matrix_rank(kernel) == len(kernel):
            expected += np.linalg.slogdet(kernel)[1] * np.log1p(s.sum() / s.std(ddof=1))
    found = score(network, images, batch[1], "t_cet")["t_cet"]
    assert found == pytest.approx(expected)
    assert found > 0


def test_a_dead_network_has_no_t_cet(build, batch):
    assert score(build("dead"), *batch, "t_cet") == {"t_cet": 0.0}
