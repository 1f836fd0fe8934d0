"""The encoders: by hand, and what must or must not change an embedding."""

import numpy as np
import pytest
import torch

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.graphs import FEATURES, OPERATORS, ComputationGraph
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.encoder import (
    AttentionLayer,
    CLEncoder,
    GNNEncoder,
    GraphEncoderSettings,
    MessagePassing,
    NodeEmbedding,
    mean_pool,
    projection_head,
    regression_head,
)

CONV, RELU = OPERATORS.index("conv"), OPERATORS.index("relu")


@pytest.fixture(params=["both", "gnn alone", "attention alone", "baseline"])
def encoder(request):
    torch.manual_seed(0)
    return {
        "both": CLEncoder,
        "gnn alone": lambda: CLEncoder(GraphEncoderSettings(transformer_layers=0)),
        "attention alone": lambda: CLEncoder(GraphEncoderSettings(gnn_layers=0)),
        "baseline": GNNEncoder,
    }[request.param]().eval()


@pytest.fixture
def mixed(few_sets):
    return GraphSet.concatenate([few_sets[name].take([0, 1, 2]) for name in few_sets])


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_a_node_by_hand():
    torch.manual_seed(0)
    embed = NodeEmbedding(5)
    # A 3x5 convolution with a bias from 64 to 128 channels in 2 groups, 32x16 to 8x4 pixels.
    found = embed(torch.tensor([[CONV, 64, 128, 32, 8, 16, 4, 128, 32, 3, 5, 1]]))
    expected = (
        embed.op.weight[CONV]
        + embed.channels(torch.tensor([0.125, 0.25]))
        + embed.resolution(torch.tensor([0.125, 0.03125, 0.0625, 0.015625]))
        + embed.weight(torch.tensor([0.25, 0.0625]))
        + embed.kernel_h.weight[3]
        + embed.kernel_w.weight[5]
        + embed.bias.weight[2]
    )
    close(found[0], expected)


def test_without_weights_kernel_and_bias_add_nothing():
    embed = NodeEmbedding(5)
    found = embed(torch.tensor([[RELU, 64, 64, 32, 32, 32, 32, 0, 0, 0, 0, 0]]))
    sizes = torch.tensor([0.125] * 2), torch.tensor([0.125] * 4)
    close(found[0], embed.op.weight[RELU] + embed.channels(sizes[0]) + embed.resolution(sizes[1]))


def test_every_feature_counts_and_huge_kernels_are_allowed():
    torch.manual_seed(0)
    embed = NodeEmbedding(5)
    node = torch.tensor([CONV, 64, 64, 32, 32, 32, 32, 64, 64, 3, 3, 0])
    changed = node.repeat(len(FEATURES), 1)
    changed[:, 1:] += torch.eye(len(FEATURES), dtype=torch.long)
    assert ((embed(changed) - embed(node[None])).abs().sum(1) > 1e-4).all()
    node[9:11] = 31
    assert embed(node[None]).isfinite().all()


def test_message_passing_is_the_sum_over_neighbours_both_ways(few_sets):
    torch.manual_seed(0)
    batch = few_sets["nasbench201"].batch([0, 1])
    layer = MessagePassing(3, 4, 1, "tanh")
    conv = layer.layers[0]
    x = torch.randn(len(batch.node), 3)
    adjacency = torch.zeros(len(x), len(x))
    adjacency[batch.edges[0], batch.edges[1]] = adjacency[batch.edges[1], batch.edges[0]] = 1
    expected = torch.tanh(conv.lin_rel(adjacency @ x) + conv.lin_root(x))
    close(layer(x, batch), expected)


def test_an_attention_layer_is_torchs_own(mixed):
    torch.manual_seed(0)
    layer = AttentionLayer(8, 2)
    reference = torch.nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0, batch_first=True, norm_first=True
    )
    ours = [*layer.query_key_value.parameters(), *layer.mix.parameters()]
    ours += [*layer.mlp[1].parameters(), *layer.mlp[3].parameters()]
    ours += [*layer.norm.parameters(), *layer.mlp[0].parameters()]
    with torch.no_grad():
        for copy, weight in zip(reference.parameters(), ours, strict=True):
            copy.copy_(weight)
    batch = mixed.batch([0, 4, 7])
    x = torch.randn(len(batch.node), 8)
    present = torch.arange(int(batch.sizes.max())) < batch.sizes[:, None]
    found = layer(x, batch, present)
    for graph in range(3):
        own = batch.graph == graph
        close(found[own], reference(x[own][None])[0])


def test_mean_pool_against_a_loop(mixed):
    batch = mixed.batch(range(len(mixed)))
    x = torch.randn(len(batch.node), 3)
    close(mean_pool(x, batch), torch.stack([x[batch.graph == g].mean(0) for g in range(12)]))


def test_shapes(encoder, mixed):
    assert encoder(mixed.batch([0, 4, 7])).shape == (3, encoder.embedding)
    assert encoder.embedding == (32 if isinstance(encoder, GNNEncoder) else 128)


def test_graphs_do_not_see_each_other(encoder, mixed):
    with torch.no_grad():
        together = encoder(mixed.batch(range(len(mixed))))
        alone = torch.cat([encoder(mixed.batch([row])) for row in range(len(mixed))])
    close(together, alone)


def test_the_numbering_of_the_nodes_does_not_matter(encoder, few_graphs):
    graph = few_graphs["darts"][0]
    # Another topological order: at each step the highest node that is ready.
    waiting, order = set(range(graph.num_nodes)), []
    sources = [set(graph.edges[0][graph.edges[1] == v].tolist()) for v in range(graph.num_nodes)]
    while waiting:
        v = max(v for v in waiting if not sources[v] & waiting)
        waiting.remove(v)
        order.append(v)
    new = np.argsort(order)
    renumbered = ComputationGraph(graph.ops[order], graph.features[order], new[graph.edges])
    assert order != sorted(order)
    batch = GraphSet.of([graph, renumbered]).batch([0, 1])
    with torch.no_grad():
        first, second = encoder(batch)
    torch.testing.assert_close(first, second, rtol=1e-2, atol=1e-3)  # positions are float16


def test_types_change_the_embedding_and_gradients_reach_all_weights(encoder, mixed):
    batch = mixed.batch(range(len(mixed)))
    encoder.train()
    out = encoder(batch)
    assert torch.pdist(out).min() > 1e-6
    (out * torch.randn_like(out)).sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())


def test_attention_knows_the_place_of_a_node(mixed):
    torch.manual_seed(0)
    encoder = CLEncoder(GraphEncoderSettings(gnn_layers=0)).eval()
    batch = mixed.batch([0, 4])
    flipped = batch.with_random_signs(torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not torch.allclose(encoder(batch), encoder(flipped), atol=1e-4)


def test_heads_have_the_papers_sizes():
    assert [tuple(p.shape) for p in projection_head().parameters() if p.ndim == 2] == [
        *[(128, 128)] * 3,
        (64, 128),
    ]
    assert [tuple(p.shape) for p in regression_head().parameters() if p.ndim == 2] == [
        (200, 128),
        *[(200, 200)] * 3,
        (1, 200),
    ]


def test_bad_input():
    with pytest.raises(NasutilsError, match="message passing, of attention or both"):
        GraphEncoderSettings(gnn_layers=0, transformer_layers=0)
    with pytest.raises(NasutilsError, match="129 cannot be divided"):
        GraphEncoderSettings(embedding=129)
    with pytest.raises(UnknownNameError, match="relu, tanh"):
        GNNEncoder(activation="tahn")
    with pytest.raises(NasutilsError, match="at least one layer"):
        GNNEncoder(layers=0)
