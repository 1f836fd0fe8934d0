"""The rows of the chapter's tables. A new one is one entry of ``RECIPES``, or any other method."""

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.base import Method, Predict, register
from nasutils.methods.baselines.ridge import counts_and_spectrum, fit_ridge
from nasutils.methods.common.architecture_graphs import (
    SPACES_WITH_GRAPHS,
    labelled_graphs,
    rank_by_graphs,
)
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.encoder import GraphEncoderSettings
from nasutils.methods.transferable.graph_paths import path_features
from nasutils.methods.transferable.pretraining import PAIR, ContrastiveRecipe
from nasutils.methods.transferable.sources import Sources, default_sources, fitted_to_sources
from nasutils.methods.transferable.transfer_predictor import FitRecipe, TransferRecipe

CHAPTER = "transferable"

_FAST = FitRecipe(epochs=100, learning_rate=1e-3)
_SHARP = ContrastiveRecipe(weight_temperature=0.005)
_ONE_GNN = TransferRecipe(
    gnn=(4, 128, "relu"),
    whole=True,
    source=FitRecipe(epochs=10, learning_rate=1e-3, labels="normal_score"),
    fine_tune=replace(_FAST, labels="normal_score"),
)
_OURS = TransferRecipe(
    _SHARP,
    source=FitRecipe(labels="normal_score"),
    fine_tune=replace(_FAST, labels="normal_score"),
    members=5,
)


def _contrastive(**changes: object) -> TransferRecipe:
    return TransferRecipe(ContrastiveRecipe(**changes))


RECIPES: dict[str, TransferRecipe] = {
    "CL-fine-tune": _contrastive(),
    "GNN-fine-tune": TransferRecipe(gnn=(6, 32, "tanh"), whole=True),
    "Untrained encoder": TransferRecipe(),
    "CL, uniform weights": _contrastive(weights="uniform"),
    "CL, weights at .005": TransferRecipe(_SHARP),
    "CL, pairs for families": _contrastive(positives=PAIR),
    "CL, none picked": _contrastive(near=0),
    "CL, message passing alone": _contrastive(encoder=GraphEncoderSettings(transformer_layers=0)),
    "CL, attention alone": _contrastive(encoder=GraphEncoderSettings(gnn_layers=0)),
    "CL, rate 1e-3": TransferRecipe(ContrastiveRecipe(), fine_tune=_FAST),
    "Untrained encoder, rate 1e-3": TransferRecipe(fine_tune=_FAST),
    "One GNN": _ONE_GNN,
    "Ours": _OURS,
    "Ours + GNN": replace(_ONE_GNN, beside=_OURS),
}


def fit_transfer(
    recipe: TransferRecipe,
    benchmark: Benchmark,
    split: Split,
    *,
    sources: Sources | None = None,
    labelled: tuple[str, ...] | None = None,
) -> Predict:
    """Carry a predictor from its sources to a benchmark, and fine-tune it on a split's labels.

    Pre-training and the sources' labels are learnt once, whatever the split. What it sees before
    are the target's ``default_sources`` if left out, and ``labelled`` are the ids of those whose
    labels it learns, all of other search spaces if left out.
    """
    sources = sources or default_sources(benchmark)
    if labelled is None:
        labelled = sources.others(benchmark.space)
    predictor = fitted_to_sources(recipe, sources, labelled)
    tuned = predictor.fine_tune(labelled_graphs(benchmark, split.labelled), split.seed)
    return rank_by_graphs(benchmark, tuned.predict)


def transfer_method(
    name: str, sources: Sources | None = None, labelled: tuple[str, ...] | None = None
) -> Method:
    """Return a row of ``RECIPES`` as a method; sources as of ``fit_transfer``."""
    fit = partial(fit_transfer, RECIPES[name], sources=sources, labelled=labelled)
    return Method(CHAPTER, name, fit, spaces=SPACES_WITH_GRAPHS)


for _name in RECIPES:
    register(transfer_method(_name))


def counts_and_paths(graphs: GraphSet) -> np.ndarray:
    """Return counts, spectrum and ``path_features`` of each graph, a row a graph."""
    return np.concatenate([counts_and_spectrum(graphs), path_features(graphs)], axis=1)


RIDGE_PATHS = "Ridge + paths"
register(
    Method(
        CHAPTER,
        RIDGE_PATHS,
        partial(fit_ridge, lru_cache(maxsize=64)(counts_and_paths)),
        spaces=SPACES_WITH_GRAPHS,
        description="ridge regression on counts, the spectrum, and the paths through the graph",
    )
)
