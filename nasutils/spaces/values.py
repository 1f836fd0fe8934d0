"""Architectures as people have them: text that Python, JSON or numpy printed, lists, arrays."""

import ast
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from nasutils.errors import ArchitectureError

#: Their only argument is the value: ``np.int64(3)``, ``array([2, 3])``, ``list(range(2, 6))``.
_WRAPPERS = re.compile(r"list|tuple|array|str_|u?int\d+|float\d+")
_RECORDS = {"Genotype", "dict"}
_WORDS = {"null": None, "true": True, "false": False}
_LONGEST = 64  # of a range; no list of any space is as long


def literal(value: Any) -> Any:
    """Return what a text says, without evaluating it; what is no text is returned as it is.

    It may be a literal of Python or JSON, with ranges, numpy's numbers, and ``Genotype(...)`` or an
    assignment of one, whose fields become a dictionary.

    Raises:
        ValueError: If the text is nothing of the kind.
    """
    if not isinstance(value, str):
        return value
    try:
        (statement,) = ast.parse(value.strip()).body
        return _value(statement.value)
    except (SyntaxError, TypeError, AttributeError, KeyError, RecursionError, MemoryError):
        raise ValueError("no literal") from None


def _value(node: Any) -> Any:
    """Return the value of a part of a literal; anything else ends in one of the errors above."""
    kind = type(node)
    if kind is ast.Constant:
        return node.value
    if kind is ast.Tuple:
        return tuple(map(_value, node.elts))
    if kind in (ast.List, ast.Set):
        return list(map(_value, node.elts))
    if kind is ast.Dict:
        return dict(zip(map(_value, node.keys), map(_value, node.values), strict=True))
    if kind is ast.UnaryOp and type(node.op) is ast.USub:
        return -_value(node.operand)
    return _call(node) if kind is ast.Call else _WORDS[node.id]


def _call(node: ast.Call) -> Any:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
    args = list(map(_value, node.args))
    if name in _RECORDS and not args:
        return {word.arg: _value(word.value) for word in node.keywords}
    if name == "range":
        return tuple(range(*args)[:_LONGEST])
    if _WRAPPERS.fullmatch(name) and len(args) == 1:
        return args[0]
    raise ValueError(name)


def integers(values: Iterable[Any]) -> tuple[int, ...]:
    """Return whole numbers of any type as Python's own; ValueError if they are not all whole."""
    try:
        given = tuple(values)
        plain = tuple(map(int, given))
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None
    if plain != given:
        raise ValueError(f"not whole: {given}")
    return plain


def matrix_of_sources(sources: Iterable[str], string: str) -> np.ndarray:
    """Return the adjacency matrix of the vertices of a cell's string, int of shape (V, V).

    Args:
        sources: Of each vertex after the first, its sources as ``~0~2``.
        string: The whole string, for the error.

    Raises:
        ArchitectureError: If a vertex is fed by one that does not come before it.
    """
    columns = [[int(source) for source in each[1:].split("~")] for each in sources]
    adjacency = np.zeros((len(columns) + 1, len(columns) + 1), dtype=int)
    for vertex, column in enumerate(columns, start=1):
        for source in column:
            if source >= vertex:
                raise ArchitectureError(
                    f"vertex {vertex} of {string!r} is fed by vertex {source}, which does not "
                    "come before it"
                )
            adjacency[source, vertex] = 1
    return adjacency
