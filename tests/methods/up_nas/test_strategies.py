"""The three strategies search the same landscape, within their budget."""

import pandas as pd
import pytest

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.up_nas import MPESchedule, ProxyModel, get_codec
from nasutils.methods.up_nas.strategies import STRATEGIES, search
from nasutils.spaces.nasbench201 import CONV3, NASBench201Cell


@pytest.fixture(scope="module")
def landscape(few_cells, trained):
    scores = pd.DataFrame({"flops": [cell.ops.count(CONV3) / 6 for cell in few_cells]})
    schedule = MPESchedule(epochs=30, batch_size=8, learning_rate=1e-2)
    model = ProxyModel.fit(
        get_codec("nasbench201"), trained[0], few_cells, scores, schedule, seed=0
    )
    return model.unified(pd.Series({"flops": 1.0}))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_finds_a_cell_of_the_score_it_says(landscape, strategy):
    found = search(strategy, landscape, NASBench201Cell, seed=3, budget=120)
    again = search(strategy, landscape, NASBench201Cell, seed=3, budget=120)
    assert found.score == pytest.approx(float(landscape.score([found.best])[0]), abs=1e-4)
    assert (found.best, found.queries) == (again.best, again.queries)
    assert found.seconds > 0
    if not strategy.startswith("Gradient Ascent"):
        assert found.queries == 120


def test_evolution_finds_more_than_one_draw(landscape):
    alone = search("Random", landscape, NASBench201Cell, seed=0, budget=1)
    evolved = search("Evolutionary", landscape, NASBench201Cell, seed=0, budget=150)
    assert evolved.score > alone.score


def test_bad_input(landscape):
    with pytest.raises(UnknownNameError, match="Evolutionary, Gradient Ascent"):
        search("greedy", landscape, NASBench201Cell, seed=0)
    for strategy in STRATEGIES:
        with pytest.raises(NasutilsError):
            search(strategy, landscape, NASBench201Cell, seed=0, budget=0)
