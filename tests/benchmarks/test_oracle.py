"""What a search asks: answers, distinct queries, ranks, and what is outside."""

import numpy as np
import pytest

from nasutils.benchmarks.oracle import CountedScore, surrogate_oracle, table_oracle
from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError
from nasutils.spaces.darts import DARTS_V1
from nasutils.spaces.nasbench201 import NASBench201Cell

# Two strings of one network: a skip passes its input on, wherever the convolution stands.
FIRST = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|"
SECOND = "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"


def test_rows_and_distinct_architectures_are_counted(tiny):
    cells = tiny().architectures
    score = CountedScore(lambda asked: np.arange(len(asked)))
    assert score(cells[:3]).tolist() == [0, 1, 2]
    score([cells[0], cells[0], cells[5]])
    assert (score.rows, score.distinct) == (6, 4)


def test_isomorphic_cells_are_one_query():
    twins = [NASBench201Cell.from_string(text) for text in (FIRST, SECOND)]
    score = CountedScore(lambda asked: np.zeros(len(asked)))
    score(twins)
    assert (score.rows, score.distinct) == (2, 1)


@pytest.mark.parametrize("answer", [[1.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_answers_that_are_none(tiny, answer):
    score = CountedScore(lambda asked: np.array(answer))
    with pytest.raises(NasutilsError):
        score(tiny().architectures[:2])
    assert score.rows == 0


def test_answers_of_a_table_are_those_that_judge(tiny):
    benchmark = tiny()
    oracle = table_oracle(benchmark)
    asked = [benchmark.architectures[i] for i in (3, 1, 3)]
    assert oracle(asked).tolist() == benchmark.test_accuracy[[3, 1, 3]].tolist()
    assert (oracle.queries, oracle.rows) == (2, 3)
    assert oracle.accepts(asked[0])
    unknown = NASBench201Cell.from_string(FIRST)
    assert not oracle.accepts(unknown) or str(unknown) in set(benchmark.table["arch"])


def test_rank_by_hand(tiny):
    benchmark = tiny()
    oracle = table_oracle(benchmark)
    ordered = np.sort(benchmark.test_accuracy)[::-1]
    assert [oracle.rank(ordered[i]) for i in (0, 1, 39)] == [1, 2, 40]
    assert oracle.rank(100) == 1
    assert oracle.rank(0) == 41


@pytest.mark.real_data
def test_the_best_cell_of_nasbench201_is_found_by_its_string(real_data):
    benchmark = get_benchmark("nb201-c10")
    oracle = table_oracle(benchmark, connected=True)
    best = benchmark.architecture(6111)
    assert oracle([best])[0] == pytest.approx(94.373, abs=1e-3)
    assert oracle.rank(oracle([best])[0]) == 1
    assert oracle.queries == 1
    assert not oracle.accepts(NASBench201Cell(("none",) * 6))


@pytest.mark.real_data
def test_the_surrogate_answers_for_any_genotype_and_ranks_none(real_data):
    oracle = surrogate_oracle()
    assert 90 < oracle([DARTS_V1])[0] < 97
    assert oracle.accepts(DARTS_V1)
    with pytest.raises(NasutilsError, match="nobody knows"):
        oracle.rank(95.0)
