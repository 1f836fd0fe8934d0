"""What takes long to make is kept in the cache, and made again where the copy is of no use.

Beside each file lies its SHA-256. A file that has another is damaged; one that has none was never
finished.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd

from nasutils.errors import DataError
from nasutils.files import atomic_write, has_sha256, is_file, sha256_of, write_text

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
        load: Reads it; whatever it raises is taken for damage.
        make: Makes what it should hold.
        save: Writes it, whole or not at all; raises OSError where that cannot be done.
        stacklevel: Of the warnings: whose line they name, 3 being the caller of the caller.
    """
    if is_file(path) and is_file(checksum_file(path)):
        try:
            if not is_whole(path):
                raise DataError(f"{path} is damaged (not what was written)")
            return load(path)
        except Exception as error:
            reason = error if isinstance(error, DataError) else f"{path} is damaged ({error!r})"
            warnings.warn(f"{reason}: it is made again.", stacklevel=stacklevel)
    made = make()
    try:
        write_cached(path, lambda: save(made, path))
    except OSError as error:
        warnings.warn(
            f"cannot keep {path} ({error.strerror or error}): next time it is made again. "
            "Set NASUTILS_CACHE to a folder that can be written to.",
            stacklevel=stacklevel,
        )
    return made


def write_cached(path: Path, save: Callable[[], None]) -> None:
    """Write a file of the cache anew, with its checksum; OSError where that cannot be done."""
    save()
    write_text(checksum_file(path), sha256_of(path) + "\n")


def checksum_file(path: Path) -> Path:
    """Return where the SHA-256 of a cached file is kept."""
    return path.with_name(f"{path.name}.sha256")


def checked_files(folder: Path) -> list[Path]:
    """Return the cached files below a folder, sorted: those that are there and have a checksum."""
    found = (path.with_suffix("") for path in folder.rglob("*.sha256"))
    return sorted(path for path in found if is_file(path))


def is_whole(path: Path) -> bool:
    """Whether a cached file is, to the byte, what was written."""
    try:
        return has_sha256(path, checksum_file(path).read_text("ascii").strip())
    except (OSError, ValueError):
        return False


def cached_frame(
    path: Path, columns: Sequence[str], make: Callable[[], pd.DataFrame]
) -> pd.DataFrame:
    """Return a frame with these columns from a Parquet file, or make it; as ``cached``."""
    load = partial(_read, list(columns))
    return cached(path, load=load, make=make, save=_write, stacklevel=4)


def write_cached_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame that ``cached_frame`` reads back, in the place of the one that was there."""
    write_cached(path, lambda: _write(frame, path))


def _read(columns: list[str], path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    if list(frame.columns) != columns:
        raise DataError(f"{path} is damaged (other columns)")
    return frame


def _write(frame: pd.DataFrame, path: Path) -> None:
    with atomic_write(path) as part:
        frame.to_parquet(part)
