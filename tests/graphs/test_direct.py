"""The graphs that are put together without a network are those of the network."""

import hashlib
from collections import Counter

import networkx as nx
import numpy as np
import pytest

from nasutils.data import load_table
from nasutils.data.fetch import fetch
from nasutils.data.nasbench101 import cells
from nasutils.data.safe_pickle import load_pickle
from nasutils.errors import ArchitectureError, GraphError, UnknownNameError
from nasutils.graphs import (
    FEATURES,
    darts_graph,
    nasbench101_graph,
    nasbench201_graph,
    ofa_mbv3_graph,
    trace,
)
from nasutils.networks.counting import build_on_meta, count_params
from nasutils.networks.darts import DARTSNetwork
from nasutils.networks.nasbench101 import NASBench101Network
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.networks.ofa_mbv3 import OFAMobileNetV3Network
from nasutils.spaces import darts
from nasutils.spaces.darts import DARTS_V1, DARTS_V2, DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import CONV1, CONV3, NONE, POOL, SKIP, NASBench201Cell, all_cells
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3


def connected_cell(rng):
    while not (cell := NASBench201Cell.random(rng)).is_connected:
        pass
    return cell


def darts_network(genotype):
    return DARTSNetwork(genotype, channels=32, num_cells=8)


# Space -> a draw, the direct graph, the network, the image.
SPACES = {
    "nasbench101": (NASBench101Cell.random, nasbench101_graph, NASBench101Network, (3, 32, 32)),
    "nasbench201": (connected_cell, nasbench201_graph, NASBench201Network, (3, 32, 32)),
    "darts": (DARTSGenotype.random, darts_graph, darts_network, (3, 32, 32)),
    "ofa_mbv3": (OFAMobileNetV3.random, ofa_mbv3_graph, OFAMobileNetV3Network, (3, 224, 224)),
}


def draws(space, number, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACES[space][0](rng) for _ in range(number)]


def traced(space, architecture):
    _, _, network, image = SPACES[space]
    return trace(build_on_meta(lambda: network(architecture)), image)


def labelled(graph):
    """The graph for networkx, with type and sizes of each node in one label."""
    result = nx.DiGraph(graph.edges.T.tolist())
    for v, (name, numbers) in enumerate(zip(graph.names(), graph.features.tolist(), strict=True)):
        result.nodes[v]["label"] = (name, *numbers)
    return result


def same_label(a, b):
    return a["label"] == b["label"]


def isomorphic(one, two):
    return nx.is_isomorphic(labelled(one), labelled(two), node_match=same_label)


def params(graph):
    """Parameters of the network, from the sizes alone: weights, biases, two of each batch norm."""
    column = dict(zip(FEATURES, graph.features.T.astype(int), strict=True))
    weights = column["weight_out"] * column["weight_in"] * column["kernel_h"] * column["kernel_w"]
    biases = column["bias"] * column["c_out"]
    norms = 2 * column["c_out"] * (np.array(graph.names()) == "batch_norm")
    return int((weights + biases + norms).sum())


@pytest.mark.parametrize("space", SPACES)
def test_equal_to_the_trace(space):
    direct = SPACES[space][1]
    for architecture in draws(space, 8):
        assert direct(architecture).fingerprint() == traced(space, architecture).fingerprint()


@pytest.mark.parametrize("space", SPACES)
def test_isomorphic_to_the_trace(space):
    direct = SPACES[space][1]
    first, second, third = draws(space, 3, seed=1)
    for architecture in (first, second):
        assert isomorphic(direct(architecture), traced(space, architecture))
    assert not isomorphic(direct(first), direct(third))


@pytest.mark.parametrize("space", SPACES)
def test_deterministic_and_all_nodes_on_a_path(space):
    direct = SPACES[space][1]
    for architecture in draws(space, 20, seed=2):
        one, two = direct(architecture), direct(architecture)
        for name in ("ops", "features", "edges"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        graph, last = labelled(one), one.num_nodes - 1
        assert Counter(one.names())["input"] == Counter(one.names())["output"] == 1
        assert (one.names()[0], one.names()[last]) == ("input", "output")
        assert len(nx.descendants(graph, 0)) == len(nx.ancestors(graph, last)) == last


# In NAS-Bench-201 weights may lie on no path; see its own test below.
@pytest.mark.parametrize("space", sorted(SPACES.keys() - {"nasbench201"}))
def test_sizes_give_the_parameters_of_the_network(space):
    _, direct, network, _ = SPACES[space]
    for architecture in draws(space, 5, seed=3):
        built = build_on_meta(lambda a=architecture: network(a))
        assert params(direct(architecture)) == round(count_params(built) * 1e6)


# --- NAS-Bench-101


PUBLISHED_101 = NASBench101Cell.from_string(
    "|conv3x3-bn-relu~0|+|conv3x3-bn-relu~0|+|maxpool3x3~1|+|conv3x3-bn-relu~3|+"
    "|conv3x3-bn-relu~1~2~4|+|output~0~5|"
)


def test_published_counts_of_a_nasbench101_network():
    graph = nasbench101_graph(PUBLISHED_101)
    assert graph.num_weighted == 65
    assert graph.num_nodes - graph.num_weighted == 160
    assert graph.num_edges == 251


def test_wide_vertices_lose_a_channel():
    # 128 = 43 + 43 + 42: vertex 3 reads the first 42 channels of vertex 1.
    cell = NASBench101Cell.from_string(
        "|conv3x3-bn-relu~0|+|conv1x1-bn-relu~0|+|maxpool3x3~1|+|output~1~2~3|"
    )
    graph = nasbench101_graph(cell)
    assert graph.fingerprint() == traced("nasbench101", cell).fingerprint()
    pool = graph.names().index("max_pool")
    assert graph.features[pool, :2].tolist() == [42, 42]
    (feeding,) = graph.edges[0, graph.edges[1] == pool]
    assert graph.features[feeding, :2].tolist() == [43, 43]


def test_nasbench101_in_closed_form():
    for cell in draws("nasbench101", 30, seed=4):
        last = cell.num_vertices - 1
        fan_in = [sum(row[v] for row in cell.adjacency) for v in range(1, last)]
        to_output = sum(row[last] for row in cell.adjacency[1:])
        projections = sum(cell.adjacency[0])
        convs = sum("conv" in op for op in cell.ops)
        counts = Counter(nasbench101_graph(cell).names())
        assert counts["conv"] == counts["relu"] == counts["batch_norm"]
        assert counts["conv"] == 1 + 9 * (convs + projections)
        assert counts["max_pool"] == 2 + 9 * cell.ops.count("maxpool3x3")
        both = cell.adjacency[0][last] == 1 and to_output > 0
        assert counts["add"] == 9 * (sum(n > 1 for n in fan_in) + both)
        assert counts["concat"] == 9 * (to_output > 1)


# --- NAS-Bench-201


BEST_201 = NASBench201Cell((CONV3, CONV3, CONV3, SKIP, CONV3, CONV1))


def test_published_counts_of_the_best_nasbench201_network():
    graph = nasbench201_graph(BEST_201, network="autogo")
    assert graph.num_weighted == 83
    assert graph.num_nodes - graph.num_weighted == 223
    assert graph.num_edges == 352
    own = nasbench201_graph(BEST_201)
    assert (own.num_weighted, own.num_nodes, own.num_edges) == (83, 83 + 213, 342)


def test_where_the_benchmarks_own_network_differs():
    own = Counter(nasbench201_graph(BEST_201).names())
    published = Counter(nasbench201_graph(BEST_201, network="autogo").names())
    # Two batch norms in each reduction, one before the last ReLU.
    assert own - published == {"batch_norm": 2 * 2 + 1, "relu": 1, "conv": 1}
    # The skip connections and the dropout; a linear layer instead of a 1x1 convolution.
    assert published - own == {"identity": 15 + 1, "linear": 1}


def test_nasbench201_by_hand():
    # Node 1 is pooled and node 3 adds it to the input; node 2 is fed, but leads nowhere.
    cell = NASBench201Cell((POOL, CONV3, CONV3, SKIP, SKIP, NONE))
    counts = Counter(nasbench201_graph(cell).names())
    assert counts == {
        "input": 1,
        "conv": 1 + 2 * 3 + 1,
        "batch_norm": 1 + 2 * 2 + 1,
        "relu": 2 * 2 + 1,
        "avg_pool": 2 + 15,
        "add": 2 + 15,
        "mean": 1,
        "output": 1,
    }


def test_a_cell_of_one_skip_is_only_an_edge():
    cell = NASBench201Cell((CONV3, NONE, NONE, SKIP, NONE, NONE))
    assert nasbench201_graph(cell).num_nodes == 1 + 2 + 2 * 9 + 4 + 1
    doubled = NASBench201Cell((SKIP, NONE, NONE, SKIP, SKIP, NONE))  # x + x, with one edge
    graph = nasbench201_graph(doubled)
    assert graph.num_nodes == 1 + 2 + 2 * 9 + 4 + 1 + 15
    assert graph.num_edges == graph.num_nodes - 1 + 2  # two additions in the reductions


def test_parameters_are_the_published_function_where_every_operation_counts():
    for cell in draws("nasbench201", 40, seed=5):
        counts = Counter(cell.ops)
        published = 73_306 + 243_040 * counts[CONV3] + 28_000 * counts[CONV1]
        if NONE not in cell.ops:
            assert params(nasbench201_graph(cell)) == published


def test_cells_that_differ_as_functions_differ_as_graphs():
    rng = np.random.default_rng(6)
    connected = [cell for cell in all_cells() if cell.is_connected]
    function = {}
    for index in rng.choice(len(connected), 200, replace=False):
        cell = connected[index]
        key = nasbench201_graph(cell).fingerprint()
        assert function.setdefault(key, cell.function_class()) == cell.function_class()


def test_no_path_through_a_cell_exactly_where_it_computes_nothing():
    disconnected = [cell for cell in all_cells() if not cell.is_connected]
    for cell in disconnected[::50]:
        with pytest.raises(GraphError, match=r"no path leads .* of \|"):
            nasbench201_graph(cell)
    with pytest.raises(GraphError, match="NASBench201Network has no path"):
        traced("nasbench201", disconnected[0])
    for cell in [cell for cell in all_cells() if cell.is_connected][::500]:
        nasbench201_graph(cell)


def test_unknown_network():
    with pytest.raises(UnknownNameError, match="autogo, benchmark"):
        nasbench201_graph(BEST_201, network="auto_go")


# --- DARTS


@pytest.mark.parametrize(("channels", "num_cells"), [(36, 20), (4, 3), (6, 5)])
def test_darts_of_other_sizes(channels, num_cells):
    for genotype in (DARTS_V1, DARTS_V2):
        network = build_on_meta(
            lambda g=genotype: DARTSNetwork(g, channels=channels, num_cells=num_cells)
        )
        direct = darts_graph(genotype, channels=channels, num_cells=num_cells)
        assert direct.fingerprint() == trace(network, (3, 32, 32)).fingerprint()


@pytest.mark.parametrize(("channels", "cells", "image"), [(8, 1, (1, 8)), (4, 2, (3, 16))])
def test_nasbench201_of_other_sizes(channels, cells, image):
    for cell in draws("nasbench201", 3):
        network = build_on_meta(
            lambda c=cell: NASBench201Network(
                c, channels=channels, cells_per_stage=cells, in_channels=image[0]
            )
        )
        direct = nasbench201_graph(cell, channels=channels, cells_per_stage=cells, image=image)
        slow = trace(network, (image[0], image[1], image[1]))
        assert direct.fingerprint() == slow.fingerprint()


def test_published_darts_parameters():
    assert params(darts_graph(DARTS_V2, channels=36, num_cells=20)) == 3_349_342


def test_operations_of_darts_have_the_papers_number_of_nodes():
    """Table 5 of the paper: nodes a grouping."""
    nodes = dict.fromkeys((darts.SEP_CONV_3, darts.SEP_CONV_5), 8)
    nodes |= dict.fromkeys((darts.DIL_CONV_3, darts.DIL_CONV_5), 4)
    nodes |= {darts.AVG_POOL: 1, darts.MAX_POOL: 1, darts.SKIP: 0}
    skips = tuple((darts.SKIP, source) for source in (0, 1) * 4)
    base = darts_graph(DARTSGenotype(skips, DARTS_V2.reduce)).num_nodes
    for op, number in nodes.items():
        cell = ((op, 0), *skips[1:])
        graph = darts_graph(DARTSGenotype(cell, DARTS_V2.reduce))
        assert graph.num_nodes == base + 6 * number  # six normal cells of eight


@pytest.mark.parametrize(
    ("size", "message"),
    [({"channels": 3}, "even number, not 3"), ({"num_cells": 2}, "at least 3 cells, not 2")],
)
def test_bad_sizes_of_darts(size, message):
    with pytest.raises(ArchitectureError, match=message):
        darts_graph(DARTS_V2, **size)


# --- OFA-MobileNetV3


def test_ofa_in_closed_form():
    for subnet in draws("ofa_mbv3", 20, seed=7):
        depths = subnet.d
        blocks, squeezed = sum(depths), depths[1] + depths[3] + depths[4]
        counts = Counter(ofa_mbv3_graph(subnet).names())
        assert counts["depthwise_conv"] == 1 + blocks
        # Two a block and two for a gate; the stem, the first block's, two before the classifier.
        assert counts["conv"] == 2 * blocks + 2 * squeezed + 1 + 1 + 2
        assert counts["batch_norm"] == 3 * blocks + 1 + 2 + 1
        assert counts["add"] == blocks - len(depths) + 1  # all but the first block of each stage
        assert counts["mul"] == counts["hardsigmoid"] == squeezed
        assert counts["mean"] == squeezed + 1
        assert counts["relu"] == 1 + 2 * (depths[0] + depths[1]) + squeezed
        assert counts["hardswish"] == 1 + 2 * sum(depths[2:]) + 2


# --- The published files


OPERATORS_OF_AUTOGO = {
    1: "input",
    2: "output",
    3: "conv",
    5: "batch_norm",
    6: "relu",
    8: "linear",
    9: "add",
    12: "max_pool",
    13: "avg_pool",
    19: "mean",
    25: "identity",
}


def published_graph(name):
    """A published graph with type, sizes and, for a convolution, kernel of each node."""
    state = load_pickle(fetch(name), stubs=("model_src",)).state
    graph = nx.DiGraph([tuple(pair) for pair in state["edge_pairs"]])
    nodes = [node.state for node in state["weighted_nodes"] + state["regular_nodes"]]
    for v, node in enumerate(nodes):
        op = OPERATORS_OF_AUTOGO[node["op_type_idx"]]
        h_in, h_out, w_in, w_out, c_in, c_out = node["resolution"]
        kernel = node["shape"][2:] if op == "conv" else [0, 0]
        graph.nodes[v]["label"] = (op, c_in, c_out, h_in, h_out, w_in, w_out, *kernel)
    return graph


def comparable(graph):
    """Our graph with the same labels."""
    result = labelled(graph)
    for v in result:
        op, *numbers = result.nodes[v]["label"]
        kernel = numbers[8:10] if op == "conv" else [0, 0]
        result.nodes[v]["label"] = (op, *numbers[:6], *kernel)
    return result


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(
    ("name", "graph"),
    [
        ("autogo_nb101_best", nasbench101_graph(PUBLISHED_101)),
        ("autogo_nb201_best", nasbench201_graph(BEST_201, network="autogo")),
    ],
)
def test_isomorphic_to_the_published_graph(name, graph):
    assert nx.is_isomorphic(comparable(graph), published_graph(name), node_match=same_label)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_parameters_of_the_nasbench101_table():
    rows = load_table("nasbench101").sample(50, random_state=0)
    ours = [params(nasbench101_graph(cell)) for cell in cells(rows)]
    assert ours == (rows["params"] * 1e6).round().astype(int).tolist()


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_parameters_of_the_ofa_table():
    rows = load_table("ofa_mbv3")
    ours = [params(ofa_mbv3_graph(OFAMobileNetV3.from_string(arch))) for arch in rows["arch"]]
    assert ours == (rows["params"] * 1e6).round().astype(int).tolist()


# Graphs are kept between runs, and published figures rest on them: whoever changes what is a node
# gives kept graphs a new version, and then these.
DIGESTS = {
    "nasbench101": "0ab497d7dbbcee5944f464d2688f14cc",
    "nasbench201": "e503f6828b176164d7191010e7b14d79",
    "darts": "116e5416f1ef3fc5067b45c3a3ca75bd",
    "ofa_mbv3": "9836daa4d1c93b802660e9a2b0934a1a",
}


@pytest.mark.parametrize("space", SPACES)
def test_graphs_are_those_of_published_figures(space):
    graphs = map(SPACES[space][1], draws(space, 40))
    text = " ".join(graph.fingerprint() for graph in graphs)
    assert hashlib.md5(text.encode()).hexdigest() == DIGESTS[space]
