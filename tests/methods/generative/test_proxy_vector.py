import numpy as np
import pytest
import torch

from nasutils.errors import UnknownNameError
from nasutils.methods.generative.clusters import VECTOR
from nasutils.methods.generative.proxy_vector import (
    SCORINGS,
    Scoring,
    batch_of,
    build,
    get_scoring,
    layer_ssnrs,
    proxy_vector,
    t_cet,
)
from nasutils.networks.counting import build_on_meta, count_flops, count_params
from nasutils.networks.graphnet import GraphNetNetwork
from nasutils.proxies import score
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell

DEMO = SCORINGS["demo"]


def cells(number, seed=0):
    rng = np.random.default_rng(seed)
    return [GraphNetCell.random(rng) for _ in range(number)]


@pytest.mark.parametrize("cell", cells(4))
def test_the_vector_is_what_the_proxies_score(cell):
    z = proxy_vector(cell, DEMO)
    assert list(z) == list(VECTOR)
    network = build(GraphNetSequence.stacked(cell, channels=8, cells_per_stage=1), DEMO)
    slow = score(network, *batch_of(DEMO), ("snip_ssnr", "nwot"))
    assert z["nwot"] == pytest.approx(slow["nwot"], rel=1e-6)
    assert z["snip_ssnr"] == pytest.approx(slow["snip_ssnr"], rel=1e-3)
    full = build_on_meta(lambda: GraphNetNetwork(GraphNetSequence.stacked(cell)))
    assert z["params"] == pytest.approx(count_params(full))
    assert z["flops"] == pytest.approx(count_flops(full, (3, 32, 32)))


@pytest.mark.parametrize("seed", range(3))
def test_t_cet_is_what_the_proxy_scores(seed):
    a, b = cells(2, seed=10 + seed)
    sequence = GraphNetSequence([SizedCell(a, 16), SizedCell(b, 24, 2), SizedCell(a, 24)])
    slow = score(build(sequence, DEMO), *batch_of(DEMO), "t_cet")["t_cet"]
    assert t_cet(sequence, DEMO) == pytest.approx(slow, rel=1e-4)


def test_ssnr_of_a_network_equals_masks_that_are_derived_one_by_one():
    cell = GraphNetCell.from_string("|sep_conv_3x3~0|+|output~0~1|")
    scoring = Scoring("digits", 8, 4, 8, 1)
    images, labels = batch_of(scoring)
    images = images.double()
    network = build(GraphNetSequence([SizedCell(cell, 8)]), scoring).double()
    ratios = layer_ssnrs(network, images, labels)
    weight = network.blocks[1].ops[0][2].weight  # the pointwise convolution

    def loss():
        return torch.nn.functional.cross_entropy(network(images), labels)

    saliencies, step = [], 1e-5
    with torch.no_grad():
        for value in weight.view(-1).split(1):
            old = value.clone()
            ends = []
            for mask in (1 + step, 1 - step):
                value.copy_(old * mask)
                ends.append(loss())
            value.copy_(old)
            saliencies.append(abs(ends[0] - ends[1]) / (2 * step))
    s = np.array(saliencies)
    assert ratios[2] == pytest.approx(s.sum() / s.std(ddof=1), rel=1e-5)


def test_the_same_settings_give_the_same_scores_and_leave_the_random_state_alone():
    cell = cells(1)[0]
    torch.manual_seed(1)
    draw = torch.rand(1)
    torch.manual_seed(1)
    first = proxy_vector(cell, DEMO)
    assert torch.rand(1) == draw
    assert proxy_vector(cell, DEMO) == first


def test_unknown_names():
    with pytest.raises(UnknownNameError, match=r"scale 'big'. Valid: bench, demo, paper"):
        get_scoring("big")
    with pytest.raises(UnknownNameError, match="data set 'mnist'"):
        batch_of(Scoring("mnist", 28, 4, 8, 1))
