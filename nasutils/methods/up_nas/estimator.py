"""The Multi-Proxy Estimator: from an architecture's embedding to all of its proxies at once."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from nasutils.errors import NasutilsError
from nasutils.methods.common.flat_parameters import Schedule, train_flat
from nasutils.threads import deterministic_cpu


class MultiProxyEstimator(nn.Module):
    """The MLP of the estimator: Linear-BN-ReLU layers and a linear head (Section 3.3).

    The encoder before it is frozen, so that its embeddings are computed once (``VGAE.embed``).

    Args:
        inputs: Dimensions of the embedding, 128 for NAS-Bench-201 and 352 for DARTS.
        proxies: Proxies to predict, M.
        hidden: Neurons of a hidden layer.
        layers: Hidden layers; Table 7 compares 1 to 3.
    """

    def __init__(self, inputs: int, proxies: int, *, hidden: int = 256, layers: int = 2) -> None:
        super().__init__()
        widths = [inputs, *[hidden] * layers]
        blocks: list[nn.Module] = []
        for before, after in pairwise(widths):
            blocks += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()]
        self.mlp = nn.Sequential(*blocks, nn.Linear(widths[-1], proxies))

    def forward(self, z: Tensor) -> Tensor:
        """Predict the proxies of flat embeddings: (B, D) to (B, M)."""
        return self.mlp(z)


def mpe_loss(predicted: Tensor, scores: Tensor) -> Tensor:
    """Return s.s, the squared error summed over the proxies (Eq. 3), averaged over the batch.

    Args:
        predicted: Of shape (B, M).
        scores: Normalised proxies of shape (B, M); one that is NaN was not scored and adds nothing.
    """
    error = torch.where(scores.isnan(), 0.0, predicted - scores)
    return error.square().sum(1).mean()


#: The paper's settings (Section 3.5): for DARTS with 10,000 architectures, for NAS-Bench-201 with
#: one half.
MPE_SCHEDULES = {
    "nasbench201": Schedule(epochs=70, batch_size=16, learning_rate=1e-3),
    "darts": Schedule(epochs=50, batch_size=64, learning_rate=5e-4),
}


@deterministic_cpu()
def train_estimator(
    embeddings: Tensor,
    scores: Tensor,
    schedule: Schedule,
    *,
    seed: int,
    std: Tensor | None = None,
    layers: int = 2,
) -> tuple[MultiProxyEstimator, list[float]]:
    """Train the estimator on embeddings and their proxies; no accuracy is needed.

    Args:
        embeddings: Flat embeddings of the training cells, (B, D).
        scores: Their normalised proxies, (B, M), finite or, where a cell was not scored, NaN.
        schedule: One of ``MPE_SCHEDULES``, or another.
        seed: Of the weights, batches and samples.
        std: Standard deviations of the embeddings, (B, D). If given, every epoch sees a fresh
            sample of each embedding, so that the landscape that the ascent climbs is smooth around
            the training cells; the paper trains on the means alone.
        layers: Hidden layers.

    Returns:
        The estimator, frozen and in evaluation mode, and the mean loss of each epoch.

    Raises:
        NasutilsError: If the numbers of rows differ or do not fill a batch, a score is infinite,
            or a proxy was scored nowhere.
    """
    _check(embeddings, scores)

    def epoch(order: Tensor) -> tuple[Tensor, Tensor]:
        z = embeddings[order]
        return z if std is None else z + std[order] * torch.randn_like(z), scores[order]

    with torch.random.fork_rng(devices=[embeddings.device] if embeddings.is_cuda else []):
        torch.manual_seed(seed)
        estimator = MultiProxyEstimator(embeddings.shape[1], scores.shape[1], layers=layers)
        losses = train_flat(
            estimator.to(embeddings.device),
            epoch,
            lambda z, y: mpe_loss(estimator(z), y),
            len(embeddings),
            schedule,
        )
    return estimator.eval().requires_grad_(False), losses


def _check(embeddings: Tensor, scores: Tensor) -> None:
    if len(embeddings) != len(scores):
        raise NasutilsError(f"{len(embeddings)} embeddings, but scores of {len(scores)} cells.")
    if bad := int(scores.isinf().sum()):
        raise NasutilsError(f"{bad} scores are infinite; normalise the proxies first.")
    if unknown := int(scores.isnan().all(0).sum()):
        raise NasutilsError(f"{unknown} proxies have no score at all; leave their columns out.")
