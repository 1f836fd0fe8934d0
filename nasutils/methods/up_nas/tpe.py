"""Search the weights of the Unified Proxy with a Tree-structured Parzen Estimator.

Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011, as optuna
implements it. The paper gives neither the number of trials nor the size of its small subset of
NAS-Bench-201-CIFAR-10; ours are defaults of this file.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError
from nasutils.methods.up_nas.unify import unified_proxy
from nasutils.metrics import kendall_tau


@dataclass(frozen=True, slots=True)
class WeightSearch:
    """What a search of weights found.

    Attributes:
        weights: The best weights, each in [-1, 1], indexed by proxy.
        tau: Kendall's tau that they reach on the cells of the search.
        history: Best tau so far after each trial; shape (trials,).
    """

    weights: pd.Series
    tau: float
    history: np.ndarray


def search_weights(
    normalised: pd.DataFrame, accuracy: ArrayLike, *, seed: int, trials: int = 400
) -> WeightSearch:
    """Find weights that maximise Kendall's tau between unified proxy and accuracy (Section 3.4).

    Args:
        normalised: Normalised proxies of N cells, all columns of which get a weight.
        accuracy: Validation accuracy of the same cells, shape (N,).
        seed: Of the sampler; the same seed finds the same weights.
        trials: Weights to try.

    Raises:
        NasutilsError: If the cells cannot be ranked, fewer than one trial is asked for, or optuna
            is not installed.
    """
    if trials < 1:
        raise NasutilsError(f"a search of weights needs at least one trial, not {trials}.")
    accuracy = np.asarray(accuracy, dtype=float)

    def objective(trial: Any) -> float:
        weights = pd.Series({p: trial.suggest_float(p, -1, 1) for p in normalised.columns})
        return kendall_tau(unified_proxy(normalised, weights), accuracy)

    study = _quiet_study(seed)
    study.optimize(objective, n_trials=trials)
    history = np.maximum.accumulate([trial.value for trial in study.trials])
    weights = pd.Series(study.best_params).reindex(normalised.columns)
    return WeightSearch(weights, float(study.best_value), history)


def _quiet_study(seed: int) -> Any:
    try:
        import optuna
    except ImportError as error:
        raise NasutilsError("the search of weights needs optuna: pip install optuna") from error
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        sampler = optuna.samplers.TPESampler(seed=seed)
        return optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(verbosity)
