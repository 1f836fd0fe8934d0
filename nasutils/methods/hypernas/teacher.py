"""A hypernetwork as teacher: what the networks that it makes can do, of cells without labels.

In HyperNAS the hypernetwork shares the encoder with the predictor, and both are trained at once on
the few labelled cells. But it needs no label: here it is trained first, alone, on random cells of
the space. Then every one of them is judged under generated weights. How well a network does that
way tells something about its architecture, so that the judgements are two more zero-cost proxies,
and ``proxy_task`` teaches them to an encoder. The order is ours, not the paper's; that generated
weights rank architectures was first shown by Brock et al., "SMASH", ICLR 2018,
https://arxiv.org/abs/1708.05344.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch

from nasutils.cache import cached_frame
from nasutils.errors import NasutilsError
from nasutils.methods.common.cell_sequences import SPACES, stack
from nasutils.methods.hypernas.auxiliary import Auxiliary
from nasutils.methods.hypernas.encoder import EncoderSettings
from nasutils.methods.hypernas.joint import JUDGEMENTS, JointRecipe, fit_jointly
from nasutils.methods.hypernas.predictor import Recipe
from nasutils.paths import cache_dir

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

    Attributes:
        cells: Architectures that it learns to make, and whose networks are judged.
        images: Images to judge them by.
        recipe: How it is trained, without prediction.

    Raises:
        NasutilsError: If there are fewer than two architectures or no image, or the recipe
            predicts, which would need labels.
    """

    cells: int = 3000
    images: int = 256
    recipe: JointRecipe = field(default_factory=lambda: ALONE)

    def __post_init__(self) -> None:
        if self.cells < 2 or self.images < 1:
            raise NasutilsError(
                f"{self.cells} architectures judged by {self.images} images teach nothing."
            )
        if self.recipe.variant == "hypernas":
            raise NasutilsError("a teacher has no labels: its variant is hypernas_h or ghn.")


def judge_made_networks(
    space: str,
    auxiliary: Auxiliary,
    settings: TeacherSettings,
    seed: int = 0,
    *,
    progress: bool = False,
) -> pd.DataFrame:
    """Train a hypernetwork on random architectures of a space and judge what it makes of them.

    Args:
        space: One of ``auxiliary.SPACES``.
        auxiliary: Its target networks and images; those to judge by are not those to learn.
        settings: How.
        seed: Of the architectures and the training.
        progress: Whether to draw bars.

    Returns:
        A row an architecture, all different: ``arch``, its string; ``accuracy`` in percent and
        ``cross_entropy`` in nats on the images to judge by.

    Raises:
        NasutilsError: As ``fit_jointly``.
    """
    drawn = _random_architectures(space, settings.cells, seed)
    stacks = stack(space, drawn, cells_per_stage=auxiliary.cells_per_stage)
    targets = [auxiliary.target(architecture) for architecture in drawn]
    model = fit_jointly(
        stacks, None, targets.__getitem__, auxiliary.train, settings.recipe, seed, progress=progress
    )
    shown = slice(settings.images)
    images = auxiliary.valid.images[shown].to(memory_format=torch.channels_last)
    judged = model.judge(stacks, targets, images, auxiliary.valid.labels[shown], progress=progress)
    judged.insert(0, "arch", [str(architecture) for architecture in drawn])
    return judged


def made_networks(
    space: str,
    auxiliary: Auxiliary,
    settings: TeacherSettings | None = None,
    seed: int = 0,
    *,
    progress: bool = False,
) -> pd.DataFrame:
    """Return what ``judge_made_networks`` returns, from the cache if it is there.

    Its arguments, but for the settings: by default those of the published figures.
    """
    settings = settings or TeacherSettings()
    images = auxiliary.train.images
    task = space, auxiliary.cells_per_stage, tuple(images.shape), images.device.type
    key = hashlib.sha256(repr((_VERSION, task, settings, seed)).encode()).hexdigest()[:16]
    return cached_frame(
        cache_dir() / "teachers" / f"{space}-{key}.parquet",
        ["arch", *JUDGEMENTS],
        lambda: judge_made_networks(space, auxiliary, settings, seed, progress=progress),
    )


def _random_architectures(space: str, count: int, seed: int) -> list[Any]:
    """Draw different architectures."""
    rng, drawn = np.random.default_rng(seed), {}
    while len(drawn) < count:
        drawn[SPACES[space].architecture.random(rng)] = None
    return list(drawn)
