"""Files that appear whole or not at all, and a lock that dies with its owner."""

import contextlib
import hashlib
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: two calls at once then both do the work, and one result stays.
    fcntl = None

# Parts as old as this (seconds) were left by a process that was killed.
_ABANDONED = 24 * 3600
_PART = re.compile(r"\..+\.[0-9a-f]{32}\.part")


@contextlib.contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """Yield a new path beside ``target`` to write to; on success it takes the target's place.

    The move is one atomic step, so readers and writers in other processes see the old file or the
    new one. After any failure, Ctrl-C included, the part that was written is removed.

    Raises:
        OSError: If the folder cannot be made or written to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left in a folder."""
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):  # Another process may be sweeping too.
            if _PART.fullmatch(part.name) and time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def write_text(path: Path, text: str) -> None:
    """Write ``path`` in one step: readers see the old content or the new, never a part."""
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock at ``path``; wait for whoever holds it.

    The operating system frees the lock of a process that dies, however it dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        if fcntl is not None:
            # A file system without locks (some network shares) is used as if there were one user.
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_file(path: Path) -> bool:
    """Whether there is such a file; a folder that this user may not enter has none."""
    try:
        return path.is_file()
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_sha256(path: Path, expected: str) -> bool:
    """Whether a file can be read and has the SHA-256 that it should have."""
    try:
        return sha256_of(path) == expected
    except OSError:
        return False
