"""Who stands where on the grid; searches count; weights carry; the experiments record both."""

from dataclasses import replace

import numpy as np
import pytest

from nasutils.benchmarks.oracle import table_oracle
from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError
from nasutils.methods.base import get_method
from nasutils.methods.leaderboard import carry_over, experiments, grid, searches
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.study.run import Run

DIGITS = get_benchmark("nb201-digits")
# The first cells, as a benchmark that is searched in no time.
TINY = replace(DIGITS, id="tiny", rows=lambda: DIGITS.table.head(120))


def test_every_method_is_fast_or_slow_and_slow_names_exist():
    ids = {*grid.fast_methods(), *grid.slow_methods()}
    assert "leaderboard/Ours" in grid.fast_methods()
    assert all(any(id == each or id.startswith(f"{each}/") for id in ids) for each in grid.SLOW)
    for id in (*grid.BENCHMARKS, *grid.SLOW_BENCHMARKS, *carry_over.BENCHMARKS):
        get_benchmark(id)


def test_an_empty_cell_says_why():
    ours, proxy = get_method("leaderboard/Ours"), get_method("baselines/SNIP")
    assert grid.why_empty(ours, TINY, 60) == ""
    assert grid.why_empty(ours, TINY, 61) == "more than half of 120 labels"
    bare = replace(TINY, rows=lambda: DIGITS.table[["arch", "valid", "test"]], costs={})
    assert grid.why_empty(proxy, bare, 0) == "no public proxies"


def test_who_learns_no_label_sees_all_and_needs_one_seed():
    (split,) = grid.draw(get_method("baselines/SNIP"), TINY, 0, range(3))
    assert len(split.test) == 120
    assert len(grid.draw(get_method("baselines/Random"), TINY, 0, range(3))) == 3
    assert len(grid.draw(get_method("leaderboard/Ours"), TINY, 20, range(3))[0].labelled) == 20


@pytest.mark.parametrize("name", searches.SEARCHES)
def test_a_search_asks_as_often_as_it_may(name):
    oracle = table_oracle(TINY, connected=True, learnt=True)
    asked = searches.SEARCHES[name](TINY, oracle, 25, 0)
    assert oracle.rows == len(asked) == 25
    assert name == "Evolution" or len(set(asked)) == 25
    again = searches.SEARCHES[name](TINY, table_oracle(TINY, connected=True, learnt=True), 25, 0)
    assert (asked == again).all()


def test_a_guided_search_that_knows_all_finds_the_best():
    knows = searches.guided(lambda benchmark: lambda asked, free, seed: benchmark.labels[free])
    oracle = table_oracle(TINY, connected=True, learnt=True)
    asked = knows(TINY, oracle, 11, 0)
    assert searches.regrets(TINY, asked, (11,)) == {11: 0.0}


def test_regret_is_what_the_best_so_far_lacks():
    order = np.argsort(TINY.labels)
    found = searches.regrets(TINY, order, (1, 2, 120, 999))
    assert found[1] == pytest.approx(np.ptp(TINY.labels))
    assert found[2] < found[1]
    assert found[120] == 0
    assert 999 not in found


def test_an_architecture_that_the_table_lacks_has_no_position():
    assert (searches.positions_of(TINY, TINY.architectures[5:8]) == [5, 6, 7]).all()
    known = {str(each) for each in TINY.architectures}
    draws = (NASBench201Cell.random(np.random.default_rng(seed)) for seed in range(100))
    foreign = next(cell for cell in draws if str(cell) not in known)
    with pytest.raises(NasutilsError, match="is not in the table of tiny"):
        searches.positions_of(TINY, [foreign])


def test_oracle_answers_by_what_is_learnt():
    cells = [cell for cell in TINY.architectures if cell.is_connected][:4]
    rows = searches.positions_of(TINY, cells)
    learnt = table_oracle(TINY, connected=True, learnt=True)
    assert learnt(cells) == pytest.approx(TINY.labels[rows])
    judged = table_oracle(TINY, connected=True)
    assert judged(cells) == pytest.approx(TINY.test_accuracy[rows])


def test_weights_of_a_label_that_is_a_proxy_are_that_proxy():
    table = DIGITS.table.assign(valid=DIGITS.table["synflow"], test=DIGITS.table["synflow"])
    benchmark = replace(DIGITS, id="synflow judges", rows=lambda: table)
    proxies = ["snip", "synflow", "zen"]
    rows = np.arange(700)
    weights = carry_over.learn_weights(benchmark, proxies, rows)
    assert np.argmax(weights) == 1
    rest = np.arange(700, 1500)
    assert carry_over.carried_tau(weights, benchmark, proxies, rest) > 0.9
    # A scale of the weights changes no ranking.
    assert carry_over.carried_tau(np.array([0, 7, 0]), benchmark, proxies, rest) == 1


def test_common_proxies_are_those_that_all_have():
    fewer = replace(DIGITS, id="fewer", rows=lambda: DIGITS.table.drop(columns=["zen", "snip"]))
    found = carry_over.common_proxies([DIGITS, fewer])
    assert set(DIGITS.proxies) - set(found) == {"zen", "snip"}


def test_ranking_records_every_metric_and_seed():
    run = Run("leaderboard", experiments, scale="demo", part="ranking", method="baselines/Random")
    taus = run.do(experiments.ranking)
    rows = run.recorder.frame
    assert set(rows["metric"]) == {
        "kendall_tau", "spearman", "precision_top", "seconds", "training_seconds",
    }  # fmt: skip
    assert set(rows["column"]) == {"nb201-digits/0"}
    assert set(rows["seed"]) == {0, 1}
    assert abs(taus.loc["baselines/Random", "nb201-digits/0"]) < 0.1
