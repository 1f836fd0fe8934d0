"""The super-nets of a chapter's run: which they are at each scale, and what is read off them."""

from dataclasses import dataclass, replace
from functools import cache

import pandas as pd

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet.cells import TRUTHS, true_accuracies
from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.runs import FAMILIES, ROWS, SuperNetRun
from nasutils.metrics import kendall_tau
from nasutils.study.run import Run

#: Column and metric -> figure.
Figures = dict[tuple[str, str], float]

FULL = "kshot_hypernet"  # the row of the full method
#: Rows of Table 2, and what they are called there; the paper has no hypernetwork alone.
PROVIDERS = {
    "shared": "weight sharing",
    "kshot": "Kshot(N=12)",
    "hypernet": "Hypernetwork",
    FULL: "Kshot-Hypernet",
}
#: Scale -> families of runs that its super-nets may be of, the first of them where none is named.
FAMILIES_OF = {
    "demo": ("digits",),
    "bench": ("c10-16px", "c100-16px", "digits"),
    "paper": ("c10-paper", "c100-paper"),
}
_DEMO = {"epochs": 3, "warm_up": 1}


@dataclass(frozen=True)
class Sizes:
    """How much is judged.

    Attributes:
        cells: Cells of the fixed sample; all of it where None.
        images: Test images.
        own: Whether the benchmark's own accuracies are those of the same networks and images.
        scratch: Cells of the sample that are trained from scratch.
        controls: Cells that are trained from scratch in other ways.
        budget: Cells that a search asks for.
    """

    cells: int | None = None
    images: int = 2_000
    own: bool = False
    scratch: int = 30
    controls: int = 20
    budget: int = 300


#: Family, or the scale demo -> how much is judged, where it is not the usual.
SIZES_OF = {
    "demo": Sizes(cells=30, images=500, own=True, scratch=0, budget=15),
    "digits": Sizes(cells=150, images=1_000, own=True, budget=100),
    "c10-paper": Sizes(images=10_000, own=True, scratch=0),
    "c100-paper": Sizes(images=10_000, own=True, scratch=0),
}


@cache
def _supernet_run(config: SuperNetConfig, kept: bool, progress: bool) -> SuperNetRun:
    return SuperNetRun(config, kept, progress)


@dataclass(frozen=True)
class SuperNets:
    """The super-nets of one family under one seed, by their rows.

    Attributes:
        name: The family, as columns name it.
        truth: The benchmark that says what cells reach, as columns name it.
        config: Of the full method.
        sizes: How much is judged.
        kept: Whether everything is kept in the cache; at ``demo`` nothing is.
        progress: Whether to show progress.
    """

    name: str
    truth: str
    config: SuperNetConfig
    sizes: Sizes
    kept: bool = True
    progress: bool = False

    def run(self, row: str) -> SuperNetRun:
        """Return the run of a row of ``ROWS``; always the same one."""
        return _supernet_run(replace(self.config, **ROWS[row]), self.kept, self.progress)

    def judged(self, row: str, cells: str = "sample", *, recompute: bool = True) -> pd.DataFrame:
        """Return the inherited accuracies of cells, and beside them what they reach for themselves.

        Returns:
            Columns ``cell``, ``accuracy`` and ``true`` (both test accuracy in percent).
        """
        return _judged(self, row, cells, recompute)

    def figures(self, row: str, *, best: bool = False) -> Figures:
        """Return what most tables have of a row; with ``best`` the ranking of the best 1,000 too.

        NB201-Digits is too small for that.
        """
        sample = self.judged(row)
        found = self.levels(sample) | {
            (f"{self.truth}/all", "kendall_tau"): kendall_tau(sample["accuracy"], sample["true"]),
            (f"{self.truth}/first", "test_accuracy"): sample["true"][sample["accuracy"].idxmax()],
        }
        if best and self.config.task != "digits":
            top = self.judged(row, "best")
            tau = kendall_tau(top["accuracy"], top["true"])
            found[f"{self.truth}/top1000", "kendall_tau"] = tau
        return found

    def levels(self, sample: pd.DataFrame, where: str = "sample") -> Figures:
        """Return the mean and the best inherited accuracy of cells."""
        column = f"{self.name}/{where}"
        return {
            (column, "test_accuracy_mean"): sample["accuracy"].mean(),
            (column, "test_accuracy_max"): sample["accuracy"].max(),
        }


@cache
def _judged(nets: SuperNets, row: str, cells: str, recompute: bool) -> pd.DataFrame:
    limit = nets.sizes.cells if cells == "sample" else None
    found = nets.run(row).accuracies(cells, nets.sizes.images, limit=limit, recompute=recompute)
    return found.assign(true=true_accuracies(nets.config.task)[found["cell"]].to_numpy())


def make_supernets(run: Run, epochs: int = 0) -> SuperNets:
    """Return the super-nets of a run; nothing is trained yet.

    Args:
        run: The run.
        epochs: At ``paper``: fewer epochs, and five students a step instead of twenty. The whole
            schedule where 0.

    Raises:
        UnknownNameError: If the scale has no such family.
        NasutilsError: If another scale is to be shortened.
    """
    families = FAMILIES_OF[run.scale]
    family = run.benchmark or families[0]
    if family not in families:
        raise UnknownNameError(f"benchmark at {run.scale}", family, families)
    config = replace(FAMILIES[family], seed=run.seed)
    name, truth = family, TRUTHS[config.task]
    if epochs and run.scale != "paper":
        raise NasutilsError(f"epochs={epochs}: only the scale paper can be shortened.")
    if epochs:
        config = replace(config, epochs=epochs, draws=1)
        name, truth = f"{family}-reduced", f"{truth}/reduced"
    sizes = SIZES_OF.get(family, Sizes())
    if not run.real:
        config, sizes = replace(config, **_DEMO), SIZES_OF["demo"]
    return SuperNets(name, truth, config, sizes, kept=run.real, progress=run.real)
