"""The parameters of a notebook: read from its source, checked before anything starts."""

import ast
import io
import json
import math
import reprlib
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nasutils.errors import JobError

_BASE = {"str": str, "int": int, "float": float, "bool": bool}
_BOOLEANS = {"true": True, "false": False}
# How a text becomes a value; each raises where it is none.
_READERS: dict[str, Callable[[str], Any]] = {
    "str": str.__str__,  # of a text alone
    "int": int,
    "float": float,
    "bool": lambda text: _BOOLEANS[text.lower()],
}


@dataclass(frozen=True)
class Parameter:
    """One line of the cell tagged ``parameters``: ``seed: int = 0  # help``.

    The kind is ``str``, ``int``, ``float``, ``bool`` or ``list[...]`` of one of them; it is
    optional if ``None`` is allowed too, as in ``int | None``.
    """

    name: str
    kind: str
    optional: bool
    default: Any
    help: str

    @property
    def annotation(self) -> str:
        """The type as the notebook writes it."""
        return f"{self.kind} | None" if self.optional else self.kind

    def parse(self, text: str | list[str]) -> Any:
        """Read a value of the command line or a job file, a list also as JSON; JobError if none."""
        try:
            return self._read(text)
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            raise self._mismatch(text) from None

    def _read(self, text: str | list[str]) -> Any:
        if self.optional and isinstance(text, str) and text.lower() in ("none", "null", "~"):
            return None
        if self.kind in _BASE:
            return self.check(_READERS[self.kind](text))
        if isinstance(text, str):
            return self.check(json.loads(text))
        if not isinstance(text, list):
            raise ValueError
        return self.check([_READERS[self._item_kind](item) for item in text])

    @property
    def _item_kind(self) -> str:
        return self.kind.removeprefix("list[").removesuffix("]")

    def check(self, value: Any) -> Any:
        """Return ``value`` as this parameter's type; an int passes for a float, nothing else bends.

        Raises JobError if it is of another type, or not a finite number.
        """
        if value is None and self.optional:
            return None
        if self.kind in _BASE:
            return self._item(value, self.kind, value)
        if not isinstance(value, list):
            raise self._mismatch(value)
        return [self._item(item, self._item_kind, value) for item in value]

    def _item(self, item: Any, kind: str, value: Any) -> Any:
        if kind == "float" and type(item) is int:
            item = float(item)
        # bool is a subclass of int, hence the exact type.
        if type(item) is not _BASE[kind] or (kind == "float" and not math.isfinite(item)):
            raise self._mismatch(value)
        return item

    def _mismatch(self, value: Any) -> JobError:
        way_out = {"bool": " (true or false)", "int": " (like 3)", "float": " (like 0.5)"}.get(
            self.kind, ' (like [1, 2] or ["a", "b"])' if self.kind.startswith("list") else ""
        )
        given = reprlib.repr(value)
        return JobError(f"parameter {self.name!r} takes {self.annotation}{way_out}, not {given}.")


def read_parameters(source: str, where: str) -> dict[str, Parameter]:
    """Read the parameters from the source of the cell tagged ``parameters``.

    The cell holds plain assignments of literal values, annotated or not.

    Raises:
        JobError: If it holds anything else; it names ``where``.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise JobError(f"{where}: the cell tagged parameters is no Python: {error}.") from None
    comments = _comments(source)
    found = {}
    for statement in statements:
        parameter = _read_statement(statement, comments)
        if parameter is None:
            raise JobError(
                f"{where}: the cell tagged parameters may hold only lines like "
                f"'seed: int = 0', not {ast.unparse(statement)!r}."
            )
        found[parameter.name] = parameter
    return found


def _read_statement(statement: ast.stmt, comments: dict[int, str]) -> Parameter | None:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr()):
            text = ast.unparse(annotation)
            kind, optional = text.removesuffix(" | None"), text.endswith(" | None")
        case ast.Assign(targets=[ast.Name(id=name)]):
            kind, optional = "", False
        case _:
            return None
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        return None
    kind = kind or type(default).__name__
    if kind not in _BASE and kind not in (f"list[{base}]" for base in _BASE):
        return None
    comment = comments.get(statement.end_lineno or 0, "")
    parameter = Parameter(name, kind, optional, default, comment)
    parameter.check(default)
    return parameter


def _comments(source: str) -> dict[int, str]:
    """Return the comment of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
