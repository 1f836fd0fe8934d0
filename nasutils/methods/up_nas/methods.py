"""The unified proxies as methods: rankers by public scores, under given or searched weights."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.data.proxy_files import PROXIES
from nasutils.methods.base import Method, Need, Predict, look_up, register
from nasutils.methods.up_nas.normalise import Normalisation
from nasutils.methods.up_nas.tpe import WeightSearch, search_weights
from nasutils.methods.up_nas.unify import UP_TITLES, published_weights, unified_proxy
from nasutils.settings import Count, check_ranges

#: Where proxies are missing the sum is over the others; without these it would be another score.
_REQUIRED = frozenset(PROXIES) - {"nwot", "zen"}


@dataclass(frozen=True, eq=False)
class FittedProxy:
    """A unified proxy on a benchmark of M architectures."""

    normalised: pd.DataFrame  #: their proxies on a common scale, (M, P)
    weights: pd.Series  #: of the P proxies
    search: WeightSearch | None = None  #: how the weights were found; None where they were given

    @property
    def scores(self) -> np.ndarray:
        """The unified proxy of all architectures, float64 of shape (M,)."""
        return unified_proxy(self.normalised, self.weights).to_numpy()


@dataclass(frozen=True, eq=False)
class UnifiedProxy:
    """How a unified proxy comes to its scale and its weights."""

    #: its weights; searched for on the labelled architectures where None
    weights: pd.Series | None = None
    rounded: bool = False  #: whether the search rounds them, as for UP_selected
    trials: Count = 1000  #: weights that the search tries
    #: one of ``NORMALISATIONS``, fitted on the labelled architectures
    normalisation: str = "normal_score"

    def __post_init__(self) -> None:
        check_ranges(self)

    def fit(self, benchmark: Benchmark, split: Split) -> FittedProxy:
        """Normalise all architectures by the labelled ones, and find the weights.

        Raises:
            NasutilsError: If a proxy has no finite score among them, or they cannot be ranked.
        """
        tuning = split.labelled
        fitted = Normalisation.fit(self.normalisation, benchmark.proxies.iloc[tuning])
        normalised = fitted.transform(benchmark.proxies)
        if self.weights is not None:
            known = self.weights.index.isin(normalised.columns)
            return FittedProxy(normalised, self.weights[known])
        options = {"seed": split.seed, "trials": self.trials, "rounded": self.rounded}
        found = search_weights(normalised.iloc[tuning], benchmark.labels[tuning], **options)
        return FittedProxy(normalised, found.weights, found)

    def predict(self, benchmark: Benchmark, split: Split) -> Predict:
        """Fit it, as the ``fit`` of a method."""
        return look_up(benchmark, self.fit(benchmark, split).scores)


#: The four unified proxies of Table 1 -> how they come to their weights.
UNIFIED_PROXIES: dict[str, UnifiedProxy] = {
    "up_sum": UnifiedProxy(published_weights("up_sum")),
    "up_sum-": UnifiedProxy(published_weights("up_sum-")),
    "up_weighted": UnifiedProxy(),
    "up_selected": UnifiedProxy(rounded=True),
}

for _name, _rule in UNIFIED_PROXIES.items():
    _searched = _rule.weights is None
    register(
        Method(
            "up_nas",
            UP_TITLES[_name],
            _rule.predict,
            needs=frozenset({Need.PROXIES, Need.LABELS} if _searched else {Need.PROXIES}),
            proxies=_REQUIRED,
            description="13 proxies, "
            + ("weights searched on the labels" if _searched else "equal weights"),
        )
    )
