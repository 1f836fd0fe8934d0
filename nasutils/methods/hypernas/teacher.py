"""A hypernetwork as teacher: what the networks that it generates can do, for cells without labels.

In HyperNAS the hypernetwork shares the encoder with the predictor, and both are trained at once on
the few labelled cells. But it needs no label: here it is trained first, alone, on random cells of
the space. Then every one of them is evaluated under generated weights. How well a network does
that way tells something about its architecture, so that these figures are two more zero-cost
proxies, which an encoder learns by ``pretraining``. The order is ours, not the paper's; that
generated weights rank architectures was first shown by Brock et al., "SMASH", ICLR 2018,
https://arxiv.org/abs/1708.05344.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import pandas as pd

from nasutils.cache import cached_frame
from nasutils.errors import NasutilsError
from nasutils.methods.common.cell_sequences import NETWORKS, cell_sequences
from nasutils.methods.hypernas.auxiliary import Auxiliary
from nasutils.methods.hypernas.encoder import EncoderSettings
from nasutils.methods.hypernas.joint import EVALUATION, JointRecipe, fit_jointly
from nasutils.methods.hypernas.predictor import Recipe
from nasutils.paths import cache_dir
from nasutils.settings import Count, Range, check_ranges

# Raised whenever the same settings make other networks.
_VERSION = 1

#: The hypernetwork alone, behind the layers of our recipe; four target networks a step.
ALONE = JointRecipe(
    Recipe(
        EncoderSettings(context="none", gain=2.0),
        epochs=5,
        batch_size=4,
        learning_rate=2e-3,
        cosine=True,
    ),
    variant="hypernas_h",
    images=64,
)


@dataclass(frozen=True, slots=True)
class TeacherSettings:
    """How a hypernetwork becomes a teacher.

    Raises:
        NasutilsError: If there are fewer than two architectures or no image, or the recipe
            predicts, which would need labels.
    """

    #: architectures that it learns to make, and whose networks are evaluated
    cells: Annotated[int, Range(2)] = 3000
    images: Count = 256  #: images to evaluate them on
    #: how it is trained, without prediction
    recipe: JointRecipe = field(default_factory=lambda: ALONE)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.recipe.variant == "hypernas":
            raise NasutilsError("a teacher has no labels: its variant is hypernas_h or ghn.")


def evaluate_generated_networks(
    network: str,
    auxiliary: Auxiliary,
    settings: TeacherSettings,
    seed: int = 0,
    *,
    progress: bool = False,
) -> pd.DataFrame:
    """Train a hypernetwork on random architectures, and evaluate what it makes of them.

    One of ``auxiliary.NETWORKS`` comes with its task, whose images to evaluate on are not those to
    learn; the seed is that of the architectures and the training.

    Returns:
        A row an architecture, no two written alike: ``arch``, its string; ``accuracy`` in percent
        and ``cross_entropy`` in nats on the images to evaluate on.

    Raises:
        NasutilsError: As ``fit_jointly``.
    """
    rng, drawn = np.random.default_rng(seed), {}  # an ordered set
    while len(drawn) < settings.cells:
        drawn[NETWORKS[network].architecture.random(rng)] = None
    drawn = list(drawn)
    sequences = cell_sequences(network, drawn, cells_per_stage=auxiliary.cells_per_stage)
    targets = [auxiliary.target(architecture) for architecture in drawn]
    images, bar = auxiliary.train, {"progress": progress}
    model = fit_jointly(sequences, None, targets.__getitem__, images, settings.recipe, seed, **bar)
    found = model.evaluate(sequences, targets, auxiliary.valid[: settings.images], **bar)
    found.insert(0, "arch", [str(architecture) for architecture in drawn])
    return found


def generated_networks(
    network: str,
    auxiliary: Auxiliary,
    settings: TeacherSettings | None = None,
    seed: int = 0,
    *,
    progress: bool = False,
) -> pd.DataFrame:
    """Return what ``evaluate_generated_networks`` returns, from the cache if it is there.

    The settings are those of the published figures where left out.
    """
    settings = settings or TeacherSettings()
    images = auxiliary.train.images
    task = network, auxiliary.cells_per_stage, tuple(images.shape), images.device.type
    key = hashlib.sha256(repr((_VERSION, task, settings, seed)).encode()).hexdigest()[:16]
    return cached_frame(
        cache_dir() / "teachers" / f"{network}-{key}.parquet",
        ["arch", *EVALUATION],
        lambda: evaluate_generated_networks(network, auxiliary, settings, seed, progress=progress),
    )
