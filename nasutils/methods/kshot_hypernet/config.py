"""Everything that defines the training of a super-net."""

import hashlib
import json
from dataclasses import asdict, dataclass

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet.providers import PROVIDERS
from nasutils.methods.kshot_hypernet.sampling import SAMPLINGS
from nasutils.methods.kshot_hypernet.tasks import TASKS

TEACHERS = ("mixture", "sum", "largest", "none")
LOSSES = ("soft", "mixed", "labels")


@dataclass(frozen=True, slots=True)
class SuperNetConfig:
    """A super-net and its training; the defaults are the ``bench`` scale's.

    Args:
        task: Data set, one of ``TASKS``.
        size: Height and width of its images.
        all_train: Whether the images for choices are learnt, too.
        channels: Channels of the first stage.
        cells_per_stage: Cells a stage.
        provider: Where kernels come from, one of ``PROVIDERS``.
        coefficients: Number N of kernels that are mixed.
        hidden: Width h of encoder and hypernetwork.
        sampling: How students are drawn, one of ``SAMPLINGS``.
        temperature: Of FocusFair sampling.
        teacher: What the students' soft labels come from: all operations under softmax(beta), their
            plain sum, the cell of six 3 x 3 convolutions, or ``none`` (then there are no soft
            labels, and beta is not trained).
        loss: What students learn: soft labels alone, the mean of both losses, or labels alone.
        draws: Sets of students a step, whose mean gradient counts: the paper's four GPUs.
        epochs: Passes over the training images.
        warm_up: Epochs with equal coefficients.
        batch_size: Images a step.
        lr: Initial learning rate; it falls to zero along a cosine.
        encoder_rate: Learning rate of a hypernetwork's encoder over that of all else. It serves
            every convolution: at 1, its steps move kernels ten times as far as those of the
            convolutions' own maps do.
        momentum: Nesterov momentum.
        weight_decay: L2 penalty in the teacher's update, not on batch norms and biases.
        augment: Whether images are flipped and shifted.
        mixed_precision: Whether to compute in bfloat16 where that is safe.
        seed: Of initial weights, order of the images and sampling.

    Raises:
        NasutilsError: On a name or number that makes no sense.
    """

    task: str = "cifar10"
    size: int = 16
    all_train: bool = False
    channels: int = 8
    cells_per_stage: int = 1
    provider: str = "kshot_hypernet"
    coefficients: int = 64
    hidden: int = 32
    sampling: str = "focus_fair"
    temperature: float = 1.5
    teacher: str = "mixture"
    loss: str = "soft"
    draws: int = 1
    epochs: int = 30
    warm_up: int = 5
    batch_size: int = 128
    lr: float = 0.1
    encoder_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    augment: bool = False
    mixed_precision: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for kind, name, choices in (
            ("data set", self.task, TASKS),
            ("provider of kernels", self.provider, PROVIDERS),
            ("sampling", self.sampling, SAMPLINGS),
            ("teacher", self.teacher, TEACHERS),
            ("loss", self.loss, LOSSES),
        ):
            if name not in choices:
                raise UnknownNameError(kind, name, choices)
        counts = ("size", "channels", "cells_per_stage", "coefficients", "hidden", "draws")
        for name in (*counts, "epochs", "batch_size", "temperature", "lr", "encoder_rate"):
            if not getattr(self, name) > 0:
                raise NasutilsError(f"{name} = {getattr(self, name)}: it must be positive.")
        if self.teacher == "none" and self.loss != "labels":
            raise NasutilsError(f"without a teacher there is no loss {self.loss!r}, only 'labels'.")

    @property
    def key(self) -> str:
        """A short name of this configuration: equal exactly for equal ones."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
