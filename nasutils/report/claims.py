"""What the benchmarks' own papers say of them, and whether our copies of the tables agree."""

import numpy as np
import pandas as pd

from nasutils.paths import EMBEDDED

REPRODUCED, PARTLY, NOT_REPRODUCED = "reproduced", "partly", "not reproduced"
NOT_RUN = "not run"


def verdict(holds: bool, partly: bool = False) -> str:
    """Put a verdict into the book's words."""
    return REPRODUCED if holds else PARTLY if partly else NOT_REPRODUCED


def load_claims() -> pd.DataFrame:
    """Return the claims.

    ``paper`` is a key of the bibliography. ``relation`` is ``=`` (within ``tolerance``, half of the
    last printed digit) or ``>=``. ``row``, ``column`` and ``metric`` name our figure among the
    results of the item ``size``; ``note`` says what a claim without such a figure would take.
    """
    text = ["benchmark", "paper", "claim", "relation", "row", "column", "metric", "note"]
    path = EMBEDDED / "benchmark_claims.csv"
    return pd.read_csv(path, keep_default_na=False, dtype=dict.fromkeys(text, str))


def as_printed(claims: pd.DataFrame) -> list[str]:
    """Return each claim's figure with the digits of the paper and its relation."""
    signs = claims["relation"].map({"=": "", ">=": "≥ "})
    digits = [0 if not half else round(-np.log10(2 * half)) for half in claims["tolerance"]]
    figures = zip(signs, claims["printed"], digits, strict=True)
    return [f"{sign}{value:,.{places}f}" for sign, value, places in figures]


def judge(claims: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Set our figures beside the claims: adds the columns ``ours`` and ``verdict``.

    Args:
        claims: What ``load_claims`` returns.
        results: Results with the columns item, row, column, metric, value.
    """
    sizes = results[results["item"] == "size"]
    figures = sizes.groupby(["row", "column", "metric"])["value"].mean()
    keys = claims[["row", "column", "metric"]].itertuples(index=False, name=None)
    ours = np.array([figures.get(key, np.nan) for key in keys])
    enough = ours >= claims["printed"]
    close = np.abs(ours - claims["printed"]) <= claims["tolerance"]
    holds = np.where(claims["relation"] == ">=", enough, close)
    verdict = np.where(holds, REPRODUCED, NOT_REPRODUCED)
    return claims.assign(ours=ours, verdict=np.where(np.isnan(ours), NOT_RUN, verdict))
