"""The benchmarks of the book, by id. A new one is one entry here."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.rows import (
    nasbench101_proxies,
    nasbench101_runs,
    nasbench101_valid,
    nasbench201_proxies,
)
from nasutils.data import load_table
from nasutils.data import nasbench101 as nasbench101_table
from nasutils.data.nasbench301 import Surrogate
from nasutils.errors import NasutilsError, UnknownNameError, lookup
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench201 import NONE

# Seeds of samples that are part of a benchmark's definition, and of no experiment.
_DARTS_SEED = 301
_PART_SEED = 101
_SAMPLE_SEED = 0


def _sample(rows: Callable[[], pd.DataFrame], size: int) -> pd.DataFrame:
    """Draw rows of a table at random; smaller samples are the beginnings of larger ones."""
    frame = rows()
    return frame.iloc[np.random.default_rng(_SAMPLE_SEED).permutation(len(frame))[:size]]


def _nasbench101() -> pd.DataFrame:
    """Read the whole table, with the validation accuracies that NASLib gives of 292 cells."""
    table = load_table("nasbench101")
    known = load_table("nasbench101_proxies").dropna(subset="valid").groupby("hash")["valid"].mean()
    return table.assign(valid=known.reindex(table["hash"]).to_numpy())


def _nasbench101_part() -> pd.DataFrame:
    """Read the 292 labelled cells and 20,000 others, for what is too slow on all."""
    table = _nasbench101()
    labelled = np.flatnonzero(table["valid"].notna())
    others = np.setdiff1d(np.arange(len(table)), labelled)
    drawn = np.random.default_rng(_PART_SEED).choice(others, 20_000, replace=False)
    return table.iloc[np.sort(np.concatenate([labelled, drawn]))]


def _nasbench201_without_none() -> pd.DataFrame:
    table = load_table("nasbench201")
    return table[~table["arch"].str.contains(f"{NONE}~", regex=False)]


def _random_genotypes() -> pd.DataFrame:
    """Draw 3,000 genotypes and ask the approximation of NAS-Bench-301's surrogate for them."""
    rng = np.random.default_rng(_DARTS_SEED)
    genotypes = [DARTSGenotype.random(rng).canonical() for _ in range(3000)]
    return pd.DataFrame({"arch": map(str, genotypes), "valid": Surrogate().predict(genotypes)})


def _nasbench101_c10(epochs: int) -> Benchmark:
    """Make the protocol of Neural Predictor's line: one validation run is learnt, tests judge."""
    short = epochs != 108
    return Benchmark(
        id=f"nb101-c10-{epochs}-epochs" if short else "nb101-c10",
        title="NAS-Bench-101, validation" + (f" after {epochs} epochs" if short else ""),
        heading="NB101" + (f", {epochs} epochs" if short else " CIFAR-10, validation"),
        rows=partial(nasbench101_valid, epochs),
        label="valid",
        test="test",
        evaluate_on_all=False,
        label_sizes=(50, 100, 172, 424, 4236),
        **_OF_NASBENCH101,
    )


def _nasbench201(data: str, heading: str, window: tuple[float, float]) -> Benchmark:
    suffix = "" if data == "c10" else f"_{data}"
    costs = {"params": f"params{suffix}"} | ({"flops": "flops"} if data == "c10" else {})
    return Benchmark(
        id=f"nb201-{data}",
        title=f"NAS-Bench-201, {heading}",
        heading=f"NB201 {heading.removesuffix('-120')}",
        space="nasbench201",
        rows=partial(load_table, "nasbench201"),
        label=f"valid_{data}",
        test=f"test_{data}",
        costs=costs,
        window=window,
        label_sizes=(39, 78, 156, 469),
    )


def _nasbench201_proxies(data: str, heading: str) -> Benchmark:
    # There are no public scores on CIFAR-100: its accuracies judge those on CIFAR-10.
    dataset = "imagenet16-120" if data == "in16" else "cifar10"
    return Benchmark(
        id=f"nb201-{data}-proxies",
        title=f"NAS-Bench-201, {heading}, cells with public proxies",
        heading=f"NB201 {heading.removesuffix('-120')}, 9,445",
        space="nasbench201",
        rows=partial(nasbench201_proxies, dataset, data),
        label="valid",
        test="test",
        label_sizes=(39, 78, 156, 469),
    )


_OF_NASBENCH101 = {
    "space": "nasbench101",
    "values": nasbench101_table.cells,
    "window": (80.0, 95.0),
    "costs": {"params": "params"},
}
_APPROXIMATION = "validation accuracy by the approximation of NAS-Bench-301's surrogate"

_ALL = (
    Benchmark(
        id="nb201-digits",
        title="NB201-Digits",
        heading="NB201-Digits",
        space="nasbench201",
        rows=partial(load_table, "nb201_digits"),
        label="valid",
        test="test",
        embedded=True,
        network="nb201_digits",
        costs={"params": "params", "flops": "flops", "latency": "latency"},
        window=(20, 50),
        label_sizes=(20, 39, 78),
    ),
    Benchmark(
        id="nb101-test",
        title="NAS-Bench-101, CIFAR-10",
        heading="NB101 CIFAR-10",
        rows=partial(load_table, "nasbench101"),
        label="test",
        test="test",
        label_sizes=(50, 100, 172, 424),
        **_OF_NASBENCH101,
    ),
    *map(_nasbench101_c10, (108, 36, 12, 4)),
    Benchmark(
        id="nb101-valid",
        title="NAS-Bench-101, 30,001 cells with validation accuracy",
        heading="NB101, validation judges",
        rows=lambda: nasbench101_valid().dropna(subset="valid"),
        label="valid",
        test="valid",
        measure="validation accuracy of one run",
        evaluate_on_all=False,
        label_sizes=(50, 100, 172, 424, 4236),
        **_OF_NASBENCH101,
    ),
    Benchmark(
        id="nb101-runs",
        title="NAS-Bench-101, 3,258 cells, means of three runs",
        heading="NB101, means of three",
        rows=nasbench101_runs,
        label="valid",
        test="test",
        evaluate_on_all=False,
        label_sizes=(50, 100, 172, 424),
        **_OF_NASBENCH101,
    ),
    Benchmark(
        id="nb101-naslib",
        title="NAS-Bench-101, NASLib's 292 labels",
        heading="NB101, 292 labels",
        rows=_nasbench101,
        label="valid",
        test="test",
        label_sizes=(50, 100, 172, 292),
        **_OF_NASBENCH101,
    ),
    Benchmark(
        id="nb101-naslib-20k",
        title="NAS-Bench-101, NASLib's 292 labels, judged on a part",
        heading="NB101, 292 labels, part",
        rows=_nasbench101_part,
        label="valid",
        test="test",
        label_sizes=(50, 100, 172),
        **_OF_NASBENCH101,
    ),
    Benchmark(
        id="nb101-naslib-proxies",
        title="NAS-Bench-101, NASLib's 292 cells with proxies",
        heading="NB101, 292 cells",
        rows=nasbench101_proxies,
        label="valid",
        test="test",
        evaluate_on_all=False,
        label_sizes=(50, 100, 172),
        space="nasbench101",
        values=nasbench101_table.cells,
    ),
    *(
        Benchmark(
            id=f"nb101-test-{size // 1000}k",
            title=f"NAS-Bench-101, {size:,} random cells",
            heading=f"NB101, {size:,} cells",
            rows=partial(_sample, partial(load_table, "nasbench101"), size),
            label="test",
            test="test",
            evaluate_on_all=False,
            **_OF_NASBENCH101,
        )
        for size in (5_000, 50_000)
    ),
    _nasbench201("c10", "CIFAR-10", (65, 95)),
    _nasbench201("c100", "CIFAR-100", (30, 75)),
    _nasbench201("in16", "ImageNet16-120", (8, 48)),
    _nasbench201_proxies("c10", "CIFAR-10"),
    _nasbench201_proxies("c100", "CIFAR-100"),
    _nasbench201_proxies("in16", "ImageNet16-120"),
    Benchmark(
        id="nb201-c10-4096",
        title="NAS-Bench-201 without zeroize",
        heading="NB201, 4,096 cells",
        space="nasbench201",
        rows=partial(_sample, _nasbench201_without_none, 4096),
        label="test_c10",
        test="test_c10",
        evaluate_on_all=False,
        label_sizes=(40,),
    ),
    Benchmark(
        id="nb301-surrogate",
        title="NAS-Bench-301 (DARTS), CIFAR-10",
        heading="NB301",
        space="darts",
        rows=partial(load_table, "nasbench301_proxies"),
        label="valid_c10",
        test="valid_c10",
        measure="predicted validation accuracy",
        evaluate_on_all=False,
        costs={"params": "params", "flops": "flops"},
        window=(90.5, 95),
    ),
    *(
        Benchmark(
            id=f"nb301-approx-{size // 1000}k",
            title=f"NAS-Bench-301, {size:,} trained cells, approximated",
            heading=f"NB301, {size:,} cells",
            space="darts",
            rows=partial(_sample, partial(load_table, "nasbench301_surrogate"), size),
            label="surrogate_valid_c10",
            test="surrogate_valid_c10",
            measure=_APPROXIMATION,
            evaluate_on_all=False,
        )
        for size in (1_000, 2_000, 10_000)
    ),
    Benchmark(
        id="nb301-approx-random",
        title="DARTS, NB301 approximation",
        heading="DARTS, 3,000 random cells",
        space="darts",
        rows=_random_genotypes,
        label="valid",
        test="valid",
        measure=_APPROXIMATION,
        evaluate_on_all=False,
        label_sizes=(200, 1000),
    ),
    Benchmark(
        id="mbv3-imagenet",
        title="OFA-MobileNetV3, ImageNet",
        heading="MobileNetV3 ImageNet",
        space="ofa_mbv3",
        rows=partial(load_table, "ofa_mbv3"),
        label="top1",
        test="top1",
        measure="top-1 accuracy, inherited weights",
        evaluate_on_all=False,
        costs={"params": "params", "flops": "flops"},
        window=(71, 78),
    ),
    Benchmark(
        id="vit-c100",
        title="AutoFormer-Tiny, CIFAR-100",
        heading="ViT CIFAR-100",
        space="autoformer",
        rows=partial(load_table, "autoformer"),
        label="c100_kd",
        test="c100_kd",
        measure="accuracy, taught by a teacher",
        evaluate_on_all=False,
        window=(75, 79),
        label_sizes=(50, 100),
    ),
)

#: Id -> benchmark.
BENCHMARKS: dict[str, Benchmark] = {benchmark.id: benchmark for benchmark in _ALL}


def get_benchmark(id: str) -> Benchmark:
    """Return a benchmark; nothing is read before it is needed.

    Raises:
        UnknownNameError: If there is no such id.
    """
    return lookup("benchmark", id, BENCHMARKS)


def register_benchmark(benchmark: Benchmark) -> Benchmark:
    """Add a benchmark of your own.

    Raises:
        NasutilsError: If its id is taken.
    """
    if benchmark.id in BENCHMARKS:
        raise NasutilsError(f"benchmark {benchmark.id!r} exists already: choose another id.")
    BENCHMARKS[benchmark.id] = benchmark
    return benchmark


def parse_column(column: str) -> tuple[Benchmark, str]:
    """Return the benchmark that a result's column names, and what stands behind the slash.

    Raises:
        UnknownNameError: If the column names no benchmark.
    """
    id, _, rest = column.partition("/")
    if id not in BENCHMARKS:
        raise UnknownNameError("benchmark", id, BENCHMARKS)
    return BENCHMARKS[id], rest
