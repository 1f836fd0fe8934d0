"""Fill in proxies that were not scored, from the architecture alone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV

from nasutils.errors import NasutilsError
from nasutils.spaces.registry import Architecture

_PENALTIES = np.logspace(-1, 4, 11)
_ENOUGH = 20


def complete_scores(
    architectures: Sequence[Architecture], normalised: pd.DataFrame
) -> tuple[pd.DataFrame, pd.Series]:
    """Predict missing scores by ridge regression on which operation each edge bears.

    The paper trains its estimator on DARTS cells with all 13 proxies. No cell has all of them in
    public, so that this stands in; scores that are there stay as they are.

    Args:
        architectures: N of one space, with ``one_hot()``.
        normalised: Their normalised proxies, a row an architecture, NaN where not scored.

    Returns:
        The completed frame, and for each proxy with gaps the share of the variance that leaving
        one out at a time explains (R squared).

    Raises:
        NasutilsError: If the numbers of rows differ, or a proxy has fewer than 20 scores.
    """
    if len(architectures) != len(normalised):
        raise NasutilsError(f"{len(architectures)} cells, but scores of {len(normalised)}.")
    edges = np.array([architecture.one_hot().ravel() for architecture in architectures])
    completed, explained = normalised.copy(), {}
    for proxy in normalised.columns[normalised.isna().any()]:
        known = normalised[proxy].notna().to_numpy()
        if known.sum() < _ENOUGH:
            raise NasutilsError(f"{proxy}: {known.sum()} scores; {_ENOUGH} are needed to go by.")
        ridge = RidgeCV(_PENALTIES, scoring="r2", store_cv_results=False)
        ridge.fit(edges[known], normalised.loc[known, proxy])
        completed.loc[~known, proxy] = ridge.predict(edges[~known])
        explained[proxy] = float(ridge.best_score_)
    return completed, pd.Series(explained, dtype=float)
