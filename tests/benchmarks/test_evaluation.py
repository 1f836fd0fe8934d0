"""How predictions are judged: on whom, by what, and what is refused."""

import numpy as np
import pytest

from nasutils.benchmarks.evaluation import evaluate
from nasutils.errors import NasutilsError


def test_a_perfect_a_reversed_and_a_monotone_predictor(tiny):
    benchmark = tiny()
    truth = benchmark.test_accuracy
    found = evaluate(benchmark, benchmark.splits(5, range(3)), [truth, -truth, np.exp(truth / 10)])
    assert found == {"kendall_tau": [1, -1, 1], "spearman": pytest.approx([1, -1, 1])}


def test_those_learnt_from_do_not_judge_a_small_table(tiny):
    benchmark = tiny(evaluate_on_all=False)
    [split] = benchmark.splits(5, [0])
    scores = benchmark.test_accuracy.copy()
    scores[split.labelled] = np.nan  # nobody asks for them
    assert evaluate(benchmark, [split], [scores])["kendall_tau"] == [1]
    with pytest.raises(NasutilsError, match="NaN"):
        evaluate(tiny(), [tiny().split(5, 0)], [scores])


def test_validation_accuracies_reach_the_ceiling(tiny):
    benchmark = tiny(evaluate_on_all=False, label="valid")
    scores = np.nan_to_num(benchmark.labels)
    split = benchmark.split(1, 0)
    known = type(split)(0, split.labelled, benchmark.labelled_indices)
    assert evaluate(benchmark, [known], [scores])["kendall_tau"] == [benchmark.ceiling]


@pytest.mark.parametrize("shape", [(40,), (1, 40), (2, 39), (2, 40, 1)])
def test_scores_of_another_shape(tiny, shape):
    benchmark = tiny()
    with pytest.raises(NasutilsError, match=r"need scores of shape \(2, 40\), not"):
        evaluate(benchmark, benchmark.splits(5, range(2)), np.zeros(shape))
