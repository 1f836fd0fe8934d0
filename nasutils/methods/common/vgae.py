"""The architecture auto-encoder: a variational graph isomorphism auto-encoder.

Source: Yan et al., "Does Unsupervised Architecture Representation Learning Help Neural Architecture
Search?" (arch2vec), NeurIPS 2020, https://arxiv.org/abs/2006.06936, which UP-NAS adopts (Section
3.2). The sizes are arch2vec's; UP-NAS states only the embedding's, 128 and 352.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.methods.common.flat_parameters import Schedule, train_flat
from nasutils.settings import Count, NonNegative, Positive, PositiveOrInfinite, ShareBelowOne
from nasutils.threads import deterministic_cpu


class GINLayer(nn.Module):
    """One layer of a graph isomorphism network: x_i <- ReLU BN MLP((1 + eps) x_i + sum_j x_j).

    The sum runs over the neighbours of vertex i. Source: Xu et al., "How Powerful are Graph Neural
    Networks?", ICLR 2019, Eq. 4.1, with a learned eps.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(()))
        self.mlp = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
        )

    def forward(self, adjacency: Tensor, x: Tensor) -> Tensor:
        """Pass messages once: symmetric adjacency (B, N, N) and features (B, N, F) to (B, N, H)."""
        # The vertex itself as a weighted loop: one product of small matrices, no sum of large ones.
        loops = (1 + self.eps) * torch.eye(adjacency.shape[-1], device=x.device)
        summed = (adjacency + loops) @ x
        return self.mlp(summed.flatten(0, 1)).unflatten(0, x.shape[:2])


class VGAE(nn.Module):
    """Encoder and decoder of architectures, with L = ``layers`` GIN layers of width H = ``hidden``.

    From K = ``labels`` labels of a vertex to F = ``latent`` dimensions, and back; in training the
    decoder does not see a share of the embedding, the dropout.
    """

    def __init__(
        self,
        labels: int,
        *,
        hidden: int = 128,
        latent: int = 16,
        layers: int = 4,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        widths = [labels, *[hidden] * layers]
        self.layers = nn.ModuleList(GINLayer(*pair) for pair in pairwise(widths))
        self.mean = nn.Linear(hidden, latent)
        self.log_std = nn.Linear(hidden, latent)
        self.ops = nn.Linear(latent, labels)
        self.dropout = nn.Dropout(dropout)

    def encode(self, adjacency: Tensor, ops: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log standard deviation of q(Z | A, X), both of shape (B, G, N, F).

        Adjacencies (B, G, N, N) are upper triangular, labels (B, G, N, K) one-hot.
        """
        x = ops.flatten(0, 1)  # (B * G, N, K)
        neighbours = (adjacency + adjacency.mT).flatten(0, 1)
        for layer in self.layers:
            x = layer(neighbours, x)
        x = x.unflatten(0, ops.shape[:2])
        return self.mean(x), self.log_std(x)

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of adjacency, z_i . z_j, and of labels, W_o z_i + b_o (Section 3.2).

        From embeddings (B, G, N, F) to symmetric (B, G, N, N) and to (B, G, N, K).
        """
        z = self.dropout(z)
        return z @ z.mT, self.ops(z)

    def forward(self, adjacency: Tensor, ops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Encode, sample and decode: adjacency logits, label logits, mean, log std."""
        mean, log_std = self.encode(adjacency, ops)
        z = mean + log_std.exp() * torch.randn_like(mean)
        return *self.decode(z), mean, log_std

    @torch.no_grad()
    def posterior(
        self, adjacency: Tensor, ops: Tensor, batch_size: int = 1024
    ) -> tuple[Tensor, Tensor]:
        """Return flattened mean and standard deviation of q, (B, G * N * F), in evaluation mode.

        Arguments as of ``encode``; so many architectures are encoded at once.
        """
        self.eval()
        batches = zip(adjacency.split(batch_size), ops.split(batch_size), strict=True)
        means, log_stds = zip(*(self.encode(*batch) for batch in batches), strict=True)
        return torch.cat(means).flatten(1), torch.cat(log_stds).exp().flatten(1)

    def embed(self, adjacency: Tensor, ops: Tensor) -> Tensor:
        """Return the embedding of architectures, the flattened mean of q: (B, G * N * F)."""
        return self.posterior(adjacency, ops)[0]

    @torch.no_grad()
    def reconstruct(self, z: Tensor, graphs: int) -> tuple[Tensor, Tensor]:
        """Return the most likely graphs of flat embeddings (B, G * N * F), in evaluation mode.

        Adjacencies (B, G, N, N) are upper triangular, one where the probability exceeds one half;
        labels (B, G, N) the numbers of the likeliest.
        """
        self.eval()
        adjacency, ops = self.decode(z.view(len(z), graphs, -1, self.mean.out_features))
        return (adjacency > 0).float().triu(1), ops.argmax(-1)


def vgae_loss(
    adjacency_logits: Tensor,
    ops_logits: Tensor,
    mean: Tensor,
    log_std: Tensor,
    adjacency: Tensor,
    ops: Tensor,
    kl_weight: float,
) -> Tensor:
    """Return the negative variational lower bound (Eq. 2), divided by the number of vertices.

    Per vertex: the cross-entropy of its label, the binary cross-entropies of its pairs with later
    vertices, and the weighted KL divergence of its embedding from N(0, I); Eq. 2 weighs it by 1.
    The first four are what the network returns, adjacency (B, G, N, N), upper triangular, and
    one-hot labels (B, G, N, K) what it was given.
    """
    later = torch.ones_like(adjacency[0]).triu(1)
    pairs = F.binary_cross_entropy_with_logits(
        adjacency_logits, adjacency, weight=later, reduction="sum"
    )
    edges = pairs / mean[..., 0].numel()
    labels = F.cross_entropy(ops_logits.flatten(0, 2), ops.argmax(-1).flatten())
    divergence = (mean**2 + (2 * log_std).exp() - 2 * log_std - 1).sum(-1).mean() / 2
    return edges + labels + kl_weight * divergence


@dataclass(frozen=True)
class VGAESchedule(Schedule):
    """How to train the auto-encoder: arch2vec's settings but for the KL weight."""

    epochs: Count = 10
    batch_size: Count = 32
    learning_rate: Positive = 1e-3
    max_grad_norm: PositiveOrInfinite = 5.0
    #: Of the divergence in the loss. Eq. 2 has 1, arch2vec divides by the vertices of a batch, here
    #: 1/256; ours, between the two, leaves less room between the embeddings.
    kl_weight: NonNegative = 0.02
    #: share of the embedding that the decoder does not see in training
    dropout: ShareBelowOne = 0.3


#: A DARTS cell has an adjacency of its own, which takes longer to learn than labels alone. arch2vec
#: shows its network 600,000 cells; ours sees fewer, without dropout, which blurs the adjacency.
VGAE_SCHEDULES = {
    "nasbench201": VGAESchedule(),
    "darts": VGAESchedule(epochs=13, learning_rate=3e-3, cosine=True, dropout=0.0),
}


@deterministic_cpu()
def train_vgae(
    adjacency: Tensor,
    ops: Tensor,
    *,
    seed: int,
    schedule: VGAESchedule | None = None,
    progress: bool = False,
) -> tuple[VGAE, list[float]]:
    """Train an auto-encoder on architectures as of ``VGAE.encode``, by default as arch2vec does.

    The seed is that of the weights, batches, samples and dropout.

    Returns:
        The auto-encoder in evaluation mode, and the mean loss of each epoch.

    Raises:
        NasutilsError: If there are fewer architectures than a batch has.
    """
    schedule = schedule or VGAESchedule()
    with torch.random.fork_rng(devices=[ops.device] if ops.is_cuda else []):
        torch.manual_seed(seed)
        vgae = VGAE(ops.shape[-1], dropout=schedule.dropout).to(ops.device)
        losses = train_flat(
            vgae,
            lambda order: (adjacency[order], ops[order]),
            lambda a, x: vgae_loss(*vgae(a, x), a, x, schedule.kl_weight),
            len(ops),
            schedule,
            progress="VGAE" * progress,
        )
    return vgae.eval(), losses
