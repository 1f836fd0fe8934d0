"""Contrastive pre-training of the encoder on unlabelled graphs of several families.

Source: Han et al., "A General-Purpose Transferable Predictor for NAS", Section 4.2. The paper
states the loss and its temperatures; batch size, epochs and learning rate are ours. Many
experiments start from the same encoder, so that they are cached.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from tqdm import tqdm

from nasutils.cache import cached
from nasutils.errors import NasutilsError, UnknownNameError, lookup
from nasutils.files import atomic_write
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.common.spectrum import most_similar
from nasutils.methods.transferable.encoder import CLEncoder, GraphEncoderSettings, projection_head
from nasutils.methods.transferable.loss import SIMILAR, WEIGHTS, contrastive_loss
from nasutils.paths import cache_dir
from nasutils.settings import Count, CountOrZero, Positive, check_ranges
from nasutils.threads import deterministic_cpu

# Raised whenever the same recipe on the same graphs trains another encoder.
_VERSION = 1

#: What attracts a graph: all of its family (SupCon), or one similar graph alone (SimCLR).
FAMILY, PAIR = POSITIVES = ("family", "pair")


@dataclass(frozen=True, slots=True)
class ContrastiveRecipe:
    """How to pre-train.

    Raises:
        UnknownNameError: If there are no such positives or weights.
        NasutilsError: If pairs are asked for without picking any.
    """

    #: sizes of the encoder
    encoder: GraphEncoderSettings = field(default_factory=GraphEncoderSettings)
    epochs: Count = 10  #: passes over as many graphs as all families have together
    batch_size: Count = 192  #: graphs a step, evenly of each family
    learning_rate: Positive = 1e-3  #: of Adam
    #: one of ``POSITIVES``; with "pair" the loss does not know the families
    positives: str = FAMILY
    weights: str = SIMILAR  #: of the positives, one of ``loss.WEIGHTS``
    temperature: Positive = 0.1  #: of the agreement, tau
    weight_temperature: Positive = 0.05  #: temperature of the softmax over spectral distances
    #: The paper picks "a very similar graph from the training set" in place of augmenting one: half
    #: of a batch are picked at random among so many of the most similar to the other half, of the
    #: same family where the loss knows it. 0 leaves them out.
    near: CountOrZero = 10
    #: Padded nodes that are encoded at once. A larger batch is cut, and its parts are encoded once
    #: more for their gradients, which takes a third longer and little memory.
    chunk_nodes: Count = 65_536

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.positives not in POSITIVES:
            raise UnknownNameError("positives", self.positives, POSITIVES)
        lookup("weights of the positives", self.weights, WEIGHTS)
        if self.positives == PAIR and self.near < 1:
            raise NasutilsError("pairs need similar graphs to pick from: near is at least 1.")


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What pre-training gave, in evaluation mode and on the CPU."""

    encoder: CLEncoder  #: the encoder
    head: nn.Module  #: the projection head
    losses: np.ndarray  #: mean contrastive loss of each epoch, (epochs,)


class FamilyBatches:
    """Draws batches evenly from families of N graphs, however many each has.

    ``family`` numbers the family of each graph from 0, int of shape (N,); the recipe says how
    large batches are, and what positives and similar graphs.

    Raises:
        NasutilsError: If a family is too small for its share of a batch, or this is below two.
    """

    def __init__(
        self,
        graphs: GraphSet,
        family: np.ndarray,
        recipe: ContrastiveRecipe,
        rng: np.random.Generator,
    ) -> None:
        members = [np.flatnonzero(family == f) for f in range(family.max() + 1)]
        self._share = recipe.batch_size // len(members) // (2 if recipe.near else 1)
        smallest = min(map(len, members))
        if not 2 <= self._share <= smallest or recipe.near >= smallest:
            raise NasutilsError(
                f"a batch of {recipe.batch_size} draws {self._share} graphs of each of "
                f"{len(members)} families and {recipe.near} similar ones to choose from: "
                f"at least 2 are needed, and the smallest family has {smallest}."
            )
        self._family, self._pairs, self._rng = family, recipe.positives == PAIR, rng
        self._members, self._left = members, [rows[:0] for rows in members]
        self._near = np.empty((len(graphs), recipe.near), dtype=np.int64)
        if recipe.near:
            for rows in [np.arange(len(graphs))] if self._pairs else members:
                self._near[rows] = rows[most_similar(graphs.eigenvalues[rows], recipe.near)]

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of a batch and their classes, int of shape (B,) each.

        Families give a graph once a batch; pairs are the two halves, a class each.
        """
        rows = np.concatenate([self._deal(family) for family in range(len(self._members))])
        if self._near.size:
            which = self._rng.integers(self._near.shape[1], size=len(rows))
            rows = np.concatenate([rows, self._near[rows, which]])
        if self._pairs:
            return rows, np.arange(len(rows)) % (len(rows) // 2)
        rows = np.unique(rows)
        return rows, self._family[rows]

    def _deal(self, family: int) -> np.ndarray:
        """Return rows of a family in random order; when too few are left, all are shuffled."""
        if len(self._left[family]) < self._share:
            self._left[family] = self._rng.permutation(self._members[family])
        dealt, self._left[family] = np.split(self._left[family], [self._share])
        return dealt


def pretrained(
    families: Sequence[GraphSet],
    recipe: ContrastiveRecipe | None = None,
    *,
    seed: int,
    device: str = "cpu",
    progress: bool = False,
) -> Pretrained:
    """Return what ``pretrain`` returns, from the cache if it is there.

    Encoders of a CPU and of a GPU are kept apart.
    """
    recipe = recipe or ContrastiveRecipe()
    name = f"contrastive-{_key(families, recipe, seed, torch.device(device).type)}.pt"
    return cached(
        cache_dir() / "encoders" / name,
        load=partial(_load, recipe),
        make=lambda: pretrain(families, recipe, seed=seed, device=device, progress=progress),
        save=_save,
    )


def _key(families: Sequence[GraphSet], recipe: ContrastiveRecipe, seed: int, device: str) -> str:
    digest = hashlib.sha256(repr((_VERSION, recipe, seed, device)).encode())
    for graphs in families:
        for each in fields(graphs):
            array = np.ascontiguousarray(getattr(graphs, each.name))
            digest.update(repr((array.dtype.str, array.shape)).encode())
            digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def _load(recipe: ContrastiveRecipe, path: Path) -> Pretrained:
    state = torch.load(path, weights_only=True)
    model = _model(recipe)
    model.load_state_dict(state["model"])
    model.eval().requires_grad_(False)
    return Pretrained(*model, state["losses"].numpy())


def _save(found: Pretrained, path: Path) -> None:
    model = nn.ModuleList([found.encoder, found.head])
    state = {"model": model.state_dict(), "losses": torch.from_numpy(found.losses)}
    with atomic_write(path) as part, part.open("wb") as file:
        torch.save(state, file)


def pretrain(
    families: Sequence[GraphSet],
    recipe: ContrastiveRecipe | None = None,
    *,
    seed: int,
    device: str = "cpu",
    progress: bool = False,
) -> Pretrained:
    """Train an encoder on unlabelled graphs of families, the target's too.

    It takes one thread of the CPU, where the seed of the weights, batches and signs determines
    the result; or a GPU, where sums of messages have no fixed order.

    Raises:
        NasutilsError: If a family is too small for the batches.
    """
    recipe = recipe or ContrastiveRecipe()
    graphs = GraphSet.concatenate(families)
    family = np.repeat(np.arange(len(families)), [len(graphs) for graphs in families])
    batches = FamilyBatches(graphs, family, recipe, np.random.default_rng(seed))
    with deterministic_cpu(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _model(recipe).to(device)
        losses = _train(model, graphs, batches, recipe, seed, progress)
    model.cpu().eval().requires_grad_(False)
    return Pretrained(*model, losses)


def _model(recipe: ContrastiveRecipe) -> nn.ModuleList:
    encoder = CLEncoder(recipe.encoder)
    return nn.ModuleList([encoder, projection_head(encoder.embedding)])


def _train(
    model: nn.ModuleList,
    graphs: GraphSet,
    batches: FamilyBatches,
    recipe: ContrastiveRecipe,
    seed: int,
    progress: bool,
) -> np.ndarray:
    device = next(model.parameters()).device
    eigenvalues = torch.from_numpy(graphs.eigenvalues).to(device)
    signs = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    steps = -(-len(graphs) // recipe.batch_size)
    losses = torch.zeros(recipe.epochs, device=device)
    bar = tqdm(range(recipe.epochs * steps), "contrastive", unit="step", disable=not progress)
    for step in bar:
        rows, classes = batches.draw()
        loss = contrastive_loss(
            _project(model, graphs, rows, recipe.chunk_nodes, signs),
            eigenvalues[torch.from_numpy(rows)],
            torch.from_numpy(classes).to(device),
            weights=recipe.weights,
            temperature=recipe.temperature,
            weight_temperature=recipe.weight_temperature,
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses[step // steps] += loss.detach() / steps
    return losses.cpu().numpy()


def _project(
    model: nn.ModuleList,
    graphs: GraphSet,
    rows: np.ndarray,
    chunk_nodes: int,
    signs: torch.Generator,
) -> Tensor:
    """Return the projections of a batch of graphs, (B, 64), part by part."""
    encoder, head = model
    device = next(model.parameters()).device
    parts = graphs.split(rows, chunk_nodes)
    # What a part computes inside is kept for its gradient only if there is no other part.
    embed = partial(checkpoint, encoder, use_reentrant=False) if len(parts) > 1 else encoder
    batches = (graphs.batch(rows[part]).with_random_signs(signs) for part in parts)
    found = [embed(batch.to(device)) for batch in batches]
    order = torch.from_numpy(np.argsort(np.concatenate(parts))).to(device)
    return head(torch.cat(found)[order])
