"""What a search may ask, and what it is told."""

import numpy as np
import pytest

from nasutils.data import load_table
from nasutils.errors import UnknownNameError
from nasutils.graphs import nasbench201_graph
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.query_benchmarks import Arena, load_arena
from nasutils.spaces.nasbench201 import NASBench201Cell


def test_answers_and_ranks_are_the_tables():
    arena = load_arena("nb201_digits")
    table = load_table("nb201_digits").sort_values("test", ascending=False)
    cells = [NASBench201Cell.from_string(text) for text in table["arch"][:20]]
    assert all(map(arena.accept, cells))
    assert arena.query(cells).tolist() == table["test"][:20].tolist()
    assert arena.rank(table["test"].iloc[0]) == 1
    distinct = table["test"].drop_duplicates().iloc[:2]
    assert arena.rank(distinct.iloc[1]) == 1 + int((table["test"] == distinct.iloc[0]).sum())


def test_what_the_table_lacks_is_not_accepted():
    arena = load_arena("nb201_digits")
    known = set(load_table("nb201_digits")["arch"])
    rng = np.random.default_rng(0)
    cells = [NASBench201Cell.random(rng) for _ in range(200)]
    accepted = {str(cell) for cell in cells if arena.accept(cell)}
    assert accepted <= known
    assert 0 < len(accepted) < 200
    assert not arena.accept(NASBench201Cell(("none",) * 6))


def test_a_learner_is_asked_about_graphs():
    class CountingNodes:
        def predict(self, graphs):
            return graphs.num_nodes

    arena = Arena(NASBench201Cell, nasbench201_graph, lambda asked: np.zeros(len(asked)), bool)
    cells = [NASBench201Cell((op,) * 6) for op in ("skip_connect", "nor_conv_3x3")]
    nodes = [nasbench201_graph(cell).num_nodes for cell in cells]
    assert arena.ranked_by(CountingNodes())(cells).tolist() == nodes


def test_a_learner_is_taught_all_answers_beside_its_labels():
    taught = []

    class Listening:
        def fine_tune(self, lesson, seed):
            graphs, labels = lesson
            taught.append((graphs.num_nodes.tolist(), labels.tolist(), seed))
            return self

        def predict(self, graphs):
            return graphs.num_nodes

    arena = Arena(NASBench201Cell, nasbench201_graph, lambda asked: np.zeros(len(asked)), bool)
    cells = [NASBench201Cell((op,) * 6) for op in ("skip_connect", "nor_conv_3x3", "avg_pool_3x3")]
    nodes = [nasbench201_graph(cell).num_nodes for cell in cells]
    labelled = GraphSet.of(map(nasbench201_graph, cells[:1])), np.array([9.0])
    learn = arena.lessons_for(Listening(), labelled, seed=5)
    rank = learn(cells[1:], np.array([8.0, 7.0]))
    assert taught == [(nodes, [9.0, 8.0, 7.0], 5)]
    assert rank(cells).tolist() == nodes


def test_unknown_names_list_the_known():
    with pytest.raises(UnknownNameError, match="nb201_digits"):
        load_arena("nasbench360")
