"""What any method has to beat: a ranking by chance."""

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.base import Predict, method


@method("baselines", "Random", needs=frozenset(), description="ranks by chance")
def random_ranking(benchmark: Benchmark, split: Split) -> Predict:
    """Draw scores with the split's seed."""
    rng = np.random.default_rng(split.seed)
    return lambda architectures: rng.random(len(architectures))
