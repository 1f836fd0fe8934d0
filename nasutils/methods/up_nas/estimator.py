"""The Multi-Proxy Estimator: from an architecture's embedding to all of its proxies at once."""

from dataclasses import dataclass
from itertools import islice, pairwise

import torch
from torch import Tensor, nn
from tqdm import tqdm

from nasutils.errors import NasutilsError
from nasutils.methods.common.flat_parameters import flatten_parameters
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


@dataclass(frozen=True, slots=True)
class MPESchedule:
    """How to train the estimator: with Adam, without weight decay (Section 3.5).

    Attributes:
        epochs: Passes over the architectures.
        batch_size: Architectures a step.
        learning_rate: Of Adam.
    """

    epochs: int
    batch_size: int
    learning_rate: float


#: The paper's settings; for DARTS with 10,000 architectures, for NAS-Bench-201 with one half.
MPE_SCHEDULES = {
    "nasbench201": MPESchedule(epochs=70, batch_size=16, learning_rate=1e-3),
    "darts": MPESchedule(epochs=50, batch_size=64, learning_rate=5e-4),
}


@deterministic_cpu()
def train_estimator(
    embeddings: Tensor,
    scores: Tensor,
    schedule: MPESchedule,
    *,
    seed: int,
    std: Tensor | None = None,
    layers: int = 2,
    progress: bool = False,
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
        progress: Whether to draw a bar.

    Returns:
        The estimator, frozen and in evaluation mode, and the mean loss of each epoch.

    Raises:
        NasutilsError: If the numbers of rows differ or do not fill a batch, a score is infinite,
            or a proxy was scored nowhere.
    """
    _check(embeddings, scores, schedule)
    steps = len(embeddings) // schedule.batch_size
    losses = []
    with torch.random.fork_rng(devices=[embeddings.device] if embeddings.is_cuda else []):
        torch.manual_seed(seed)
        estimator = MultiProxyEstimator(embeddings.shape[1], scores.shape[1], layers=layers)
        estimator.to(embeddings.device)
        flat = flatten_parameters(estimator)
        optimiser = torch.optim.Adam([flat], lr=schedule.learning_rate, fused=True)
        for _ in tqdm(range(schedule.epochs), desc="MPE", unit="epoch", disable=not progress):
            total = torch.zeros((), device=embeddings.device)
            order = torch.randperm(len(embeddings), device=embeddings.device)
            z = embeddings[order]
            if std is not None:
                z = z + std[order] * torch.randn_like(z)
            batches = zip(
                z.split(schedule.batch_size),
                scores[order].split(schedule.batch_size),
                strict=True,
            )
            for x, y in islice(batches, steps):
                loss = mpe_loss(estimator(x), y)
                optimiser.zero_grad(set_to_none=False)
                loss.backward()
                optimiser.step()
                total += loss.detach()
            losses.append(float(total) / steps)
    return estimator.eval().requires_grad_(False), losses


def _check(embeddings: Tensor, scores: Tensor, schedule: MPESchedule) -> None:
    if len(embeddings) != len(scores):
        raise NasutilsError(f"{len(embeddings)} embeddings, but scores of {len(scores)} cells.")
    if len(scores) < schedule.batch_size:
        raise NasutilsError(f"{len(scores)} cells do not fill a batch of {schedule.batch_size}.")
    if bad := int(scores.isinf().sum()):
        raise NasutilsError(f"{bad} scores are infinite; normalise the proxies first.")
    if unknown := int(scores.isnan().all(0).sum()):
        raise NasutilsError(f"{unknown} proxies have no score at all; leave their columns out.")
