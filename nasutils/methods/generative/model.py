"""What the generative networks share: known sizes, one file, one resumable training loop.

The draws of a step depend on seed and step alone, so that no random state need be kept, and a run
that was stopped goes on bit for bit.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from tqdm import tqdm

from nasutils.errors import DataError, NasutilsError
from nasutils.training.checkpoints import read_checkpoint, write_checkpoint

_CHECKPOINT = "a generative network", {"sizes"}


class GenerativeModel(nn.Module):
    """A network that knows its sizes, and how many steps it was trained for.

    Args:
        **sizes: All arguments of the subclass, which a checkpoint carries.
    """

    def __init__(self, **sizes: Any) -> None:
        super().__init__()
        self.sizes = sizes
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def check_trained(self) -> None:
        """Refuse to sample from initial weights.

        Raises:
            NasutilsError: If not a single step was taken.
        """
        if self.steps == 0:
            raise NasutilsError(f"this {type(self).__name__} is untrained: train it, or load one.")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the network of a checkpoint, on the CPU, in evaluation mode.

        Raises:
            DataError: If the file is missing, damaged, or of another network.
        """
        state = read_checkpoint(path, *_CHECKPOINT)
        if state["model"] != cls.__name__:
            raise DataError(f"{path} holds a {state['model']}, not a {cls.__name__}.")
        try:
            model = cls(**state["sizes"])
            model.load_state_dict(state["network"])
        except (KeyError, RuntimeError, TypeError) as error:
            raise DataError(f"{path} does not fit a {cls.__name__}: {error}") from error
        return model.eval()


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        steps: Updates.
        batch_size: Rows a step, drawn with replacement.
        learning_rate: Of Adam, at the start.
        weight_decay: Decoupled (AdamW), or an L2 penalty (Adam).
        decoupled: Which of the two.
        cosine: Whether the rate falls to zero along a cosine, rather than stays.
        max_grad_norm: Longer gradients are scaled down to this norm.
    """

    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    decoupled: bool = True
    cosine: bool = False
    max_grad_norm: float = math.inf


def train(
    model: GenerativeModel,
    losses: Callable[[torch.Generator], Mapping[str, Tensor]],
    schedule: Schedule,
    *,
    seed: int,
    path: Path | None = None,
    save_every: float = 60.0,
    log_every: int = 100,
    progress: str = "",
) -> list[dict[str, float]]:
    """Train a network, from wherever its checkpoint stands; it ends in evaluation mode.

    Args:
        model: On its final device.
        losses: From a generator, seeded anew each step, to named scalars: what they add up to is
            minimised, but for those whose name begins with ``_``, which are only logged.
        schedule: Of the training.
        seed: Of the draws.
        path: Checkpoint, read where it exists, written now and then and at the end.
        save_every: Seconds between checkpoints.
        log_every: Steps between rows of the history.
        progress: What a bar is called; no bar where empty.

    Returns:
        The history: means of the losses over ``log_every`` steps, their last ``step``, and the
        ``seconds`` of training so far.

    Raises:
        DataError: If the checkpoint is damaged, or of another training.
        NasutilsError: If the loss is no longer finite.
    """
    optimiser = _optimiser(model, schedule)
    config = {"schedule": asdict(schedule), "seed": seed, "log_every": log_every}
    run: dict[str, Any] = {"history": [], "sums": {}, "seconds": 0.0}
    if path is not None and path.exists():
        run = _resume(path, model, optimiser, config)
    generator = torch.Generator(model.steps.device)
    last = saved = time.monotonic()
    model.train()
    first = int(model.steps)
    bar = tqdm(
        total=schedule.steps, initial=first, desc=progress, unit="step", disable=not progress
    )
    for step in range(first, schedule.steps):
        generator.manual_seed(seed * 1_000_003 + step)
        _step(model, optimiser, losses(generator), schedule, run["sums"])
        model.steps += 1
        now = time.monotonic()
        run["seconds"], last = run["seconds"] + now - last, now
        if (step + 1) % log_every == 0 or step + 1 == schedule.steps:
            since = step % log_every + 1
            means = {name: value / since for name, value in run["sums"].items()}
            run["history"].append({"step": step + 1, "seconds": run["seconds"], **means})
            run["sums"] = {}
            bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
        if path is not None and (now - saved > save_every or step + 1 == schedule.steps):
            _save(path, model, optimiser, config, run)
            last = saved = time.monotonic()
        bar.update()
    bar.close()
    model.eval()
    return run["history"]


def _optimiser(model: nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if schedule.decoupled else torch.optim.Adam
    options = {"lr": schedule.learning_rate, "weight_decay": schedule.weight_decay}
    return kind([p for p in model.parameters() if p.requires_grad], fused=True, **options)


def _step(
    model: GenerativeModel,
    optimiser: torch.optim.Optimizer,
    losses: Mapping[str, Tensor],
    schedule: Schedule,
    sums: dict[str, float],
) -> None:
    """Do one update, and add the losses to their sums."""
    total = sum(value for name, value in losses.items() if not name.startswith("_"))
    if not total.isfinite():
        raise NasutilsError(
            f"the loss of the {type(model).__name__} is {total.item()} after {int(model.steps)} "
            "steps: lower the learning rate."
        )
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    if schedule.max_grad_norm < math.inf:
        nn.utils.clip_grad_norm_(model.parameters(), schedule.max_grad_norm)
    if schedule.cosine:
        share = (1 + math.cos(math.pi * int(model.steps) / schedule.steps)) / 2
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate * share
    optimiser.step()
    for name, value in losses.items():
        name = name.removeprefix("_")
        sums[name] = sums.get(name, 0.0) + float(value.detach())


def _save(
    path: Path,
    model: GenerativeModel,
    optimiser: torch.optim.Optimizer,
    config: dict[str, Any],
    run: dict[str, Any],
) -> None:
    state = {
        "model": type(model).__name__,
        "sizes": model.sizes,
        "config": config,
        "network": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        **run,
    }
    write_checkpoint(path, state)


def _resume(
    path: Path,
    model: GenerativeModel,
    optimiser: torch.optim.Optimizer,
    config: dict[str, Any],
) -> dict[str, Any]:
    """Load a checkpoint into the network and its optimiser; return the rest of the run."""
    state = read_checkpoint(path, *_CHECKPOINT)
    ours = {"model": type(model).__name__, "sizes": model.sizes, "config": config}
    for name, value in ours.items():
        if state[name] != value:
            raise DataError(
                f"{path} is a checkpoint of another training: {name} is {state[name]!r} there, "
                f"{value!r} here."
            )
    try:
        model.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise DataError(f"{path} does not fit the network: {error}") from error
    return {name: state[name] for name in ("history", "sums", "seconds")}
