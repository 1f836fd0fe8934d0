"""T-CET of sequences, kept in a file: a search that was killed is run again, and asks no one twice.

Searches are deterministic by their seed, so that the same questions come in the same order.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nasutils.cache import cached_frame, write_cached_frame
from nasutils.methods.generative.proxy_vector import Scoring, t_cet
from nasutils.paths import cache_dir
from nasutils.spaces.graphnet_sequence import GraphNetSequence

_COLUMNS = ["sequence", "t_cet"]


class TCETFitness:
    """The fitness of sequences; call ``save`` at the end of a search.

    Args:
        scoring: On which images.
        name: Of the search, for its file.
        every: New scores after which the file is written.
    """

    def __init__(self, scoring: Scoring, name: str, *, every: int = 50) -> None:
        self.scoring, self.every = scoring, every
        self.path: Path = cache_dir() / "generative" / "t_cet" / scoring.key / f"{name}.parquet"
        empty = pd.DataFrame({"sequence": pd.Series(dtype=str), "t_cet": pd.Series(dtype=float)})
        kept = cached_frame(self.path, _COLUMNS, lambda: empty)
        self._known = dict(zip(kept["sequence"], kept["t_cet"], strict=True))
        self._written = len(self._known)

    def __call__(self, sequences: Sequence[GraphNetSequence]) -> list[float]:
        """Return the T-CET of each sequence."""
        for sequence in sequences:
            if str(sequence) not in self._known:
                self._known[str(sequence)] = t_cet(sequence, self.scoring)
            if len(self._known) >= self._written + self.every:
                self.save()
        return [self._known[str(sequence)] for sequence in sequences]

    def save(self) -> None:
        """Write all scores to the file."""
        write_cached_frame(pd.DataFrame(list(self._known.items()), columns=_COLUMNS), self.path)
        self._written = len(self._known)
