"""Traced graphs of public networks against what autograd records, and the check of that check."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nasutils.graphs import ComputationGraph, trace
from nasutils.networks.counting import build_on_meta
from tools.autograd_graph import AutogradGraph, labels_of, signature
from tools.traced_models import COUNTS, NAMES, TABLE, check

SMALL = [
    *("torchvision:mobilenet_v3_small", "torchvision:shufflenet_v2_x0_5", "timm:convnext_atto"),
    *("timm:gcresnet33ts", "timm:ghostnetv2_100", "timm:resnest14d", "timm:skresnet18"),
    "timm:tf_mixnet_s",
]


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(TABLE, keep_default_na=False).set_index("network")


@pytest.mark.filterwarnings("ignore")  # of the networks' libraries
@pytest.mark.parametrize("name", SMALL)
def test_small_networks(name, table):
    row = check(name)
    assert row["verdict"] == "same"
    assert [row[count] for count in COUNTS] == [int(table.loc[name, count]) for count in COUNTS]


def test_table_is_complete(table):
    assert list(table.index) == [f"{lib}:{name}" for lib in NAMES for name in NAMES[lib].split()]
    assert set(table["verdict"]) == {"same", "refused"}
    assert (table["verdict"] == "same").sum() >= 150
    refused = table[table["verdict"] == "refused"]
    assert refused["reason"].str.contains(" in | does not run | depend").all()


class Block(nn.Module):
    """Memory written through views, channels that come last, a product of matrices, numbers."""

    def __init__(self):
        super().__init__()
        self.conv, self.other = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(3, 6, 1, bias=False)
        self.norm, self.linear = nn.LayerNorm(6), nn.Linear(6, 6)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y, z = self.conv(x), self.other(x)
        y = self.relu(y)
        y += z
        w = self.linear(self.norm(y.permute(0, 2, 3, 1)))
        return (w.transpose(2, 3) @ w).mean((1, 2)) * 2 + 1


def test_autograd_sees_the_same():
    network = build_on_meta(Block)
    graph, truth = trace(network, (3, 5, 4)), AutogradGraph(network, (3, 5, 4))
    labels, edges = labels_of(graph), graph.edges.T.tolist()
    assert sorted(labels) == sorted(truth.labels)
    assert signature(labels, edges) == signature(truth.labels, truth.edges)


def test_differences_are_seen():
    graph = trace(build_on_meta(Block), (3, 5, 4))
    labels, edges = labels_of(graph), graph.edges.T.tolist()
    same = signature(labels, edges)
    order = np.random.default_rng(0).permutation(len(edges))
    assert signature(labels, [edges[i] for i in order]) == same
    for without in range(len(edges)):
        assert signature(labels, edges[:without] + edges[without + 1 :]) != same
    for column in (0, 1, 6, 10):
        features = graph.features.copy()
        features[labels.index(next(x for x in labels if x[0] == "conv")), column] += 1
        changed = labels_of(ComputationGraph(graph.ops, features, graph.edges))
        assert (signature(changed, edges) == same) == (column == 0)  # inputs' sizes are not held


def test_autograd_is_not_asked_for_values():
    assert AutogradGraph(build_on_meta(lambda: nn.Conv2d(3, 4, 1)), (3, 8, 8)).labels == [
        ("input", (0, 0, 0, 0, 0), 192),
        ("conv", (4, 3, 1, 1, 1), 256),
        ("output", (0, 0, 0, 0, 0), 256),
    ]
    assert not torch.is_inference_mode_enabled()
