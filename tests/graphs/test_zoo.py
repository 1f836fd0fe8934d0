"""Networks in the manner of the well-known ones, as their authors write them, counted by hand."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nasutils.graphs import trace
from nasutils.networks.counting import build_on_meta

IMAGE = (3, 64, 64)


def conv_norm(c_in, c_out, kernel=3, stride=1, groups=1, activation=nn.ReLU):
    layers = [
        nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(c_out),
    ]
    return nn.Sequential(*layers, *([activation(inplace=True)] if activation else []))


class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        layers, c_in = [], 3
        for c_out in (8, "M", 16, "M", 32, 32, "M"):
            if c_out == "M":
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU(inplace=True)]
                c_in = c_out
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(32 * 7 * 7, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 10)
        )

    def forward(self, x):
        x = torch.flatten(self.avgpool(self.features(x)), 1)
        return self.classifier(x)


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        changes = stride > 1 or c_in != c_out
        self.downsample = conv_norm(c_in, c_out, 1, stride, activation=None) if changes else None

    def forward(self, x):
        identity = x
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_norm(3, 64, 7, 2)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        blocks, c_in = [], 64
        for c_out, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            blocks += [BasicBlock(c_in, c_out, stride), BasicBlock(c_out, c_out, 1)]
            c_in = c_out
        self.layers = nn.Sequential(*blocks)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512, 1000)

    def forward(self, x):
        x = self.avgpool(self.layers(self.maxpool(self.stem(x))))
        return self.fc(torch.flatten(x, 1))


class InvertedResidual(nn.Module):
    def __init__(self, c_in, c_out, stride, ratio):
        super().__init__()
        inner = c_in * ratio
        layers = [conv_norm(c_in, inner, 1, activation=nn.ReLU6)] if ratio > 1 else []
        layers += [
            conv_norm(inner, inner, 3, stride, inner, nn.ReLU6),
            conv_norm(inner, c_out, 1, activation=None),
        ]
        self.conv = nn.Sequential(*layers)
        self.use_res_connect = stride == 1 and c_in == c_out

    def forward(self, x):
        if self.use_res_connect:
            return x + self.conv(x)
        return self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        layers, c_in = [conv_norm(3, 32, 3, 2, activation=nn.ReLU6)], 32
        settings = [
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        ]
        for ratio, c_out, blocks, stride in settings:
            for i in range(blocks):
                layers.append(InvertedResidual(c_in, c_out, 1 if i else stride, ratio))
                c_in = c_out
        layers.append(conv_norm(c_in, 1280, 1, activation=nn.ReLU6))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(x.view(x.shape[0], -1))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, middle):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, middle, 1)
        self.fc2 = nn.Conv2d(middle, channels, 1)

    def forward(self, x):
        scale = self.fc2(F.relu(self.fc1(self.avgpool(x)), inplace=True))
        return F.hardsigmoid(scale, inplace=True) * x


class MobileNetV3(nn.Module):
    """Hard-swish written out, as in early codes, beside torch's own."""

    def __init__(self):
        super().__init__()
        self.stem = conv_norm(3, 16, 3, 2, activation=nn.Hardswish)
        self.expand = conv_norm(16, 64, 1, activation=None)
        self.depthwise = conv_norm(64, 64, 5, 1, 64, nn.Hardswish)
        self.se = SqueezeExcitation(64, 16)
        self.project = conv_norm(64, 16, 1, activation=None)
        self.drop = nn.Dropout(0.2)
        self.classifier = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.expand(x)
        y = y * F.relu6(y + 3, inplace=True) / 6
        x = x + self.project(self.se(self.depthwise(y)))
        return self.classifier(self.drop(x.mean([2, 3])))


class DenseLayer(nn.Module):
    def __init__(self, c_in, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(c_in)
        self.conv1 = nn.Conv2d(c_in, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, inputs):
        x = torch.cat(inputs, 1)
        x = self.conv1(F.relu(self.norm1(x), inplace=True))
        return F.dropout(self.conv2(F.relu(self.norm2(x))), p=0.1, training=self.training)


class DenseNet(nn.Module):
    def __init__(self, layers=3, growth=4):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.layers = nn.ModuleList(DenseLayer(8 + i * growth, growth) for i in range(layers))
        self.norm = nn.BatchNorm2d(8 + layers * growth)
        self.transition = nn.Conv2d(8 + layers * growth, 10, 1, bias=False)
        self.pool = nn.AvgPool2d(2, 2)
        self.classifier = nn.Linear(10, 7)

    def forward(self, x):
        features = [self.stem(x)]
        for layer in self.layers:
            features.append(layer(features))
        x = self.pool(self.transition(F.relu(self.norm(torch.cat(features, 1)))))
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Inception(nn.Module):
    def __init__(self, c_in):
        super().__init__()
        self.branch1 = conv_norm(c_in, 8, 1)
        self.branch2 = nn.Sequential(conv_norm(c_in, 4, 1), conv_norm(4, 8, 3))
        self.branch3 = nn.Sequential(conv_norm(c_in, 4, 1), conv_norm(4, 8, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), conv_norm(c_in, 8, 1))

    def forward(self, x):
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, 1)


class GoogLeNet(nn.Module):
    """Scales its colours and, in training, has a second head."""

    def __init__(self):
        super().__init__()
        self.stem = conv_norm(3, 8, 7, 2)
        self.inceptions = nn.Sequential(Inception(8), Inception(32))
        self.aux = nn.Linear(32, 10)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        red, green, blue = (torch.unsqueeze(x[:, i], 1) * (0.2 + i) + 0.1 for i in range(3))
        x = self.inceptions(self.stem(torch.cat((red, green, blue), 1)))
        aux = self.aux(x.mean((2, 3))) if self.training else None
        out = self.fc(x.mean((2, 3)))
        return (out, aux) if self.training else out


class ShuffleUnit(nn.Module):
    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(
            conv_norm(half, half, 1),
            conv_norm(half, half, 3, groups=half, activation=None),
            conv_norm(half, half, 1),
        )

    def forward(self, x):
        x1, x2 = x.chunk(2, dim=1)
        out = torch.cat((x1, self.branch(x2)), dim=1)
        batch, channels, height, width = out.size()
        out = out.view(batch, 2, channels // 2, height, width)
        return torch.transpose(out, 1, 2).contiguous().view(batch, channels, height, width)


class ShuffleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_norm(3, 16, 3, 2)
        self.units = nn.Sequential(ShuffleUnit(16), ShuffleUnit(16))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.units(self.stem(x)).mean([2, 3]))


# Name -> network, how often each operator occurs, number of edges.
ENDS = {"input": 1, "output": 1}
ZOO = {
    "VGG": (VGG, {"conv": 4, "relu": 5, "max_pool": 3, "avg_pool": 1, "linear": 2}, 16),
    # 70 nodes; each but the input has one edge in, an addition two.
    "ResNet-18": (
        ResNet18,
        {
            "conv": 1 + 8 * 2 + 3,
            "batch_norm": 1 + 8 * 2 + 3,
            "relu": 1 + 8 * 2,
            "add": 8,
            "max_pool": 1,
            "mean": 1,
            "linear": 1,
        },
        69 + 8,
    ),
    # 17 blocks, of which the first has two convolutions, and ten have a short cut.
    "MobileNetV2": (
        MobileNetV2,
        {
            "conv": 1 + 1 + 16 * 2 + 1,
            "depthwise_conv": 17,
            "batch_norm": 1 + 2 + 16 * 3 + 1,
            "relu6": 1 + 1 + 16 * 2 + 1,
            "add": 10,
            "mean": 1,
            "linear": 1,
        },
        152 + 10,
    ),
    # Two nodes are read twice besides: in y * relu6(y + 3), in scale * x; and the short cut.
    "MobileNetV3": (
        MobileNetV3,
        {
            "conv": 1 + 1 + 2 + 1,
            "depthwise_conv": 1,
            "batch_norm": 4,
            "hardswish": 2,
            "relu6": 1,
            "relu": 1,
            "hardsigmoid": 1,
            "add": 2,
            "mul": 2,
            "div": 1,
            "mean": 2,
            "linear": 1,
        },
        24 + 3,
    ),
    # The first layer's concatenation has one term; the three others have 2, 3 and 4.
    "DenseNet": (
        DenseNet,
        {
            "conv": 1 + 3 * 2 + 1,
            "batch_norm": 3 * 2 + 1,
            "relu": 3 * 2 + 1,
            "concat": 3,
            "avg_pool": 1,
            "mean": 1,
            "linear": 1,
        },
        29 + 1 + 2 + 3,
    ),
    # Three colours joined, then twice four branches.
    "GoogLeNet": (
        GoogLeNet,
        {
            "mul": 3,
            "add": 3,
            "concat": 3,
            "conv": 1 + 2 * 6,
            "batch_norm": 1 + 2 * 6,
            "relu": 1 + 2 * 6,
            "max_pool": 2,
            "mean": 1,
            "linear": 1,
        },
        53 + 2 + 2 * 3,
    ),
    "ShuffleNet": (
        ShuffleNet,
        {
            "conv": 1 + 2 * 2,
            "depthwise_conv": 2,
            "batch_norm": 1 + 2 * 3,
            "relu": 1 + 2 * 2,
            "concat": 2,
            "mean": 1,
            "linear": 1,
        },
        24 + 2,
    ),
}


@pytest.mark.parametrize("name", ZOO)
def test_operators_and_edges(name):
    build, operators, edges = ZOO[name]
    graph = trace(build_on_meta(build), IMAGE)
    assert Counter(graph.names()) == operators | ENDS
    assert graph.num_edges == edges


@pytest.mark.parametrize("name", ZOO)
def test_weights_are_those_of_the_layers(name):
    network = build_on_meta(ZOO[name][0])
    graph = trace(network, IMAGE)
    weights = graph.features[:, 6:10].prod(axis=1) + graph.features[:, 10] * graph.features[:, 6]
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    layers = [m for m in layers if m is not getattr(network, "aux", None)]
    assert weights.sum() == sum(p.numel() for m in layers for p in m.parameters())


@pytest.mark.parametrize("name", ["ResNet-18", "MobileNetV2", "MobileNetV3", "DenseNet"])
def test_sizes_agree_along_every_edge(name):
    """What a node reads is what its source gives, where no slice or flattening is between."""
    graph = trace(build_on_meta(ZOO[name][0]), IMAGE)
    names, features = graph.names(), graph.features
    for source, target in graph.edges.T:
        if names[target] not in ("concat", "mul"):  # which join or broadcast
            np.testing.assert_array_equal(features[source, 1:6:2], features[target, 0:6:2])


def test_vgg_is_a_chain():
    graph = trace(build_on_meta(VGG), IMAGE)
    assert graph.edges.T.tolist() == [[v, v + 1] for v in range(16)]
    first = graph.features[graph.names().index("linear")]
    assert first[:2].tolist() == [32 * 7 * 7, 64]


def test_training_mode_makes_no_difference():
    network = build_on_meta(GoogLeNet)
    one, two = trace(network.train(), IMAGE), trace(network.eval(), IMAGE)
    assert one.fingerprint() == two.fingerprint()
