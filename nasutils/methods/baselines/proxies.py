"""What learns nothing: single zero-cost proxies, by public scores; and chance, to be beaten."""

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.base import Method, Need, Predict, look_up, method, register
from nasutils.proxies import SUITE_ZERO, get_proxy


def _method(name: str) -> Method:
    def fit(benchmark: Benchmark, split: Split) -> Predict:
        # Ranks, as minus infinity, which ranks last, is no number to work with.
        return look_up(benchmark, benchmark.proxies[name].rank(na_option="top"))

    proxy = get_proxy(name)
    return Method(
        "baselines",
        proxy.title,
        fit,
        needs=frozenset({Need.PROXIES}),
        proxies=frozenset({name}),
        description=f"the public scores of {proxy.title}",
    )


#: Name of a proxy -> the method that ranks by it.
PROXY_METHODS = {name: register(_method(name)) for name in SUITE_ZERO}


@method("baselines", "Random", needs=frozenset(), description="ranks by chance")
def random_ranking(benchmark: Benchmark, split: Split) -> Predict:
    """Draw scores with the split's seed."""
    rng = np.random.default_rng(split.seed)
    return lambda architectures: rng.random(len(architectures))
