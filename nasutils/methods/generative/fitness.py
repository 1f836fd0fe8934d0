"""T-CET of sequences, kept in a file."""

import time
from collections.abc import Sequence

from nasutils.methods.generative.kept_values import KeptValues
from nasutils.methods.generative.proxy_vector import Scoring, t_cet
from nasutils.paths import cache_dir
from nasutils.spaces.graphnet_sequence import GraphNetSequence


class TCETFitness:
    """The fitness of sequences; call ``save`` at the end of a search.

    Args:
        scoring: On which images.
        search: A name of the search, for its file.
        every: New scores after which the file is written.

    Attributes:
        seconds: CPU time of all scores that it has returned, kept ones too.
    """

    def __init__(self, scoring: Scoring, search: str, *, every: int = 50) -> None:
        self.scoring = scoring
        path = cache_dir() / "generative" / "fitness" / scoring.key / f"{search}.parquet"
        self._kept = KeptValues(path, ["t_cet", "seconds"], every=every)
        self.seconds = 0.0

    def __call__(self, sequences: Sequence[GraphNetSequence]) -> list[float]:
        """Return the T-CET of each sequence."""
        rows = [self._kept.get(str(s), lambda s=s: self._find(s)) for s in sequences]
        self.seconds += sum(row["seconds"] for row in rows)
        return [row["t_cet"] for row in rows]

    def _find(self, sequence: GraphNetSequence) -> dict[str, float]:
        began = time.process_time()
        return {
            "t_cet": t_cet(sequence, self.scoring),
            "seconds": time.process_time() - began,
        }

    def save(self) -> None:
        """Write all scores to the file."""
        self._kept.save()
