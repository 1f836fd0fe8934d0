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
        costs: CPU time (s) of every score that it has returned, kept ones too, by sequence.
    """

    def __init__(self, scoring: Scoring, search: str, *, every: int = 50) -> None:
        self.scoring = scoring
        path = cache_dir() / "generative" / "fitness" / scoring.key / f"{search}.parquet"
        self._kept = KeptValues(path, ["t_cet", "seconds"], every=every)
        self.costs: dict[str, float] = {}

    def __call__(self, sequences: Sequence[GraphNetSequence]) -> list[float]:
        """Return the T-CET of each sequence."""
        rows = {str(s): self._kept.get(str(s), lambda s=s: self._find(s)) for s in sequences}
        self.costs |= {name: row["seconds"] for name, row in rows.items()}
        return [rows[str(s)]["t_cet"] for s in sequences]

    def _find(self, sequence: GraphNetSequence) -> dict[str, float]:
        began = time.process_time()
        return {
            "t_cet": t_cet(sequence, self.scoring),
            "seconds": time.process_time() - began,
        }

    def save(self) -> None:
        """Write all scores to the file."""
        self._kept.save()
