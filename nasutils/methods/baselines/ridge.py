"""A baseline without network: ridge regression on counts of operators and on the spectrum.

It says how much of a ranking simple properties of a graph explain, without any other benchmark.
"""

from collections.abc import Callable

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.graphs import OPERATORS
from nasutils.methods.base import Predict, method
from nasutils.methods.common.architecture_graphs import (
    SPACES_WITH_GRAPHS,
    benchmark_graphs,
    labelled_graphs,
    rank_by_graphs,
)
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.label_scales import scaled_labels

#: From N graphs to a row of features each.
Features = Callable[[GraphSet], np.ndarray]
_PENALTIES = np.logspace(-1, 5, 25)


def operator_counts(graphs: GraphSet) -> np.ndarray:
    """Count the operators of each graph, (N, number of operators)."""
    operators = graphs.kinds[graphs.nodes, 0].astype(np.int64)
    owner = np.repeat(np.arange(len(graphs)), graphs.num_nodes)
    flat = np.bincount(owner * len(OPERATORS) + operators, minlength=len(graphs) * len(OPERATORS))
    return flat.reshape(len(graphs), -1)


def counts_and_spectrum(graphs: GraphSet) -> np.ndarray:
    """Return the operators' counts and the spectrum of each graph, a row a graph."""
    # The smallest eigenvalue of a connected graph is zero, but for rounding.
    return np.concatenate([operator_counts(graphs), graphs.eigenvalues[:, 1:]], axis=1)


def fit_ridge(features: Features, benchmark: Benchmark, split: Split) -> Predict:
    """Fit normal scores of the labels; all graphs say how large a feature's differences are."""
    graphs, labels = labelled_graphs(benchmark, split.labelled)
    scaler = StandardScaler().fit(features(benchmark_graphs(benchmark)))
    targets = scaled_labels([(graphs, labels)], "normal_score").numpy()
    model = RidgeCV(_PENALTIES).fit(scaler.transform(features(graphs)), targets)
    return rank_by_graphs(
        benchmark, lambda graphs: model.predict(scaler.transform(features(graphs)))
    )


@method(
    "baselines",
    "Ridge",
    spaces=SPACES_WITH_GRAPHS,
    description="ridge regression on counts of operators and the spectrum of the graph",
)
def ridge(benchmark: Benchmark, split: Split) -> Predict:
    """Fit ridge regression on counts and spectrum, as the ``fit`` of a method."""
    return fit_ridge(counts_and_spectrum, benchmark, split)
