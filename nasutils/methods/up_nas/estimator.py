"""The Multi-Proxy Estimator: from an architecture's embedding to all of its proxies at once.

Encoder, MLP and weights together score any architecture of a space, and are frozen then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.common.codecs import Codec
from nasutils.methods.common.flat_parameters import Schedule, train_flat
from nasutils.methods.common.vgae import VGAE
from nasutils.spaces.registry import Architecture
from nasutils.threads import deterministic_cpu


def multi_proxy_estimator(inputs: int, proxies: int, layers: int = 2) -> nn.Sequential:
    """Return the MLP of the estimator: Linear-BN-ReLU layers and a linear head (Section 3.3).

    It maps flat embeddings to proxies, (B, inputs) to (B, proxies). The encoder before it is
    frozen, so that its embeddings are computed once (``VGAE.embed``). A hidden layer has 256
    neurons; Table 7 compares 1 to 3 ``layers`` of them.
    """
    widths = [inputs, *[256] * layers]
    blocks: list[nn.Module] = []
    for before, after in pairwise(widths):
        blocks += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()]
    return nn.Sequential(*blocks, nn.Linear(widths[-1], proxies))


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
) -> tuple[nn.Sequential, list[float]]:
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
    if len(embeddings) != len(scores):
        raise NasutilsError(f"{len(embeddings)} embeddings, but scores of {len(scores)} cells.")
    if bad := int(scores.isinf().sum()):
        raise NasutilsError(f"{bad} scores are infinite; normalise the proxies first.")
    if unknown := int(scores.isnan().all(0).sum()):
        raise NasutilsError(f"{unknown} proxies have no score at all; leave their columns out.")

    def epoch(order: Tensor) -> tuple[Tensor, Tensor]:
        z = embeddings[order]
        return z if std is None else z + std[order] * torch.randn_like(z), scores[order]

    with torch.random.fork_rng(devices=[embeddings.device] if embeddings.is_cuda else []):
        torch.manual_seed(seed)
        mlp = multi_proxy_estimator(embeddings.shape[1], scores.shape[1], layers)
        mlp = mlp.to(embeddings.device)
        losses = train_flat(mlp, epoch, lambda z, y: mpe_loss(mlp(z), y), len(scores), schedule)
    return mlp.eval().requires_grad_(False), losses


@dataclass(frozen=True, slots=True)
class ProxyModel:
    """What predicts an architecture's proxies from its graph alone: f_MPE(A) of Section 3.3."""

    codec: Codec  #: of the space
    vgae: VGAE  #: A trained auto-encoder of the space
    mlp: nn.Sequential  #: A trained estimator on the auto-encoder's embeddings
    proxies: tuple[str, ...]  #: names of the estimator's outputs, in order

    @classmethod
    def fit(
        cls,
        codec: Codec,
        vgae: VGAE,
        architectures: Sequence[Architecture],
        normalised: pd.DataFrame,
        schedule: Schedule,
        *,
        seed: int,
        sample: bool = True,
        layers: int = 2,
    ) -> "ProxyModel":
        """Train the estimator behind a trained auto-encoder.

        Whether it learns from a ``sample`` of the embeddings, which makes the landscape smooth
        enough to climb, or from their means, which are the paper's; all else, and what is raised,
        as of ``train_estimator``. ``normalised`` has a row a training cell.
        """
        scores = torch.tensor(normalised.to_numpy(), dtype=torch.float32)
        mean, std = vgae.posterior(*codec.encode(architectures))
        std = std if sample else None
        mlp, _ = train_estimator(mean, scores, schedule, seed=seed, std=std, layers=layers)
        return cls(codec, vgae, mlp, tuple(normalised.columns))

    def embed(self, architectures: Sequence[Architecture]) -> Tensor:
        """Return the flat embeddings of B architectures, (B, D)."""
        return self.vgae.embed(*self.codec.encode(architectures))

    @torch.no_grad()
    def predict(self, architectures: Sequence[Architecture]) -> pd.DataFrame:
        """Predict the normalised proxies, a row an architecture."""
        scores = self.mlp(self.embed(architectures)).numpy().astype(float)
        return pd.DataFrame(scores, columns=list(self.proxies))

    def unified(self, weights: pd.Series) -> "UnifiedEstimator":
        """Add weights, indexed by proxy; proxies that are not among them count nothing.

        Raises:
            DataError: If a weighted proxy is not predicted.
        """
        if unknown := [proxy for proxy in weights.index if proxy not in self.proxies]:
            raise DataError(
                f"no estimate of {', '.join(unknown)}; there are: {', '.join(self.proxies)}"
            )
        ordered = weights.reindex(list(self.proxies), fill_value=0.0)
        return UnifiedEstimator(self, torch.tensor(ordered.to_numpy(float), dtype=torch.float32))


@dataclass(frozen=True, slots=True)
class UnifiedEstimator:
    """The objective of the search: the estimator under fixed weights."""

    model: ProxyModel  #: predicts the proxies
    weights: Tensor  #: of its M proxies, shape (M,)
    #: whether embeddings decode to the likeliest architecture of the space, so that each decodes to
    #: one, rather than to the likeliest graphs of all
    nearest: bool = False

    def objective(self, z: Tensor) -> Tensor:
        """Return F(Z) = sum_i lambda_i f_MLP(Z)_i (Eq. 5) of flat embeddings: (B, D) to (B,)."""
        return self.model.mlp(z) @ self.weights

    @torch.no_grad()
    def score(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Return the objective of B architectures at their embeddings, (B,)."""
        return self.objective(self.model.embed(architectures)).numpy().astype(float)

    @torch.no_grad()
    def graphs(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the graphs that flat embeddings decode to: adjacency and numbers of labels."""
        codec, vgae = self.model.codec, self.model.vgae
        if self.nearest:
            return codec.nearest(*vgae.decode(z.view(len(z), codec.graphs, codec.vertices, -1)))
        return vgae.reconstruct(z, codec.graphs)
