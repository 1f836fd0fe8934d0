"""T-CET of sequences, kept in a file."""

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
    """

    def __init__(self, scoring: Scoring, search: str, *, every: int = 50) -> None:
        self.scoring = scoring
        path = cache_dir() / "generative" / "t_cet" / scoring.key / f"{search}.parquet"
        self._kept = KeptValues(path, ["t_cet"], every=every)

    def __call__(self, sequences: Sequence[GraphNetSequence]) -> list[float]:
        """Return the T-CET of each sequence."""
        return [
            self._kept.get(str(s), lambda s=s: {"t_cet": t_cet(s, self.scoring)})["t_cet"]
            for s in sequences
        ]

    def save(self) -> None:
        """Write all scores to the file."""
        self._kept.save()
