"""AZ-NAS: expressivity, progressivity and trainability of the cells, and the sum of their ranks."""

import numpy as np
import pandas as pd

from nasutils.errors import NasutilsError
from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import ProxyError, declared

PARTS = ("az_expressivity", "az_progressivity", "az_trainability", "flops")


@declared
def az_expressivity(passes: Passes) -> float:
    r"""Return how evenly the channels spread, summed over the cells.

    :math:`\lambda_c` are the eigenvalues of the covariance of cell c's channels, over images and
    positions. Images are standard normal, weights He-normal, biases zero, norms new.
    """
    return sum(passes.cells.entropies)


@declared
def az_progressivity(passes: Passes) -> float:
    """Return the smallest step of the entropy from a cell to the next."""
    return float(np.diff(passes.cells.entropies).min())


@declared
def az_trainability(passes: Passes) -> float:
    r"""Return how near to one the cells' gradients keep their size.

    Random signs :math:`\epsilon` go back from each cell to the one before; p runs over images and
    positions. Where a cell shrinks the map, each square of its positions counts as channels.
    """
    values = passes.cells.trainabilities
    if isinstance(values, ProxyError):
        raise values
    return float(np.mean(values))


def az_nas(scores: pd.DataFrame) -> pd.Series:
    r"""Rank networks by AZ-NAS: the sum over its four parts of :math:`\log(\text{rank} / M)`.

    A row of ``scores``, as ``score_networks`` returns them, is a network, with the columns of
    ``PARTS``. Its score is at most zero, and depends on all M rows.

    Raises:
        NasutilsError: If a column or a value is missing.
    """
    if missing := [name for name in PARTS if name not in scores or scores[name].isna().any()]:
        raise NasutilsError(f"AZ-NAS ranks by {', '.join(PARTS)}; missing: {', '.join(missing)}.")
    return np.log(scores[list(PARTS)].rank() / len(scores)).sum(axis=1)
