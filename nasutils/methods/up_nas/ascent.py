"""Gradient ascent in the embedding space, the search of UP-NAS."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nasutils.errors import NasutilsError, lookup
from nasutils.methods.up_nas.estimator import UnifiedEstimator
from nasutils.spaces.registry import Architecture
from nasutils.threads import deterministic_cpu


@dataclass(frozen=True, slots=True)
class AscentResult:
    """What an ascent found."""

    best: Architecture  #: the architecture of the highest score among all that were passed
    score: float  #: its score
    ends: list[Architecture]  #: the last valid architecture of each start
    #: score of every distinct architecture that was passed, the starts included
    scores: dict[Architecture, float]
    #: steps that each start took, each with graphs decoded and checked; the last one led out of the
    #: space unless it is the limit
    steps: np.ndarray
    #: rows asked of the estimator: one a start for each gradient, as all starts share a batch to
    #: the end, and one for each score
    rows: int
    seconds: float  #: wall time


#: How to climb -> torch's optimiser and its learning rate.
STEPS: dict[str, tuple[type[torch.optim.Optimizer], float]] = {
    "gradient": (torch.optim.SGD, 0.1),
    "adam": (torch.optim.Adam, 1e-3),
}


@deterministic_cpu()
def gradient_ascent(
    estimator: UnifiedEstimator,
    starts: Sequence[Architecture],
    *,
    steps: str = "gradient",
    learning_rate: float | None = None,
    max_steps: int = 2000,
) -> AscentResult:
    """Climb from each start until the embedding decodes to no architecture.

    The paper gives two rules: Eq. 6 adds the gradient, ``gradient`` here, Section 3.5 says
    ``adam``. Adam moves every coordinate by about its learning rate, also those on which the
    objective hardly depends but the decoded adjacency does, and so leaves the space early.

    The paper starts once and returns where it ends. With several starts a choice is needed, and
    ours is the best score among all architectures passed, each scored at its own embedding rather
    than at the point that decoded to it. The starts share a batch, but climb independently.

    Args:
        estimator: Scores and decodes embeddings.
        starts: Architectures to climb from.
        steps: One of ``STEPS``.
        learning_rate: That of ``STEPS`` if left out: the paper's for Adam, ours for the gradient.
        max_steps: Steps after which a start stops in any case, a limit the paper does not need.

    Raises:
        NasutilsError: If there is no start or no step to take.
        UnknownNameError: If there is no such rule.
    """
    if not starts or max_steps < 1:
        raise NasutilsError(
            f"gradient ascent needs a start and a step; got {len(starts)} and {max_steps}."
        )
    optimiser, default_rate = lookup("rule of ascent", steps, STEPS)
    rate = default_rate if learning_rate is None else learning_rate
    began = time.perf_counter()
    paths = _Paths(estimator, starts)
    z = estimator.model.embed(starts).clone().requires_grad_()
    rule = optimiser([z], lr=rate, maximize=True)
    for _ in range(max_steps):
        z.grad = torch.autograd.grad(estimator.objective(z).sum(), z)[0]
        rule.step()
        paths.record(*estimator.graphs(z.detach()))
        if not paths.alive.any():
            break
    passed = list(paths.passed)
    scores = dict(zip(passed, map(float, estimator.score(passed)), strict=True))
    best = max(scores, key=scores.__getitem__)
    rows = int(paths.steps.max()) * len(starts) + len(passed)
    seconds = time.perf_counter() - began
    return AscentResult(best, scores[best], paths.ends, scores, paths.steps, rows, seconds)


class _Paths:
    """Where each start is, and what it has passed."""

    def __init__(self, estimator: UnifiedEstimator, starts: Sequence[Architecture]) -> None:
        self.codec = estimator.model.codec
        self.ends = list(starts)
        self.passed = dict.fromkeys(starts)  # an ordered set
        self.alive = np.ones(len(starts), dtype=bool)
        self.steps = np.zeros(len(starts), dtype=int)
        self._last: np.ndarray | float = np.nan  # equal to no graphs

    def record(self, adjacency: Tensor, labels: Tensor) -> None:
        """Take note of the graphs after one step of all starts."""
        graphs = torch.cat([adjacency.flatten(1), labels.flatten(1)], dim=1).numpy()
        self.steps += self.alive
        # Most starts have the same graphs as a step ago.
        for row in np.flatnonzero(self.alive & (graphs != self._last).any(1)):
            architecture = self.codec.decode(adjacency[row].numpy(), labels[row].numpy())
            if architecture is None:
                self.alive[row] = False
            else:
                self.ends[row] = architecture
                self.passed[architecture] = None
        self._last = graphs
