"""The strategies maximise the same estimate, within their budget."""

import pandas as pd
import pytest

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.flat_parameters import Schedule
from nasutils.methods.up_nas.estimator import ProxyModel
from nasutils.methods.up_nas.strategies import STRATEGIES, search
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell


@pytest.fixture(scope="module")
def estimator(few_cells, trained_vgae):
    scores = pd.DataFrame({"flops": [cell.ops.count(CONV3) / 6 for cell in few_cells]})
    schedule = Schedule(epochs=30, batch_size=8, learning_rate=1e-2)
    model = ProxyModel.fit(
        CODECS["nasbench201"], trained_vgae[0], few_cells, scores, schedule, seed=0
    )
    return model.unified(pd.Series({"flops": 1.0}))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_finds_a_cell_of_the_score_it_says(estimator, strategy):
    found = search(strategy, estimator, NASBench201Cell, seed=3, budget=120)
    again = search(strategy, estimator, NASBench201Cell, seed=3, budget=120)
    assert found.score == pytest.approx(float(estimator.score([found.best])[0]), abs=1e-4)
    assert (found.best, found.rows) == (again.best, again.rows)
    assert found.seconds > 0
    if strategy.startswith("Gradient Ascent"):
        assert found.rows > found.queries  # the gradients ask, too
    else:
        assert found.queries == found.rows == 120


def test_evolution_finds_more_than_one_draw(estimator):
    alone = search("Random", estimator, NASBench201Cell, seed=0, budget=1)
    evolved = search("Evolutionary", estimator, NASBench201Cell, seed=0, budget=150)
    assert evolved.score > alone.score


def test_bad_input(estimator):
    with pytest.raises(UnknownNameError, match="Evolutionary, Gradient Ascent"):
        search("greedy", estimator, NASBench201Cell, seed=0)
    for strategy in STRATEGIES:
        with pytest.raises(NasutilsError):
            search(strategy, estimator, NASBench201Cell, seed=0, budget=0)
