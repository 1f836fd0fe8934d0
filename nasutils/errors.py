"""The errors that a user of the package can meet, each one clear sentence with a way out."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class NasutilsError(Exception):
    """Base of every error that this package raises on purpose.

    The command line prints it as one line and exits with status 1.
    """


class UnknownNameError(NasutilsError, ValueError):
    """A name that is not in a registry (table, proxy, notebook, scale, ...)."""

    def __init__(self, kind: str, name: object, choices: Iterable[str]) -> None:
        valid = sorted(map(str, choices))
        near = difflib.get_close_matches(str(name), valid, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"unknown {kind} {name!r}.{hint} Valid: {', '.join(valid)}.")


class ArchitectureError(NasutilsError, ValueError):
    """A string, matrix or list of operations that is no architecture of its search space."""


class DataError(NasutilsError):
    """A benchmark file that is missing, damaged, or not what its source promised."""


class GraphError(NasutilsError, ValueError):
    """A module or an architecture that has no computation graph, or arrays that are no graph."""


class JobError(NasutilsError):
    """A notebook job that cannot start or that failed."""


def lookup(kind: str, name: str, registry: Mapping[str, T]) -> T:
    """Return a registry's entry by name; UnknownNameError, which says what there is, if none.

    ``kind`` says in words what the registry holds.
    """
    try:
        return registry[name]
    except (KeyError, TypeError):
        raise UnknownNameError(kind, name, registry) from None
