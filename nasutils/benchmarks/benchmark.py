"""A benchmark: architectures, the accuracy that is learnt, and the accuracy that judges."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from nasutils.benchmarks.features import FEATURES
from nasutils.data.proxy_files import PROXIES
from nasutils.errors import NasutilsError
from nasutils.metrics import kendall_tau
from nasutils.spaces.registry import Architecture, get_space


@dataclass(frozen=True, eq=False)
class Split:
    """Whose labels a predictor learns under one seed, and on whom it is evaluated.

    Attributes:
        seed: The seed that drew it.
        labelled: Positions of the architectures whose labels are learnt, int64 of shape (n,).
        test: Positions of the architectures that judge, int64 of shape (K,).
    """

    seed: int
    labelled: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class Benchmark:
    """M architectures of one search space with their accuracies, read when they are first needed.

    An id means one thing: two results that name the same benchmark can be set side by side.

    Attributes:
        id: As results name it, like ``nb201-c10``.
        title: As figures and sentences name it.
        heading: As the columns of tables name it.
        space: Name of the search space.
        rows: Reads the table, a row an architecture.
        label: Column of the accuracy that is learnt (%); NaN where an architecture has none.
        test: Column of the accuracy that judges (%); the same as ``label`` where there is one only.
        measure: What the accuracy that judges is, in words.
        evaluate_on_all: Whether all M architectures judge a predictor, as protocols have it for
            tables much larger than a training set; else those that it has not learnt.
        embedded: Whether the package carries the table.
        network: Name of the networks that the cells are put into, where not the space's own.
        costs: Name of a cost -> its column: ``params`` and ``flops`` in millions, ``latency`` in
            milliseconds.
        window: The accuracies that a histogram shows (%).
        label_sizes: Numbers of labels that the literature uses, in ascending order.
        values: From rows of the table to architectures; by their column ``arch`` if left out.
    """

    id: str
    title: str
    heading: str
    space: str
    rows: Callable[[], pd.DataFrame] = field(repr=False)
    label: str
    test: str
    measure: str = "test accuracy"
    evaluate_on_all: bool = True
    embedded: bool = False
    network: str = ""
    costs: Mapping[str, str] = field(default_factory=dict)
    window: tuple[float, float] = (0.0, 100.0)
    label_sizes: tuple[int, ...] = (50, 100, 200)
    values: Callable[[pd.DataFrame], Sequence[Architecture]] | None = field(
        default=None, repr=False
    )

    @cached_property
    def table(self) -> pd.DataFrame:
        """The table, a row an architecture, numbered from 0."""
        return self.rows().reset_index(drop=True)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def labels(self) -> np.ndarray:
        """The accuracies that are learnt (%), float64 of shape (M,); NaN where there is none."""
        return self.table[self.label].to_numpy(dtype=float)

    @cached_property
    def test_accuracy(self) -> np.ndarray:
        """The accuracies that judge (%), float64 of shape (M,)."""
        return self.table[self.test].to_numpy(dtype=float)

    @cached_property
    def labelled_indices(self) -> np.ndarray:
        """Positions of the architectures that a training set may be drawn from."""
        return np.flatnonzero(np.isfinite(self.labels))

    @cached_property
    def architectures(self) -> Sequence[Architecture]:
        """All M architectures, in the order of the table."""
        return self.architectures_at(slice(None))

    def architectures_at(self, positions: slice | Iterable[int]) -> Sequence[Architecture]:
        """Return some of the architectures, without reading the others."""
        if not isinstance(positions, slice):
            positions = list(positions)
        rows = self.table.iloc[positions]
        if self.values is not None:
            return self.values(rows)
        read = get_space(self.space).from_string
        return [read(text) for text in rows["arch"]]

    def architecture(self, position: int) -> Architecture:
        """Return the architecture of one row."""
        return self.architectures_at([position])[0]

    @cached_property
    def proxies(self) -> pd.DataFrame:
        """The public zero-cost proxies of the table, (M, at most 13); NaN where not scored.

        Where a table has only the sizes among them, they are costs, and there are no proxies.
        """
        found = [name for name in PROXIES if name in self.table]
        return self.table[found if {*found} - {"params", "flops"} else []]

    @cached_property
    def features(self) -> pd.DataFrame:
        """Costs, and what can be counted in an architecture without training it; a row each."""
        costs = pd.DataFrame({ours: self.table[column] for ours, column in self.costs.items()})
        return pd.concat([costs, FEATURES[self.space](self.table)], axis=1)

    @property
    def cost(self) -> str:
        """The cost that figures show: FLOPs before parameters; "" where the table has neither."""
        return next((name for name in ("flops", "params") if name in self.costs), "")

    @property
    def has_validation(self) -> bool:
        """Whether the accuracy that is learnt is another than the one that judges."""
        return self.label != self.test

    @cached_property
    def ceiling(self) -> float:
        """Kendall's tau of the labels themselves with what judges, over all that have labels."""
        known = self.labelled_indices
        return kendall_tau(self.labels[known], self.test_accuracy[known])

    def split(self, size: int, seed: int) -> Split:
        """Draw a training set.

        A seed draws the same architectures for every method and in every chapter, and smaller sets
        are parts of larger ones.

        Raises:
            NasutilsError: If fewer than ``size`` architectures have labels, it is below 1, or the
                seed is negative.
        """
        if seed < 0:
            raise NasutilsError(f"the seed of a split is at least 0, not {seed}.")
        if not 1 <= size <= len(self.labelled_indices):
            raise NasutilsError(
                f"{self.id} has {len(self.labelled_indices)} labelled architectures to draw "
                f"from, not {size}."
            )
        labelled = np.random.default_rng(seed).permutation(self.labelled_indices)[:size]
        every = np.arange(len(self))
        test = every if self.evaluate_on_all else np.setdiff1d(every, labelled)
        return Split(seed, labelled, test)

    def splits(self, size: int, seeds: Iterable[int]) -> list[Split]:
        """Draw a training set a seed; as ``split``."""
        return [self.split(size, seed) for seed in seeds]
