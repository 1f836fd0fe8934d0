"""One call, shared passes, and a network that is left as it was."""

import gc
import math
import weakref

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.proxies import (
    SUITE_ZERO,
    UNDEFINED,
    get_proxy,
    proxy_names,
    score,
    score_networks,
)

AZ_NAS = ("az_expressivity", "az_progressivity", "az_trainability")


def state(network):
    """Return all that scoring could leave behind: values, versions, flags, gradients, hooks."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {
        "values": {name: (id(t), t._version, t.detach().clone()) for name, t in tensors.items()},
        "flags": {name: (t.requires_grad, t.grad) for name, t in tensors.items()},
        "modes": [module.training for module in network.modules()],
        "attributes": [set(vars(module)) for module in network.modules()],
        "hooks": [
            len(hooks)
            for module in network.modules()
            for hooks in (
                module._forward_hooks,
                module._forward_pre_hooks,
                module._backward_hooks,
                module._backward_pre_hooks,
            )
        ],
        "random": torch.get_rng_state(),
    }


def assert_same(before, after):
    for name, (identity, version, value) in before["values"].items():
        assert after["values"][name][:2] == (identity, version), name
        torch.testing.assert_close(after["values"][name][2], value, rtol=0, atol=0, equal_nan=True)
    for name, (flag, gradient) in before["flags"].items():
        assert after["flags"][name][0] == flag
        assert after["flags"][name][1] is gradient
    for key in ("modes", "attributes", "hooks"):
        assert after[key] == before[key]
    assert torch.equal(after["random"], before["random"])


def test_the_network_is_left_as_it_was(network, batch):
    network.eval()
    network.classifier.train()  # a mixed mode
    first, last = list(network.parameters())[:: len(list(network.parameters())) - 1]
    first.requires_grad_(False)
    last.grad = torch.ones_like(last)
    before = state(network)
    images = batch[0].clone()
    score(network, images, batch[1])
    assert_same(before, state(network))
    assert torch.equal(images, batch[0])
    assert not images.requires_grad


def test_the_network_is_left_as_it_was_after_an_error(build, batch):
    network = build("nasbench201").eval()
    before = state(network)
    with pytest.raises(NasutilsError, match="the label 7 has no logit"):
        score(network, batch[0], torch.full((10,), 7))
    with pytest.raises(NasutilsError, match="snip: the network fails on images of shape"):
        score(network, batch[0][:, :2], batch[1], "snip")  # one channel is missing
    assert_same(before, state(network))


def test_shared_passes_give_what_single_ones_give(network, batch):
    together = score(network, *batch)
    assert list(together) == proxy_names()
    for name, value in together.items():
        assert score(network, *batch, name) == {name: value}


def test_runs_are_shared(build, batch):
    network = build("nasbench201")
    runs = []

    def count(module, inputs):
        runs.append((len(inputs[0]), module.training))

    network.register_forward_pre_hook(count)
    score(network, *batch, ("grad_norm", "snip", "plain", "fisher", "snip_ssnr", "grasp", "nwot"))
    dry = 2, True  # finds the layers
    assert runs == [dry, (10, True)]
    runs.clear()
    score(network, *batch, ("jacov", "epe_nas", "snip", "nwot"))
    assert runs == [dry, (10, True)]
    runs.clear()
    score(network, *batch, SUITE_ZERO)
    # The shared one, Zen-score's two, one image each for FLOPs and SynFlow.
    assert sorted(runs) == sorted([dry, *2 * [(1, False)], *3 * [(10, True)]])
    runs.clear()
    score(network, *batch, ("params", "l2_norm"))
    assert runs == [dry]


def test_scores_do_not_depend_on_the_state_of_the_network(build, batch):
    network = build("darts")
    expected = score(network, *batch)
    network.eval().requires_grad_(False)
    network(batch[0])
    with torch.no_grad():
        found = score(network, *batch)
    assert found == expected


def test_double_precision_agrees(build, batch):
    network = build("nasbench201")
    single = score(network, *batch)
    double = score(network.double(), *batch)  # the images follow
    for name, value in double.items():
        assert single[name] == pytest.approx(value, rel=1e-3), name


def test_in_place_activations_change_nothing(build, batch):
    network = build("nasbench101")
    expected = score(network, *batch)
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True
    assert score(network, *batch) == expected


def test_dead_networks_and_broken_weights_never_score_nan(build, batch):
    scores = score(build("dead"), *batch)
    assert not any(math.isnan(value) for value in scores.values())
    undefined = {name for name, value in scores.items() if value == UNDEFINED}
    assert undefined - set(AZ_NAS) == {"epe_nas", "jacov", "nwot", "synflow", "zen"}
    assert undefined >= set(AZ_NAS)
    broken = build("nasbench201")
    for parameter in broken.parameters():
        parameter.data.fill_(torch.nan)
    scores = score(broken, *batch)
    assert not any(math.isnan(value) for value in scores.values())
    assert scores["l2_norm"] == UNDEFINED


@pytest.mark.parametrize("classes", [2, 10, 120])
@pytest.mark.parametrize("size", [2, 7])
def test_any_batch_and_number_of_classes(classes, size):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, classes)
    )
    images, labels = torch.randn(size, 1, 8, 8), torch.randint(classes, (size,))
    assert all(math.isfinite(value) for value in score(network, images, labels).values())


def test_auxiliary_logits_and_dropout():
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(216, 3)
            )

        def forward(self, x):
            logits = self.body(x)
            return (logits, 2 * logits) if self.training else logits

    torch.manual_seed(0)
    network, images, labels = Auxiliary(), torch.randn(6, 3, 8, 8), torch.arange(6) % 3
    assert score(network, images, labels) == score(network, images, labels)
    assert score(network.body, images, labels, "snip") == score(network, images, labels, "snip")
    other = score(network, images, labels, "snip", seed=1)
    assert other != score(network, images, labels, "snip")


def test_many_networks_make_a_table(build, batch):
    frame = score_networks((build(n) for n in ("nasbench201", "dead")), *batch, ("snip", "nwot"))
    expected = [score(build(name), *batch, ("snip", "nwot")) for name in ("nasbench201", "dead")]
    pd.testing.assert_frame_equal(frame, pd.DataFrame(expected))
    empty = score_networks([], *batch, ("snip",))
    assert empty.shape == (0, 1)
    assert empty.dtypes.tolist() == [np.float64]


def test_memory_does_not_grow(build, batch):
    """No network outlives its score, and no tensor stays behind."""
    alive = []

    def networks(number):
        for _ in range(number):
            network = build("nasbench201")
            alive.append(weakref.ref(network))
            yield network
            del network

    def tensors():
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    score_networks(networks(1), *batch)
    before = tensors()
    score_networks(networks(4), *batch)
    assert tensors() == before
    assert not any(reference() for reference in alive)


def test_bad_input(build, batch):
    network, (images, labels) = build("nasbench201"), batch
    with pytest.raises(UnknownNameError, match="unknown proxy 'snap'"):
        score(network, images, labels, ["snap"])
    with pytest.raises(NasutilsError, match="name at least one"):
        score(network, images, labels, [])
    with pytest.raises(NasutilsError, match="labels are missing: snip, t_cet cannot"):
        score(network, images, names=("nwot", "snip", "t_cet"))
    with pytest.raises(NasutilsError, match=r"shape \(B, C, H, W\), not \(3, 16, 16\)"):
        score(network, images[0], labels)
    with pytest.raises(NasutilsError, match="nwot: at least two images"):
        score(network, images[:1], names=("nwot", "params"))
    for bad in (torch.nan, torch.inf):
        broken = images.clone()
        broken[2, 0, 1, 1] = broken[5] = bad
        with pytest.raises(NasutilsError, match="2 of 10 images have NaN or infinite"):
            score(network, broken, labels)
    for wrong in (labels[:-1], labels.float(), labels - 1):
        with pytest.raises(NasutilsError, match="labels are 10 classes from 0 on"):
            score(network, images, wrong)
    headless = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    with pytest.raises(NasutilsError, match=r"this network returns \(10, 4, 14, 14\)"):
        score(headless, images, names="nwot")


def test_proxies_without_data_take_any_batch(build):
    nothing = torch.full((1, 3, 16, 16), torch.nan)
    names = [name for name in proxy_names() if not get_proxy(name).needs_images]
    assert {"params", "flops", "l2_norm", "meco", "synflow", "zen", *AZ_NAS} == set(names)
    names.remove("az_trainability")  # Its value is minus infinity: batch norm sees one image.
    assert all(math.isfinite(v) for v in score(build("darts"), nothing, names=names).values())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same(build, batch):
    network = build("nasbench201").double()
    expected = score(network, *batch)
    network.cuda()
    before = torch.cuda.get_rng_state()
    for name, value in score(network, *batch).items():
        assert value == pytest.approx(expected[name], rel=1e-6), name
    assert torch.equal(torch.cuda.get_rng_state(), before)
