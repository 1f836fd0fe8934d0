"""Several methods on several benchmarks: mean ranks, and which of them differ.

Source: Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 2006.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from nasutils.errors import NasutilsError


@dataclass(frozen=True, eq=False)
class RankComparison:
    """K methods ranked on each of N benchmarks."""

    mean_ranks: pd.Series  #: by method, the best first; 1 where it is best everywhere
    p_value: float  #: of Friedman's test that all methods are alike
    critical_difference: float  #: of mean ranks, by Nemenyi's test at 5 %

    @property
    def is_significant(self) -> bool:
        """Whether Friedman's test finds any difference at 5 %."""
        return self.p_value < 0.05

    def groups(self) -> list[tuple[str, ...]]:
        """Return the largest groups of methods that do not differ significantly, best first."""
        ranks, names = self.mean_ranks.to_numpy(), [*self.mean_ranks.index]
        found, reached = [], 0
        for first in range(len(ranks)):
            last = int(np.searchsorted(ranks, ranks[first] + self.critical_difference, "right"))
            if last > max(reached, first + 1):
                found.append(tuple(names[first:last]))
                reached = last
        return found


def compare_ranks(figures: pd.DataFrame) -> RankComparison:
    """Rank the methods, a row each, on every benchmark, a column each; higher figures are better.

    Raises:
        NasutilsError: If there are fewer than three methods or two benchmarks, or a figure lacks.
    """
    methods, benchmarks = figures.shape
    if methods < 3 or benchmarks < 2:
        raise NasutilsError(
            f"{methods} methods on {benchmarks} benchmarks: Friedman's test needs three on two."
        )
    if figures.isna().to_numpy().any():
        gaps = figures.index[figures.isna().any(axis=1)]
        raise NasutilsError(f"{', '.join(map(str, gaps))} lacks a figure on some benchmark.")
    ranks = figures.rank(ascending=False).mean(axis=1).sort_values(kind="stable")
    quantile = stats.studentized_range.ppf(0.95, methods, np.inf) / np.sqrt(2)
    return RankComparison(
        ranks,
        float(stats.friedmanchisquare(*figures.to_numpy()).pvalue),
        float(quantile * np.sqrt(methods * (methods + 1) / (6 * benchmarks))),
    )
