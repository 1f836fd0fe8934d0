r"""Proxies of the input Jacobian: how differently a network reacts to the images.

Both read the rows :math:`J_n = \partial \sum_c z_{n,c} / \partial x_n` of one backward pass from
the summed logits z to the images x, in training mode.
"""

import torch
from torch import Tensor

from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import ProxyError, declared

_K = 1e-5


def _rows(passes: Passes) -> Tensor:
    """Return the Jacobian's rows, (B, C * H * W), in double precision on the CPU."""
    return passes.training.input_gradients.flatten(1).to("cpu", torch.float64)


def correlations(rows: Tensor) -> Tensor:
    """Return Pearson's correlations between rows: (n, d) to (n, n), NaN for a constant row."""
    centred = rows - rows.mean(1, keepdim=True)
    unit = centred / torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    return unit @ unit.T


@declared
def jacov(passes: Passes) -> float:
    r"""Return how far the rows' correlations are from those of unrelated rows.

    :math:`\lambda_n` are the eigenvalues of the correlation matrix of the rows. The score of the
    paper's first version; its second brought NASWOT. Give it fewer images than an image has values:
    of as many, or more, some eigenvalues are zero whatever the network, and decide the score.
    """
    matrix = correlations(_rows(passes))
    if not matrix.isfinite().all():
        return float("nan")
    # No correlation matrix has a negative eigenvalue; rounding may have made one.
    shifted = torch.linalg.eigvalsh(matrix).clamp(min=0) + _K
    return -float((shifted.log() + 1 / shifted).sum())


@declared
def epe_nas(passes: Passes) -> float:
    r"""Return how little the rows of images of the same class correlate.

    :math:`\rho_{nm}` is the correlation of two rows, c a class seen in the batch with
    :math:`\lvert c \rvert` images, :math:`\lvert C \rvert` the number of such classes.
    """
    rows, labels = _rows(passes), passes.labels.cpu()
    if labels.ndim != 1 or labels.is_floating_point():
        raise ProxyError("it compares images of one class, and the labels are no classes.")
    of_class = [rows[labels == c] for c in labels.unique()]
    scores = torch.stack([(correlations(r).abs() + _K).log().sum() for r in of_class])
    if passes.training.num_classes <= 100:
        return float(scores.abs().sum())
    scores = scores / torch.tensor([len(r) for r in of_class])
    return float((scores[:, None] - scores).abs().sum() / len(scores))
