"""UP-NAS: a unified zero-cost proxy, its estimator, and gradient ascent in an embedding space.

Source: Huang et al., "UP-NAS: Unified Proxy for Neural Architecture Search", CVPR Workshops 2024.
The method in the order of its use: ``normalise`` the proxies, find the weights (``tpe``), sum them
(``unify``), embed the architectures (``codecs``, ``vgae``), learn to predict the proxies from the
embedding (``estimator``, ``model``), and climb (``ascent``).
"""

from nasutils.methods.common.codecs import CODECS, Codec, get_codec
from nasutils.methods.common.vgae import VGAE, VGAE_SCHEDULES, VGAESchedule, train_vgae
from nasutils.methods.up_nas.ascent import AscentResult, gradient_ascent
from nasutils.methods.up_nas.estimator import (
    MPE_SCHEDULES,
    MPESchedule,
    MultiProxyEstimator,
    train_estimator,
)
from nasutils.methods.up_nas.model import ProxyModel, UnifiedEstimator
from nasutils.methods.up_nas.normalise import NORMALISATIONS, Normalisation
from nasutils.methods.up_nas.tpe import WeightSearch, search_weights
from nasutils.methods.up_nas.unify import (
    PROXY_NAMES,
    UNIFIED,
    published_weights,
    selected_weights,
    unified_proxy,
)

__all__ = [
    "CODECS",
    "MPE_SCHEDULES",
    "NORMALISATIONS",
    "PROXY_NAMES",
    "UNIFIED",
    "VGAE",
    "VGAE_SCHEDULES",
    "AscentResult",
    "Codec",
    "MPESchedule",
    "MultiProxyEstimator",
    "Normalisation",
    "ProxyModel",
    "UnifiedEstimator",
    "VGAESchedule",
    "WeightSearch",
    "get_codec",
    "gradient_ascent",
    "published_weights",
    "search_weights",
    "selected_weights",
    "train_estimator",
    "train_vgae",
    "unified_proxy",
]
