"""What the source of a chapter's experiments says of them, read without importing any science."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasutils.errors import JobError

ALL = "all"  # the value of the parameter ``part`` that selects every experiment

_NAMES = ("part", "version", "items")


@dataclass(frozen=True)
class Declaration:
    """The literals of one ``@experiment``; ``default`` is whether ``part=all`` includes it."""

    part: str
    version: int
    items: tuple[str, ...]
    default: bool = True


def experiments_file(chapter: str, root: Path) -> Path:
    """Return where the experiments of a chapter are, if it has any."""
    package = root / "nasutils"
    home = package if chapter == "benchmarks" else package / "methods"
    return home / chapter / "experiments.py"


def read_declarations(path: Path) -> dict[str, Declaration] | None:
    """Return what a module of experiments declares, by part, or None where there is no such file.

    Raises:
        JobError: If it is no Python, or a declaration holds something else than literals.
    """
    if not path.is_file():
        return None
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise JobError(f"{path} cannot be read: {error}.") from None
    found: dict[str, Declaration] = {}
    for function in tree.body:
        for call in getattr(function, "decorator_list", ()):
            if isinstance(call, ast.Call) and _name(call.func) == "experiment":
                declared = _read(call, path)
                if declared.part in found:
                    raise JobError(f"{path}: two experiments are called {declared.part!r}.")
                found[declared.part] = declared
    return found


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _read(call: ast.Call, path: Path) -> Declaration:
    given: dict[str, Any] = dict(zip(_NAMES, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords}
    wanted = {name: given[name] for name in (*_NAMES, "default") if name in given}
    try:
        declared = Declaration(**{name: ast.literal_eval(node) for name, node in wanted.items()})
        kinds = [type(value) for value in vars(declared).values()]
    except (ValueError, TypeError):
        kinds = []
    if kinds != [str, int, tuple, bool]:
        raise JobError(
            f"{path}, line {call.lineno}: @experiment takes a part, a version and a tuple of items "
            f"as literals, not {ast.unparse(call)!r}."
        )
    return declared
