"""Missing scores are filled in as a linear rule would have them."""

import numpy as np
import pandas as pd
import pytest

from nasutils.errors import NasutilsError
from nasutils.methods.up_nas.complete import complete_scores
from nasutils.spaces.darts import SEP_CONV_5, DARTSGenotype


@pytest.fixture(scope="module")
def cells():
    rng = np.random.default_rng(0)
    genotypes = [DARTSGenotype.random(rng) for _ in range(400)]
    return genotypes, pd.Series([float(g.op_counts()[SEP_CONV_5]) for g in genotypes])


def test_a_count_of_operations_is_recovered(cells):
    genotypes, count = cells
    gaps = count.mask(np.arange(400) >= 300)
    noise = pd.Series(np.random.default_rng(1).normal(size=400)).mask(np.arange(400) % 2 == 0)
    scores = pd.DataFrame({"params": gaps, "flops": count, "noise": noise})
    completed, explained = complete_scores(genotypes, scores)
    assert completed["flops"].equals(count)
    assert completed["params"][:300].equals(count[:300])
    np.testing.assert_allclose(completed["params"], count, atol=0.1)
    assert explained["params"] > 0.99
    assert explained["noise"] < 0.1
    assert list(explained.index) == ["params", "noise"]
    assert gaps.isna().sum() == 100  # the frame that was given stays as it is


def test_bad_input(cells):
    genotypes, count = cells
    with pytest.raises(NasutilsError, match="400 cells, but scores of 399"):
        complete_scores(genotypes, pd.DataFrame({"params": count[1:]}))
    with pytest.raises(NasutilsError, match="params: 19 scores; 20 are needed"):
        complete_scores(genotypes, pd.DataFrame({"params": count.mask(np.arange(400) > 18)}))
