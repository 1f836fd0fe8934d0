"""The methods of the chapter's tables, by name, and how each is carried to a target."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import ArrayLike

from nasutils.errors import UnknownNameError
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.encoder import CLEncoder, Encoder, EncoderSettings
from nasutils.methods.transferable.predictor import (
    FIT_RECIPES,
    FitRecipe,
    Predictor,
    embed,
    fit,
    fit_head,
    gnn_baseline,
    predict_from,
)
from nasutils.methods.transferable.pretrained_cache import pretrained
from nasutils.methods.transferable.pretraining import PAIR, ContrastiveRecipe
from nasutils.metrics import spearman

Labelled = tuple[GraphSet, ArrayLike]

_REMEMBERED = 64  # sets of graphs whose embeddings a frozen encoder keeps


@dataclass(frozen=True, slots=True)
class Method:
    """A row of the tables.

    Attributes:
        contrastive: How the encoder is pre-trained; its weights stay as drawn where None.
        gnn: Layers, width and activation of the baseline, in the place of the contrastive encoder.
        whole: Whether labels train the encoder, too; the paper's trains the head alone.
        source: How it learns the sources' labels.
        fine_tune: How it learns the target's.
        members: Predictors, from different weights, whose predictions are averaged.
        beside: Another method, whose predictions are averaged with this one's.
    """

    contrastive: ContrastiveRecipe | None = None
    gnn: tuple[int, int, str] | None = None
    whole: bool = False
    source: FitRecipe = FIT_RECIPES["source"]
    fine_tune: FitRecipe = FIT_RECIPES["fine_tune"]
    members: int = 1
    beside: str = ""


_FAST = FitRecipe(epochs=100, learning_rate=1e-3)
_SHARP = ContrastiveRecipe(sharpness=0.005)
_ONE_GNN = Method(
    gnn=(4, 128, "relu"),
    whole=True,
    source=FitRecipe(epochs=10, learning_rate=1e-3, labels="normal_score"),
    fine_tune=FitRecipe(epochs=100, learning_rate=1e-3, labels="normal_score"),
)


def _branch(**layers: int) -> Method:
    return Method(ContrastiveRecipe(encoder=EncoderSettings(**layers)))


METHODS: dict[str, Method] = {
    "CL-fine-tune": Method(ContrastiveRecipe()),
    "GNN-fine-tune": Method(gnn=(6, 32, "tanh"), whole=True),
    "Untrained encoder": Method(),
    "CL, uniform weights": Method(ContrastiveRecipe(weights="uniform")),
    "CL, weights at .005": Method(_SHARP),
    "CL, pairs for families": Method(ContrastiveRecipe(positives=PAIR)),
    "CL, none picked": Method(ContrastiveRecipe(near=0)),
    "CL, message passing alone": _branch(transformer_layers=0),
    "CL, attention alone": _branch(gnn_layers=0),
    "CL, rate 1e-3": Method(ContrastiveRecipe(), fine_tune=_FAST),
    "Untrained encoder, rate 1e-3": Method(fine_tune=_FAST),
    "One GNN": _ONE_GNN,
    "Ours": Method(
        _SHARP,
        source=FitRecipe(labels="normal_score"),
        fine_tune=replace(_FAST, labels="normal_score"),
        members=5,
    ),
    "Ours + GNN": replace(_ONE_GNN, beside="Ours"),
}


class _Memory:
    """A frozen encoder that embeds each set of graphs once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._seen: OrderedDict[int, tuple[GraphSet, np.ndarray]] = OrderedDict()

    def __call__(self, graphs: GraphSet) -> np.ndarray:
        key = id(graphs)
        if key not in self._seen:
            self._seen[key] = graphs, embed(self._encoder, graphs)
        self._seen.move_to_end(key)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return self._seen[key][1]


@dataclass(frozen=True, slots=True, eq=False)
class Learner:
    """A method between two lessons; lessons make another, and this one stays as it is.

    Attributes:
        method: What it is.
        predictors: Its members.
        memory: Of a frozen encoder, which all its members and successors share.
        beside: A learner of the method beside it, who hears the same lessons.
    """

    method: Method
    predictors: list[Predictor]
    memory: _Memory | None = field(repr=False, default=None)
    beside: "Learner | None" = None

    def learn_sources(self, lessons: Sequence[Labelled], seed: int) -> "Learner":
        """Return a learner that has trained on the labels of other families.

        Args:
            lessons: Of each family n graphs and their labels, (n,).
            seed: Of the order of the labels.

        Raises:
            NasutilsError: If labels do not fit, are not finite or all alike.
        """
        beside = self.beside and self.beside.learn_sources(lessons, seed)
        return self._taught(lessons, self.method.source, seed, beside)

    def fine_tune(self, lesson: Labelled, seed: int) -> "Learner":
        """Return a learner that has trained on few labels of the target.

        Args:
            lesson: n graphs and their labels, (n,).
            seed: Of the order of the labels.

        Raises:
            NasutilsError: As ``learn_sources``.
        """
        beside = self.beside and self.beside.fine_tune(lesson, seed)
        return self._taught([lesson], self.method.fine_tune, seed, beside)

    def _taught(
        self, lessons: Sequence[Labelled], recipe: FitRecipe, seed: int, beside: "Learner | None"
    ) -> "Learner":
        members = [
            self._member(predictor, lessons, recipe, seed + 1000 * number)
            for number, predictor in enumerate(self.predictors)
        ]
        return replace(self, predictors=members, beside=beside)

    def _member(
        self, predictor: Predictor, lessons: Sequence[Labelled], recipe: FitRecipe, seed: int
    ) -> Predictor:
        if self.memory is None:
            return fit(predictor, lessons, recipe, seed=seed)[0]
        embedded = [(self.memory(graphs), labels) for graphs, labels in lessons]
        head, _ = fit_head(predictor.head, embedded, recipe, seed=seed)
        return Predictor(predictor.encoder, head)

    def predict(self, graphs: GraphSet) -> np.ndarray:
        """Predict accuracies, on the scale that labels were brought to; (N,)."""
        if self.memory is None:
            found = [predictor.predict(graphs) for predictor in self.predictors]
        else:
            x = self.memory(graphs)
            found = [predict_from(predictor.head, x) for predictor in self.predictors]
        own = np.mean(found, axis=0)
        return (own + self.beside.predict(graphs)) / 2 if self.beside else own


def beginner(
    name: str,
    unlabelled: Sequence[GraphSet],
    *,
    seed: int,
    epochs: int | None = None,
    device: str = "cpu",
    progress: bool = False,
) -> Learner:
    """Return a method that has seen graphs, but no label.

    Args:
        name: One of ``METHODS``.
        unlabelled: The graphs of each family, for the contrastive ones.
        seed: Of weights and batches.
        epochs: Of contrastive training, where not the recipe's.
        device: Where it learns and predicts.
        progress: Whether to draw a bar.

    Raises:
        UnknownNameError: If there is no such method.
        NasutilsError: As ``pretrain``.
    """
    if name not in METHODS:
        raise UnknownNameError("method", name, METHODS)
    method = METHODS[name]
    predictors = []
    for number in range(method.members):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1000 * number)
            predictors.append(gnn_baseline(*method.gnn) if method.gnn else Predictor(CLEncoder()))
    if method.contrastive:
        recipe = method.contrastive
        recipe = recipe if epochs is None else replace(recipe, epochs=epochs)
        found = pretrained(unlabelled, recipe, seed=seed, device=device, progress=progress)
        predictors = [Predictor(found.encoder, each.head) for each in predictors]
    predictors = [each.to(device) for each in predictors]
    memory = None if method.whole else _Memory(predictors[0].encoder)
    options = {"seed": seed, "epochs": epochs, "device": device, "progress": progress}
    beside = beginner(method.beside, unlabelled, **options) if method.beside else None
    return Learner(method, predictors, memory, beside)


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """A method carried to a target family of N graphs.

    Attributes:
        zero_shot: Predictions without any label of the target, (N,); None without sources.
        fine_tuned: Predictions after each draw of labels, (R, N).
        learners: The R learners.
    """

    zero_shot: np.ndarray | None
    fine_tuned: np.ndarray
    learners: list[Learner] = field(repr=False)


def transfer(
    learner: Learner,
    sources: Sequence[Labelled],
    target: Labelled,
    draws: Sequence[np.ndarray],
    *,
    seed: int,
) -> Transfer:
    """Teach a beginner the sources, then a few labels of the target, once a draw.

    Args:
        learner: What ``beginner`` returns, or one that has learnt the sources already.
        sources: Graphs and labels of each source family; none to go without them.
        target: Graphs and labels of the target, (N,).
        draws: The rows of the target that are labelled, R arrays of any length.
        seed: Of the order of the labels.

    Raises:
        NasutilsError: If labels do not fit, are not finite or all alike.
    """
    graphs, labels = target
    labels = np.asarray(labels)
    if sources:
        learner = learner.learn_sources(sources, seed)
    learners = [
        learner.fine_tune((graphs.take(rows), labels[rows]), seed + number)
        for number, rows in enumerate(draws)
    ]
    return Transfer(
        learner.predict(graphs) if sources else None,
        np.array([each.predict(graphs) for each in learners]),
        learners,
    )


def unseen_spearman(predicted: np.ndarray, labels: ArrayLike, rows: np.ndarray) -> float:
    """Return Spearman's rho over the graphs that were not trained on.

    Args:
        predicted: Of all N graphs, (N,).
        labels: Their accuracies, (N,).
        rows: Those that were trained on.
    """
    judged = np.setdiff1d(np.arange(len(predicted)), rows)
    return spearman(predicted[judged], np.asarray(labels)[judged])
