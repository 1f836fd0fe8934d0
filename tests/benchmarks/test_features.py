"""What is counted in an architecture, by hand."""

import pandas as pd
import pytest

from nasutils.benchmarks import features
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
