"""Search the weights of the Unified Proxy with a Tree-structured Parzen Estimator.

Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011, as optuna
implements it. The paper gives neither the number of trials nor the size of its small subset of
NAS-Bench-201-CIFAR-10; ours are defaults of this file and of the chapter.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError
from nasutils.methods.up_nas.unify import selected_weights, unified_proxy
from nasutils.metrics import kendall_tau


@dataclass(frozen=True, slots=True)
class WeightSearch:
    """What a search of weights found."""

    weights: pd.Series  #: the best weights, each in [-1, 1], indexed by proxy
    tau: float  #: Kendall's tau that they reach on the cells of the search
    history: np.ndarray  #: best tau so far after each trial; shape (trials,)


def search_weights(
    normalised: pd.DataFrame,
    accuracy: ArrayLike,
    *,
    seed: int,
    trials: int = 1000,
    rounded: bool = False,
) -> WeightSearch:
    """Find weights that maximise Kendall's tau between unified proxy and accuracy (Section 3.4).

    The estimator models the weights jointly, as proxies that measure the same thing can stand in
    for each other. All columns of the frame, normalised proxies of N cells, get a weight; the
    accuracy is their validation accuracy, (N,). The same seed finds the same weights. Where
    ``rounded``, they are -1, 0 and 1 before they are evaluated, as for UP_selected.

    Raises:
        NasutilsError: If the cells cannot be ranked, or fewer than one trial is asked for.
    """
    if trials < 1:
        raise NasutilsError(f"a search of weights needs at least one trial, not {trials}.")
    accuracy = np.asarray(accuracy, dtype=float)

    def weights_of(parameters: dict[str, float]) -> pd.Series:
        weights = pd.Series(parameters).reindex(normalised.columns)
        return selected_weights(weights) if rounded else weights

    def objective(trial: Any) -> float:
        weights = weights_of({p: trial.suggest_float(p, -1, 1) for p in normalised.columns})
        # All weights rounded to zero rank nothing.
        return kendall_tau(unified_proxy(normalised, weights), accuracy) if weights.any() else 0.0

    with _quiet_optuna() as optuna:
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.optimize(objective, n_trials=trials)
    history = np.maximum.accumulate([trial.value for trial in study.trials])
    return WeightSearch(weights_of(study.best_params), float(study.best_value), history)


@contextlib.contextmanager
def _quiet_optuna() -> Iterator[ModuleType]:
    """Give optuna, which neither logs its trials nor stays silenced."""
    import optuna  # takes a second

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield optuna
    finally:
        optuna.logging.set_verbosity(verbosity)
