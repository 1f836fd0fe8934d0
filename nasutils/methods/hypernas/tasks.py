"""What predictors are compared on: architectures with the labels they learn and are judged by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from nasutils.benchmarks.zero_cost import load_zero_cost_cells
from nasutils.data import load_table
from nasutils.data import nasbench101 as nasbench101_table
from nasutils.data.nasbench301 import Surrogate
from nasutils.data.proxy_files import PROXIES
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import Stacks, stack, stack_nasbench101
from nasutils.methods.common.paths import without_dead
from nasutils.methods.hypernas.predictor import Recipe
from nasutils.metrics import kendall_tau, spearman
from nasutils.spaces.autoformer import AutoFormerTiny
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

_DARTS_CELLS = 3000  # random ones, which the surrogate labels
_DARTS_SEED = 301
_SAMPLE = 20_000
_SAMPLE_SEED = 101


@dataclass(frozen=True, eq=False)
class Task:
    """M architectures of one benchmark.

    Attributes:
        title: Its name in prose.
        space: The space of its stacks.
        labels: What predictors learn (%), (M,); NaN where nothing is public.
        truth: What they are judged by (%), (M,).
        whole: Whether all M judge a predictor, as the paper's protocol has it for tables much
            larger than a training set; else those that it has not been trained on.
        build: Makes the stacks, with the options of ``stacks.stack``.
        architecture: From a position to the architecture's value.
        table: The table that all this comes from, a row an architecture.
        built: Stacks that were asked for.
    """

    title: str
    space: str
    labels: np.ndarray = field(repr=False)
    truth: np.ndarray = field(repr=False)
    whole: bool
    build: Callable[..., Stacks] = field(repr=False)
    architecture: Callable[[int], Any] = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    built: dict[tuple, Stacks] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def pool(self) -> np.ndarray:
        """Positions of the architectures that a training set may be drawn from."""
        return np.flatnonzero(np.isfinite(self.labels))

    def stacks(
        self, reduction: str = "block", *, live: bool = False, cells_per_stage: int | None = None
    ) -> Stacks:
        """Return all M stacks, built once.

        Args:
            reduction: As of ``stacks.stack``.
            live: Whether vertices on no path are left out.
            cells_per_stage: As of ``stacks.stack``.
        """
        key = reduction, live, cells_per_stage
        if key not in self.built:
            plain = self.build(reduction=reduction, cells_per_stage=cells_per_stage)
            self.built[key] = without_dead(plain) if live else plain
        return self.built[key]

    def stacks_for(self, recipe: Recipe) -> Stacks:
        """Return all M stacks as a predictor of a recipe reads them."""
        return self.stacks(recipe.reduction, live=recipe.live)

    def draw(self, size: int, seeds: Sequence[int]) -> np.ndarray:
        """Draw a training set a seed, positions of shape (R, size).

        A seed draws the same architectures for every method, and smaller sets are parts of larger.

        Raises:
            NasutilsError: If there are not as many labels.
        """
        if size > len(self.pool):
            raise NasutilsError(
                f"{self.title} has {len(self.pool)} labelled architectures, not {size}."
            )
        orders = [np.random.default_rng(seed).permutation(self.pool) for seed in seeds]
        return np.stack(orders)[:, :size]

    @property
    def proxies(self) -> pd.DataFrame:
        """Those of the 13 zero-cost proxies that all M architectures have."""
        return self.table[[name for name in PROXIES if name in self.table]]

    def judges(self, row: np.ndarray) -> np.ndarray:
        """Return the positions of the architectures that judge what was trained on a row."""
        every = np.arange(len(self.truth))
        return every if self.whole else np.setdiff1d(every, row)


def agreement(
    task: Task, predicted: np.ndarray, rows: np.ndarray
) -> tuple[list[float], list[float]]:
    """Return Kendall's tau and Spearman's rho of R predictors with the truth.

    Args:
        task: Of M architectures.
        predicted: By R predictors, (R, M).
        rows: What they were trained on, (R, n).
    """
    taus, rhos = [], []
    for scores, row in zip(predicted, rows, strict=True):
        judges = task.judges(row)
        taus.append(kendall_tau(scores[judges], task.truth[judges]))
        rhos.append(spearman(scores[judges], task.truth[judges]))
    return taus, rhos


def load_task(name: str) -> Task:
    """Read a benchmark as a task.

    Args:
        name: One of ``TASKS``.

    Raises:
        UnknownNameError: If it is none of them.
    """
    if name not in TASKS:
        raise UnknownNameError("ranking task", name, TASKS)
    return TASKS[name]()


def _task(
    title: str,
    space: str,
    architectures: Sequence[Any],
    table: pd.DataFrame,
    *,
    labels: str,
    truth: str,
    whole: bool,
) -> Task:
    """Make a task of architecture values and two columns of their table."""
    return Task(
        title,
        space,
        table[labels].to_numpy(),
        table[truth].to_numpy(),
        whole,
        build=partial(stack, space, architectures),
        architecture=architectures.__getitem__,
        table=table,
    )


def _digits() -> Task:
    table = load_table("nb201_digits")
    cells = [NASBench201Cell.from_string(arch) for arch in table["arch"]]
    columns = {"labels": "valid", "truth": "test", "whole": True}
    return _task("NB201-Digits", "nb201_digits", cells, table, **columns)


def _nasbench201(data: str, title: str) -> Task:
    table = load_table("nasbench201")
    cells = [NASBench201Cell.from_string(arch) for arch in table["arch"]]
    columns = {"labels": f"valid_{data}", "truth": f"test_{data}", "whole": True}
    return _task(f"NAS-Bench-201, {title}", "nasbench201", cells, table, **columns)


def _scored(name: str, space: str, title: str, *, whole: bool) -> Task:
    """Read the cells of a benchmark that have public proxies."""
    scored = load_zero_cost_cells(name)
    table = scored.proxies.dropna(axis=1).assign(valid=scored.valid, test=scored.test)
    if space == "nasbench201":
        cells = [NASBench201Cell.from_string(arch) for arch in table.index]
    else:
        known = load_table("nasbench101").set_index("hash").loc[table.index].reset_index()
        cells = nasbench101_table.cells(known)
    return _task(title, space, cells, table, labels="valid", truth="test", whole=whole)


def _nasbench101() -> Task:
    """Read the whole table; validation accuracies are public of 292 distinct cells only."""
    table = load_table("nasbench101")
    known = load_table("nasbench101_proxies").dropna(subset="valid").groupby("hash")["valid"].mean()
    labels = known.reindex(table["hash"]).to_numpy()
    return _of_nasbench101("NAS-Bench-101, CIFAR-10", table, labels)


def _nasbench101_uniform() -> Task:
    """Read the whole table with its test accuracies as labels of any cell."""
    table = load_table("nasbench101")
    return _of_nasbench101("NAS-Bench-101, test labels", table, table["test"].to_numpy())


def _nasbench101_sample() -> Task:
    """Read the labelled cells and a random part of the others, for what is too slow on all."""
    whole = _nasbench101()
    others = np.setdiff1d(np.arange(len(whole.truth)), whole.pool)
    drawn = np.random.default_rng(_SAMPLE_SEED).choice(others, _SAMPLE, replace=False)
    kept = np.sort(np.concatenate([whole.pool, drawn]))
    table = whole.table.iloc[kept].reset_index(drop=True)
    return _of_nasbench101("NAS-Bench-101, a random part", table, whole.labels[kept])


def _of_nasbench101(title: str, table: pd.DataFrame, labels: np.ndarray) -> Task:
    return Task(
        title,
        "nasbench101",
        labels,
        table["test"].to_numpy(),
        whole=True,
        build=partial(stack_nasbench101, table),
        architecture=lambda i: nasbench101_table.cells(table.iloc[[i]])[0],
        table=table,
    )


def _ofa() -> Task:
    table = load_table("ofa_mbv3")
    networks = [OFAMobileNetV3.from_string(arch) for arch in table["arch"]]
    columns = {"labels": "top1", "truth": "top1", "whole": False}
    return _task("Once-for-All MobileNetV3", "ofa_mbv3", networks, table, **columns)


def _autoformer() -> Task:
    table = load_table("autoformer")
    networks = [AutoFormerTiny.from_string(arch) for arch in table["arch"]]
    columns = {"labels": "c100_kd", "truth": "c100_kd", "whole": False}
    return _task("AutoFormer-Tiny, CIFAR-100", "autoformer", networks, table, **columns)


def _darts() -> Task:
    """Draw random genotypes and label them by the NAS-Bench-301 surrogate."""
    rng = np.random.default_rng(_DARTS_SEED)
    genotypes = [DARTSGenotype.random(rng).canonical() for _ in range(_DARTS_CELLS)]
    table = pd.DataFrame({"arch": map(str, genotypes), "valid": Surrogate().predict(genotypes)})
    columns = {"labels": "valid", "truth": "valid", "whole": False}
    return _task("DARTS, NB301 surrogate", "darts", genotypes, table, **columns)


TASKS: dict[str, Callable[[], Task]] = {
    "nb201-digits": _digits,
    "nb201-c10": lambda: _nasbench201("c10", "CIFAR-10"),
    "nb201-c100": lambda: _nasbench201("c100", "CIFAR-100"),
    "nb201-in16": lambda: _nasbench201("in16", "ImageNet16-120"),
    "nb101-c10": _nasbench101,
    "nb101-uniform": _nasbench101_uniform,
    "nb101-sample": _nasbench101_sample,
    "nb201-scored": lambda: _scored(
        "nb201-c10", "nasbench201", "NAS-Bench-201, cells with proxies", whole=True
    ),
    "nb101-scored": lambda: _scored(
        "nb101-c10", "nasbench101", "NAS-Bench-101, cells with proxies", whole=False
    ),
    "mbv3-imagenet": _ofa,
    "vit-c100": _autoformer,
    "nb301": _darts,
}
