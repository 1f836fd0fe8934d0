"""Architectures become graphs and come back; whatever is no architecture is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.flat_parameters import Schedule
from nasutils.methods.up_nas.estimator import ProxyModel
from nasutils.spaces.darts import DARTS_V2, DARTSGenotype
from nasutils.spaces.nasbench201 import VERTEX_LABELS, NASBench201Cell

SPACES = {"nasbench201": NASBench201Cell, "darts": DARTSGenotype}


def graphs_of(codec, architecture):
    adjacency, labels = codec.encode([architecture])
    return adjacency[0].numpy(), labels[0].argmax(-1).numpy()


@pytest.mark.parametrize("space", SPACES)
def test_round_trip(space):
    codec, rng = CODECS[space], np.random.default_rng(0)
    architectures = [SPACES[space].random(rng) for _ in range(20)]
    adjacency, labels = codec.encode(architectures)
    assert adjacency.shape == (20, codec.graphs, codec.vertices, codec.vertices)
    assert labels.shape == (20, codec.graphs, codec.vertices, codec.labels)
    assert (labels.sum(-1) == 1).all()
    assert (adjacency.tril() == 0).all()
    assert codec.decode_all(adjacency, labels.argmax(-1)) == architectures


def test_embedding_sizes_are_the_papers():
    sizes = {name: codec.graphs * codec.vertices * 16 for name, codec in CODECS.items()}
    assert sizes == {"nasbench201": 128, "darts": 352}


@pytest.mark.parametrize("space", SPACES)
def test_every_wrong_edge_is_refused(space):
    codec = CODECS[space]
    adjacency, labels = graphs_of(codec, SPACES[space].random(np.random.default_rng(1)))
    for place in zip(*np.triu_indices(codec.vertices, 1), strict=True):
        wrong = adjacency.copy()
        wrong[0][place] = 1 - wrong[0][place]
        assert codec.decode(wrong, labels) is None, place


def test_input_and_output_belong_at_the_ends_alone():
    codec = CODECS["nasbench201"]
    adjacency, labels = graphs_of(codec, NASBench201Cell.random(np.random.default_rng(2)))
    for vertex in range(8):
        for label, name in enumerate(VERTEX_LABELS):
            changed = labels.copy()
            changed[0, vertex] = label
            allowed = (
                name == {0: "input", 7: "output"}[vertex]
                if vertex in (0, 7)
                else name not in ("input", "output")
            )
            assert (codec.decode(adjacency, changed) is not None) == allowed, (vertex, name)


@pytest.mark.parametrize(
    ("vertex", "label"), [(0, 1), (1, 0), (2, 0), (3, 2), (9, 10), (10, 3), (10, 0)]
)
@pytest.mark.parametrize("cell", [0, 1])
def test_darts_vertices_bear_what_they_should(cell, vertex, label):
    # Labels 0 and 1 are the inputs, 2 the zero operation, which no genotype has, 10 the output.
    codec = CODECS["darts"]
    adjacency, labels = graphs_of(codec, DARTS_V2)
    labels[cell, vertex] = label
    assert codec.decode(adjacency, labels) is None


def test_an_operation_can_move_to_another_node():
    codec = CODECS["darts"]
    adjacency, labels = graphs_of(codec, DARTS_V2)
    # Vertex 4 is the first operation of node 3; it reads node 0. Node 3's other one reads node 1.
    adjacency[0, 0, 4], adjacency[0, [2, 3], 4] = 0, 1
    moved = codec.decode(adjacency, labels)
    assert moved.normal[2] == (DARTS_V2.normal[2][0], 2)
    assert moved.reduce == DARTS_V2.reduce
    adjacency[0, [2, 3], 4], adjacency[0, 1, 4] = 0, 1
    assert codec.decode(adjacency, labels) is None, "node 3 would read node 1 twice"


@pytest.mark.parametrize("space", SPACES)
def test_nearest_to_an_architecture_is_itself(space):
    codec, rng = CODECS[space], np.random.default_rng(0)
    architectures = [SPACES[space].random(rng) for _ in range(20)]
    adjacency, labels = codec.encode(architectures)
    noise = torch.rand(labels.shape, generator=torch.Generator().manual_seed(0)) / 2
    graphs = codec.nearest(adjacency - 0.5, labels + noise)
    assert codec.decode_all(*graphs) == architectures


@pytest.mark.parametrize("space", SPACES)
def test_nearest_is_the_likeliest_of_the_space(space):
    codec, rng = CODECS[space], np.random.default_rng(1)
    generator = torch.Generator().manual_seed(1)
    n, k = codec.vertices, codec.labels
    edges = torch.randn(4, codec.graphs, n, n, generator=generator, dtype=torch.float64)
    labels = torch.randn(4, codec.graphs, n, k, generator=generator, dtype=torch.float64)
    found = codec.decode_all(*codec.nearest(edges, labels))
    for b, best in enumerate(found):
        rivals = [*best.neighbours(), *(SPACES[space].random(rng) for _ in range(100))]
        adjacency, names = (each.double() for each in codec.encode([best, *rivals]))
        # The decoder's log-likelihood, edge by edge and vertex by vertex.
        pairs = torch.where(adjacency > 0, edges[b].sigmoid(), 1 - edges[b].sigmoid()).log()
        likelihood = pairs.triu(1).flatten(1).sum(1)
        likelihood += (names * labels[b].log_softmax(-1)).flatten(1).sum(1)
        assert (likelihood[0] >= likelihood[1:] - 1e-9).all()


def test_the_embedding_decides_how_an_ascent_decodes(few_cells, trained_vgae):
    codec = CODECS["nasbench201"]
    scores = pd.DataFrame({"flops": np.linspace(0, 1, 8)})
    schedule = Schedule(epochs=1, batch_size=8, learning_rate=1e-3)
    model = ProxyModel.fit(codec, trained_vgae[0], few_cells, scores, schedule, seed=0)
    z = 3 * torch.randn(50, 128, generator=torch.Generator().manual_seed(0))
    weights = pd.Series({"flops": 1.0})
    plain, nearest = (replace(model.unified(weights), nearest=flag) for flag in (False, True))
    assert None in codec.decode_all(*plain.graphs(z))
    assert None not in codec.decode_all(*nearest.graphs(z))
