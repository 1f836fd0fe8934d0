"""The benchmark tables: declared in ``tables.toml``, built once, then read from a Parquet cache."""

import functools
import hashlib
import importlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from nasutils.cache import cached_frame
from nasutils.data.fetch import fetch
from nasutils.data.proxy_files import PROXY_COLUMNS
from nasutils.data.sources import get_source
from nasutils.errors import DataError, NasutilsError, lookup
from nasutils.paths import cache_dir

# One line a benchmark: importing the module registers its tables.
_MODULES = (
    "nasutils.data.autoformer",
    "nasutils.data.nasbench101",
    "nasutils.data.nasbench101_runs",
    "nasutils.data.nasbench201",
    "nasutils.data.nasbench201_runs",
    "nasutils.data.nasbench201_supernets",
    "nasutils.data.nasbench301",
    "nasutils.data.nb201_digits",
    "nasutils.data.ofa_mbv3",
    "nasutils.data.other_tasks",
)

_TABLES: dict[str, "Table"] = {}

Build = Callable[[dict[str, Path]], pd.DataFrame]


@dataclass(frozen=True)
class Table:
    """A table that can be built from public files.

    Attributes:
        name: Name that ``load_table`` knows.
        sources: Names of the files in ``sources.toml`` that it is built from.
        build: Makes the frame from the verified files, given by name.
        description: What a row is and where the numbers come from.
        columns: What each column holds, with its unit; in the order of the frame.
        version: Raised whenever ``build`` changes its result, so that caches are rebuilt.
    """

    name: str
    sources: tuple[str, ...]
    build: Build
    description: str
    columns: Mapping[str, str]
    version: int = 1

    @property
    def cache_path(self) -> Path:
        """Where the Parquet copy is kept; the name changes with the files and the version."""
        parts = [str(self.version), *(get_source(name).sha256 for name in self.sources)]
        key = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
        return cache_dir() / "tables" / f"{self.name}-{key}.parquet"


def register(table: Table) -> Table:
    """Make a table known to ``load_table``; ValueError if another has its name."""
    if table.name in _TABLES:
        raise ValueError(f"two tables are called {table.name!r}")
    _TABLES[table.name] = table
    return table


def table(name: str, version: int = 1) -> Callable[[Build], Build]:
    """Register the decorated function as what builds a table that ``tables.toml`` declares."""
    declared = _declarations()[name]
    columns = {key: text or PROXY_COLUMNS[key] for key, text in declared["columns"].items()}
    sources = tuple(declared["sources"])

    def declare(build: Build) -> Build:
        register(Table(name, sources, build, declared["description"], columns, version))
        return build

    return declare


@functools.cache
def _declarations() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "tables.toml").read_text(encoding="utf-8"))


def table_names() -> list[str]:
    """Return the names of all tables, sorted."""
    return sorted(_registry())


def get_table(name: str) -> Table:
    """Return a table's declaration; UnknownNameError if there is none of this name."""
    return lookup("table", name, _registry())


def load_table(name: str) -> pd.DataFrame:
    """Return a table as a frame of its own, building it from its files the first time.

    What the columns mean and in which units is in ``get_table(name).columns``.

    Raises:
        UnknownNameError: If there is no such table.
        DataError: If a file that it needs cannot be had.
    """
    table = get_table(name)
    if not table.sources:  # Embedded in the package: nothing to save by a copy.
        return _build(table)
    return cached_frame(table.cache_path, list(table.columns), partial(_build, table))


def _registry() -> Mapping[str, Table]:
    for module in _MODULES:
        importlib.import_module(module)
    return _TABLES


def _build(table: Table) -> pd.DataFrame:
    files = {name: fetch(name) for name in table.sources}
    try:
        frame = table.build(files)
    except (NasutilsError, OSError):
        raise
    except Exception as error:  # The files are those that were published: it is their content.
        raise DataError(f"table {table.name} cannot be built from its files: {error!r}") from error
    if list(frame.columns) != list(table.columns):
        raise DataError(
            f"table {table.name} was built with the columns {list(frame.columns)}, "
            f"but documents {list(table.columns)}"
        )
    return frame
