"""Bring proxies to a common scale before they are summed.

UP-NAS adds weighted proxies (Eq. 1) whose values differ by orders of magnitude, and does not say
how they are brought to a common scale. The candidates here are ours; ``flan`` is the rule of the
nearest precedent (Akhauri & Abdelfattah, "Encodings for Prediction-based Neural Architecture
Search", ICML 2024, https://arxiv.org/abs/2403.02484). Each is fitted on training cells and maps
every other cell by what it saw there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import ndtri

from nasutils.errors import DataError, lookup

Transform = Callable[[np.ndarray], np.ndarray]
#: From a proxy's name and its finite training scores to the map.
Rule = Callable[[str, np.ndarray], Transform]

FLAN_LOG = ("fisher", "flops", "grad_norm", "params", "snip", "synflow")


@dataclass(frozen=True, slots=True)
class Normalisation:
    """A map of every proxy to a common scale, fitted on training cells.

    Scores that are not finite have a fixed meaning: -inf (undefined, ranks last) becomes the
    lowest finite score of the training cells, +inf (overflow) the highest, NaN (not scored)
    their median, so that a missing score speaks neither for nor against a cell.
    """

    columns: Mapping[str, Transform]  #: proxy -> its fitted map

    @classmethod
    def fit(cls, name: str, scores: pd.DataFrame) -> "Normalisation":
        """Fit one of ``NORMALISATIONS`` on training cells, a row each, a column a proxy.

        Raises:
            UnknownNameError: If there is no such normalisation.
            DataError: If a proxy has no finite score.
        """
        rule = lookup("normalisation", name, NORMALISATIONS)
        return cls({proxy: _fit_column(rule, proxy, scores[proxy]) for proxy in scores})

    def transform(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Return the normalised proxies of any cells, finite, with the rows of ``scores``.

        Raises:
            DataError: If a fitted proxy is missing.
        """
        if missing := [proxy for proxy in self.columns if proxy not in scores]:
            raise DataError(f"no scores of {', '.join(missing)}; there are: {', '.join(scores)}")
        return pd.DataFrame(
            {p: column(scores[p].to_numpy(float)) for p, column in self.columns.items()},
            index=scores.index,
        )


def _fit_column(rule: Rule, proxy: str, scores: pd.Series) -> Transform:
    values = scores.to_numpy(float)
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise DataError(f"proxy {proxy!r} has no finite score among {len(values)} cells")
    meanings = {"nan": np.median(finite), "neginf": finite.min(), "posinf": finite.max()}
    # Cells that were not scored say nothing about the others' scale.
    fitted = rule(proxy, np.nan_to_num(values[~np.isnan(values)], **meanings))
    return lambda x: fitted(np.nan_to_num(x, **meanings))


def _min_max(proxy: str, train: np.ndarray) -> Transform:
    """Map the training range to [0, 1]; a proxy that does not vary to 0."""
    low, width = train.min(), np.ptp(train) or 1.0
    return lambda x: (x - low) / width


def _z_score(proxy: str, train: np.ndarray) -> Transform:
    """Map to mean 0 and standard deviation 1; a proxy that does not vary to 0."""
    mean, std = train.mean(), train.std() or 1.0
    return lambda x: (x - mean) / std


def _flan(proxy: str, train: np.ndarray) -> Transform:
    """Min-max, with log1p before it for ``FLAN_LOG``; z-score for GraSP."""
    if proxy == "grasp":
        return _z_score(proxy, train)
    if proxy not in FLAN_LOG:
        return _min_max(proxy, train)
    scale = _min_max(proxy, _log1p(train))
    return lambda x: scale(_log1p(x))


def _log1p(x: np.ndarray) -> np.ndarray:
    """Extend log1p to negative scores as an odd function: a log-synflow can be below -1."""
    return np.sign(x) * np.log1p(np.abs(x))


def _rank(proxy: str, train: np.ndarray) -> Transform:
    """Map to the share of training cells that score lower; a tie counts one half."""
    ordered = np.sort(train)
    below, not_above = (partial(np.searchsorted, ordered, side=side) for side in ("left", "right"))
    return lambda x: (below(x) + not_above(x)) / (2 * len(ordered))


def _normal_score(proxy: str, train: np.ndarray) -> Transform:
    """Map the rank to the normal quantile of that rank, so that the best are told apart further."""
    share_below, n = _rank(proxy, train), len(train)
    # Within (0, 1) also for a score beyond all training cells: (n p + 1/2) / (n + 1).
    return lambda x: ndtri((n * share_below(x) + 0.5) / (n + 1))


#: Name -> how it is fitted.
NORMALISATIONS: dict[str, Rule] = {
    "raw": lambda proxy, train: lambda x: x,
    "min_max": _min_max,
    "flan": _flan,
    "z_score": _z_score,
    "rank": _rank,
    "normal_score": _normal_score,
}
