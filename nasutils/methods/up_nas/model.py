"""The frozen estimator: encoder, MLP and weights together score any architecture of a space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from nasutils.errors import DataError
from nasutils.methods.common.codecs import Codec
from nasutils.methods.common.flat_parameters import Schedule
from nasutils.methods.common.vgae import VGAE
from nasutils.methods.up_nas.estimator import MultiProxyEstimator, train_estimator
from nasutils.spaces.registry import Architecture


@dataclass(frozen=True, slots=True)
class ProxyModel:
    """What predicts an architecture's proxies from its graph alone: f_MPE(A) of Section 3.3.

    Attributes:
        codec: Of the space.
        vgae: A trained auto-encoder of the space.
        estimator: A trained estimator on the auto-encoder's embeddings.
        proxies: Names of the estimator's outputs, in order.
    """

    codec: Codec
    vgae: VGAE
    estimator: MultiProxyEstimator
    proxies: tuple[str, ...]

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

        Args:
            codec: Of the space.
            vgae: Of the space, trained.
            architectures: The training cells.
            normalised: Their normalised proxies, a row a cell.
            schedule: Of the estimator.
            seed: Of the estimator's weights, batches and samples.
            sample: Whether to train on samples of the embeddings rather than on their means,
                which are the paper's; samples make the landscape smooth enough to climb.
            layers: Hidden layers of the estimator.

        Raises:
            NasutilsError: As ``train_estimator``.
        """
        scores = torch.tensor(normalised.to_numpy(), dtype=torch.float32)
        mean, std = vgae.posterior(*codec.encode(architectures))
        estimator, _ = train_estimator(
            mean, scores, schedule, seed=seed, std=std if sample else None, layers=layers
        )
        return cls(codec, vgae, estimator, tuple(normalised.columns))

    def embed(self, architectures: Sequence[Architecture]) -> Tensor:
        """Return the flat embeddings of B architectures, (B, D)."""
        return self.vgae.embed(*self.codec.encode(architectures))

    @torch.no_grad()
    def predict(self, architectures: Sequence[Architecture]) -> pd.DataFrame:
        """Predict the normalised proxies, a row an architecture."""
        scores = self.estimator(self.embed(architectures)).numpy().astype(float)
        return pd.DataFrame(scores, columns=list(self.proxies))

    def unified(self, weights: pd.Series, *, nearest: bool = False) -> "UnifiedEstimator":
        """Add weights; proxies that are not among them count nothing.

        Args:
            weights: Indexed by proxy.
            nearest: Whether embeddings decode to the likeliest architecture of the space, so that
                each decodes to one, rather than to the likeliest graphs of all.

        Raises:
            DataError: If a weighted proxy is not predicted.
        """
        unknown = [proxy for proxy in weights.index if proxy not in self.proxies]
        if unknown:
            raise DataError(
                f"no estimate of {', '.join(unknown)}; there are: {', '.join(self.proxies)}"
            )
        ordered = weights.reindex(list(self.proxies), fill_value=0.0)
        vector = torch.tensor(ordered.to_numpy(float), dtype=torch.float32)
        return UnifiedEstimator(self, vector, nearest)


@dataclass(frozen=True, slots=True)
class UnifiedEstimator:
    """The objective of the search: the estimator under fixed weights.

    Attributes:
        model: Predicts the proxies.
        weights: Of its M proxies, shape (M,).
        nearest: How embeddings decode, as in ``ProxyModel.unified``.
    """

    model: ProxyModel
    weights: Tensor
    nearest: bool = False

    def embed(self, architectures: Sequence[Architecture]) -> Tensor:
        """Return the flat embeddings of B architectures, (B, D)."""
        return self.model.embed(architectures)

    def objective(self, z: Tensor) -> Tensor:
        """Return F(Z) = sum_i lambda_i f_MLP(Z)_i (Eq. 5) of flat embeddings: (B, D) to (B,)."""
        return self.model.estimator(z) @ self.weights

    @torch.no_grad()
    def score(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Return the objective of B architectures at their embeddings, (B,)."""
        return self.objective(self.embed(architectures)).numpy().astype(float)

    @torch.no_grad()
    def graphs(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the graphs that flat embeddings decode to: adjacency and numbers of labels."""
        codec, vgae = self.model.codec, self.model.vgae
        if self.nearest:
            return codec.nearest(*vgae.decode(z.view(len(z), codec.graphs, codec.vertices, -1)))
        return vgae.reconstruct(z, codec.graphs)

    def decode(self, adjacency: np.ndarray, labels: np.ndarray) -> Architecture | None:
        """Return the architecture of one pair of ``graphs``, or None, as ``Codec.decode``."""
        return self.model.codec.decode(adjacency, labels)
