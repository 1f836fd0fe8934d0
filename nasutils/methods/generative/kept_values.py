"""Values of architectures, found one at a time and kept in a file as they are found.

What is deterministic by its seed can so be run again after it was killed: the same questions come
in the same order, and none is answered twice.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from nasutils.cache import cached_frame, write_cached_frame


class KeptValues:
    """Numbers by an architecture's string.

    Args:
        path: A Parquet file below the cache; damaged, it costs a warning and its values.
        names: Of the numbers that an architecture has.
        every: New architectures after which the file is written.
    """

    def __init__(self, path: Path, names: Sequence[str], *, every: int = 1) -> None:
        self.path, self.every = path, every
        self._columns = ["architecture", *names]
        empty = pd.DataFrame(columns=self._columns)
        frame = cached_frame(path, self._columns, lambda: empty)
        self._rows = {row["architecture"]: row for row in frame.to_dict("records")}
        self._written = len(self._rows)

    def get(
        self, architecture: str, find: Callable[[], Mapping[str, float]]
    ) -> Mapping[str, float]:
        """Return an architecture's values, found if they are not there."""
        if architecture not in self._rows:
            self._rows[architecture] = {"architecture": architecture, **find()}
            if len(self._rows) >= self._written + self.every:
                self.save()
        return self._rows[architecture]

    def save(self) -> None:
        """Write what there is to the file."""
        frame = pd.DataFrame(list(self._rows.values()), columns=self._columns)
        write_cached_frame(frame, self.path)
        self._written = len(self._rows)
