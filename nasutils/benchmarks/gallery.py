"""Every benchmark of the book in one form: accuracy, cost, features."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from nasutils.benchmarks import features
from nasutils.data import load_table
from nasutils.errors import UnknownNameError


@dataclass(frozen=True)
class Benchmark:
    """One benchmark on one data set, and where its columns are.

    Attributes:
        name: As results name it, like ``nb201-c10``.
        title: As figures name it.
        table: The table's name for ``load_table``.
        accuracy: The column to rank by.
        measure: What that column is.
        window: The accuracies that a histogram shows, in percent.
        features: From the table to what can be seen of an architecture.
        valid: The column of validation accuracies to choose by, where there is one beside.
        costs: Our name of a cost, and the column that holds it.
    """

    name: str
    title: str
    table: str
    accuracy: str
    measure: str
    window: tuple[float, float]
    features: Callable[[pd.DataFrame], pd.DataFrame]
    valid: str | None = None
    costs: tuple[tuple[str, str], ...] = ()

    def load(self) -> pd.DataFrame:
        """Return ``accuracy``, ``valid`` and costs where there are any, and the features."""
        table = load_table(self.table)
        columns = {"accuracy": self.accuracy, **dict(self.costs)}
        if self.valid:
            columns["valid"] = self.valid
        measured = pd.DataFrame({ours: table[column] for ours, column in columns.items()})
        return pd.concat([measured, self.features(table)], axis=1)

    @property
    def cost(self) -> str:
        """The cost that figures show: FLOPs before parameters; "" where the table has neither."""
        names = [name for name, _ in self.costs]
        return next((name for name in ("flops", "params") if name in names), "")


_BOTH = (("params", "params"), ("flops", "flops"))

GALLERY = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark(
            name="nb201-digits",
            title="NB201-Digits",
            table="nb201_digits",
            accuracy="test",
            measure="test accuracy",
            window=(20, 50),
            features=features.nasbench201_features,
            valid="valid",
            costs=(*_BOTH, ("latency", "latency")),
        ),
        Benchmark(
            name="nb101-c10",
            title="NAS-Bench-101, CIFAR-10",
            table="nasbench101",
            accuracy="test",
            measure="test accuracy",
            window=(80, 95),
            features=features.nasbench101_features,
            costs=(("params", "params"),),
        ),
        Benchmark(
            name="nb201-c10",
            title="NAS-Bench-201, CIFAR-10",
            table="nasbench201",
            accuracy="test_c10",
            measure="test accuracy",
            window=(65, 95),
            features=features.nasbench201_features,
            valid="valid_c10",
            costs=_BOTH,
        ),
        Benchmark(
            name="nb201-c100",
            title="NAS-Bench-201, CIFAR-100",
            table="nasbench201",
            accuracy="test_c100",
            measure="test accuracy",
            window=(30, 75),
            features=features.nasbench201_features,
            valid="valid_c100",
            costs=(("params", "params_c100"),),
        ),
        Benchmark(
            name="nb201-in16",
            title="NAS-Bench-201, ImageNet16-120",
            table="nasbench201",
            accuracy="test_in16",
            measure="test accuracy",
            window=(8, 48),
            features=features.nasbench201_features,
            valid="valid_in16",
            costs=(("params", "params_in16"),),
        ),
        Benchmark(
            name="nb301",
            title="NAS-Bench-301 (DARTS), CIFAR-10",
            table="nasbench301_proxies",
            accuracy="valid_c10",
            measure="predicted validation accuracy",
            window=(90.5, 95),
            features=features.darts_features,
            costs=_BOTH,
        ),
        Benchmark(
            name="mbv3-imagenet",
            title="OFA-MobileNetV3, ImageNet",
            table="ofa_mbv3",
            accuracy="top1",
            measure="top-1 accuracy, inherited weights",
            window=(71, 78),
            features=features.ofa_features,
            costs=_BOTH,
        ),
        Benchmark(
            name="vit-c100",
            title="AutoFormer-Tiny, CIFAR-100",
            table="autoformer",
            accuracy="c100_kd",
            measure="accuracy, taught by a teacher",
            window=(75, 79),
            features=features.autoformer_features,
        ),
    )
}

# The embedded benchmark aside, all need the public files.
EMBEDDED = ("nb201-digits",)
REAL = tuple(name for name in GALLERY if name not in EMBEDDED)


def get_benchmark(name: str) -> Benchmark:
    """Return a benchmark by name.

    Raises:
        UnknownNameError: If there is none of this name.
    """
    if name not in GALLERY:
        raise UnknownNameError("benchmark", name, GALLERY)
    return GALLERY[name]
