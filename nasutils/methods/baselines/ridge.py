"""A baseline without network: ridge regression on counts of operators and on the spectrum.

It says how much of a ranking simple properties of a graph explain, without any other family.
"""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import RidgeCV

from nasutils.graphs import OPERATORS
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.label_scales import scaled_labels

_PENALTIES = np.logspace(-1, 5, 25)


def operator_counts(graphs: GraphSet) -> np.ndarray:
    """Count the operators of each graph, (N, number of operators)."""
    operators = graphs.kinds[graphs.nodes, 0].astype(np.int64)
    owner = np.repeat(np.arange(len(graphs)), graphs.num_nodes)
    flat = np.bincount(owner * len(OPERATORS) + operators, minlength=len(graphs) * len(OPERATORS))
    return flat.reshape(len(graphs), -1)


def predict_by_counts(graphs: GraphSet, labels: ArrayLike, rows: np.ndarray) -> np.ndarray:
    """Predict all N graphs from a few labels, on the scale of normal scores; (N,).

    Args:
        graphs: The N graphs.
        labels: Their accuracies, (N,).
        rows: Those that are labelled.

    Raises:
        NasutilsError: If labels are not finite or all alike.
    """
    features = np.concatenate([operator_counts(graphs), graphs.eigenvalues], axis=1)
    varying = features[:, features.std(0) > 0]
    # Unlabelled graphs say how large the differences in a feature are.
    x = (varying - varying.mean(0)) / varying.std(0)
    targets = scaled_labels([(rows, np.asarray(labels)[rows])], "normal_score").numpy()
    return RidgeCV(_PENALTIES).fit(x[rows], targets).predict(x)
