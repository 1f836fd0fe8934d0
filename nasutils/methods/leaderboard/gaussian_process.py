"""A Gaussian process that weighs blocks of features against each other by the labels alone.

Its kernel is a sum over blocks, of a Gaussian kernel each. Strengths, widths and noise are those of
the highest posterior density, so that a block that does not help becomes weak. Source: Rasmussen
and Williams, "Gaussian Processes for Machine Learning", 2006, Equations 2.25 and 5.8.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

# Labels that the kernel is learnt from; all of them enter the prediction.
_MOST = 400
# Logarithm of the noise's variance before any label is seen, and its spread.
_NOISE, _SPREAD = -2.0, 1.5
_JITTER = 1e-6
_CHUNK = 20_000  # architectures that are predicted at once
_STEPS = 60


def predict_by_process(
    blocks: Sequence[np.ndarray], rows: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Learn the targets (n,), of mean 0, at some rows; return the mean at all: float64 (M,).

    Blocks are of shape (M, F), standardised; those without a feature are left out.
    """
    features = [torch.from_numpy(each) for each in blocks if each.shape[1]]
    known = [each[rows] for each in features]
    wanted = torch.from_numpy(np.asarray(targets, dtype=float))
    theta = _most_likely([_distances(each, each) for each in known], wanted)
    kernel = _kernel([_distances(each, each) for each in known], theta)
    weights = torch.linalg.solve(_noisy(kernel, theta), wanted)

    def mean(chunk: slice) -> Tensor:
        distances = [_distances(a[chunk], b) for a, b in zip(features, known, strict=True)]
        return _kernel(distances, theta) @ weights

    chunks = [slice(i, i + _CHUNK) for i in range(0, len(features[0]), _CHUNK)]
    return torch.cat([mean(chunk) for chunk in chunks]).numpy()


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """Return the mean squared differences of features, (A, B)."""
    return torch.cdist(a, b).square().double() / a.shape[1]


def _kernel(distances: Sequence[Tensor], theta: Tensor) -> Tensor:
    """Sum the blocks' kernels; theta: log variance and log width of each, and log noise."""
    return sum(
        torch.exp(theta[2 * i] - each / 2 * torch.exp(-2 * theta[2 * i + 1]))
        for i, each in enumerate(distances)
    )


def _noisy(kernel: Tensor, theta: Tensor) -> Tensor:
    return kernel + (theta[-1].exp() + _JITTER) * torch.eye(len(kernel), dtype=kernel.dtype)


def _most_likely(distances: Sequence[Tensor], targets: Tensor) -> Tensor:
    """Return the likeliest theta under a normal prior, by the first labels."""
    distances = [each[:_MOST, :_MOST] for each in distances]
    targets = targets[:_MOST, None]
    prior = torch.zeros(2 * len(distances) + 1, dtype=torch.double)
    spread = torch.ones_like(prior)
    prior[-1], spread[-1] = _NOISE, _SPREAD

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        theta = torch.tensor(values, requires_grad=True)
        root = torch.linalg.cholesky(_noisy(_kernel(distances, theta), theta))
        white = torch.linalg.solve_triangular(root, targets, upper=False)
        found = white.square().sum() / 2 + root.diagonal().log().sum()
        found = found + ((theta - prior) / spread).square().sum() / 2
        found.backward()
        return found.item(), theta.grad.numpy()

    bounds = [*[(-6, 4), (-3, 4)] * len(distances), (-8, 1)]
    options = {"method": "L-BFGS-B", "bounds": bounds, "options": {"maxiter": _STEPS}}
    return torch.from_numpy(minimize(loss, prior.numpy(), jac=True, **options).x)
