"""The rows of the chapter's tables: predictors of a recipe, alone, averaged, beside others."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import zscore

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.base import Method, Need, Predict, Prediction, get_method, look_up, register
from nasutils.methods.baselines.forest import WITH_PROXIES
from nasutils.methods.common.benchmark_sequences import (
    benchmark_sequences,
    network_of,
    read_sequences,
)
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.hypernas.auxiliary import Auxiliary, load_auxiliary
from nasutils.methods.hypernas.encoder import NP, EncoderSettings
from nasutils.methods.hypernas.joint import HyperNAS, JointRecipe, fit_jointly
from nasutils.methods.hypernas.predictor import RECIPES, Predictor, Recipe, fit
from nasutils.methods.hypernas.pretraining import Pretraining, pretrain, sequences_of
from nasutils.methods.hypernas.teacher import TeacherSettings
from nasutils.settings import Count, check_ranges

CHAPTER = "hypernas"

#: Search spaces whose networks a hypernetwork can make.
WITH_IMAGES = frozenset({"nasbench101", "nasbench201"})

# Search space -> hidden features and layers (Appendix A), where they are not the benchmarks'.
_SIZES = {"darts": (144, 3), "autoformer": (256, 3)}


def predict_of(predictor: Predictor, benchmark: Benchmark, *, threads: int = 2) -> Predict:
    """Return what scores any architectures of a benchmark's space by the mean of a predictor."""
    recipe = predictor.recipe
    read = partial(
        read_sequences, network_of(benchmark), reduction=recipe.reduction, prune=recipe.prune_dead
    )
    return lambda architectures: predictor.predict(read(architectures), threads=threads).mean(0)


@dataclass(frozen=True)
class NetworkMethod:
    """Predictors of one recipe."""

    recipe: Recipe  #: how each is built and trained
    members: Count = 1  #: networks of other seeds whose predictions are averaged, for each split
    pretraining: Pretraining | None = None  #: what they learn first; None where nothing
    #: whether encoders have the size that the paper gives them in a search space
    resized: bool = True

    def __post_init__(self) -> None:
        check_ranges(self)

    def recipe_for(self, space: str) -> Recipe:
        """Return the recipe in the size that the paper gives it in a search space."""
        if space not in _SIZES or not self.resized:
            return self.recipe
        hidden, layers = _SIZES[space]
        encoder = replace(self.recipe.encoder, hidden=hidden, layers=layers)
        return replace(self.recipe, encoder=encoder)

    def fit(self, benchmark: Benchmark, split: Split) -> Predict:
        """Train on a split; as of ``Method``."""
        return predict_of(self._train(benchmark, [split])[0], benchmark)

    def fit_predict(
        self, benchmark: Benchmark, splits: Sequence[Split], *, progress: bool = False
    ) -> Prediction:
        """Train the predictors of equally large splits side by side; as of ``Method``.

        The prediction's model is a ``Predictor``, of a network a split, unless networks are
        averaged.
        """
        predictor, seconds = self._train(benchmark, splits, progress=progress)
        scores = predictor.predict(sequences_of(predictor.recipe, benchmark))
        scores = scores.reshape(len(splits), self.members, -1).mean(1)
        return Prediction(scores, seconds, predictor if self.members == 1 else None)

    def _train(
        self, benchmark: Benchmark, splits: Sequence[Split], *, progress: bool = False
    ) -> tuple[Predictor, float]:
        recipe = self.recipe_for(benchmark.space)
        seeds = tuple(1000 * m + split.seed for split in splits for m in range(self.members))
        start, before = None, 0.0
        if self.pretraining is not None:
            start, before = pretrain(self.pretraining, benchmark, recipe, seeds, progress)
        sequences = sequences_of(recipe, benchmark)
        rows = np.repeat([split.labelled for split in splits], self.members, axis=0)
        began, options = time.perf_counter(), {"start": start, "progress": progress}
        predictor = fit(sequences, benchmark.labels, rows, recipe, seeds, **options)
        return predictor, before + time.perf_counter() - began


@dataclass(frozen=True)
class MeanMethod:
    """The mean of other methods' predictions, each standardised over the benchmark."""

    parts: tuple[str, ...]  #: their ids

    def fit(self, benchmark: Benchmark, split: Split) -> Predict:
        """Fit all parts to a split; as of ``Method``, for the benchmark's architectures alone."""
        return look_up(benchmark, self.fit_predict(benchmark, [split]).scores[0])

    def fit_predict(
        self, benchmark: Benchmark, splits: Sequence[Split], *, progress: bool = False
    ) -> Prediction:
        """Fit all parts to all splits; as of ``Method``."""
        parts = [get_method(id).predict(benchmark, splits, progress=progress) for id in self.parts]
        scaled = [zscore(part.scores, axis=1) for part in parts]
        return Prediction(sum(scaled) / len(scaled), sum(part.seconds for part in parts))


_HYPERNAS = JointRecipe(RECIPES["hypernas_p"])
# How weights are drawn is not said; under a gain of 1 features shrink from layer to layer.
_GAIN_2 = replace(RECIPES["hypernas_p"], encoder=EncoderSettings(gain=2.0))
#: Row of the tables -> what is trained beside the hypernetwork, and how. Our training keeps the
#: paper's 200 epochs, for the hypernetwork's sake.
JOINT: dict[str, JointRecipe] = {
    "HyperNAS": _HYPERNAS,
    "HyperNAS, our training": JointRecipe(
        replace(RECIPES["tuned"], epochs=200, reduction="block", prune_dead=False)
    ),
    "HyperNAS, gain 2": JointRecipe(_GAIN_2),
    "HyperNAS-H": replace(_HYPERNAS, variant="hypernas_h"),
    "GHN": replace(_HYPERNAS, variant="ghn"),
    **{f"q = {q}": replace(_HYPERNAS, q=q) for q in (1.25, 2, 3)},
}


def train_jointly(
    benchmark: Benchmark,
    auxiliary: Auxiliary,
    split: Split,
    recipe: JointRecipe,
    *,
    progress: bool = False,
) -> HyperNAS:
    """Train predictor and hypernetwork on the labels of a split, under its seed.

    The recipe is one of ``JOINT``, or another; target networks and images are those of the
    benchmark's kind of network.
    """
    sequences = benchmark_sequences(benchmark, cells_per_stage=auxiliary.cells_per_stage)
    cells = benchmark.architectures_at(split.labelled)
    return fit_jointly(
        sequences[split.labelled],
        benchmark.labels[split.labelled],
        lambda i: auxiliary.target(cells[i]),
        auxiliary.train,
        recipe,
        split.seed,
        progress=progress,
    )


@dataclass(frozen=True)
class JointMethod:
    """A predictor that has learnt beside a hypernetwork, on reduced target networks."""

    recipe: JointRecipe  #: of the variant ``hypernas``, which predicts
    fit_predict: ClassVar[None] = None  # there is nothing to share between splits

    def fit(self, benchmark: Benchmark, split: Split) -> Predict:
        """Train on a split; as of ``Method``."""
        network = network_of(benchmark)
        auxiliary = load_auxiliary(network)
        predictor = train_jointly(benchmark, auxiliary, split, self.recipe).predictor
        read = partial(cell_sequences, network, cells_per_stage=auxiliary.cells_per_stage)
        return lambda cells: predictor.predict(read(cells))[0]


def evaluate_generated(
    model: HyperNAS, benchmark: Benchmark, task: Auxiliary, positions: np.ndarray, *, images: int
) -> pd.DataFrame:
    """Evaluate the networks of some architectures under generated weights, a row each."""
    sequences = benchmark_sequences(benchmark, cells_per_stage=task.cells_per_stage)
    targets = [task.target(cell) for cell in benchmark.architectures_at(positions)]
    return model.evaluate(sequences[positions], targets, task.valid[:images])


def generated_accuracy(
    model: HyperNAS,
    benchmark: Benchmark,
    task: Auxiliary,
    split: Split,
    *,
    networks: int,
    seed: int,
) -> float:
    """Return the mean accuracy of networks with generated weights, in percent, on 1,000 images.

    The networks are of so many random architectures that the model has not learnt: benchmark,
    task and split are those of its training. ``seed`` draws them, the same for all models.
    """
    unseen = np.setdiff1d(np.arange(len(benchmark)), split.labelled)
    chosen = np.random.default_rng(seed).permutation(unseen)[:networks]
    found = evaluate_generated(model, benchmark, task, chosen, images=1000)
    return float(found["accuracy"].mean())


def _with_context(recipe: Recipe, context: str) -> Recipe:
    return replace(recipe, encoder=replace(recipe.encoder, context=context), reduction="block")


_PAPER, _OURS = RECIPES["hypernas_p"], RECIPES["tuned"]
# What separates HyperNAS-P from NP, one factor at a time: first the stack, then the layers.
_ONE_CELL = replace(_PAPER, encoder=replace(_PAPER.encoder, context="none"), reduction="none")
_NP_LAYERS = replace(_ONE_CELL, encoder=replace(NP, hidden=72, layers=6))
# What an encoder has learnt first is changed more slowly than the regressor behind it.
_TUNED = replace(_OURS, encoder_rate=0.3)

#: Our recipe after an auxiliary task: the proxies, or what generated networks can do.
PROXY_TASK, GENERATED_TASK = "Ours + proxies", "Ours + hypernetwork"
#: Our recipe without one, but with as many networks averaged.
AVERAGED = "Ours, averaged"
#: The mean of our recipe after the proxies and of the forest that sees them.
BOTH = "Both + proxies"

#: HyperNAS-P without the stack, and NP under its settings, as the paper's table has it.
ONE_CELL, NP_LAYERS = CONTROLS = ("HyperNAS-P, cell alone", "NP, HyperNAS-P's settings")

#: Rows of variants, which are compared with HyperNAS-P and ours.
ABLATIONS = ("Position", "Concatenate", "Ours, positions")

_JOINTLY = "predictor and hypernetwork with one encoder, reduced target networks"

# Row, predictors, what they are, and what they need beside labels.
for _name, _predictors, _about, *_needs in (
    ("NP", NetworkMethod(RECIPES["np"], resized=False),
     "the Neural Predictor: the searched cell alone, 3 layers of 144, its own schedule"),
    ("HyperNAS-P", NetworkMethod(_PAPER), "the paper's encoder and schedule, without hypernetwork"),
    (ONE_CELL, NetworkMethod(_ONE_CELL),
     "HyperNAS-P that reads the searched cell alone, without the stack"),
    (NP_LAYERS, NetworkMethod(_NP_LAYERS),
     "the Neural Predictor in the size and by the schedule of HyperNAS-P"),
    ("Position", NetworkMethod(_with_context(_PAPER, "position")),
     "HyperNAS-P with positions in place of the cell before"),
    ("Concatenate", NetworkMethod(_with_context(_PAPER, "concatenate")),
     "HyperNAS-P with the cell before concatenated"),
    ("Ours, positions", NetworkMethod(_with_context(_OURS, "position")),
     "ours on whole networks, with positions"),
    ("Ours", NetworkMethod(_OURS), "the same layers on the searched cell, by our settings"),
    (PROXY_TASK, NetworkMethod(_TUNED, members=3, pretraining=Pretraining()),
     "three of ours, pretrained on the proxies, averaged", Need.PROXIES),
    (GENERATED_TASK, NetworkMethod(_TUNED, members=3, pretraining=Pretraining(TeacherSettings())),
     "three of ours, pretrained on what generated networks can do, averaged", Need.IMAGES),
    (AVERAGED, NetworkMethod(_OURS, members=3), "the mean of three of ours"),
    (BOTH, MeanMethod((f"baselines/{WITH_PROXIES}", f"{CHAPTER}/{PROXY_TASK}")),
     "the mean of ours with proxies and of the forest that sees them", Need.PROXIES),
    *((name, JointMethod(replace(JOINT[name], images=64, networks=1)), _JOINTLY, Need.IMAGES)
      for name in ("HyperNAS", "HyperNAS, our training")),
):  # fmt: skip
    register(
        Method(
            CHAPTER,
            _name,
            _predictors.fit,
            needs=frozenset({Need.LABELS, *_needs}),
            spaces=WITH_IMAGES if Need.IMAGES in _needs else frozenset(),
            description=_about,
            fit_predict=_predictors.fit_predict,
        )
    )
