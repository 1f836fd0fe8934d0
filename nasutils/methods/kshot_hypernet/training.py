"""Algorithm 1: training a super-net, with checkpoints from which a run goes on bit for bit.

Source: Zhuge et al., WANT@ICML 2024, Section 3.2 and Algorithm 1.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.providers import make_provider
from nasutils.methods.kshot_hypernet.sampling import sample_cells
from nasutils.methods.kshot_hypernet.tasks import Task, augmented
from nasutils.networks.nasbench201_supernet import Choice, NASBench201SuperNet
from nasutils.spaces.nasbench201 import CONV3, EDGES, NASBench201Cell
from nasutils.training.checkpoints import read_checkpoint, write_checkpoint

_LARGEST = NASBench201Cell((CONV3,) * len(EDGES))


def build_supernet(
    config: SuperNetConfig, num_classes: int, in_channels: int
) -> NASBench201SuperNet:
    """Return the initial super-net of a configuration, the same at every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return NASBench201SuperNet(
            lambda shapes: make_provider(
                config.provider, shapes, config.coefficients, config.hidden
            ),
            num_classes,
            channels=config.channels,
            cells_per_stage=config.cells_per_stage,
            in_channels=in_channels,
        )


class Training:
    """The state of a run: it can be stopped after any step, saved, loaded, and goes on the same.

    Args:
        config: What to train, and how.
        task: The images; training takes place where they lie.

    Raises:
        NasutilsError: If the training images do not fill a batch.
    """

    def __init__(self, config: SuperNetConfig, task: Task) -> None:
        images = task.train.x
        self.config, self.task = config, task
        self.steps_per_epoch = len(task.train) // config.batch_size
        if self.steps_per_epoch == 0:
            raise NasutilsError(
                f"{len(task.train)} images do not fill a batch of {config.batch_size}."
            )
        self.supernet = build_supernet(config, task.num_classes, images.shape[1]).to(images.device)
        self.optimiser = torch.optim.SGD(
            _parameter_groups(self.supernet, config.encoder_rate),
            lr=config.lr,
            momentum=config.momentum,
            nesterov=True,
            foreach=True,
        )
        self.step, self.seconds = 0, 0.0
        self.history: list[dict[str, float]] = []
        self._draws = torch.Generator().manual_seed(config.seed)

    @property
    def total_steps(self) -> int:
        """Number of steps of the whole run."""
        return self.config.epochs * self.steps_per_epoch

    @property
    def epoch(self) -> int:
        """Number of whole epochs behind."""
        return self.step // self.steps_per_epoch

    def train_step(self) -> None:
        """Do one iteration of Algorithm 1: the teacher's update, then that of its students."""
        config = self.config
        self.supernet.train()
        x, y = self._batch()
        self.supernet.provider.uniform = self.epoch < config.warm_up
        self._set_lr()
        soft = None
        if config.teacher != "none":
            logits = self._logits(x, self._teacher())
            F.cross_entropy(logits, y).backward()
            soft = logits.detach().softmax(1)
            self._update(config.weight_decay)
        for _ in range(config.draws):
            beta, sampling = self.supernet.beta, config.sampling
            for cell in sample_cells(beta, sampling, config.temperature, self._draws):
                logits = self._logits(x, Choice.cell(cell))
                (self._student_loss(logits, y, soft) / config.draws).backward()
        # Weight decay once a step: without a teacher, here.
        self._update(config.weight_decay if soft is None else 0.0)
        self.step += 1

    def _batch(self) -> tuple[Tensor, Tensor]:
        # The order of an epoch depends on seed and epoch alone, so that no state need be kept.
        generator = torch.Generator().manual_seed(self.config.seed * 100_003 + self.epoch)
        order = torch.randperm(len(self.task.train), generator=generator)
        start = self.step % self.steps_per_epoch * self.config.batch_size
        batch = order[start : start + self.config.batch_size].to(self.task.train.x.device)
        x, y = self.task.train.x[batch], self.task.train.y[batch]
        return (augmented(x, self._draws) if self.config.augment else x), y

    def _set_lr(self) -> None:
        progress = self.step / self.total_steps
        for group in self.optimiser.param_groups:
            lr = self.config.lr * group["rate"]
            group["lr"] = lr * 0.5 * (1 + math.cos(math.pi * progress))

    def _teacher(self) -> Choice:
        if self.config.teacher == "largest":
            return Choice.cell(_LARGEST)
        if self.config.teacher == "sum":
            return Choice.mixture(self.supernet.beta.softmax(1), weighted=False)
        return self.supernet.mixture()

    def _logits(self, x: Tensor, choice: Choice) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.config.mixed_precision):
            logits = self.supernet(x, choice)
        return logits.float() if self.config.mixed_precision else logits

    def _student_loss(self, logits: Tensor, y: Tensor, soft: Tensor | None) -> Tensor:
        match self.config.loss:
            case "soft":
                return F.cross_entropy(logits, soft)
            case "mixed":
                return (F.cross_entropy(logits, soft) + F.cross_entropy(logits, y)) / 2
            case _:
                return F.cross_entropy(logits, y)

    def _update(self, weight_decay: float) -> None:
        for group in self.optimiser.param_groups:
            group["weight_decay"] = weight_decay if group["decays"] else 0.0
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def run(
        self,
        path: Path | None = None,
        *,
        on_epoch: Callable[["Training"], dict[str, float]] | None = None,
        save_every: float = 60.0,
        on_step: Callable[["Training"], None] | None = None,
    ) -> None:
        """Train to the end, from wherever this run stands.

        Args:
            path: Checkpoint, written every ``save_every`` seconds and at the end.
            on_epoch: Called after each epoch; what it returns enters the history.
            save_every: Seconds between checkpoints.
            on_step: Called after each step, as for a progress bar.

        Raises:
            NasutilsError: If the super-net's weights are no longer finite.
        """
        last = saved = time.monotonic()
        while self.step < self.total_steps:
            self.train_step()
            now = time.monotonic()
            self.seconds, last = self.seconds + now - last, now
            if self.step % self.steps_per_epoch == 0:
                self._check_finite()
                if on_epoch is not None:
                    self.history.append({"epoch": self.epoch, **on_epoch(self)})
                last = time.monotonic()  # Judging is no training time.
            if path is not None and (now - saved > save_every or self.step == self.total_steps):
                self.save(path)
                last = saved = time.monotonic()
            if on_step is not None:
                on_step(self)

    def _check_finite(self) -> None:
        if not all(p.isfinite().all() for p in self.supernet.parameters()):
            raise NasutilsError(f"the weights are no longer finite after epoch {self.epoch}.")

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all.

        Raises:
            OSError: If it cannot be written.
        """
        state = {
            "config": asdict(self.config),
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
            "supernet": self.supernet.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "draws": self._draws.get_state(),
        }
        write_checkpoint(path, state)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            DataError: If the file is missing or damaged, or of another configuration.
        """
        state = read_checkpoint(path, "a super-net", {"config"})
        differing = {
            name: (state["config"].get(name), value)
            for name, value in asdict(self.config).items()
            if state["config"].get(name) != value
        }
        if differing:
            name, (theirs, ours) = next(iter(differing.items()))
            raise DataError(
                f"{path} is a checkpoint of another configuration: "
                f"{name} is {theirs!r} there, {ours!r} here."
            )
        try:
            self.supernet.load_state_dict(state["supernet"])
            self.optimiser.load_state_dict(state["optimiser"])
            self._draws.set_state(state["draws"])
            self.step, self.seconds = state["step"], state["seconds"]
            self.history = state["history"]
            # As the last step left it: a run that ends in the warm-up is judged as it was trained.
            last = (self.step - 1) // self.steps_per_epoch
            self.supernet.provider.uniform = last < self.config.warm_up
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise DataError(f"{path} does not fit the super-net: {error}") from error


def _parameter_groups(supernet: NASBench201SuperNet, encoder_rate: float) -> list[dict]:
    """Sort parameters by whether they decay, and by their learning rate."""
    groups = {
        (decays, rate): {"params": [], "decays": decays, "rate": rate}
        for decays in (True, False)
        for rate in (1.0, encoder_rate)
    }
    for name, parameter in supernet.named_parameters():
        # Batch norms and biases are the parameters with one dimension.
        rate = encoder_rate if name.startswith("provider.encoder.") else 1.0
        groups[parameter.ndim > 1, rate]["params"].append(parameter)
    return [group for group in groups.values() if group["params"]]
