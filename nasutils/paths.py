"""Where things are: the repository, the cache, the mirror."""

import os
from pathlib import Path

from nasutils.errors import NasutilsError

EMBEDDED = Path(__file__).parent / "data" / "embedded"


def repository_root() -> Path:
    """Return the checkout that holds the book (``_toc.yml`` beside ``nasutils/``).

    Looked for in ``NASUTILS_ROOT``, then upwards from the working folder, then beside the package.

    Raises:
        NasutilsError: If there is none, as in a plain ``pip install`` outside a clone.
    """
    if chosen := os.environ.get("NASUTILS_ROOT"):
        candidates = [Path(chosen).resolve()]
    else:
        here = Path.cwd().resolve()
        candidates = [here, *here.parents, Path(__file__).resolve().parents[1]]
    for folder in candidates:
        if (folder / "_toc.yml").is_file() and (folder / "nasutils").is_dir():
            return folder
    raise NasutilsError(
        f"no checkout of the book at or above {candidates[0]}: "
        "run inside a clone of the repository or set NASUTILS_ROOT to one."
    )


def cache_dir() -> Path:
    """Return the cache folder: ``NASUTILS_CACHE`` if set, else the user's cache folder."""
    if chosen := named_folder("NASUTILS_CACHE"):
        return chosen
    # Imported here: a GPU node that brings its own cache folder need not have platformdirs.
    import platformdirs

    return Path(platformdirs.user_cache_dir("nasutils"))


def mirror_dir() -> Path | None:
    """Return the folder named by ``NASUTILS_MIRROR``, or None where it is not set."""
    return named_folder("NASUTILS_MIRROR")


def named_folder(variable: str) -> Path | None:
    """Return the folder that an environment variable names, or None where it is not set."""
    chosen = os.environ.get(variable)
    try:
        return Path(chosen).expanduser().absolute() if chosen else None
    except RuntimeError as error:
        raise NasutilsError(f"{variable}={chosen}: {error}") from None
