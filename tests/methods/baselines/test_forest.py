"""Path features against every path listed one by one, and forests that rank by them."""

import itertools

import numpy as np
import pandas as pd
import pytest

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.baselines.forest import path_features, predict_by_trees
from nasutils.methods.common.cell_sequences import ABSENT, cell_sequences
from nasutils.metrics import kendall_tau
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

SPACES = {
    "nasbench101": NASBench101Cell,
    "nasbench201": NASBench201Cell,
    "darts": DARTSGenotype,
    "ofa_mbv3": OFAMobileNetV3,
}


def all_paths(adjacency, names):
    """List the paths from the vertices without predecessor to the output, without "none"."""
    found = []

    def extend(path):
        if names[path[-1]] == "none":
            return
        if names[path[-1]] == "output":
            found.append([names[vertex] for vertex in path])
        for target in np.flatnonzero(adjacency[path[-1]]):
            extend([*path, int(target)])

    for vertex in range(len(names)):
        if names[vertex] is not None and not adjacency[:, vertex].any():
            extend([vertex])
    return found


@pytest.mark.parametrize("space", SPACES)
def test_against_every_path(space):
    rng = np.random.default_rng(0)
    sequences = cell_sequences(space, [SPACES[space].random(rng) for _ in range(25)])
    features = path_features(sequences)
    own = [which for which, cell in enumerate(sequences.cells) if not cell.shared]
    for row, which in itertools.product(range(25), own):
        cell = sequences.cells[which]
        names = [
            None if i == ABSENT else sequences.vocabulary[i] for i in cell.labels[row].tolist()
        ]
        paths = all_paths(cell.adjacency[row].numpy(), names)
        ours = features.loc[row].filter(like=f"{which}/").rename(lambda c: c.split("/", 1)[1])
        assert ours["paths"] == len(paths)
        assert ours["longest"] == max(map(len, paths), default=0)
        assert ours["shortest"] == min(map(len, paths), default=0)
        for label in sequences.vocabulary:
            times = [path.count(label) for path in paths]
            assert ours.get(f"count/{label}", 0) == names.count(label)
            assert ours.get(f"passes/{label}", 0) == sum(times)
            assert ours.get(f"most/{label}", 0) == max(times, default=0)
            assert ours.get(f"fewest/{label}", 0) == min(times, default=0)


def test_one_architecture_has_no_columns_of_its_reduction():
    cell = NASBench201Cell.random(np.random.default_rng(0))
    alone, two = (path_features(cell_sequences("nasbench201", [cell] * n)) for n in (1, 2))
    assert list(alone) == list(two)


def test_used_operations_by_hand():
    # Node 1 is fed by a 3x3 convolution, but leads nowhere.
    string = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
    features = path_features(
        cell_sequences("nasbench201", [NASBench201Cell.from_string(string)] * 2)
    )
    assert features.loc[0, "0/count/nor_conv_3x3"] == 2
    assert features.loc[0, "0/used/skip_connect"] == 1
    assert "0/used/nor_conv_3x3" not in features
    assert features.loc[0, "0/paths"] == 1


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    cells = [NASBench201Cell.random(rng) for _ in range(150)]
    accuracy = np.array([cell.ops.count(CONV3) for cell in cells]) + 0.01 * rng.normal(size=150)
    return path_features(cell_sequences("nasbench201", cells)), accuracy


def test_forests_rank_and_repeat(task):
    features, accuracy = task
    rows = [range(60), range(20, 80)]
    predicted = predict_by_trees(features, accuracy, rows, (0, 1), trees=50)
    assert predicted.shape == (2, 150)
    for scores in predicted:
        assert kendall_tau(scores[80:], accuracy[80:]) > 0.6
    again = predict_by_trees(features, accuracy, rows[1:], (1,), trees=50)
    np.testing.assert_array_equal(again[0], predicted[1])


def test_proxies_may_be_infinite_but_not_missing(task):
    features, accuracy = task
    proxy = np.where(accuracy > 1, accuracy, -np.inf)
    joined = features.assign(zen=proxy)
    assert predict_by_trees(joined, accuracy, [range(9)], (0,), trees=5).shape == (1, 150)
    with pytest.raises(DataError, match=r"missing .* in zen"):
        predict_by_trees(features.assign(zen=np.nan), accuracy, [range(9)], (0,))


def test_bad_labels(task):
    features, accuracy = task
    with pytest.raises(NasutilsError, match="at least 2 labels"):
        predict_by_trees(features, accuracy, [[1]], (0,))
    with pytest.raises(NasutilsError, match="nothing to learn"):
        predict_by_trees(features, np.ones(150), [[1, 2]], (0,))


def test_a_frame_of_proxies_alone_will_do(task):
    _, accuracy = task
    frame = pd.DataFrame({"flops": accuracy})
    predicted = predict_by_trees(frame, accuracy, [range(50)], (0,), labels="normal_score")
    assert kendall_tau(predicted[0], accuracy) > 0.9
