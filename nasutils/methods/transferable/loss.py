"""The contrastive loss: graphs of one family attract each other, the more the more alike they are.

Source: Han et al., "A General-Purpose Transferable Predictor for NAS", Section 4; it extends SupCon
(Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from nasutils.errors import NasutilsError, lookup

#: How the positives of an anchor share its attraction: the structurally similar most, all alike as
#: in SupCon (Eq. 4.3), or the different most, which is what the paper's "softmax of the distance"
#: says to the letter.
SIMILAR = "similar"
WEIGHTS = {SIMILAR: -1.0, "uniform": 0.0, "distant": 1.0}  # sign of the distance


def contrastive_loss(
    z: Tensor,
    eigenvalues: Tensor,
    classes: Tensor,
    *,
    weights: str = SIMILAR,
    temperature: float = 0.1,
    weight_temperature: float = 0.05,
) -> Tensor:
    """Return Eq. 4.5, divided by the number of anchors so that it does not grow with the batch.

    Args:
        z: Projections of B graphs, of any length, shape (B, P); they are normalised here.
        eigenvalues: Theirs, shape (B, 11).
        classes: The positives of a graph are the others of its class; int of shape (B,). Families
            give the paper's loss; a class for each pair gives SimCLR's (Eq. 4.2).
        weights: One of ``WEIGHTS``.
        temperature: Of the agreement, tau in Eq. 4.1.
        weight_temperature: Temperature of the softmax that turns spectral distances into weights.

    Raises:
        UnknownNameError: If there are no such weights.
        NasutilsError: If the shapes do not fit, a temperature is not positive, or a graph is alone
            in its class.
    """
    _check(z, eigenvalues, classes, temperature, weight_temperature)
    options = {"weights": weights, "weight_temperature": weight_temperature}
    alpha = positive_weights(eigenvalues, classes, **options)
    z = F.normalize(z, dim=1)
    own = torch.eye(len(z), dtype=torch.bool, device=z.device)
    similarity = z @ z.mT / temperature
    # A graph's similarity to itself is no part of the sum in Eq. 4.1.
    total = similarity.masked_fill(own, -torch.inf).logsumexp(1, keepdim=True)
    return -(alpha * (similarity - total)).sum() / len(z)


def positive_weights(
    eigenvalues: Tensor,
    classes: Tensor,
    *,
    weights: str = SIMILAR,
    weight_temperature: float = 0.05,
) -> Tensor:
    """Return the convex combination over each graph's positives, alpha in Eq. 4.5.

    Arguments and errors as of ``contrastive_loss``; no graph is alone in its class. Row i of the
    (B, B) holds the weights of the positives of graph i, zero elsewhere.
    """
    sign = lookup("weights of the positives", weights, WEIGHTS)
    # The fast way by a matrix product would make distances of equal graphs other than zero.
    distance = torch.cdist(eigenvalues, eigenvalues, compute_mode="donot_use_mm_for_euclid_dist")
    logits = sign * distance / weight_temperature
    return logits.masked_fill(~_positives(classes), -torch.inf).softmax(1)


def _positives(classes: Tensor) -> Tensor:
    """Return whether j is a positive of i, bool of shape (B, B)."""
    return (classes[:, None] == classes).fill_diagonal_(False)


def _check(
    z: Tensor, eigenvalues: Tensor, classes: Tensor, temperature: float, weight_temperature: float
) -> None:
    if z.ndim != 2 or eigenvalues.ndim != 2 or classes.shape != (len(z),):
        raise NasutilsError(
            "projections (B, P), eigenvalues (B, k) and classes (B,) are needed, not "
            f"{tuple(z.shape)}, {tuple(eigenvalues.shape)} and {tuple(classes.shape)}."
        )
    if len(eigenvalues) != len(z):
        raise NasutilsError(f"{len(z)} projections, but the eigenvalues of {len(eigenvalues)}.")
    if temperature <= 0 or weight_temperature <= 0:
        raise NasutilsError(
            f"temperatures are positive, not {temperature} and {weight_temperature}."
        )
    if len(alone := classes[~_positives(classes).any(1)]):
        raise NasutilsError(
            f"class {alone[0].item()} has one graph in the batch: a graph without a "
            "positive has no loss. Draw at least two of each class."
        )
