"""Named runs: super-nets that are trained and judged, each under its own frozen configuration.

``python -m nasutils.methods.kshot_hypernet.runs NAME...`` does them one after the other. What is
there already is not done again: a run that was killed goes on from its last checkpoint, and its
judging from the last hundred cells. Everything lies in the cache, by the configuration's key.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from nasutils.data.tables import load_table
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.judging import judge
from nasutils.methods.kshot_hypernet.keeping import kept_accuracies
from nasutils.methods.kshot_hypernet.scratch import scratch_accuracies
from nasutils.methods.kshot_hypernet.tasks import Task, load_task
from nasutils.methods.kshot_hypernet.training import Training
from nasutils.paths import cache_dir
from nasutils.spaces.nasbench201 import NASBench201Cell, all_cells

_SAMPLE_SEED, _SAMPLE, _BEST = 201, 1_000, 1_000
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

#: Suffix of a run's name -> how it differs from the full method.
ROWS: dict[str, dict] = {
    "shared": {"provider": "shared"},
    "kshot": {"provider": "kshot", "coefficients": 12},
    "hypernet": {"provider": "hypernet"},
    "kshot_hypernet": {},
    "labels": {"loss": "labels"},
    "mixed": {"loss": "mixed"},
    "fair": {"sampling": "fair"},
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
            pass
        case _:
            raise NasutilsError(f"a run is called FAMILY/ROW/SEED, not {name!r}.")
    for kind, value, choices in (("family of runs", family, FAMILIES), ("row", row, ROWS)):
        if value not in choices:
            raise UnknownNameError(kind, value, choices)
    return replace(FAMILIES[family], **ROWS[row], seed=int(seed))


@cache
def sample_of_cells() -> tuple[NASBench201Cell, ...]:
    """Return 1,000 of the 15,625 cells, drawn once and for all."""
    cells = list(all_cells())
    draw = np.random.default_rng(_SAMPLE_SEED).permutation(len(cells))[:_SAMPLE]
    return tuple(cells[i] for i in draw)


def best_cells(task: str, n: int = _BEST) -> tuple[NASBench201Cell, ...]:
    """Return the n cells of the highest true test accuracy on CIFAR-10 or CIFAR-100."""
    table = load_table("nasbench201")
    column = {"cifar10": "test_c10", "cifar100": "test_c100"}[task]
    best = table.nlargest(n, column)["arch"]
    return tuple(map(NASBench201Cell.from_string, best))


def _best_sample(task: str) -> tuple[NASBench201Cell, ...]:
    best = best_cells(task)
    draw = np.random.default_rng(_SAMPLE_SEED).permutation(len(best))[:300]
    return tuple(best[i] for i in sorted(draw))


#: Which cells a run is judged on -> those cells, for a data set.
JUDGED: dict[str, Callable[[str], Sequence[NASBench201Cell]]] = {
    "sample": lambda task: sample_of_cells(),
    "best": _best_sample,
    "all": lambda task: tuple(all_cells()),
}


# Settings without a meaning for a cell that is trained from scratch.
_OF_SUPERNETS = {
    name: getattr(_BENCH, name)
    for name in ("coefficients", "hidden", "sampling", "temperature", "teacher", "loss", "draws")
}


@dataclass(frozen=True)
class Run:
    """A run and its files.

    Args:
        config: What to train.
        progress: Whether to show progress bars.
    """

    config: SuperNetConfig
    progress: bool = False

    @property
    def folder(self) -> Path:
        """Where the files of the run lie."""
        return cache_dir() / "kshot_hypernet" / self.config.key

    def task(self) -> Task:
        """Return the images."""
        config = self.config
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return load_task(config.task, config.size, all_train=config.all_train, device=device)

    def trained(self) -> Training:
        """Return the trained super-net with its history, training it as far as it is not.

        Raises:
            DataError: If the checkpoint is damaged.
        """
        training = Training(self.config, self.task())
        path = self.folder / "checkpoint.pt"
        if path.is_file():
            training.load(path)
        bar = tqdm(
            total=training.total_steps,
            initial=training.step,
            desc=self.config.provider,
            disable=not self.progress,
            mininterval=30 if self.progress else 1,
        )
        with bar:
            training.run(path, on_epoch=self._curve_point, on_step=lambda _: bar.update())
        return training

    def _curve_point(self, training: Training) -> dict[str, list[float]]:
        """Judge a hundred cells by images for choices, a few times a run."""
        if training.epoch % max(1, self.config.epochs // _CURVE_POINTS):
            return {}
        cells, images = sample_of_cells()[:_CURVE_CELLS], training.task.valid.first(_CURVE_IMAGES)
        return {"valid": judge(training.supernet, cells, training.task.train, images).tolist()}

    def accuracies(self, judged: str, images: int, *, recompute: bool = True) -> pd.DataFrame:
        """Return the test accuracies of cells with inherited weights.

        Args:
            judged: Which cells, one of ``JUDGED``.
            images: Number of test images, the first ones.
            recompute: Whether batch-norm statistics are recomputed.

        Returns:
            Columns ``cell`` and ``accuracy`` (percent), one row a cell.
        """
        if judged not in JUDGED:
            raise UnknownNameError("set of cells to judge", judged, JUDGED)
        task = self.task()
        name = f"accuracies-{images}" + ("" if recompute else "-old_statistics")

        trained = cache(self.trained)  # Only if there is something to judge, and once.

        def find(cells: list[NASBench201Cell]) -> np.ndarray:
            test = task.test.first(images)
            return judge(trained().supernet, cells, task.train, test, recompute=recompute)

        cells = JUDGED[judged](self.config.task)
        path = self.folder / f"{name}.parquet"
        return kept_accuracies(path, cells, find, progress=self.progress)

    def scratch(self, judged: str, images: int, limit: int | None = None) -> pd.DataFrame:
        """Return the test accuracies of the first cells of a set, trained from scratch.

        What the super-net alone has (provider, sampling, teacher, ...) does not matter.
        """
        plain = replace(self.config, provider="shared", **_OF_SUPERNETS)
        folder = cache_dir() / "kshot_hypernet" / plain.key
        return scratch_accuracies(
            folder / f"scratch-{images}.parquet",
            list(JUDGED[judged](plain.task)[:limit]),
            plain,
            self.task(),
            images,
            progress=self.progress,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Do the runs that are named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="FAMILY/ROW/SEED")
    parser.add_argument("--judge", action="append", choices=JUDGED, default=None)
    parser.add_argument("--images", type=int, default=2_000, help="test images to judge by")
    parser.add_argument("--scratch", type=int, metavar="N", help="train N cells from scratch")
    parser.add_argument("--epochs", type=int, help="shorten: the schedule spans as many epochs")
    parser.add_argument("--draws", type=int, help="sets of five students a step (paper: 4)")
    options = parser.parse_args(arguments)
    shorter = {
        name: value for name in ("epochs", "draws") if (value := getattr(options, name)) is not None
    }
    runs = {
        name: Run(replace(configuration(name), **shorter), progress=True) for name in options.names
    }
    torch.set_flush_denormal(True)
    for name, run in runs.items():
        start = time.monotonic()
        for judged in options.judge or ["sample"]:
            if options.scratch is None:
                frame = run.accuracies(judged, options.images)
            else:
                frame = run.scratch(judged, options.images, options.scratch)
            print(f"{name}: {judged} mean {frame['accuracy'].mean():.2f} %", flush=True)
        print(f"{name}: {run.config.key}, {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
