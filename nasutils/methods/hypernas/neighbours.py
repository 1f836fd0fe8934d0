"""Whether architectures that an encoder finds alike have alike accuracies (Figure 4)."""

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.methods.hypernas.predictor import Predictor
from nasutils.methods.hypernas.pretraining import sequences_of
from nasutils.metrics import kendall_tau


def sample(benchmark: Benchmark, seed: int, size: int = 500) -> np.ndarray:
    """Draw the positions of random architectures in ascending order, as many as in Figure 4."""
    return np.sort(np.random.default_rng(seed).permutation(len(benchmark))[:size])


def features_of(predictor: Predictor, benchmark: Benchmark, positions: np.ndarray) -> np.ndarray:
    """Return the global features h of some architectures, (R, B, d)."""
    sequences = sequences_of(predictor.recipe, benchmark)
    return predictor.features(sequences[positions])


def neighbour_tau(features: np.ndarray, accuracy: np.ndarray, *, neighbours: int = 10) -> float:
    """Return Kendall's tau of accuracies, (B,), with their means over the nearest other features.

    Features of the B architectures, (B, d), are standardised.
    """
    scaled = StandardScaler().fit_transform(features)
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(scaled)
    others = nearest.kneighbors(return_distance=False)  # (B, neighbours), without the point itself
    return kendall_tau(accuracy[others].mean(1), accuracy)
