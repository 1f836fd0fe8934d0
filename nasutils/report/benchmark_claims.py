"""What the benchmarks' own papers say of them, and whether our copies of the tables agree."""

import pandas as pd

from nasutils.paths import EMBEDDED
from nasutils.report.published_results import PublishedResults
from nasutils.report.verdicts import Claim, Effect

AT_LEAST = "≥ "


def load_claims() -> pd.DataFrame:
    """Return the claims, one a line.

    ``paper`` is a key of the bibliography; ``printed`` is the figure as printed, a bound where it
    begins with ``AT_LEAST``. ``row``, ``column`` and ``metric`` name our figure among the results
    of the item ``size``; ``needs`` says what a claim without such a figure would take.
    """
    return pd.read_csv(EMBEDDED / "benchmark_claims.csv", keep_default_na=False, dtype=str)


def benchmark_claims(results: PublishedResults) -> list[Claim]:
    """Return the claims with our figures of them, from the results of the chapter on benchmarks."""
    return [_claim(line, results) for line in load_claims().itertuples()]


def _claim(line: tuple, results: PublishedResults) -> Claim:
    found = results.mean("size", line.row, line.column, line.metric)
    is_bound = line.printed.startswith(AT_LEAST)
    printed = line.printed.removeprefix(AT_LEAST).replace(",", "")
    if is_bound:
        effect = Effect.exactly(found, figure=float(printed))
    else:
        effect = Effect.exactly(found, printed, direction=0)
    return Claim(
        f"{line.benchmark}: {line.claim}",
        line.printed,
        f"{found:,.6g}" if results.of("size", line.row, line.column, line.metric).seeds else "",
        (effect,),
        needs=line.needs,
    )
