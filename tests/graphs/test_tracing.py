"""Small modules whose graphs are known by hand, and modules that have none."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.checkpoint import checkpoint

from nasutils.errors import GraphError
from nasutils.graphs import FEATURES, trace

IMAGE = (4, 8, 8)


class Lambda(nn.Module):
    """A module of one function, with the submodules it needs."""

    def __init__(self, function, **children):
        super().__init__()
        self.function = function
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, x):
        return self.function(self, x)


def of(function, image=IMAGE, *, identities=False, **children):
    return trace(Lambda(function, **children), image, identities=identities)


def edges(graph):
    """Edges by the names of their ends."""
    names = graph.names()
    return sorted((names[s], names[t]) for s, t in graph.edges.T)


def conv():
    return nn.Conv2d(4, 4, 1)


def test_features_by_hand():
    layers = nn.Sequential(
        nn.Conv2d(3, 8, (3, 5), stride=2, padding=(1, 2), bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Conv2d(8, 12, 1, groups=4),
        nn.ConvTranspose2d(12, 6, 2, stride=2, groups=3),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 10),
    )
    graph = trace(layers, (3, 16, 12))
    expected = [
        ("input", 3, 3, 16, 16, 12, 12, 0, 0, 0, 0, 0),
        ("conv", 3, 8, 16, 8, 12, 6, 8, 3, 3, 5, 0),
        ("batch_norm", 8, 8, 8, 8, 6, 6, 0, 0, 0, 0, 0),
        ("relu", 8, 8, 8, 8, 6, 6, 0, 0, 0, 0, 0),
        ("depthwise_conv", 8, 8, 8, 8, 6, 6, 8, 1, 3, 3, 1),
        ("conv", 8, 12, 8, 8, 6, 6, 12, 2, 1, 1, 1),
        ("conv_transpose", 12, 6, 8, 16, 6, 12, 6, 4, 2, 2, 1),
        ("max_pool", 6, 6, 16, 8, 12, 6, 0, 0, 0, 0, 0),
        ("mean", 6, 6, 8, 1, 6, 1, 0, 0, 0, 0, 0),
        ("linear", 6, 10, 1, 1, 1, 1, 10, 6, 1, 1, 1),
        ("output", 10, 10, 1, 1, 1, 1, 0, 0, 0, 0, 0),
    ]
    assert FEATURES[:2] == ("c_in", "c_out")
    rows = zip(graph.names(), graph.features.tolist(), strict=True)
    assert [(name, *numbers) for name, numbers in rows] == expected
    assert graph.edges.T.tolist() == [[v, v + 1] for v in range(10)]
    assert graph.num_weighted == 5


def test_one_channel_is_no_depthwise_convolution():
    graph = trace(nn.Conv2d(1, 6, 3), (1, 8, 8))
    assert graph.names() == ["input", "conv", "output"]
    assert graph.features[1, 6:].tolist() == [6, 1, 3, 3, 1]


def test_one_layer():
    graph = trace(nn.ReLU(), IMAGE)
    assert graph.names() == ["input", "relu", "output"]


def test_each_addition_is_a_node_but_a_sum_in_one_call_is_one():
    graph = of(lambda m, x: x + m.a(x) + m.b(x), a=conv(), b=nn.ReLU())
    assert edges(graph) == [
        ("add", "add"),
        ("add", "output"),
        ("conv", "add"),
        ("input", "add"),
        ("input", "conv"),
        ("input", "relu"),
        ("relu", "add"),
    ]
    from_zero = of(lambda m, x: sum([x, m.a(x), m.b(x)]), a=conv(), b=nn.ReLU())
    assert from_zero.fingerprint() == graph.fingerprint()


def test_concatenation_and_one_edge_for_a_value_used_twice():
    graph = of(lambda m, x: torch.cat([x, x, F.relu(x)], dim=1))
    assert edges(graph) == [
        ("concat", "output"),
        ("input", "concat"),
        ("input", "relu"),
        ("relu", "concat"),
    ]
    assert graph.features[graph.names().index("concat"), :6].tolist() == [12, 12, 8, 8, 8, 8]


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.view(x.size(0), 4, 8, 8),
        lambda x: x.reshape(x.shape),
        lambda x: x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
        lambda x: torch.cat([x], dim=1),
        lambda x: x.unsqueeze(1).squeeze(),
        lambda x: F.dropout(x, 0.5, training=False),
        lambda x: x + 0,
        lambda x: 0 + x,
        lambda x: x - 0,
        lambda x: 1 * x,
        lambda x: x / 1,
        lambda x: x + torch.zeros_like(x),
        lambda x: torch.zeros_like(x) + x,
        lambda x: x + F.relu(x * 0),
        lambda x: x + torch.zeros_like(x) * torch.sigmoid(x),
        lambda x: x + x.mul(0.0),
        lambda x: x + torch.zeros_like(x) / torch.sigmoid(x),
    ],
)
def test_what_is_an_edge(view):
    assert of(lambda m, x: view(x)).names() == ["input", "output"]


@pytest.mark.parametrize(
    ("function", "op"),
    [
        (lambda x: x + 1, "add"),
        (lambda x: 0 - x, "sub"),
        (lambda x: 1 / x, "div"),
        (lambda x: 2 * x, "mul"),
        (lambda x: x + x, "add"),
        (lambda x: torch.cat([x, torch.zeros_like(x)], dim=1), "concat"),
        (lambda x: x.relu_(), "relu"),
        (lambda x: F.leaky_relu(x, inplace=True), "leaky_relu"),
        (lambda x: F.pad(x, (1, 1)), "pad"),
        (lambda x: F.interpolate(x, scale_factor=2), "upsample"),
        (lambda x: x.mean([-2, -1], keepdim=True), "mean"),
        (lambda x: F.adaptive_avg_pool2d(x, (1, 1)), "mean"),
        (lambda x: F.adaptive_avg_pool2d(x, 2), "avg_pool"),
        (lambda x: F.avg_pool2d(x, 2), "avg_pool"),
        (lambda x: F.max_pool2d(x, 3, 1, 1), "max_pool"),
        (lambda x: F.hardswish(x), "hardswish"),
    ],
)
def test_what_is_a_node(function, op):
    graph = of(lambda m, x: function(x))
    assert graph.names() == ["input", op, "output"]
    assert edges(graph) == sorted([("input", op), (op, "output")])


def test_functions_give_the_graph_of_modules():
    def functions(m, x):
        x = F.conv2d(x, m.conv.weight, m.conv.bias, padding=1)
        x = F.batch_norm(x, m.norm.running_mean, m.norm.running_var, m.norm.weight, m.norm.bias)
        x = torch.flatten(F.adaptive_avg_pool2d(F.relu(x), 1), 1)
        return F.linear(x, weight=m.linear.weight, bias=m.linear.bias)

    layers = {
        "conv": nn.Conv2d(4, 6, 3, padding=1),
        "norm": nn.BatchNorm2d(6),
        "linear": nn.Linear(6, 2),
    }
    modules = nn.Sequential(
        layers["conv"],
        layers["norm"],
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        layers["linear"],
    )
    assert of(functions, **layers).fingerprint() == trace(modules, IMAGE).fingerprint()


def test_chunks_and_slices():
    def function(m, x):
        a, b = x.chunk(2, dim=1)
        return torch.cat([a, m.conv(b), x[:, 3:]], dim=1)

    graph = of(function, conv=nn.Conv2d(2, 2, 1))
    assert edges(graph) == [
        ("concat", "output"),
        ("conv", "concat"),
        ("input", "concat"),
        ("input", "conv"),
    ]
    assert graph.features[graph.names().index("conv"), :2].tolist() == [2, 2]
    assert graph.features[graph.names().index("concat"), 1] == 5


def test_branches_that_lead_nowhere_are_left_out():
    def function(m, x):
        m.b(F.relu(m.a(x)))  # nobody reads it
        return m.c(x)

    graph = of(function, a=conv(), b=conv(), c=nn.Tanh())
    assert graph.names() == ["input", "tanh", "output"]


def test_what_is_computed_from_zeros_alone_is_left_out():
    def function(m, x):
        zeros = m.a(torch.zeros_like(m.b(x)))
        return m.c(zeros) * x + torch.sigmoid(x) + zeros

    graph = of(function, a=conv(), b=conv(), c=nn.Sigmoid())
    assert graph.names() == ["input", "sigmoid", "output"]


def test_parameters_and_constants_are_no_nodes_but_their_use_is():
    module = nn.Module()
    module.scale = nn.Parameter(torch.ones(4, 1, 1))
    module.register_buffer("shift", torch.zeros(4, 1, 1))
    module.other = torch.ones(4, 1, 1)  # neither

    def function(m, x):
        return (x * m.inner.scale + m.inner.shift) / (m.inner.other * 2)

    graph = of(function, inner=module)
    assert graph.names() == ["input", "mul", "add", "div", "output"]
    assert graph.num_edges == 4


def test_identities_only_on_demand():
    layers = nn.Sequential(nn.Identity(), nn.ReLU(), nn.Dropout(0.3))
    assert trace(layers, IMAGE).names() == ["input", "relu", "output"]
    names = trace(layers, IMAGE, identities=True).names()
    assert names == ["input", "identity", "relu", "identity", "output"]


def test_a_layer_that_inherits_its_forward_pass_is_that_layer():
    class MyNorm(nn.BatchNorm2d):
        pass

    class Standardised(nn.Conv2d):
        def forward(self, x):
            return F.conv2d(x, self.weight - self.weight.mean(), self.bias, self.stride)

    graph = trace(nn.Sequential(MyNorm(4), Standardised(4, 6, 1)), IMAGE)
    plain = trace(nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 6, 1)), IMAGE)
    assert graph.fingerprint() == plain.fingerprint()


@pytest.mark.parametrize(
    ("change", "between"),
    [
        (lambda m, x, y: y.add_(x), ["add"]),
        (lambda m, x, y: m.relu(y), ["relu"]),
        (lambda m, x, y: F.relu(y, True), ["relu"]),
        (lambda m, x, y: m.relu(y.add_(x)), ["add", "relu"]),
        (lambda m, x, y: F.hardswish(m.relu(m.same(y)), inplace=True), ["relu", "hardswish"]),
        (lambda m, x, y: torch.relu(y), []),
        (lambda m, x, y: y + x, []),
    ],
)
def test_what_works_in_place_changes_its_argument(change, between):
    def function(m, x):
        y = m.conv(x)
        change(m, x, y)  # what it returns is not used
        return torch.sigmoid(y)

    children = {"conv": conv(), "relu": nn.ReLU(inplace=True), "same": nn.Identity()}
    assert of(function, **children).names() == ["input", "conv", *between, "sigmoid", "output"]


def test_identities_as_nodes_do_not_change_their_argument():
    graph = of(lambda m, x: m.same(x) + x, same=nn.Identity(), identities=True)
    assert edges(graph) == [
        ("add", "output"),
        ("identity", "add"),
        ("input", "add"),
        ("input", "identity"),
    ]


def test_augmented_assignment():
    def function(m, x):
        y = m.conv(x)
        y += x
        y *= torch.sigmoid(y)
        return y

    graph = of(function, conv=conv())
    assert graph.names() == ["input", "conv", "add", "sigmoid", "mul", "output"]
    assert graph.num_edges == 7


def test_a_squeeze_keeps_the_batch():
    layers = {"pool": nn.AdaptiveAvgPool2d(1), "linear": nn.Linear(4, 9)}
    graph = of(lambda m, x: m.linear(m.pool(x).squeeze()), **layers)
    assert graph.names() == ["input", "mean", "linear", "output"]
    assert graph.features[:, :2].tolist() == [[4, 4], [4, 4], [4, 9], [9, 9]]


def test_modules_used_twice_are_two_nodes():
    graph = of(lambda m, x: m.relu(m.conv(m.relu(x))), conv=conv(), relu=nn.ReLU())
    assert graph.names() == ["input", "relu", "conv", "relu", "output"]


def test_deterministic():
    def function(m, x):
        return m.a(x) + m.b(x) + torch.cat([m.a(x), m.b(x)], dim=1)[:, :4]

    module = Lambda(function, a=conv(), b=conv())
    one, two = trace(module, IMAGE), trace(module, IMAGE)
    for name in ("ops", "features", "edges"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_the_module_stays_as_it_is():
    module = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Dropout()).train()
    module[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    trace(module, IMAGE)
    assert [m.training for m in module] == [True, False, True]
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert not any(module[i]._forward_hooks for i in range(3))


def test_training_makes_no_difference():
    def function(m, x):
        return m.conv(x) if m.training else m.relu(x)

    module = Lambda(function, conv=conv(), relu=nn.ReLU())
    assert trace(module.train(), IMAGE).names() == ["input", "relu", "output"]


def test_other_precisions_and_devices():
    layers = nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5))
    expected = trace(layers, IMAGE).fingerprint()
    assert trace(layers.double(), IMAGE).fingerprint() == expected
    assert trace(layers.half().to("meta"), IMAGE).fingerprint() == expected


def failing(message):
    return pytest.raises(GraphError, match=message)


@pytest.mark.parametrize(
    ("function", "operator"),
    [
        (lambda x: x if x.sum() > 0 else -x, "gt"),
        (lambda x: x if x.sum() else -x, "is_nonzero"),
        (lambda x: x * x.mean().item(), "item"),
        (lambda x: x[x[:, 0] == 1], "eq"),
    ],
)
def test_control_flow_names_the_submodule(function, operator):
    fickle = Lambda(lambda m, x: function(x))
    module = nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU(), fickle))
    with failing(
        rf"'{operator}' in '1.1' \(Lambda\) of Sequential is .* not depend on the images'"
    ):
        trace(module, IMAGE)
    with failing(f"'{operator}' in Lambda is"):
        trace(fickle, IMAGE)


def test_values_that_leave_torch():
    with failing(
        r"Lambda does not run on such an image: .*numpy.* not depend on the images' values"
    ):
        of(lambda m, x: x * float(x.mean().numpy()))


def test_a_refusal_that_the_module_catches_is_one():
    def function(m, x):
        try:
            return x.cumsum(1)
        except GraphError:
            return m.conv(x)

    with failing("'cumsum' in Lambda is an unknown operator"):
        of(function, conv=conv())


def test_a_second_input():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    with failing("^Two does not run on such an image: .*missing 1 required .* argument: 'y'$"):
        trace(Two(), IMAGE)
    with failing("^Bilinear does not run on such an image: .*missing 1 required"):
        trace(nn.Bilinear(4, 4, 4), IMAGE)


def test_optional_inputs():
    class Optional(nn.Module):
        def forward(self, x, mask=None, *, twice=False):
            x = F.relu(x if mask is None else x * mask)
            return torch.tanh(x) if twice else x

    assert trace(Optional(), IMAGE).names() == ["input", "relu", "output"]


def test_unknown_operators_name_the_place():
    with failing(r"'cumsum' in Lambda is an unknown operator: known are views, .*conv2d"):
        of(lambda m, x: x.cumsum(1))
    with failing("'neg' in '1.0' .Softmin. of Sequential is an unknown operator"):
        trace(nn.Sequential(nn.ReLU(), nn.Sequential(nn.Softmin(1))), IMAGE)
    with failing("'cumsum' in '1' .Lambda. of Sequential is an unknown operator"):
        trace(nn.Sequential(nn.ReLU(), Lambda(lambda m, x: x.cumsum(1))), IMAGE)
    with failing("'index' in Lambda is an unknown operator"):
        of(lambda m, x: m.conv(x)[x.long()[0, 0, 0]], conv=conv())
    with failing("'div' in Lambda is an unknown operator"):
        of(lambda m, x: torch.div(x, 2, rounding_mode="floor"))


@pytest.mark.parametrize(
    "function",
    [
        lambda m, x: torch.zeros_like(x),
        lambda m, x: m.conv(x) * 0,
        lambda m, x: m.conv(torch.zeros_like(x)),
        lambda m, x: m.conv.weight,
    ],
)
def test_no_path(function):
    with failing("Lambda has no path from its input to its output"):
        of(function, conv=conv())


def test_not_one_tensor():
    with failing("Lambda returns a tuple, not one tensor"):
        of(lambda m, x: (x, F.relu(x)))
    with failing("Lambda returns a int, not one tensor"):
        of(lambda m, x: x.shape[1])


def test_an_image_that_does_not_fit_names_the_node():
    layers = nn.Sequential(nn.ReLU(), nn.Conv2d(5, 3, 1))
    with failing("'1' .Conv2d. of Sequential does not run on such an image: .*channel"):
        trace(layers, IMAGE)


@pytest.mark.parametrize(
    "shape", [(3, 32), (1, 3, 32, 32), (3, 0, 32), (3, 3.5, 3), None, 3, "332"]
)
def test_bad_image_shapes(shape):
    with failing(r"shape \(C, H, W\) of positive integers"):
        trace(nn.ReLU(), shape)


def test_image_shapes_of_other_types():
    expected = trace(conv(), IMAGE).fingerprint()
    for shape in (list(IMAGE), np.array(IMAGE), torch.Size(IMAGE)):
        assert trace(conv(), shape).fingerprint() == expected


def test_what_is_no_module():
    with failing("only a torch module can be traced, not 'resnet18'"):
        trace("resnet18", IMAGE)


@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_lazy_layers_must_have_seen_images():
    layers = nn.Sequential(nn.LazyConv2d(6, 1), nn.ReLU())
    with failing("Sequential has lazy layers"):
        trace(layers, IMAGE)
    layers(torch.zeros(1, *IMAGE))
    assert trace(layers, IMAGE).names() == ["input", "conv", "relu", "output"]


def test_what_cannot_be_copied():
    module = nn.ReLU()
    module.generator = (i for i in range(3))
    with failing("ReLU cannot be copied: .*generator"):
        trace(module, IMAGE)


def test_the_first_of_several_results():
    graph = of(lambda m, x: F.relu(m.pool(x)[0]), pool=nn.MaxPool2d(2, return_indices=True))
    assert graph.names() == ["input", "max_pool", "relu", "output"]
    assert graph.features[1, :4].tolist() == [4, 4, 8, 4]


def in_place(change):
    """A function that lets a change work on the memory of a convolution's output."""

    def function(m, x):
        y = m.a(x)
        change(m, y)  # what it returns is not used
        return torch.sigmoid(y)

    return function


# Pairs of codings of one function.
CODINGS = {
    "slice": (
        in_place(lambda m, y: y[:, :2].relu_()),
        lambda m, x: [
            y := m.a(x),
            torch.sigmoid(torch.cat([F.relu(y[:, :2]), y[:, 2:]], dim=1)),
        ][-1],
    ),
    "chunk": (
        in_place(lambda m, y: y.chunk(2, 1)[0].mul_(2)),
        in_place(lambda m, y: y[:, :2].mul_(2)),
    ),
    "whole": (
        in_place(lambda m, y: m.relu(y.permute(0, 2, 3, 1))),
        lambda m, x: torch.sigmoid(F.relu(m.a(x))),
    ),
    "earlier slice": (
        lambda m, x: [y := m.a(x), part := y[:, :2], y.relu_(), torch.sigmoid(part)][-1],
        lambda m, x: torch.sigmoid(F.relu(m.a(x))[:, :2]),
    ),
    "assigned": (
        lambda m, x: [
            y := torch.empty_like(x),
            y.__setitem__((slice(None), slice(2)), m.a(x)[:, :2]),
            y.__setitem__((slice(None), slice(2, 4)), m.b(x)[:, :2]),
            torch.sigmoid(y),
        ][-1],
        lambda m, x: torch.sigmoid(torch.cat([m.a(x)[:, :2], m.b(x)[:, :2]], dim=1)),
    ),
    "added to zeros": (
        lambda m, x: [y := torch.zeros_like(x), y[:, :2].add_(m.a(x)[:, :2]), y + m.b(x)][-1],
        lambda m, x: torch.cat([m.a(x)[:, :2], torch.zeros_like(x[:, 2:])], dim=1) + m.b(x),
    ),
    "zeros assigned": (
        in_place(lambda m, y: y.__setitem__((slice(None), 0), 0)),
        in_place(lambda m, y: y[:, :1].zero_()),
    ),
    "overwritten": (in_place(lambda m, y: y.copy_(m.b(y))), lambda m, x: m.b(m.a(x)).sigmoid()),
    "data": (in_place(lambda m, y: y.data.relu_()), in_place(lambda m, y: y.relu_())),
    "out": (
        lambda m, x: torch.add(m.a(x), x, out=torch.empty_like(x)),
        lambda m, x: m.a(x) + x,
    ),
    "expanded constant": (
        lambda m, x: m.scale.expand_as(x) + m.a(x),
        lambda m, x: m.scale + m.a(x),
    ),
    "ones": (lambda m, x: torch.ones_like(x) * m.a(x), lambda m, x: m.scale * m.a(x)),
    "made of zeros": (
        lambda m, x: m.a(x) * (torch.zeros_like(x) + 1),
        lambda m, x: m.scale * m.a(x),
    ),
    "shapes": (
        lambda m, x: sum(m.a(x) for _ in range(x.shape[1] // 2)) if len(x) > 1 else x,
        lambda m, x: m.a(x) + m.a(x),
    ),
    "pooling": (lambda m, x: F.avg_pool2d(x, 8), lambda m, x: F.adaptive_avg_pool2d(x, 1)),
    "clipping": (
        lambda m, x: x.clamp(0, 6).clamp(min=0),
        lambda m, x: nn.ReLU()(nn.ReLU6()(x)),
    ),
    "linear": (
        lambda m, x: x.permute(0, 2, 3, 1) @ m.matrix.T,
        lambda m, x: F.linear(x.permute(0, 2, 3, 1), m.matrix),
    ),
    "linear with a bias": (
        lambda m, x: torch.addmm(m.matrix[:, 0], x.mean((2, 3)), m.matrix.T),
        lambda m, x: F.linear(x.mean((2, 3)), m.matrix, m.matrix[:, 0]),
    ),
    "fused": (lambda m, x: torch.addcmul(m.scale, x, m.a(x)), lambda m, x: m.scale + x * m.a(x)),
    "scripted": (lambda m, x: m.scripted(x), lambda m, x: F.relu(m.a(x))),
    "traced": (lambda m, x: m.traced(x), lambda m, x: F.relu(m.a(x))),
    "compiled": (lambda m, x: m.compiled(x), lambda m, x: m.a(x)),
    "parallel": (lambda m, x: nn.DataParallel(m.a)(x), lambda m, x: m.a(x)),
    "checkpointed": (
        lambda m, x: checkpoint(m.a, x, use_reentrant=False),
        lambda m, x: m.a(x),
    ),
    "by hand": (lambda m, x: Swish.apply(m.a(x)), lambda m, x: [y := m.a(x), y * y.sigmoid()][-1]),
    "normalised weights": (lambda m, x: m.normalised(x), lambda m, x: m.a(x)),
}


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * x.sigmoid()


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", CODINGS)
def test_one_function_is_one_graph(name):
    children = {
        "a": conv(),
        "b": conv(),
        "relu": nn.ReLU(inplace=True),
        "scripted": torch.jit.script(nn.Sequential(conv(), nn.ReLU())),
        "traced": torch.jit.trace(nn.Sequential(conv(), nn.ReLU()), torch.zeros(1, *IMAGE)),
        "compiled": torch.compile(conv()),
        "normalised": weight_norm(conv()),
    }
    graphs = []
    for function in CODINGS[name]:
        module = Lambda(function, **children)
        module.scale = nn.Parameter(torch.ones(4, 1, 1))
        module.matrix = nn.Parameter(torch.ones(9, 4))
        graphs.append(trace(module, IMAGE))
    one, two = graphs
    assert edges(one) == edges(two)
    assert one.fingerprint() == two.fingerprint()


@pytest.mark.parametrize(
    ("function", "op", "sources"),
    [
        (lambda m, x: torch.stack([m.a(x), m.b(x)], dim=1).sum(1), "concat", ["conv", "conv"]),
        (lambda m, x: m.a(x) @ m.b(x), "mul", ["conv", "conv"]),
        (lambda m, x: torch.einsum("bchw,bdhw->bcd", m.a(x), m.b(x)), "mul", ["conv", "conv"]),
        (lambda m, x: torch.maximum(m.a(x), m.b(x)), "max_pool", ["conv", "conv"]),
        (lambda m, x: torch.maximum(m.a(x), torch.zeros_like(x)), "max_pool", ["conv"]),
        (lambda m, x: m.a(x).amax(1), "max_pool", ["conv"]),
        (lambda m, x: m.a(x).norm(p=2, dim=(2, 3)), "mean", ["conv"]),
        (lambda m, x: F.local_response_norm(m.a(x), 2), "local_response_norm", ["conv"]),
    ],
)
def test_next_of_kin(function, op, sources):
    graph = of(function, a=conv(), b=conv())
    assert [source for source, target in edges(graph) if target == op] == sources


def test_attention_is_two_products_around_a_softmax():
    abc = {name: conv() for name in "abc"}
    graph = of(lambda m, x: F.scaled_dot_product_attention(m.a(x), m.b(x), m.c(x)), **abc)
    names = graph.names()
    assert [names.count(op) for op in ("conv", "softmax", "mul")] == [3, 1, 4]  # two are scalings
    assert ("softmax", "mul") in edges(graph)


def test_identities_as_nodes_share_their_memory():
    def function(m, x):
        y = m.conv(x)
        m.same(y).relu_()
        return torch.sigmoid(y)

    graph = of(function, conv=conv(), same=nn.Identity(), identities=True)
    assert graph.names() == ["input", "conv", "identity", "relu", "sigmoid", "output"]


def test_images_side_by_side_are_refused():
    """As CondConv folds a batch into the channels of a grouped convolution."""

    def function(m, x):
        weight = m.conv.weight.repeat(len(x), 1, 1, 1)
        return F.conv2d(x.reshape(1, -1, 8, 8), weight, groups=len(x)).view(x.shape)

    folding = Lambda(function, conv=conv())
    with failing(r"sizes in '1' \(Lambda\) of Sequential depend on the number of images"):
        trace(nn.Sequential(nn.ReLU(), folding), IMAGE)
    with failing("what runs in Lambda depends on the number of images"):
        of(lambda m, x: F.relu(x) if len(x) % 2 else torch.tanh(x))


def test_memory_of_others_is_not_written():
    other = [torch.zeros(4, 8, 8)]
    with failing("Lambda writes into a tensor that is not its own"):
        of(lambda m, x: other[0].copy_(x[0]) * x)
    assert of(lambda m, x: other[0] * x).names() == ["input", "mul", "output"]


def test_the_surroundings_make_no_difference():
    module = nn.Sequential(conv(), nn.Identity(), nn.ReLU(), nn.Flatten(), nn.Linear(256, 3))
    expected = trace(module, IMAGE).fingerprint()
    for surroundings in (
        torch.inference_mode(),
        torch.no_grad(),
        torch.autocast("cpu", dtype=torch.bfloat16),
        torch.device("meta"),
    ):
        with surroundings:
            assert trace(module, IMAGE).fingerprint() == expected
    assert not torch.is_inference_mode_enabled()
