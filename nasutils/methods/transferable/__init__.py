"""A transferable predictor: contrastive embeddings of computation graphs, and heads on them.

Source: Han et al., "A General-Purpose Transferable Predictor for Neural Architecture Search",
https://arxiv.org/abs/2302.10835. The method in the order of its use: graphs of several ``families``
are packed with their spectra (``graph_set``, ``spectrum``), an ``encoder`` learns without labels
that similar ones belong together (``loss``, ``pretraining``), a head on it learns accuracies of the
source families and is fine-tuned on few of the target (``predictor``), and an evolutionary
``search`` asks it, with mutations and ``crossover``.
"""

from nasutils.methods.baselines.ridge import operator_counts, predict_by_counts
from nasutils.methods.baselines.synflow import rank_by_synflow
from nasutils.methods.common.graph_set import Batch, GraphSet
from nasutils.methods.common.spectrum import most_similar, spectral_distance, spectrum
from nasutils.methods.transferable.encoder import (
    ACTIVATIONS,
    CLEncoder,
    EncoderSettings,
    GNNEncoder,
    projection_head,
    regression_head,
)
from nasutils.methods.transferable.evaluation import (
    METHODS,
    Learner,
    Method,
    Transfer,
    beginner,
    transfer,
    unseen_spearman,
)
from nasutils.methods.transferable.families import (
    FAMILIES,
    SPACES,
    Family,
    load_family,
    random_family,
)
from nasutils.methods.transferable.loss import WEIGHTS, contrastive_loss, positive_weights
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
from nasutils.methods.transferable.pretraining import (
    POSITIVES,
    ContrastiveRecipe,
    Pretrained,
    pretrain,
)
from nasutils.methods.transferable.query_benchmarks import ARENAS, Arena, load_arena
from nasutils.methods.transferable.search import PUBLISHED, EvolutionSettings, evolve

__all__ = [
    "ACTIVATIONS",
    "ARENAS",
    "FAMILIES",
    "FIT_RECIPES",
    "METHODS",
    "POSITIVES",
    "PUBLISHED",
    "SPACES",
    "WEIGHTS",
    "Arena",
    "Batch",
    "CLEncoder",
    "ContrastiveRecipe",
    "EncoderSettings",
    "EvolutionSettings",
    "Family",
    "FitRecipe",
    "GNNEncoder",
    "GraphSet",
    "Learner",
    "Method",
    "Predictor",
    "Pretrained",
    "Transfer",
    "beginner",
    "contrastive_loss",
    "embed",
    "evolve",
    "fit",
    "fit_head",
    "gnn_baseline",
    "load_arena",
    "load_family",
    "most_similar",
    "operator_counts",
    "positive_weights",
    "predict_by_counts",
    "predict_from",
    "pretrain",
    "pretrained",
    "projection_head",
    "random_family",
    "rank_by_synflow",
    "regression_head",
    "spectral_distance",
    "spectrum",
    "transfer",
    "unseen_spearman",
]
