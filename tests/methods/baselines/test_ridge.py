"""Ridge regression on counts: what it counts, and that it can learn."""

import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.graphs import OPERATORS
from nasutils.methods.baselines.ridge import operator_counts, predict_by_counts
from nasutils.methods.common.graph_set import GraphSet
from nasutils.metrics import spearman


def test_counts_are_those_of_the_graphs(few_graphs):
    for graphs in few_graphs.values():
        slow = [[int((graph.ops == op).sum()) for op in range(len(OPERATORS))] for graph in graphs]
        assert operator_counts(GraphSet.of(graphs)).tolist() == slow


def test_labels_that_are_counts_are_learnt(few_sets):
    graphs = few_sets["nasbench101"]
    labels = operator_counts(graphs) @ np.linspace(1, 2, len(OPERATORS))
    predicted = predict_by_counts(graphs, labels, np.arange(8))
    assert spearman(predicted[8:], labels[8:]) > 0.9


def test_labels_beyond_the_rows_play_no_part(few_sets):
    graphs = few_sets["nasbench101"]
    labels = np.arange(len(graphs), dtype=float)
    hidden = np.where(np.arange(len(graphs)) < 6, labels, np.nan)
    rows = np.arange(6)
    known, unknown = (predict_by_counts(graphs, each, rows) for each in (labels, hidden))
    assert known.tolist() == unknown.tolist()


def test_equal_labels_are_refused(few_sets):
    graphs = few_sets["nasbench101"]
    with pytest.raises(NasutilsError, match="all labels"):
        predict_by_counts(graphs, np.ones(len(graphs)), np.arange(6))
