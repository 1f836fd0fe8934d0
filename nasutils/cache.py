"""What takes long to make is kept in the cache, and made again where the copy is of no use."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd

from nasutils.errors import DataError
from nasutils.files import atomic_write

T = TypeVar("T")


def cached(
    path: Path,
    *,
    load: Callable[[Path], T],
    make: Callable[[], T],
    save: Callable[[T, Path], None],
    stacklevel: int = 3,
) -> T:
    """Return what a file of the cache holds, or make it and write the file.

    A damaged copy costs a warning and the time to make it again; so does a cache that cannot be
    written to, every time.

    Args:
        path: The file.
        load: Reads it; raises DataError where it is damaged.
        make: Makes what it should hold.
        save: Writes it, whole or not at all; raises OSError where that cannot be done.
        stacklevel: Of the warnings: whose line they name, 3 being the caller of the caller.

    Raises:
        Whatever ``make`` raises.
    """
    if path.is_file():
        try:
            return load(path)
        except DataError as error:
            warnings.warn(f"{error}: it is made again.", stacklevel=stacklevel)
    made = make()
    try:
        save(made, path)
    except OSError as error:
        warnings.warn(
            f"cannot keep {path} ({error.strerror or error}): next time it is made again. "
            "Set NASUTILS_CACHE to a folder that can be written to.",
            stacklevel=stacklevel,
        )
    return made


def cached_frame(
    path: Path, columns: Sequence[str], make: Callable[[], pd.DataFrame]
) -> pd.DataFrame:
    """Return a frame with these columns from a Parquet file, or make it; as ``cached``."""
    load = partial(_read, list(columns))
    return cached(path, load=load, make=make, save=_write, stacklevel=4)


def _read(columns: list[str], path: Path) -> pd.DataFrame:
    import pyarrow

    try:
        frame = pd.read_parquet(path, page_checksum_verification=True)
    except (OSError, ValueError, KeyError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} is damaged ({type(error).__name__})") from error
    if list(frame.columns) != columns:  # Checksums guard the pages, not the header.
        raise DataError(f"{path} is damaged (other columns)")
    return frame


def _write(frame: pd.DataFrame, path: Path) -> None:
    with atomic_write(path) as part:
        frame.to_parquet(part, write_page_checksum=True)
