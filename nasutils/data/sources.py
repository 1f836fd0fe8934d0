"""The register of public files: where each comes from, what it must hash to, how to cite it."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import urlsplit

from nasutils.errors import lookup


@dataclass(frozen=True)
class Source:
    """One file of ``sources.toml``, by the short name by which tables ask for it.

    The address is at a pinned commit. ``cite`` are keys of the book's bibliography; ``citation``,
    the same works as plain text, one a line.
    """

    name: str
    description: str
    url: str
    sha256: str
    bytes: int
    licence: str
    cite: tuple[str, ...]
    citation: str

    @property
    def path(self) -> PurePosixPath:
        """Path of the file below a mirror or cache folder: the host, then the path of the URL."""
        address = urlsplit(self.url)
        return PurePosixPath(address.netloc) / address.path.lstrip("/")


@functools.cache
def load_sources() -> Mapping[str, Source]:
    """Return every file of ``sources.toml`` by name."""
    register = tomllib.loads((Path(__file__).parent / "sources.toml").read_text(encoding="utf-8"))
    works = register["works"]
    sources = {}
    for name, fields in register["files"].items():
        cite = tuple(fields.pop("cite"))
        citation = "\n".join(works[key] for key in cite)
        sources[name] = Source(name=name, cite=cite, citation=citation, **fields)
    return MappingProxyType(sources)


def get_source(name: str) -> Source:
    """Return one file's entry; UnknownNameError if no file has this name."""
    return lookup("data file", name, load_sources())
