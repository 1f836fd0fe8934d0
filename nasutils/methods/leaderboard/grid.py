"""Who is compared where, and on how many labels."""

from collections.abc import Sequence
from importlib import import_module

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.base import METHODS, Method, Need

# Imported, they register their methods.
for _chapter in ("hypernas", "kshot_hypernet", "leaderboard", "transferable", "up_nas"):
    import_module(f"nasutils.methods.{_chapter}.methods")
import_module("nasutils.methods.baselines")

#: The benchmarks of the leaderboard.
BENCHMARKS = (
    "nb201-digits", "nb101-c10-sample", "nb201-c10", "nb201-c100", "nb201-in16",
    "nb201-c10-proxies", "nb301-approx-random", "nb301-surrogate", "mbv3-imagenet", "vit-c100",
)  # fmt: skip
#: Numbers of labels that all have; methods that learn none stand at 0.
SIZES = (20, 50, 100, 200, 400)
#: Those of slow methods, and where they run.
SLOW_SIZES = (50, 100, 200)
SLOW_BENCHMARKS = (
    "nb201-digits", "nb101-c10-sample", "nb201-c10", "nb201-c10-proxies", "nb301-approx-random",
    "mbv3-imagenet",
)  # fmt: skip
#: Methods, or whole chapters, that take more than ten seconds to train and ask somewhere.
SLOW = (
    "hypernas", "kshot_hypernet", "transferable", "up_nas/UP_weighted", "up_nas/UP_selected",
    "baselines/Ridge", "baselines/SynFlow, of built networks", "leaderboard/Ours + network",
)  # fmt: skip


def is_slow(entry: Method) -> bool:
    """Whether a method stands on the short grid alone."""
    return entry.id in SLOW or entry.chapter in SLOW


def fast_methods() -> dict[str, Method]:
    """Return the methods of the whole grid by id: all that are registered, but for slow ones."""
    return {id: entry for id, entry in METHODS.items() if not is_slow(entry)}


def slow_methods() -> dict[str, Method]:
    """Return the methods of the short grid by id."""
    return {id: entry for id, entry in METHODS.items() if is_slow(entry)}


def learns(entry: Method) -> bool:
    """Whether a method learns labels of the benchmark."""
    return Need.LABELS in entry.needs


def why_empty(entry: Method, benchmark: Benchmark, size: int) -> str:
    """Return why a method does not learn so many labels of a benchmark; "" where it does."""
    if obstacle := entry.obstacle(benchmark):
        return obstacle
    pool = len(benchmark.labelled_indices)
    return f"more than half of {pool} labels" if 2 * size > pool else ""


def draw(entry: Method, benchmark: Benchmark, size: int, seeds: Sequence[int]) -> list[Split]:
    """Return the splits of some seeds; one that learns no labels may see all architectures."""
    if learns(entry):
        return benchmark.splits(size, seeds)
    every = np.arange(len(benchmark))
    # Public scores are the same for each seed.
    return [Split(seed, every, every) for seed in (seeds if not entry.proxies else seeds[:1])]
