"""Which files of the package a module depends on, read from the sources without importing them."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

_DOTTED = re.compile(r"nasutils(\.\w+)+")
# Keeps the books, and moves no figure.
_STUDY = "study"


def dependencies(module: Path, package: Path) -> list[Path]:
    """Return the files that decide what a module computes, sorted: itself among them.

    Those are the modules that it imports, anywhere in its code, and theirs in turn; modules named
    by a string, for a registry that imports them later; and the data files that one of them names.
    ``nasutils.study`` and ``nasutils/__init__.py``, which holds the version, are left out; the
    ``package`` is the folder ``nasutils`` around the module.
    """
    found, todo = set(), [module]
    data = {path.name: path for path in package.rglob("*.*") if path.suffix not in (".py", ".pyc")}
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        inside = (package.name, *path.relative_to(package).parent.parts)
        names, texts = _read(path.read_bytes(), inside)
        todo += [file for name in names for file in _files(name, package)]
        found |= {data[text] for text in texts & data.keys()}
    return sorted(found)


@functools.cache
def _read(source: bytes, inside: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the dotted names that a source imports or spells out, and its other short strings."""
    names, texts = set(), set()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # What cannot be read cannot be run: it has no more imports.
        return frozenset(), frozenset()
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom():
                base = inside[: len(inside) - node.level + 1] if node.level else ()
                start = ".".join((*base, *filter(None, [node.module])))
                names |= {f"{start}.{alias.name}" for alias in node.names}
            case ast.Constant(value=str(text)) if len(text) < 100:
                (names if _DOTTED.fullmatch(text) else texts).add(text)
    return frozenset(names), frozenset(texts)


def _files(name: str, package: Path) -> Iterator[Path]:
    """Yield the files that importing a dotted name runs; its last part may be no module."""
    first, *parts = name.split(".")
    if first != package.name or parts[:1] == [_STUDY]:
        return
    folder = package
    for part in parts:
        folder = folder / part
        for file in (folder / "__init__.py", folder.with_suffix(".py")):
            if file.is_file():
                yield file
