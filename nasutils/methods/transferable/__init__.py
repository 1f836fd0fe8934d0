"""A transferable predictor: contrastive embeddings of computation graphs, and heads on them.

Source: Han et al., "A General-Purpose Transferable Predictor for Neural Architecture Search",
https://arxiv.org/abs/2302.10835. The method in the order of its use: graphs of several ``families``
are packed with their spectra (``graph_set``, ``spectrum``), an ``encoder`` learns without labels
that similar ones belong together (``loss``, ``pretraining``), a head on it learns accuracies of the
source families and is fine-tuned on few of the target (``predictor``), and an evolutionary
``search`` asks it, with mutations and ``crossover``.
"""

from nasutils.methods.transferable.encoder import (
    ACTIVATIONS,
    CLEncoder,
    EncoderSettings,
    GNNEncoder,
    projection_head,
    regression_head,
)
from nasutils.methods.transferable.families import (
    FAMILIES,
    SPACES,
    Family,
    load_family,
    random_family,
)
from nasutils.methods.transferable.graph_set import Batch, GraphSet
from nasutils.methods.transferable.loss import WEIGHTS, contrastive_loss
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
from nasutils.methods.transferable.pretraining import (
    POSITIVES,
    ContrastiveRecipe,
    Pretrained,
    pretrain,
)
from nasutils.methods.transferable.search import PUBLISHED, EvolutionSettings, evolve
from nasutils.methods.transferable.spectrum import most_similar, spectral_distance, spectrum

__all__ = [
    "ACTIVATIONS",
    "FAMILIES",
    "FIT_RECIPES",
    "POSITIVES",
    "PUBLISHED",
    "SPACES",
    "WEIGHTS",
    "Batch",
    "CLEncoder",
    "ContrastiveRecipe",
    "EncoderSettings",
    "EvolutionSettings",
    "Family",
    "FitRecipe",
    "GNNEncoder",
    "GraphSet",
    "Predictor",
    "Pretrained",
    "contrastive_loss",
    "embed",
    "evolve",
    "fit",
    "fit_head",
    "gnn_baseline",
    "load_family",
    "most_similar",
    "predict_from",
    "pretrain",
    "projection_head",
    "random_family",
    "regression_head",
    "spectral_distance",
    "spectrum",
]
