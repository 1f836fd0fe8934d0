"""AZ-NAS: expressivity, progressivity and trainability of the cells, and the sum of their ranks."""

import numpy as np
import pandas as pd

from nasutils.errors import NasutilsError
from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import Need, ProxyError, register

PARTS = ("az_expressivity", "az_progressivity", "az_trainability", "flops")
_NEEDS = {Need.SHAPE, Need.CELL_FEATURES}
_ENTROPY = (
    r"E_c = -\sum_i \tilde\lambda_{c,i} \log \tilde\lambda_{c,i}, \quad"
    r" \tilde\lambda_c = \frac{\lambda_c}{\sum_i \lambda_{c,i}}"
)
_DEAD = "UNDEFINED for a dead network and on overflow; refused with fewer than two cells"


@register(
    title="AZ-NAS, expressivity",
    equation=rf"\sum_c E_c, \quad {_ENTROPY}",
    source="lee2024aznas",
    when_undefined=_DEAD,
    needs=_NEEDS,
)
def az_expressivity(passes: Passes) -> float:
    r"""Return how evenly the channels spread, summed over the cells.

    :math:`\lambda_c` are the eigenvalues of the covariance of cell c's channels, over images and
    positions. Images are standard normal, weights He-normal, biases zero, norms new.
    """
    return sum(passes.cells.entropies)


@register(
    title="AZ-NAS, progressivity",
    equation=rf"\min_c (E_{{c+1}} - E_c), \quad {_ENTROPY}",
    source="lee2024aznas",
    when_undefined=_DEAD,
    needs=_NEEDS,
)
def az_progressivity(passes: Passes) -> float:
    """Return the smallest step of the entropy from a cell to the next."""
    return float(np.diff(passes.cells.entropies).min())


@register(
    title="AZ-NAS, trainability",
    equation=r"\operatorname{mean}_c \Bigl( 2 - \sigma_c - \frac{1}{\sigma_c} \Bigr), \quad"
    r" \sigma_c = \Bigl\lVert \operatorname{mean}_p\, (J_c^\top \epsilon)_p \epsilon_p^\top"
    r" \Bigr\rVert_2",
    source="lee2024aznas",
    when_undefined="UNDEFINED where a cell is the identity or cuts the gradient, and on overflow; "
    "refused with fewer than two cells, or where one shrinks its map unevenly",
    needs=_NEEDS,
)
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
