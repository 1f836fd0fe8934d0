"""The Unified Proxy: a weighted sum of zero-cost proxies, and the weights of the paper."""

import numpy as np
import pandas as pd

from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.errors import DataError, lookup

#: The paper's name of a proxy, as its tables print it -> ours.
PROXY_NAMES = {
    "Snip": "snip",
    "Flops": "flops",
    "Params": "params",
    "l2_norm": "l2_norm",
    "Grasp": "grasp",
    "grad_norm": "grad_norm",
    "Synflow": "synflow",
    "jacov": "jacov",
    "EPE_NAS": "epe_nas",
    "Zen": "zen",
    "fisher": "fisher",
    "plain": "plain",
    "Nwot": "nwot",
}

#: A proxy's name -> its name in the paper's tables.
PROXY_TITLES = {ours: paper for paper, ours in PROXY_NAMES.items()}

#: The four unified proxies of Table 1 -> their names in the other tables.
UNIFIED = ("up_sum", "up_sum-", "up_weighted", "up_selected")
UP_TITLES = {name: name.replace("up", "UP") for name in UNIFIED}


def published_weights(name: str) -> pd.Series:
    """Return the weights of a unified proxy as Table 1 prints them, indexed by proxy.

    Raises:
        UnknownNameError: If ``name`` is none of ``UNIFIED``.
    """
    rows = load_paper_numbers("up_nas").query("item == 'table1'")
    table = rows.pivot(index="row", columns="column", values="value").rename(PROXY_NAMES)
    return lookup("unified proxy", name, dict(table[[*UNIFIED]].items()))


def selected_weights(weights: pd.Series) -> pd.Series:
    """Round searched weights to -1, 0 or 1: a proxy is in, out, or counts against a cell.

    The paper rounds the weights of a search of its own, not those of UP_weighted (Section 3.5).
    """
    return weights.round() + 0.0  # no negative zeros


def unified_proxy(normalised: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Sum weighted proxies: UP(A) = sum_i lambda_i f_i(A), Eq. 1; a row of the frame is a cell.

    Raises:
        DataError: If a weighted proxy is missing or has a score that is not finite.
    """
    if len(missing := weights.index.difference(normalised.columns)):
        raise DataError(
            f"the unified proxy needs {', '.join(missing)}; there are: "
            f"{', '.join(normalised.columns)}"
        )
    scores = normalised[weights.index].to_numpy(float)
    if len(bad := weights.index[~np.isfinite(scores).all(0)]):
        raise DataError(f"{', '.join(bad)}: scores that are not finite; normalise them first")
    return pd.Series(scores @ weights.to_numpy(float), index=normalised.index)
