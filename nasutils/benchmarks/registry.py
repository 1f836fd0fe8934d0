"""The benchmarks of the book, by id. A new one is an entry of ``benchmarks.toml``."""

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.benchmarks import rows
from nasutils.benchmarks.benchmark import Benchmark
from nasutils.data import load_table
from nasutils.data import nasbench101 as nasbench101_table
from nasutils.data.nasbench301 import Surrogate
from nasutils.errors import NasutilsError, lookup
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench201 import NONE

# Seeds of samples that are part of a benchmark's definition, and of no experiment.
_DARTS_SEED = 301
_PART_SEED = 101
_SAMPLE_SEED = 0


def _sample(read: Callable[[], pd.DataFrame], size: int) -> pd.DataFrame:
    """Draw rows of a table at random; smaller samples are the beginnings of larger ones."""
    frame = read()
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


#: Id of a benchmark that is no single table -> what reads its rows.
_ROWS: dict[str, Callable[[], pd.DataFrame]] = {
    "nb101-c10": rows.nasbench101_valid,
    **{f"nb101-c10-{n}-epochs": partial(rows.nasbench101_valid, n) for n in (36, 12, 4)},
    **dict.fromkeys(("nb101-c10-30k", "nb101-valid"), rows.nasbench101_with_valid),
    "nb101-c10-sample": rows.nasbench101_valid,
    "nb101-runs": rows.nasbench101_runs,
    "nb101-naslib": _nasbench101,
    "nb101-naslib-20k": _nasbench101_part,
    "nb101-naslib-proxies": rows.nasbench101_proxies,
    # There are no public scores on CIFAR-100: its accuracies judge those on CIFAR-10.
    "nb201-c10-proxies": partial(rows.nasbench201_proxies, "cifar10", "c10"),
    "nb201-c100-proxies": partial(rows.nasbench201_proxies, "cifar10", "c100"),
    "nb201-in16-proxies": partial(rows.nasbench201_proxies, "imagenet16-120", "in16"),
    "nb201-naslib": rows.nasbench201_naslib,
    "nb201-naslib-all": rows.nasbench201_naslib_all,
    "nb201-c10-4096": _nasbench201_without_none,
    "nb301-approx-random": _random_genotypes,
}


def _read_benchmarks() -> dict[str, Benchmark]:
    text = (Path(__file__).parent / "benchmarks.toml").read_text(encoding="utf-8")
    found = {}
    for id, fields in tomllib.loads(text).items():
        read = _ROWS[id] if id in _ROWS else partial(load_table, fields.pop("table"))
        if size := fields.pop("sample", None):
            read = partial(_sample, read, size)
        values = nasbench101_table.cells if fields["space"] == "nasbench101" else None
        plain = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
        found[id] = Benchmark(id=id, rows=read, values=values, **plain)
    return found


#: Id -> benchmark.
BENCHMARKS: dict[str, Benchmark] = _read_benchmarks()


def get_benchmark(id: str) -> Benchmark:
    """Return a benchmark, nothing of which is read before; UnknownNameError if there is none."""
    return lookup("benchmark", id, BENCHMARKS)


def register_benchmark(benchmark: Benchmark) -> Benchmark:
    """Add a benchmark of your own; NasutilsError if its id is taken."""
    if benchmark.id in BENCHMARKS:
        raise NasutilsError(f"benchmark {benchmark.id!r} exists already: choose another id.")
    BENCHMARKS[benchmark.id] = benchmark
    return benchmark
