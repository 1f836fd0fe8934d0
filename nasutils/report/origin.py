"""Where published figures come from: the line under a table or a figure."""

from collections.abc import Sequence
from html import escape

import pandas as pd


def origin_of(rows: pd.DataFrame) -> str:
    """Return scale, seeds, device, time, version, command and file of figures, as HTML.

    ``rows`` has the columns of ``study.results``; without any row it says that none is published.
    """
    if rows.empty:
        return "Ours are not published yet."
    counts = rows.groupby(["row", "column", "metric"]).size()
    low, high = int(counts.min()), int(counts.max())
    seeds = f"{low} to {high} seeds" if low < high else f"{low} seed{'s' * (low > 1)}"
    devices = escape(" and ".join(sorted(rows["device"].unique())))
    versions = [escape(version) for version in sorted(rows["version"].unique())]
    notes = "".join(f" {escape(note)}." for note in rows["note"].unique() if note)
    jobs = [f"<code>{escape(job)}</code>" for job in rows["job"].unique()]
    file = f"{escape(rows['paper'].iloc[0])}.csv"
    return (
        f"Scale {rows['scale'].iloc[0]}, {seeds}, {devices}, {_duration(rows['seconds'].sum())}, "
        f"nasutils {_first_of(versions)}.{notes} Repeat: {_first_of(jobs)}. "
        f'Figures: <a href="../book/results/{file}">{file}</a>.'
    )


def _first_of(texts: Sequence[str]) -> str:
    return texts[0] + f" and {len(texts) - 1} more" * (len(texts) > 1)


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
