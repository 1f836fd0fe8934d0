"""Named runs: super-nets that are trained and judged, each under its own frozen configuration.

``python -m nasutils.methods.kshot_hypernet.runs NAME...`` does them one after the other. What is
there already is not done again: a run that was killed goes on from its last checkpoint, and its
judging from the last hundred cells. Everything lies in the cache, by the configuration's key.
"""

import argparse
import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from nasutils.errors import NasutilsError, lookup
from nasutils.methods.kshot_hypernet.cells import JUDGED, judged_cells, sample_of_cells
from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.judging import judge
from nasutils.methods.kshot_hypernet.keeping import kept_accuracies
from nasutils.methods.kshot_hypernet.scratch import scratch_accuracies, soft_labels
from nasutils.methods.kshot_hypernet.tasks import Task, load_task
from nasutils.methods.kshot_hypernet.training import Training
from nasutils.paths import cache_dir
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.threads import deterministic_cpu

_CURVE_CELLS, _CURVE_IMAGES, _CURVE_POINTS = 100, 1_000, 4

_BENCH = SuperNetConfig(epochs=12, warm_up=2)
# All that the paper states; its four GPUs are four draws. It leaves the weight decay open.
_PAPER = SuperNetConfig(
    size=32,
    all_train=True,
    channels=16,
    cells_per_stage=5,
    draws=4,
    epochs=300,
    batch_size=256,
    lr=0.2,
    augment=True,
    mixed_precision=True,
)
_DIGITS = SuperNetConfig(task="digits", size=8, epochs=12, warm_up=2, batch_size=40)

#: Row -> how it differs from the full method.
ROWS: dict[str, dict] = {
    "shared": {"provider": "shared"},
    "kshot": {"provider": "kshot", "coefficients": 12},
    "hypernet": {"provider": "hypernet"},
    "kshot_hypernet": {},
    "labels": {"loss": "labels"},
    "mixed": {"loss": "mixed"},
    "fair": {"sampling": "fair"},
    "shared_fair": {"provider": "shared", "sampling": "fair"},
    "spos": {"sampling": "spos"},
    "temperature_0.5": {"temperature": 0.5},
    "temperature_1": {"temperature": 1.0},
    "temperature_3": {"temperature": 3.0},
    "teacher_sum": {"teacher": "sum"},
    "teacher_largest": {"teacher": "largest"},
    "teacher_none": {"teacher": "none", "loss": "labels", "sampling": "fair"},
    "n_4": {"coefficients": 4},
    "n_16": {"coefficients": 16},
    "h_8": {"hidden": 8},
    "h_16": {"hidden": 16},
    # What one-shot super-nets are: nothing of the paper.
    "one_shot": {"provider": "shared", "teacher": "none", "loss": "labels", "sampling": "spos"},
}

#: Name of a family of runs -> its configuration but for row and seed.
FAMILIES = {
    "digits": _DIGITS,
    "c10-16px": _BENCH,
    "c100-16px": replace(_BENCH, task="cifar100"),
    "c10-16px-long": replace(_BENCH, epochs=30, warm_up=5),
    "c10-paper": _PAPER,
    "c100-paper": replace(_PAPER, task="cifar100"),
}


def configuration(name: str) -> SuperNetConfig:
    """Return the configuration of a run, like ``c10-16px/kshot/0``: family, row, seed.

    Raises:
        UnknownNameError: If the family or row is unknown.
        NasutilsError: If the name is malformed.
    """
    match name.split("/"):
        case [family, row, seed] if seed.isdecimal():
            config = lookup("family of runs", family, FAMILIES)
            return replace(config, **lookup("row", row, ROWS), seed=int(seed))
    raise NasutilsError(f"a run is called FAMILY/ROW/SEED, not {name!r}.")


# Settings without a meaning for a cell that is trained from scratch.
_OF_SUPERNETS = {
    name: getattr(_BENCH, name)
    for name in ("coefficients", "hidden", "sampling", "temperature", "teacher", "loss", "draws")
}


@dataclass(frozen=True)
class SuperNetRun:
    """A super-net, trained and judged when it is first asked for, and its files.

    Args:
        config: What to train.
        kept: Whether checkpoint and accuracies are kept in the cache, and read from there.
        progress: Whether to show progress bars.
    """

    config: SuperNetConfig
    kept: bool = True
    progress: bool = False

    def file(self, name: str) -> Path | None:
        """Return where a file of the run lies; None if it keeps none."""
        return _file(self.config, name) if self.kept else None

    @property
    def task(self) -> Task:
        """The images."""
        config = self.config
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return load_task(config.task, config.size, all_train=config.all_train, device=device)

    @cached_property
    def trained(self) -> Training:
        """The trained super-net with its history, trained as far as it is not.

        Raises:
            DataError: If the checkpoint is damaged.
        """
        path = self.file("checkpoint.pt")
        with deterministic_cpu():
            training = Training(self.config, self.task)
            if path is not None and path.is_file():
                training.load(path)
            with tqdm(
                total=training.total_steps,
                initial=training.step,
                desc=self.config.provider,
                disable=not self.progress,
                mininterval=30,
            ) as bar:
                training.run(path, on_epoch=self._curve_point, on_step=lambda _: bar.update())
        return training

    def _curve_point(self, training: Training) -> dict[str, list[float]]:
        """Judge a hundred cells by images for choices, a few times a run."""
        if not self.kept or training.epoch % max(1, self.config.epochs // _CURVE_POINTS):
            return {}
        cells, images = sample_of_cells()[:_CURVE_CELLS], training.task.valid.first(_CURVE_IMAGES)
        return {"valid": judge(training.supernet, cells, training.task.train, images).tolist()}

    def accuracies(
        self, judged: str, images: int, *, limit: int | None = None, recompute: bool = True
    ) -> pd.DataFrame:
        """Return the test accuracies of cells with inherited weights.

        Args:
            judged: Which cells, one of ``JUDGED``.
            images: Number of test images, the first ones.
            limit: How many of the cells, the first ones; all where None.
            recompute: Whether batch-norm statistics are recomputed.

        Returns:
            Columns ``cell`` and ``accuracy`` (percent), one row a cell.

        Raises:
            UnknownNameError: If there is no such set of cells.
        """
        cells = judged_cells(judged, self.config.task)[:limit]
        test = self.task.test.first(images)

        def find(some: list[NASBench201Cell]) -> np.ndarray:
            trained = self.trained  # only if there is something to judge
            with deterministic_cpu():
                return judge(trained.supernet, some, trained.task.train, test, recompute=recompute)

        name = f"accuracies-{images}" + ("" if recompute else "-old_statistics")
        path = self.file(f"{name}.parquet")
        return kept_accuracies(path, cells, find, progress=self.progress)

    def scratch(
        self, judged: str, images: int, limit: int | None = None, *, taught: bool = False
    ) -> pd.DataFrame:
        """Return the test accuracies of the first cells of a set, trained from scratch.

        Args:
            judged: Which cells, one of ``JUDGED``.
            images: Number of test images, the first ones.
            limit: How many of the cells; all where None.
            taught: Whether they learn this super-net's soft labels. Else what a super-net alone
                has (provider, sampling, teacher, ...) does not matter.
        """
        config = self.config
        cells = list(judged_cells(judged, config.task)[:limit])

        def soft() -> torch.Tensor:
            return soft_labels(copy.deepcopy(self.trained.supernet), self.task.train)

        if taught:
            path = _file(config, f"scratch-taught-{images}.parquet")
        else:
            config = replace(config, provider="shared", **_OF_SUPERNETS)
            path = _file(config, f"scratch-{images}.parquet")
        options = {"soft": cache(soft) if taught else None, "progress": self.progress}
        with deterministic_cpu():
            return scratch_accuracies(path, cells, config, self.task, images, **options)


def _file(config: SuperNetConfig, name: str) -> Path:
    return cache_dir() / "kshot_hypernet" / config.key / name


def main(arguments: Sequence[str] | None = None) -> None:
    """Do the runs that are named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="FAMILY/ROW/SEED")
    parser.add_argument("--judge", action="append", choices=JUDGED, default=None)
    parser.add_argument("--images", type=int, default=2_000, help="test images to judge by")
    parser.add_argument("--scratch", type=int, metavar="N", help="train N cells from scratch")
    options = parser.parse_args(arguments)
    for name in options.names:
        run, start = SuperNetRun(configuration(name), progress=True), time.monotonic()
        for judged in options.judge or ["sample"]:
            if options.scratch is None:
                frame = run.accuracies(judged, options.images)
            else:
                frame = run.scratch(judged, options.images, options.scratch)
            print(f"{name}: {judged} mean {frame['accuracy'].mean():.2f} %", flush=True)
        print(f"{name}: {run.config.key}, {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
