import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks import features
from nasutils.benchmarks.gallery import EMBEDDED, GALLERY, REAL, get_benchmark
from nasutils.benchmarks.repeats import REPEATED, repeated_measurements
from nasutils.errors import UnknownNameError
from nasutils.spaces.darts import DARTS_V1
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3


def table(*archs, **columns):
    return pd.DataFrame({"arch": [str(arch) for arch in archs], **columns})


@pytest.mark.parametrize(
    ("arch", "depth"),
    [
        ("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", 0),
        ("|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_1x1~2|", 3),
        # The longest way: a convolution, a pooling, a convolution.
        ("|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|nor_conv_3x3~0|none~1|nor_conv_1x1~2|", 2),
        # Three convolutions that lead nowhere.
        ("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|none~0|none~1|none~2|", 0),
    ],
)
def test_nasbench201_features(arch, depth):
    found = features.nasbench201_features(table(arch)).iloc[0]
    assert found["depth"] == depth
    assert found["conv3x3"] == arch.count("3x3~") - arch.count("pool")
    assert found.drop("depth").sum() == 6


def test_nasbench101_features():
    cell = NASBench101Cell.from_string(
        "|conv3x3-bn-relu~0|+|maxpool3x3~1|+|conv1x1-bn-relu~2|+|conv3x3-bn-relu~0|+|output~3~4|"
    )
    frame = pd.DataFrame({"adjacency": [cell.bits], "ops": ["3p13"], "edges": [cell.num_edges]})
    found = features.nasbench101_features(frame).iloc[0].to_dict()
    assert found == {"conv3x3": 2, "conv1x1": 1, "pool": 1, "edges": 6, "depth": 2}


def test_darts_features():
    found = features.darts_features(table(DARTS_V1)).iloc[0]
    counts = DARTS_V1.op_counts()
    assert found["sep_conv"] == counts["sep_conv_3x3"] + counts["sep_conv_5x5"]
    assert found[["sep_conv", "dil_conv", "pool", "skip"]].sum() == 16
    # Node 2 adds one convolution; nodes 3, 4, 5 read nodes 0, 1 or skip from node 2.
    assert found["depth"] == 1


def test_ofa_features():
    network = OFAMobileNetV3(tuple(((3, 4), (7, 6)) for _ in range(5)))
    found = features.ofa_features(table(network)).iloc[0].to_dict()
    assert found == {"depth": 10, "kernel": 5, "expansion": 5}


def test_gallery_is_keyed_by_its_names():
    assert all(name == benchmark.name for name, benchmark in GALLERY.items())
    assert {*EMBEDDED, *REAL} == set(GALLERY)
    with pytest.raises(UnknownNameError, match="nb201-digits"):
        get_benchmark("nb202")


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_benchmark(name):
    _check(name)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("name", REAL)
def test_real_benchmark(name):
    _check(name)


def _check(name):
    benchmark = get_benchmark(name)
    frame = benchmark.load()
    assert np.isfinite(frame.to_numpy(dtype=float)).all()
    assert frame["accuracy"].between(0, 100).all()
    low, high = benchmark.window
    assert frame["accuracy"].between(low, high).mean() > 0.9
    assert ("valid" in frame) == bool(benchmark.valid)
    assert benchmark.cost in frame or not benchmark.cost


def test_seeds_of_the_embedded_benchmark():
    scores = repeated_measurements("nb201-digits", np.random.default_rng(0))
    frame = get_benchmark("nb201-digits").load()
    assert scores.mean(axis=1) == pytest.approx(frame["accuracy"].to_numpy(), abs=1e-4)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("name", [name for name in REPEATED if name not in EMBEDDED])
def test_repeated_measurements(name):
    pairs = repeated_measurements(name, np.random.default_rng(0))
    assert pairs.shape[1] == 2
    assert (pairs[:, 0] != pairs[:, 1]).any()
    again = repeated_measurements(name, np.random.default_rng(0))
    assert (pairs == again).all()
    # The same cells, so close together: closer than two random ones.
    apart = np.abs(pairs[:, 0] - pairs[:, 1]).mean()
    assert apart < np.abs(pairs[:, 0] - np.roll(pairs[:, 1], 1)).mean() / 2


def test_nothing_measured_twice():
    with pytest.raises(UnknownNameError, match="nb101-c10"):
        repeated_measurements("nb301", np.random.default_rng(0))
