"""Files that appear whole or not at all."""

import contextlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

# Parts as old as this (seconds) were left by a process that was killed.
_ABANDONED = 24 * 3600


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a new path beside ``target`` to write to; on success it takes the target's place.

    The move is one atomic step, so readers and writers in other processes see the old file or the
    new one. After any failure, Ctrl-C included, the part that was written is removed.

    Raises:
        OSError: If the folder cannot be made or written to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _sweep(target: Path) -> None:
    """Remove what killed processes left of earlier attempts at the same file."""
    for part in target.parent.glob(f".{target.name}.*.part"):
        with contextlib.suppress(OSError):  # Another process may be sweeping too.
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()
