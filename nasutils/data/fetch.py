"""Public files on demand: from the cache, a mirror folder or their URL, always verified."""

import contextlib
import sys
import textwrap
import warnings
from collections.abc import Generator
from pathlib import Path

from tqdm import tqdm

from nasutils.data.sources import Source, get_source
from nasutils.errors import DataError
from nasutils.files import atomic_write, has_sha256, is_file, sha256_of
from nasutils.paths import cache_dir, mirror_dir

# Seconds to wait for a connection, and for the next bytes.
TIMEOUT = (10, 60)
_CHUNK = 1 << 16  # bytes

_WAYS_OUT = (
    "Ways out: connect to the network, set NASUTILS_MIRROR to a folder that holds the file as "
    "{path}, or set NASUTILS_CACHE to a cache that was filled elsewhere."
)


def fetch(name: str) -> Path:
    """Return the path of a verified public file, downloading it where necessary.

    Looked for in the cache, then in the mirror folder (``NASUTILS_MIRROR``, used in place), then at
    its URL. A cached copy that is damaged is fetched again, with a warning.

    Raises:
        UnknownNameError: If ``sources.toml`` has no such name.
        DataError: If the file cannot be had: not reachable, damaged, or no room to keep it.
    """
    source = get_source(name)
    cached = cached_path(source)
    if is_file(cached):
        if has_sha256(cached, source.sha256):
            return cached
        warnings.warn(f"{cached} is damaged: fetching {name} again.", stacklevel=2)
    mirrored = mirrored_path(source)
    if mirrored is not None and is_file(mirrored):
        _verify(mirrored, source, "Replace it, or unset NASUTILS_MIRROR to download it.")
        return mirrored
    _download(source, cached)
    return cached


def locate(name: str) -> Path | None:
    """Return where the file is on this machine, unverified, or None where it is absent."""
    source = get_source(name)
    for path in (cached_path(source), mirrored_path(source)):
        if path is not None and is_file(path):
            return path
    return None


def cached_path(source: Source) -> Path:
    """Return where the cache keeps the file; the cache has a mirror's layout."""
    return cache_dir() / "files" / source.path


def mirrored_path(source: Source) -> Path | None:
    """Return where the mirror folder keeps the file, or None where no mirror is set."""
    mirror = mirror_dir()
    return None if mirror is None else mirror / source.path


def _verify(path: Path, source: Source, way_out: str) -> None:
    try:
        found, size = sha256_of(path), path.stat().st_size
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}. {way_out}") from error
    if found != source.sha256:
        raise DataError(
            f"{path} is not the {source.name} that was published: it has {size:,} bytes and "
            f"SHA-256 {found}, expected {source.bytes:,} bytes and {source.sha256}. {way_out}"
        )


def _download(source: Source, target: Path) -> None:
    ways_out = _WAYS_OUT.format(path=source.path)
    if (mirror := mirror_dir()) is not None:
        ways_out = f"The mirror {mirror} does not have it. {ways_out}"
    try:
        with atomic_write(target) as part:
            _transfer(source, part, ways_out)
            found = sha256_of(part)
            if found != source.sha256:
                raise DataError(
                    f"{source.url} sent {part.stat().st_size:,} bytes with SHA-256 {found}, "
                    f"expected {source.bytes:,} bytes and {source.sha256}. {ways_out}"
                )
    except OSError as error:
        raise DataError(
            f"cannot keep {source.name} ({source.bytes:,} bytes) as {target}: "
            f"{error.strerror or error}. "
            "Make room there, or set NASUTILS_CACHE to another folder."
        ) from error


def _transfer(source: Source, part: Path, ways_out: str) -> None:
    """Write what the server sends, at most one chunk more than the file has."""
    # A log gets a line now and then, a terminal a moving bar.
    interval = 0.1 if sys.stderr.isatty() else 30
    bar = tqdm(
        desc=source.name, unit="B", unit_scale=True, mininterval=interval, total=source.bytes
    )
    with bar, part.open("wb") as file, contextlib.closing(_chunks(source, ways_out)) as chunks:
        for chunk in chunks:
            file.write(chunk)
            bar.update(len(chunk))
            if file.tell() > source.bytes:
                raise DataError(
                    f"{source.url} sends more than the {source.bytes:,} bytes of {source.name}. "
                    f"{ways_out}"
                )


def _chunks(source: Source, ways_out: str) -> Generator[bytes, None, None]:
    """Yield what the server sends; DataError, whatever is wrong with the network or the answer."""
    # Imported here: a node that reads from its cache or a mirror need not have it.
    import requests

    # Uncompressed transfer: the bar then counts the file's own bytes.
    headers = {"Accept-Encoding": "identity"}
    try:
        with requests.get(source.url, stream=True, timeout=TIMEOUT, headers=headers) as response:
            response.raise_for_status()
            yield from response.iter_content(_CHUNK)
    except Exception as error:  # A server can be wrong in more ways than requests has names for.
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 120)
        raise DataError(
            f"cannot download {source.name} from {source.url} ({reason}). {ways_out}"
        ) from error
