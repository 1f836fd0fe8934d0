"""Features against slow references, the process against scikit-learn's, the ensemble on digits."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.gaussian_process.kernels import RBF

from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError
from nasutils.methods.base import get_method
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.leaderboard import gaussian_process
from nasutils.methods.leaderboard.features import (
    BLOCKS,
    feature_blocks,
    known_scores,
    path_counts,
)
from nasutils.methods.leaderboard.gaussian_process import predict_by_process
from nasutils.methods.leaderboard.methods import ABLATIONS, Ensemble
from nasutils.metrics import kendall_tau
from nasutils.spaces.nasbench201 import EDGES, NONE, SKIP, NASBench201Cell

DIGITS = get_benchmark("nb201-digits")


def ways(cell):
    """Return the sequences of operations of all ways through a cell, with their numbers."""
    ops = dict(zip(EDGES, cell.ops, strict=True))
    found = Counter()
    for way in ((0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3)):
        steps = [ops[edge] for edge in itertools.pairwise(way)]
        if NONE not in steps:
            found[tuple(op for op in steps if op != SKIP)] += 1
    return found


def test_paths_are_those_of_an_enumeration():
    cells = DIGITS.architectures[:60]
    slow = [ways(cell) for cell in cells]
    names = sorted({name for each in slow for name in each})
    expected = {tuple(each[name] for each in slow) for name in names}
    found = path_counts(cell_sequences("nb201_digits", cells))
    assert {tuple(column) for column in found.T.astype(int)} == expected


def test_isomorphic_cells_have_the_same_paths():
    conv3, conv1 = "nor_conv_3x3", "nor_conv_1x1"
    cells = [
        NASBench201Cell((conv3, NONE, SKIP, NONE, NONE, conv1)),
        NASBench201Cell((NONE, conv3, NONE, NONE, NONE, conv1)),
        NASBench201Cell((conv1, NONE, SKIP, NONE, NONE, conv3)),
    ]
    first, second, other = path_counts(cell_sequences("nb201_digits", cells))
    assert (first == second).all()
    assert (first != other).any()  # the order counts


def test_blocks_are_standardised_and_read_no_label():
    blocks = feature_blocks(DIGITS)
    assert [*blocks] == [*BLOCKS]
    for values in blocks.values():
        assert values.shape[0] == len(DIGITS)
        assert values.mean(0) == pytest.approx(0, abs=1e-4)
        assert values.std(0) == pytest.approx(1, abs=1e-4)
    assert not {"valid", "test", "latency"} & set(known_scores(DIGITS))


def test_kernel_is_the_sum_of_gaussian_kernels():
    rng = np.random.default_rng(0)
    blocks = [rng.standard_normal((6, width)) for width in (2, 3)]
    theta = torch.tensor([0.3, -0.2, -0.5, 0.4, -2.0], dtype=torch.double)
    distances = [gaussian_process._distances(*[torch.from_numpy(each)] * 2) for each in blocks]
    expected = sum(
        np.exp(theta[2 * i].item())
        * RBF(np.exp(theta[2 * i + 1].item()) * np.sqrt(each.shape[1]))(each)
        for i, each in enumerate(blocks)
    )
    found = gaussian_process._kernel(distances, theta).numpy()
    assert found == pytest.approx(expected, rel=1e-6)


def test_process_learns_a_function_and_turns_down_noise():
    rng = np.random.default_rng(0)
    useful, useless = rng.standard_normal((2, 200, 2)).astype(np.float32)
    truth = np.sin(useful[:, 0]) + useful[:, 1]
    rows = np.arange(60)
    predicted = predict_by_process(
        [useful, useless, np.empty((200, 0), np.float32)], rows, truth[:60]
    )
    assert kendall_tau(predicted[60:], truth[60:]) > 0.85
    known = [torch.from_numpy(each[rows]) for each in (useful, useless)]
    distances = [gaussian_process._distances(each, each) for each in known]
    theta = gaussian_process._most_likely(distances, torch.from_numpy(truth[:60]).double())
    assert theta[0] > theta[2] + 1


def test_ours_is_better_than_its_parts_and_the_forest_on_counts():
    splits = DIGITS.splits(100, range(2))

    def tau(entry):
        scores = entry.fit_predict(DIGITS, splits).scores
        return np.mean([kendall_tau(each, DIGITS.test_accuracy) for each in scores])

    ours = tau(Ensemble())
    assert ours > tau(ABLATIONS["forest alone"])
    assert ours > tau(ABLATIONS["Gaussian process alone"])
    assert ours > tau(get_method("baselines/Trees + proxies")) + 0.05


def test_some_rows_are_ranked_as_among_all():
    split = DIGITS.split(50, 0)
    every = Ensemble().scores(DIGITS, split.labelled, 0, slice(None))
    some = Ensemble().scores(DIGITS, split.labelled, 0, np.arange(300))
    assert kendall_tau(every[:300], some) > 0.99
    predict = Ensemble().fit(DIGITS, split)
    assert predict(DIGITS.architectures[:5]) == pytest.approx(every[:5])


def test_one_label_is_refused():
    with pytest.raises(NasutilsError, match="at least 2 labels"):
        Ensemble().fit(DIGITS, DIGITS.split(1, 0))
