"""The steps of UP-NAS on a benchmark of NAS-Bench-201 cells, from proxies to an estimator."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.common.codecs import CODECS
from nasutils.methods.common.flat_parameters import Schedule
from nasutils.methods.common.vgae import VGAE, VGAE_SCHEDULES, VGAESchedule, train_vgae
from nasutils.methods.up_nas.estimator import MPE_SCHEDULES, ProxyModel, UnifiedEstimator
from nasutils.methods.up_nas.methods import UNIFIED_PROXIES, FittedProxy
from nasutils.spaces.nasbench201 import NASBench201Cell, all_cells


@dataclass(frozen=True)
class Sizes:
    """How much the steps compute."""

    tuning: int = 1000  #: cells that the weights are searched on
    trials: int = 1000  #: weights that a search tries
    starts: int = 375  #: starts of an ascent
    vgae: VGAESchedule = VGAE_SCHEDULES["nasbench201"]  #: how the auto-encoder is trained
    mpe: Schedule = MPE_SCHEDULES["nasbench201"]  #: how the estimator is trained


@dataclass(frozen=True, eq=False)
class Pipeline:
    """UP-NAS under one seed. A step is taken when it is first needed."""

    benchmark: Benchmark  #: of N cells with proxies
    seed: int  #: of the draws of cells, the searches of weights, and the networks
    sizes: Sizes = Sizes()  #: of the steps
    progress: bool = False  #: whether to draw a bar
    #: wall time of each step taken, by its name: ``up_weighted``, ``VGAE``, ``MPE``
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def split(self) -> Split:
        """The tuning cells, whose labels the weights are searched on."""
        return self.benchmark.split(self.sizes.tuning, self.seed)

    @cached_property
    def unified(self) -> dict[str, FittedProxy]:
        """The four unified proxies, fitted to the tuning cells."""
        found = {}
        for name, rule in UNIFIED_PROXIES.items():
            with self._timed(name):
                trials = replace(rule, trials=self.sizes.trials)
                found[name] = trials.fit(self.benchmark, self.split)
        return found

    @cached_property
    def space(self) -> list[NASBench201Cell]:
        """All cells of the space."""
        return list(all_cells())

    @cached_property
    def vgae(self) -> VGAE:
        """The auto-encoder, which sees all cells of the space and no accuracy."""
        graphs = CODECS["nasbench201"].encode(self.space)
        options = {"seed": self.seed, "schedule": self.sizes.vgae, "progress": self.progress}
        with self._timed("VGAE"):
            return train_vgae(*graphs, **options)[0]

    @cached_property
    def model(self) -> ProxyModel:
        """The estimator, trained on the proxies of one half of the cells."""
        _ = self.vgae, self.unified  # whose time is their own
        with self._timed("MPE"):
            return self.train_model(layers=2)

    def train_model(self, layers: int, *, sample: bool = True) -> ProxyModel:
        """Train an estimator with so many hidden layers, on samples of embeddings or on means."""
        half = self._draws[0][: len(self.benchmark) // 2]
        cells = self.benchmark.architectures_at(half)
        scores = self.unified["up_weighted"].normalised.iloc[half]
        task = CODECS["nasbench201"], self.vgae, cells, scores
        options = {"seed": self.seed, "sample": sample, "layers": layers}
        return ProxyModel.fit(*task, self.sizes.mpe, **options)

    @cached_property
    def unseen(self) -> np.ndarray:
        """Positions of the cells that the estimator was not trained on."""
        return np.sort(self._draws[0][len(self.benchmark) // 2 :])

    @cached_property
    def predicted(self) -> pd.DataFrame:
        """The predicted proxies of all cells of the benchmark, (N, 13)."""
        return self.model.predict(self.benchmark.architectures)

    def estimator(self, name: str) -> UnifiedEstimator:
        """Return the estimate of one of the unified proxies, which a search maximises."""
        return self.model.unified(self.unified[name].weights)

    @cached_property
    def starts(self) -> list[NASBench201Cell]:
        """Random cells of the whole space, from which to climb."""
        return [self.space[i] for i in self._draws[1][: self.sizes.starts]]

    @cached_property
    def _draws(self) -> tuple[np.ndarray, np.ndarray]:
        """Orders of the benchmark's cells and of the space, independent of the tuning cells."""
        rng = np.random.default_rng(self.seed)
        rng.permutation(len(self.benchmark))  # the draw of the tuning cells
        return rng.permutation(len(self.benchmark)), rng.permutation(len(self.space))

    @contextlib.contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - began
