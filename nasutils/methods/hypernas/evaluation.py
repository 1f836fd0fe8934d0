"""The methods of the chapter's tables, by name, and what each makes of a task."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import zscore
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from nasutils.errors import UnknownNameError
from nasutils.methods.baselines.forest import path_features, predict_by_trees
from nasutils.methods.common.cell_sequences import SPACES, Stacks, stack
from nasutils.methods.common.paths import without_dead
from nasutils.methods.hypernas.auxiliary import Auxiliary, load_auxiliary
from nasutils.methods.hypernas.encoder import ENCODERS, PredictorNetwork
from nasutils.methods.hypernas.joint import HyperNAS, JointRecipe, fit_jointly
from nasutils.methods.hypernas.predictor import RECIPES, Predictor, Recipe, fit
from nasutils.methods.hypernas.proxy_task import ProxySchedule, learn_proxies
from nasutils.methods.hypernas.tasks import Task
from nasutils.methods.hypernas.teacher import TeacherSettings, made_networks
from nasutils.metrics import kendall_tau
from nasutils.search import SearchResult, evolutionary_search


def _with_context(recipe: Recipe, context: str, **changes: Any) -> Recipe:
    return replace(recipe, encoder=replace(recipe.encoder, context=context), **changes)


#: Row of the tables -> recipe. All but NP and ours read whole stacks.
NETWORKS: dict[str, Recipe] = {
    "NP": RECIPES["np"],
    "HyperNAS-P": RECIPES["hypernas_p"],
    "Position": _with_context(RECIPES["hypernas_p"], "position"),
    "Concatenate": _with_context(RECIPES["hypernas_p"], "concatenate"),
    "Ours, positions": _with_context(RECIPES["tuned"], "position", reduction="block"),
    "Ours": RECIPES["tuned"],
}

FORESTS = ("Trees", "Trees + proxies")

#: Our recipe after an auxiliary task: the proxies, or what made networks can do.
PROXY_TASK, MADE_TASK = "Ours + proxies", "Ours + hypernetwork"
#: Our recipe without one, but with as many networks averaged.
AVERAGED = "Ours, averaged"
#: The mean of our recipe after the proxies and of the forest that sees them.
BOTH = "Both + proxies"
_OF_BOTH = ("Trees + proxies", PROXY_TASK)
#: Methods that read proxies.
INFORMED = (*_OF_BOTH, BOTH)
METHODS = (*NETWORKS, *FORESTS, PROXY_TASK, MADE_TASK, AVERAGED, BOTH)

# What the auxiliary task taught the encoder is changed more slowly than the regressor behind it.
_TAUGHT = replace(RECIPES["tuned"], encoder_rate=0.3)
_PROXY_SCHEDULE = ProxySchedule()
_MEMBERS = 3  # networks whose predictions are averaged
_TEACHER, _TEACHER_SEED = TeacherSettings(), 0  # one teacher for all training sets

# Space -> its sizes in Appendix A, where they are not those of the benchmarks.
_SIZES = {"darts": ENCODERS["darts"], "autoformer": ENCODERS["vit"]}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What R predictors make of a task.

    Attributes:
        predicted: Scores of all M architectures, (R, M).
        training: Seconds of wall time to train all R; of forests, with the prediction.
        predictor: The networks; None of a forest or of averaged networks.
    """

    predicted: np.ndarray
    training: float
    predictor: Predictor | None = None


def recipe_of(method: str, space: str) -> Recipe:
    """Return the recipe of a network, in the size that the paper gives it in a space.

    Raises:
        UnknownNameError: If there is no such network.
    """
    if method not in NETWORKS:
        raise UnknownNameError("predictor network", method, NETWORKS)
    recipe = NETWORKS[method]
    if space not in _SIZES or method == "NP":
        return recipe
    sizes = {"hidden": _SIZES[space].hidden, "layers": _SIZES[space].layers}
    return replace(recipe, encoder=replace(recipe.encoder, **sizes))


def stacks_for(recipe: Recipe, space: str, architectures: Sequence[Any]) -> Stacks:
    """Return the stacks of architectures of a space as a predictor of a recipe reads them."""
    stacks = stack(space, architectures, reduction=recipe.reduction)
    return without_dead(stacks) if recipe.live else stacks


def compete(
    method: str, task: Task, rows: np.ndarray, seeds: Sequence[int], *, progress: bool = False
) -> Outcome:
    """Train R predictors by a method, and let them predict the whole task.

    Args:
        method: One of ``METHODS``.
        task: Of M architectures.
        rows: Training sets, (R, n).
        seeds: One a predictor.
        progress: Whether to draw a bar.

    Raises:
        UnknownNameError: If there is no such method.
        NasutilsError: As ``predictor.fit``.
    """
    if method == BOTH:
        parts = [compete(each, task, rows, seeds, progress=progress) for each in _OF_BOTH]
        scaled = [zscore(part.predicted, axis=1) for part in parts]
        return Outcome(sum(scaled) / len(scaled), sum(part.training for part in parts))
    if method in (PROXY_TASK, MADE_TASK, AVERAGED):
        return _averaged(method, task, rows, seeds, progress)
    if method in FORESTS:
        return _forest(task, rows, seeds, proxies=method in INFORMED)
    recipe = recipe_of(method, task.space)
    stacks = task.stacks_for(recipe)
    began = time.perf_counter()
    predictor = fit(stacks, task.labels, rows, recipe, seeds, progress=progress)
    training = time.perf_counter() - began
    return Outcome(predictor.predict(stacks), training, predictor)


def _forest(task: Task, rows: np.ndarray, seeds: Sequence[int], *, proxies: bool) -> Outcome:
    """Fit forests to features of paths, and to proxies."""
    began = time.perf_counter()
    features = _features(task)
    if proxies:
        features = pd.concat([features, task.proxies.reset_index(drop=True)], axis=1)
    predicted = predict_by_trees(features, task.labels, rows, seeds)
    return Outcome(predicted, time.perf_counter() - began)


def _averaged(
    method: str, task: Task, rows: np.ndarray, seeds: Sequence[int], progress: bool
) -> Outcome:
    """Fit ``_MEMBERS`` networks a training set, after the method's auxiliary task if it has one."""
    members = [1000 * m + seed for seed in seeds for m in range(_MEMBERS)]
    start, seconds, recipe = None, 0.0, NETWORKS["Ours"]
    if method != AVERAGED:
        start, seconds = _taught(method, task, tuple(members), progress)
        recipe = _TAUGHT
    stacks = task.stacks_for(recipe)
    began = time.perf_counter()
    repeated = np.repeat(rows, _MEMBERS, axis=0)
    predictor = fit(stacks, task.labels, repeated, recipe, members, start=start, progress=progress)
    seconds += time.perf_counter() - began
    predicted = predictor.predict(stacks).reshape(len(rows), _MEMBERS, -1).mean(1)
    return Outcome(predicted, seconds)


@cache
def _taught(
    method: str, task: Task, seeds: tuple[int, ...], progress: bool
) -> tuple[PredictorNetwork, float]:
    """Learn the auxiliary task, once for all numbers of labels; and the seconds."""
    began = time.perf_counter()
    stacks, figures = task.stacks_for(_TAUGHT), task.proxies
    if method == MADE_TASK:
        figures = made_networks(
            task.space, load_auxiliary(task.space), _TEACHER, _TEACHER_SEED, progress=progress
        )
        parse = SPACES[task.space].architecture.from_string
        stacks = stacks_for(_TAUGHT, task.space, [parse(arch) for arch in figures.pop("arch")])
    network = learn_proxies(
        stacks, figures, _TAUGHT.encoder, _PROXY_SCHEDULE, seeds, progress=progress
    )
    return network, time.perf_counter() - began


#: Row of the tables -> what is trained beside the hypernetwork, and how. Our training keeps the
#: paper's 200 epochs, for the hypernetwork's sake.
JOINT: dict[str, JointRecipe] = {
    "HyperNAS": JointRecipe(RECIPES["hypernas_p"]),
    "HyperNAS, our training": JointRecipe(
        replace(RECIPES["tuned"], epochs=200, reduction="block", live=False)
    ),
    "HyperNAS-H": JointRecipe(RECIPES["hypernas_p"], variant="hypernas_h"),
    "GHN": JointRecipe(RECIPES["hypernas_p"], variant="ghn"),
}


def compete_jointly(
    task: Task,
    auxiliary: Auxiliary,
    row: np.ndarray,
    recipe: JointRecipe,
    seed: int,
    *,
    progress: bool = False,
) -> HyperNAS:
    """Train predictor and hypernetwork on the training set of one seed.

    Args:
        task: Of M architectures.
        auxiliary: Target networks and images of the same space.
        row: Training set, (n,).
        recipe: One of ``JOINT``, or another.
        seed: Of everything.
        progress: Whether to draw a bar.
    """
    stacks = task.stacks(cells_per_stage=auxiliary.cells_per_stage)
    return fit_jointly(
        stacks[torch.from_numpy(row)],
        task.labels[row],
        lambda i: auxiliary.target(task.architecture(row[i])),
        auxiliary.train,
        recipe,
        seed,
        progress=progress,
    )


def generated_accuracy(
    model: HyperNAS, task: Task, auxiliary: Auxiliary, row: np.ndarray, *, networks: int, seed: int
) -> float:
    """Return the mean accuracy of networks with generated weights, in percent.

    Args:
        model: A trained one.
        task: As it was trained on.
        auxiliary: As it was trained on; 1,000 of the images to judge by are used.
        row: Its training set, whose architectures are left out.
        networks: How many random other architectures to judge by.
        seed: Of their draw, the same for all models.
    """
    unseen = np.setdiff1d(np.arange(len(task.truth)), row)
    chosen = np.random.default_rng(seed).permutation(unseen)[:networks]
    stacks = task.stacks(cells_per_stage=auxiliary.cells_per_stage)
    images = auxiliary.valid.images[:1000].to(memory_format=torch.channels_last)
    targets = [auxiliary.target(task.architecture(i)) for i in chosen]
    found = model.judge(
        stacks[torch.from_numpy(chosen)], targets, images, auxiliary.valid.labels[:1000]
    )
    return float(found["accuracy"].mean())


def neighbour_tau(features: np.ndarray, accuracy: np.ndarray, *, neighbours: int = 10) -> float:
    """Tell how far architectures of alike features have alike accuracies.

    Args:
        features: Of B architectures, (B, d); they are standardised.
        accuracy: Theirs, (B,).
        neighbours: Whose mean accuracy stands for an architecture's own.

    Returns:
        Kendall's tau between the accuracies and the means over the nearest others.
    """
    scaled = StandardScaler().fit_transform(features)
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(scaled)
    others = nearest.kneighbors(return_distance=False)  # (B, neighbours), without the point itself
    return kendall_tau(accuracy[others].mean(1), accuracy)


def evolve(
    predictor: Predictor, space: str, architecture: type, *, budget: int, seed: int
) -> SearchResult:
    """Search a space by evolution, for what one predictor ranks highest.

    Args:
        predictor: A single one, R = 1.
        space: Of its stacks.
        architecture: Class of the space's values.
        budget: Architectures to ask it for.
        seed: Of all draws.
    """

    def score(architectures: list[Any]) -> np.ndarray:
        return predictor.predict(stacks_for(predictor.recipe, space, architectures))[0]

    return evolutionary_search(
        architecture.random,
        lambda parent, rng: parent.mutate(rng),
        score,
        budget=budget,
        rng=np.random.default_rng(seed),
        population=100,
        children=20,
    )


@cache
def _features(task: Task) -> pd.DataFrame:
    return path_features(task.stacks())
