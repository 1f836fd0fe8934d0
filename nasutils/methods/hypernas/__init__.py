"""HyperNAS: a predictor that encodes all cells of a network, and a hypernetwork beside it.

Source: Lv et al., "HyperNAS: Enhancing Architecture Representation for NAS Predictor via
Hypernetwork". The method in the order of its use: architectures become ``stacks`` of cells
(``paths`` drops what is dead in them), these the tensors of a GCN (``graphs``), which the
``encoder`` turns into features and the ``predictor`` learns to rank by; ``selection`` compares
recipes of it, and ``trees`` is a baseline without network. A ``hypernetwork`` makes the weights of
``targets`` from the same features, and both tasks are trained under one ``loss`` (``joint``);
``ghn`` is the hypernetwork's baseline. ``proxy_task`` is an auxiliary task of ours, to predict
zero-cost proxies or what the networks of a hypernetwork can do, its ``teacher``. What all are
compared on are the ``tasks``, with ``auxiliary`` ones for the hypernetwork, and the ``contest``
knows every method by its row.
"""

from nasutils.methods.baselines.forest import path_features, predict_by_trees
from nasutils.methods.common.cell_sequences import (
    REDUCTIONS,
    SPACES,
    Stacks,
    stack,
    stack_nasbench101,
)
from nasutils.methods.common.label_scales import LABEL_SCALES
from nasutils.methods.common.paths import without_dead
from nasutils.methods.common.target_networks import Target
from nasutils.methods.hypernas.encoder import (
    CONTEXTS,
    ENCODERS,
    NP,
    EncoderSettings,
    PredictorNetwork,
    StackEncoder,
)
from nasutils.methods.hypernas.graphs import NORMALISATIONS
from nasutils.methods.hypernas.hypernetwork import (
    HYPERNETWORKS,
    Hypernetwork,
    HypernetworkSettings,
)
from nasutils.methods.hypernas.joint import VARIANTS, HyperNAS, Images, JointRecipe, fit_jointly
from nasutils.methods.hypernas.loss import AdaptiveLoss
from nasutils.methods.hypernas.predictor import LOSSES, RECIPES, Predictor, Recipe, fit
from nasutils.methods.hypernas.proxy_task import ProxySchedule, learn_proxies
from nasutils.methods.hypernas.selection import cross_validate
from nasutils.methods.hypernas.teacher import TeacherSettings, made_networks

__all__ = [
    "CONTEXTS",
    "ENCODERS",
    "HYPERNETWORKS",
    "LABEL_SCALES",
    "LOSSES",
    "NORMALISATIONS",
    "NP",
    "RECIPES",
    "REDUCTIONS",
    "SPACES",
    "VARIANTS",
    "AdaptiveLoss",
    "EncoderSettings",
    "HyperNAS",
    "Hypernetwork",
    "HypernetworkSettings",
    "Images",
    "JointRecipe",
    "Predictor",
    "PredictorNetwork",
    "ProxySchedule",
    "Recipe",
    "StackEncoder",
    "Stacks",
    "Target",
    "TeacherSettings",
    "cross_validate",
    "fit",
    "fit_jointly",
    "learn_proxies",
    "made_networks",
    "path_features",
    "predict_by_trees",
    "stack",
    "stack_nasbench101",
    "without_dead",
]
