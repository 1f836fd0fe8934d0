"""The labels of training cells: checked, and brought to the scale on which a predictor learns."""

from collections.abc import Callable, Sequence, Sized

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from torch import Tensor

from nasutils.errors import NasutilsError


def _z_score(labels: Tensor) -> Tensor:
    """Map each row to mean 0 and standard deviation 1."""
    return (labels - labels.mean(1, keepdim=True)) / labels.std(1, keepdim=True, correction=0)


def _normal_score(labels: Tensor) -> Tensor:
    """Map each row's ranks to normal quantiles, so that a few failures do not set the scale."""
    ranks = torch.from_numpy(rankdata(labels.numpy(), axis=1))
    return torch.special.ndtri((ranks - 0.5) / labels.shape[1]).float()


#: Name -> from the labels of each replica's training cells, (R, n), to the targets.
LABEL_SCALES: dict[str, Callable[[Tensor], Tensor]] = {
    "z_score": _z_score,
    "normal_score": _normal_score,
}


def checked_labels(
    size: int, accuracy: ArrayLike, rows: ArrayLike, seeds: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Return the labels of the training cells of R predictors and the rows, both (R, n).

    Of M = ``size`` architectures come the labels, (M,), and to each seed belongs a row of cells.

    Raises:
        NasutilsError: If the shapes do not fit together, a predictor has fewer than two cells, a
            row does not exist, or labels are not finite or all alike.
    """
    accuracy, rows = np.asarray(accuracy, dtype=float), np.asarray(rows)
    if accuracy.shape != (size,):
        raise NasutilsError(f"{size} architectures need as many labels, not {accuracy.shape}.")
    if rows.ndim != 2 or len(rows) != len(seeds):
        raise NasutilsError(
            f"{len(seeds)} seeds need training cells of shape ({len(seeds)}, n), not {rows.shape}."
        )
    if rows.shape[1] < 2:
        raise NasutilsError(f"a predictor needs at least 2 labels, not {rows.shape[1]}.")
    if rows.min() < 0 or rows.max() >= size:
        raise NasutilsError(f"training cells are numbered 0 to {size - 1}.")
    labels = accuracy[rows].astype(np.float32)
    _check(labels, "training labels")
    return torch.from_numpy(labels), torch.tensor(rows, dtype=torch.long)


def _check(labels: np.ndarray, name: str) -> None:
    """Refuse what nothing can be learnt from."""
    if bad := (~np.isfinite(labels)).sum():
        raise NasutilsError(f"{bad} {name} are NaN or infinite.")
    if (np.ptp(labels, axis=-1) == 0).any():
        raise NasutilsError(f"all {name} are the same: nothing to learn.")


def scaled_labels(sources: Sequence[tuple[Sized, ArrayLike]], scale: str = "z_score") -> Tensor:
    """Scale the labels of each family by themselves, and join them: float32 of shape (sum of n,).

    Sources are n graphs or embeddings of each family, and their labels, (n,).

    Raises:
        NasutilsError: If the numbers differ, or labels are not finite or all alike.
    """
    if not sources:
        raise NasutilsError("labels of at least one family are needed.")
    scaled = []
    for number, (graphs, given) in enumerate(sources):
        values, size = np.asarray(given, dtype=float), len(graphs)
        if values.shape != (size,):
            raise NasutilsError(f"family {number} has {size} graphs, labels {values.shape}.")
        _check(values, f"labels of family {number}")
        scaled.append(LABEL_SCALES[scale](torch.tensor(values)[None])[0].float())
    return torch.cat(scaled)
