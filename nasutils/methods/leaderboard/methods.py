"""Our predictor: what the chapters taught, added up; and its parts, one by one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata, zscore
from sklearn.ensemble import ExtraTreesRegressor

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.base import Method, Predict, Prediction, get_method, look_up, register
from nasutils.methods.common.label_scales import checked_labels
from nasutils.methods.leaderboard.features import BLOCKS, feature_blocks
from nasutils.methods.leaderboard.gaussian_process import predict_by_process

CHAPTER = "leaderboard"
OURS, WITH_NETWORK = "Ours", "Ours + network"
_NETWORK = "hypernas/Ours"  # the graph network of chapter 1, by our settings

PROCESS, FOREST, NETWORK = PARTS = ("Gaussian process", "forest", "network")


@dataclass(frozen=True)
class Ensemble:
    """The mean of several predictors' standardised predictions.

    All learn normal scores of the labels. It predicts the architectures of the benchmark and no
    others.
    """

    blocks: tuple[str, ...] = tuple(BLOCKS)  #: of features that process and forest see
    parts: tuple[str, ...] = (PROCESS, FOREST)  #: some of ``PARTS``
    trees: int = 100  #: of the forest

    def fit(self, benchmark: Benchmark, split: Split) -> Predict:
        """Train on a split; as of ``Method``."""
        return look_up(benchmark, self.fit_predict(benchmark, [split]).scores[0])

    def fit_predict(
        self, benchmark: Benchmark, splits: Sequence[Split], *, progress: bool = False
    ) -> Prediction:
        """Train on each split, and predict all architectures; as of ``Method``."""
        began = time.perf_counter()
        every = slice(None)
        scores = [self.scores(benchmark, split.labelled, split.seed, every) for split in splits]
        if NETWORK in self.parts:
            learnt = get_method(_NETWORK).predict(benchmark, splits, progress=progress)
            scores = [a + zscore(b) for a, b in zip(scores, learnt.scores, strict=True)]
        return Prediction(np.array(scores), time.perf_counter() - began)

    def scores(
        self, benchmark: Benchmark, labelled: np.ndarray, seed: int, rows: slice | np.ndarray
    ) -> np.ndarray:
        """Return what process and forest, of some labels, make of some rows, (N,).

        Raises:
            NasutilsError: If there are fewer than two labels, or they are all alike or not finite.
        """
        checked_labels(len(benchmark), benchmark.labels, [labelled], [seed])
        targets = norm.ppf((rankdata(benchmark.labels[labelled]) - 0.5) / len(labelled))
        known = feature_blocks(benchmark)
        # What is learnt comes first, so that its positions are known.
        blocks = [np.vstack([known[name][labelled], known[name][rows]]) for name in self.blocks]
        first, found = np.arange(len(labelled)), []
        if PROCESS in self.parts:
            found.append(predict_by_process(blocks, first, targets))
        if FOREST in self.parts:
            values = np.hstack(blocks)
            forest = ExtraTreesRegressor(self.trees, max_features=1 / 3, random_state=seed)
            found.append(forest.fit(values[first], targets).predict(values))
        return sum(zscore(each[len(first) :]) for each in found)


def _without(block: str) -> Ensemble:
    return Ensemble(tuple(name for name in BLOCKS if name != block))


#: Row of the ablation -> what is left.
ABLATIONS: dict[str, Ensemble] = {
    OURS: Ensemble(),
    **{f"without {block}": _without(block) for block in BLOCKS},
    "Gaussian process alone": Ensemble(parts=(PROCESS,)),
    "forest alone": Ensemble(parts=(FOREST,)),
    WITH_NETWORK: Ensemble(parts=PARTS),
}


def ablation(name: str) -> Method:
    """Return a row of ``ABLATIONS`` as a method, which the leaderboard does not show."""
    entry = ABLATIONS[name]
    return Method(CHAPTER, name, entry.fit, fit_predict=entry.fit_predict)


for _name, _about in (
    (OURS, "a Gaussian process and a forest, on structure, paths and proxies"),
    (WITH_NETWORK, "the same, and the graph network of chapter 1"),
):
    _entry = ABLATIONS[_name]
    register(Method(CHAPTER, _name, _entry.fit, description=_about, fit_predict=_entry.fit_predict))
