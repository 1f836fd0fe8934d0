"""The graph variational auto-encoder of cells (G-VAE), with triplet margin and proxy predictor.

Source: Section 3.1, Eqs. 4 and 5, Appendix A and Table 6. Published sizes: four graph convolutions
of width 512, 256 latent dimensions, a predictor of one hidden layer, and (as the authors' code has
it) decoders of one hidden layer of 256 that give all edges and operations at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.errors import NasutilsError
from nasutils.methods.generative.cell_tensors import CHOICES, EMPTY, PAIRS, CellTensors
from nasutils.methods.generative.clusters import Clusters
from nasutils.methods.generative.model import GenerativeModel, Schedule
from nasutils.spaces.graphnet import MAX_OPS, MAX_VERTICES, OPS, GraphNetCell, kind_and_kernel

PUBLISHED = Schedule(
    steps=500_000, batch_size=64, learning_rate=3.5e-4, weight_decay=5e-4, cosine=True
)

_KINDS = tuple(dict.fromkeys(kind_and_kernel(op)[0] for op in OPS))
_NODES = MAX_VERTICES + 1  # the last one is joined to all others
_GLOBAL = MAX_VERTICES


@dataclass(frozen=True)
class Weights:
    """What the terms of Eqs. 4 and 5 count for, beside the reconstruction, in nats a cell.

    Attributes:
        kl: Of the divergence; Eq. 4 has 1, under which the paper's decoder would be no use.
        triplet: Of the triplet margin; 0 is the paper's naive training.
        predictor: Of the predictor's squared error.
        margin: The m of Eq. 5.
        reach: A positive lies within this distance of its anchor, in scaled proxy vectors.
    """

    kl: float = 0.02
    triplet: float = 1.0
    predictor: float = 1.0
    margin: float = 0.1
    reach: float = 1.0


def _features() -> Tensor:
    """Return the one-hot type and kernel of operations, (29, 10 + 3); zeros where empty."""
    rows = torch.zeros(CHOICES, len(_KINDS) + 3)
    for number, op in enumerate(OPS):
        kind, kernel = kind_and_kernel(op)
        rows[number, _KINDS.index(kind)] = 1
        rows[number, len(_KINDS) + kernel // 2] = 1
    return rows


class GVAE(GenerativeModel):
    """Encoder, decoder and predictor of GraphNet cells.

    The features of a vertex are its type, its kernel and its slot. Graphs are read undirected, with
    loops, as by Kipf and Welling (2017): since edges lead to later slots, nothing is lost.

    Args:
        conditions: Proxies that are predicted, C.
        hidden: Width of the graph convolutions.
        latent: Dimensions of a latent cell, D; also the width of decoders and predictor.
        layers: Graph convolutions.
    """

    def __init__(
        self, conditions: int = 4, *, hidden: int = 512, latent: int = 256, layers: int = 4
    ) -> None:
        super().__init__(conditions=conditions, hidden=hidden, latent=latent, layers=layers)
        self.register_buffer("op_features", _features(), persistent=False)
        self.embedding = nn.Linear(self.op_features.shape[1] + _NODES, hidden)
        self.convolutions = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(layers))
        self.posterior = nn.Linear(_NODES * hidden, 2 * latent)
        self.edge_decoder = _mlp(latent, PAIRS.shape[1])
        self.op_decoder = _mlp(latent, MAX_OPS * CHOICES)
        self.predictor = _mlp(latent, conditions)

    def encode(self, edges: Tensor, ops: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of p(f | x), both (B, D).

        Args:
            edges: Of shape (B, 28), zeros and ones.
            ops: Of shape (B, 6), numbers.
        """
        batch = len(ops)
        x = self.posterior.weight.new_zeros(batch, _NODES, self.embedding.in_features)
        x[:, 1 : MAX_OPS + 1, : self.op_features.shape[1]] = self.op_features[ops.long()]
        x[:, :, self.op_features.shape[1] :] = torch.eye(_NODES, device=x.device)
        joined = self._normalised(edges, ops).to(x)
        x = self.embedding(x)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = x + norm(convolution(joined @ x)).relu()
        return self.posterior(x.flatten(1)).chunk(2, 1)

    def _normalised(self, edges: Tensor, ops: Tensor) -> Tensor:
        """Return D^-1/2 (A + I) D^-1/2, (B, 9, 9)."""
        joined = torch.zeros(len(ops), _NODES, _NODES, device=ops.device)
        joined[:, PAIRS[0], PAIRS[1]] = edges.float()
        present = torch.ones(len(ops), MAX_VERTICES, device=ops.device)
        present[:, 1 : MAX_OPS + 1] = (ops != EMPTY).float()
        joined[:, :_GLOBAL, _GLOBAL] = present
        joined = joined + joined.mT + torch.eye(_NODES, device=ops.device)
        scale = joined.sum(-1).rsqrt()
        return scale.unsqueeze(-1) * joined * scale.unsqueeze(-2)

    def logits(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the edges, (B, 28), and of the operations, (B, 6, 29), from z (B, D)."""
        return self.edge_decoder(z), self.op_decoder(z).unflatten(1, (MAX_OPS, CHOICES))

    @torch.no_grad()
    def decode(self, z: Tensor, *, nearest: bool = False) -> list[GraphNetCell | None]:
        """Return the likeliest cells of latents (B, D).

        Args:
            z: Latents.
            nearest: Whether to take the likeliest valid cell, where the likeliest edges and
                operations are none, which otherwise gives None.

        Raises:
            NasutilsError: If the network is untrained, or on another shape.
        """
        self.check_trained()
        if z.ndim != 2 or z.shape[1] != self.sizes["latent"]:
            raise NasutilsError(
                f"latent cells have shape (B, {self.sizes['latent']}), not {tuple(z.shape)}."
            )
        edges, ops = (logits.cpu() for logits in self.logits(z))
        if nearest:
            return CellTensors.nearest(edges, ops).decode()
        return CellTensors((edges > 0).byte(), ops.argmax(-1).byte()).decode()

    @torch.no_grad()
    def embed(self, cells: Sequence[GraphNetCell] | CellTensors, batch_size: int = 1024) -> Tensor:
        """Return the latents of N cells, the means of p(f | x): (N, D)."""
        self.check_trained()
        if not isinstance(cells, CellTensors):
            cells = CellTensors.of(cells)
        batches = zip(cells.edges.split(batch_size), cells.ops.split(batch_size), strict=True)
        return torch.cat([self.encode(*batch)[0] for batch in batches])

    @torch.no_grad()
    def predict(self, z: Tensor) -> Tensor:
        """Return the predicted scaled proxy vectors of latents: (B, D) to (B, C)."""
        return self.predictor(z)

    def losses(
        self,
        unlabelled: CellTensors,
        labelled: CellTensors,
        vectors: Tensor,
        generator: torch.Generator | None = None,
        weights: Weights = Weights(),
    ) -> dict[str, Tensor]:
        """Return the terms of Eqs. 4 and 5, weighted, for a batch.

        Args:
            unlabelled: B cells.
            labelled: L cells, which are reconstructed too.
            vectors: Their scaled proxy vectors, (L, C).
            generator: Of the noise.
            weights: Of the terms.
        """
        edges = torch.cat([labelled.edges, unlabelled.edges])
        ops = torch.cat([labelled.ops, unlabelled.ops])
        mean, log_variance = self.encode(edges, ops)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        z = mean + (log_variance / 2).exp() * noise
        edge_logits, op_logits = self.logits(z)
        joined = F.binary_cross_entropy_with_logits(edge_logits, edges.float(), reduction="sum")
        chosen = F.cross_entropy(op_logits.flatten(0, 1), ops.flatten().long(), reduction="sum")
        divergence = (mean**2 + log_variance.exp() - log_variance - 1).sum() / 2
        terms = {"edges": joined, "ops": chosen, "kl": weights.kl * divergence}
        terms = {name: term / len(ops) for name, term in terms.items()}
        if known := len(labelled):
            error = F.mse_loss(self.predictor(z[:known]), vectors)
            terms["triplet"] = weights.triplet * triplet_margin(mean[:known], vectors, weights)
            terms["predictor"] = weights.predictor * error
        return terms


def _mlp(width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs))


def triplet_margin(z: Tensor, vectors: Tensor, weights: Weights) -> Tensor:
    """Return the triplet term of Eq. 5, a mean over anchors.

    d is the mean absolute difference of latents. An anchor's positive is the nearest other cell by
    proxy vector, if that is within reach; its negative the farthest (as in the authors' code).

    Args:
        z: Latents of shape (L, D).
        vectors: Scaled proxy vectors of shape (L, C).
        weights: Margin and reach.
    """
    if len(z) < 3:
        return z.sum() * 0
    apart = torch.cdist(vectors, vectors)
    near, positive = apart.clone().fill_diagonal_(torch.inf).min(1)
    distance = torch.cdist(z, z, p=1) / z.shape[1]
    anchor = torch.arange(len(z), device=z.device)
    closer, farther = distance[anchor, positive], distance[anchor, apart.argmax(1)]
    excess = (closer**2 - farther**2 + weights.margin).relu()
    within = near <= weights.reach
    return (excess * within).sum() / within.sum().clamp(min=1)


def batch_losses(
    model: GVAE,
    unlabelled: CellTensors,
    labelled: CellTensors,
    vectors: Tensor,
    schedule: Schedule,
    weights: Weights = Weights(),
) -> Callable[[torch.Generator], dict[str, Tensor]]:
    """Return the losses of a random batch of each kind, as ``train`` asks for them.

    There may be no labelled cells; then it is the paper's naive training.
    """

    def losses(generator: torch.Generator) -> dict[str, Tensor]:
        size = (schedule.batch_size,)
        some = torch.randint(len(unlabelled), size, generator=generator)
        known = torch.arange(0)
        if len(labelled):
            known = torch.randint(len(labelled), size, generator=generator)
        batch = unlabelled[some], labelled[known], vectors[known]
        return model.losses(*batch, generator, weights)

    return losses


def reconstruction(model: GVAE, cells: Sequence[GraphNetCell]) -> dict[str, float]:
    """Return the shares of cells whose latents decode exactly, and to any valid cell."""
    decoded = model.decode(model.embed(cells))
    exact = [a is not None and a == b.canonical() for a, b in zip(decoded, cells, strict=True)]
    return {"exact": float(np.mean(exact)), "valid": validity(decoded)}


def validity(decoded: Sequence[GraphNetCell | None]) -> float:
    """Return the share of decoded latents that are cells."""
    return float(np.mean([cell is not None for cell in decoded]))


def shared_clusters(
    z: Tensor, clusters: np.ndarray, queries: slice = slice(None), neighbours: int = 10
) -> float:
    """Return how often a cell's nearest latents (L1) are of its own cluster.

    Args:
        z: Latents of shape (N, D).
        clusters: Of shape (N,).
        queries: The cells that are asked, whose neighbours may be any.
        neighbours: Nearest ones that are looked at.

    Raises:
        NasutilsError: If there are no more than so many cells.
    """
    if len(z) <= neighbours:
        raise NasutilsError(f"{len(z)} cells have no {neighbours} neighbours each.")
    # The nearest of all is the cell itself.
    nearest = torch.cdist(z[queries], z, p=1).topk(neighbours + 1, largest=False).indices[:, 1:]
    return float((clusters[nearest.numpy()] == clusters[queries, None]).mean())


def distance_correlation(z: Tensor, vectors: np.ndarray, queries: slice = slice(None)) -> float:
    """Return Spearman's correlation of latent (L1) and proxy (L1) distances.

    Over all pairs of one of the queries with any other cell.
    """
    scaled = torch.as_tensor(vectors)
    numbers = torch.arange(len(z))
    pairs = numbers[queries, None] != numbers
    latent, proxies = (torch.cdist(x[queries], x, p=1)[pairs] for x in (z, scaled))
    return float(spearmanr(latent.numpy(), proxies.numpy()).statistic)


def latent_structure(
    model: GVAE,
    cells: Sequence[GraphNetCell],
    vectors: np.ndarray,
    clusters: Clusters,
    queries: slice = slice(None),
) -> dict[str, float]:
    """Return what Figure 2 shows, as numbers: shared clusters and the correlation of distances."""
    z = model.embed(cells)
    return {
        "shared cluster": shared_clusters(z, clusters.assign(vectors), queries),
        "correlation": distance_correlation(z, vectors, queries),
    }
