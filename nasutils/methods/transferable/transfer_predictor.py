"""A predictor that is carried from source benchmarks to a target, and what it is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import numpy as np
import torch

from nasutils.methods.common.architecture_graphs import Labelled
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.encoder import CLEncoder, Encoder
from nasutils.methods.transferable.graph_predictor import (
    FIT_RECIPES,
    FitRecipe,
    GraphPredictor,
    embed,
    fit,
    fit_head,
    gnn_baseline,
    predict_from,
)
from nasutils.methods.transferable.pretraining import ContrastiveRecipe, pretrained

_REMEMBERED = 64  # sets of graphs whose embeddings a frozen encoder keeps

#: From N graphs to their embeddings, (N, m).
Embed = Callable[[GraphSet], np.ndarray]


@dataclass(frozen=True, slots=True)
class TransferRecipe:
    """How a transfer predictor is made.

    Attributes:
        contrastive: How the encoder is pre-trained; its weights stay as drawn where None.
        gnn: Layers, width and activation of the baseline, in the place of the contrastive encoder.
        whole: Whether labels train the encoder, too; the paper's trains the head alone.
        source: How it learns the sources' labels.
        fine_tune: How it learns the target's.
        members: Predictors, from different weights, whose predictions are averaged.
        beside: Another recipe, whose predictions are averaged with this one's.
    """

    contrastive: ContrastiveRecipe | None = None
    gnn: tuple[int, int, str] | None = None
    whole: bool = False
    source: FitRecipe = FIT_RECIPES["source"]
    fine_tune: FitRecipe = FIT_RECIPES["fine_tune"]
    members: int = 1
    beside: "TransferRecipe | None" = None


def frozen(encoder: Encoder) -> Embed:
    """Return what embeds each set of graphs once, by weights that do not change any more."""
    # A set is equal to itself alone, and the cache keeps it alive: no other takes its place.
    return lru_cache(maxsize=_REMEMBERED)(partial(embed, encoder))


@dataclass(frozen=True, slots=True, eq=False)
class TransferPredictor:
    """A predictor between two labelled sets; fitting makes another, and this one stays as it is.

    Attributes:
        recipe: How it was made.
        members: Predictors whose mean it is.
        embed: By the encoder, where labels do not train it; all members and successors share it.
        beside: The predictor of the recipe beside it, which is fitted to the same labels.
    """

    recipe: TransferRecipe
    members: list[GraphPredictor] = field(repr=False)
    embed: Embed | None = field(repr=False, default=None)
    beside: "TransferPredictor | None" = None

    @property
    def encoder(self) -> Encoder:
        """The encoder of the first member."""
        return self.members[0].encoder

    def fit_sources(self, labelled: Sequence[Labelled], seed: int) -> "TransferPredictor":
        """Return a predictor that has trained on graphs and labels, (n,), of each source benchmark.

        Raises:
            NasutilsError: If labels do not fit, are not finite or all alike.
        """
        beside = self.beside and self.beside.fit_sources(labelled, seed)
        return replace(self, members=self._fit(labelled, self.recipe.source, seed), beside=beside)

    def fine_tune(self, labelled: Labelled, seed: int) -> "TransferPredictor":
        """Return a predictor that has trained on few labels of the target; as ``fit_sources``."""
        beside = self.beside and self.beside.fine_tune(labelled, seed)
        members = self._fit([labelled], self.recipe.fine_tune, seed)
        return replace(self, members=members, beside=beside)

    def _fit(
        self, labelled: Sequence[Labelled], recipe: FitRecipe, seed: int
    ) -> list[GraphPredictor]:
        """Return the members, trained; each sees the labels in another order."""
        members = [(each, seed + 1000 * number) for number, each in enumerate(self.members)]
        if self.embed is None:
            return [fit(each, labelled, recipe, seed=order)[0] for each, order in members]
        embedded = [(self.embed(graphs), labels) for graphs, labels in labelled]
        return [
            GraphPredictor(each.encoder, fit_head(each.head, embedded, recipe, seed=order)[0])
            for each, order in members
        ]

    def predict(self, graphs: GraphSet) -> np.ndarray:
        """Predict accuracies, on the scale that labels were brought to; (N,)."""
        if self.embed is None:
            found = [predictor.predict(graphs) for predictor in self.members]
        else:
            found = [predict_from(each.head, self.embed(graphs)) for each in self.members]
        own = np.mean(found, axis=0)
        return (own + self.beside.predict(graphs)) / 2 if self.beside else own


def pretrained_predictor(
    recipe: TransferRecipe,
    unlabelled: Callable[[], Sequence[GraphSet]],
    *,
    seed: int,
    epochs: int | None = None,
    device: str = "cpu",
    progress: bool = False,
) -> TransferPredictor:
    """Return a predictor that has seen graphs of families, but no label; raises as ``pretrain``.

    Contrastive training, for other epochs than the recipe's where they are given, asks for the
    graphs. The seed is that of weights and batches; it learns and predicts on the device.
    """
    members = []
    for number in range(recipe.members):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1000 * number)
            made = gnn_baseline(*recipe.gnn) if recipe.gnn else GraphPredictor(CLEncoder())
            members.append(made)
    options = {"seed": seed, "device": device, "progress": progress}
    if contrastive := recipe.contrastive:
        contrastive = replace(contrastive, epochs=epochs or contrastive.epochs)
        encoder = pretrained(unlabelled(), contrastive, **options).encoder
        members = [GraphPredictor(encoder, each.head) for each in members]
    members = [each.to(device) for each in members]
    embedding = None if recipe.whole else frozen(members[0].encoder)
    options["epochs"] = epochs
    beside = recipe.beside and pretrained_predictor(recipe.beside, unlabelled, **options)
    return TransferPredictor(recipe, members, embedding, beside)
