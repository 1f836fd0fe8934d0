"""Files that appear whole or not at all."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a new path beside ``target`` to write to; on success it takes the target's place.

    The move is one atomic step, so readers and writers in other processes see the old file or the
    new one. After any failure, Ctrl-C included, the part that was written is removed.

    Raises:
        OSError: If the folder cannot be made or written to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
