"""Pickles without their code: an allow-list reader, a reader of stubs, a reader of frames.

A pickle is a program. None of these readers runs anything but the constructors of plain values and
our own of numpy arrays: numpy's trust what a pickle says of sizes.
"""

import functools
import gzip
import io
import pickle
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasutils.errors import DataError

# Numbers, fixed-length strings, and the objects that a pickle lists one by one; Python 2 wrote the
# code as bytes.
_PLAIN = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c8|c16|S[1-9]\d*|U[1-9]\d*|O8)")


class _DType:
    """A data type: numpy's own would take any size from a pickle, and read past its memory."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not _PLAIN.fullmatch(code):
            raise ValueError(f"{code!r} is no plain data type")
        self.numpy = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        _, order, *rest = state
        order = order.decode("ascii") if isinstance(order, bytes) else order
        if order not in ("<", ">", "|", "=") or rest[:3] != [None] * 3:
            raise ValueError(f"{state!r} is not the state of a plain data type")
        if rest[3] not in (-1, self.numpy.itemsize):
            raise ValueError(f"{self.numpy} has not {rest[3]!r} bytes")
        self.numpy = self.numpy.newbyteorder(order)


def _from_bytes(raw: Any, dtype: Any, shape: Any, order: str) -> np.ndarray:
    """Return the array that lies in some bytes; numpy checks their number against the shape."""
    if not isinstance(dtype, _DType) or not isinstance(shape, tuple):
        raise ValueError("an array without data type or shape")
    if any(type(size) is not int or size < 0 for size in shape):
        raise ValueError(f"{shape!r} is no shape")
    return np.frombuffer(bytes(raw), dtype.numpy).reshape(shape, order=order).copy(order)


class _Array(np.ndarray):
    """An array that `_reconstruct` makes empty, and its state fills."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        if isinstance(raw, list) and isinstance(dtype, _DType) and dtype.numpy.hasobject:
            array = np.empty(len(raw), dtype=object)
            array[:] = raw
            array = array.reshape(shape)  # Listed in C order, whatever the array's own.
        elif isinstance(raw, bytes | bytearray):
            array = _from_bytes(raw, dtype, shape, "F" if fortran else "C")
        else:
            raise ValueError("an array of neither numbers nor listed objects")
        super().__setstate__(array.__reduce__()[2])


# Stands for numpy's class, which a pickle hands to _reconstruct and must not call.
_NDARRAY = object()


def _reconstruct(kind: Any, *_: Any) -> np.ndarray:
    if kind is not _NDARRAY:
        raise ValueError(f"{kind!r} instead of an array")
    return _Array((0,))


def _scalar(dtype: Any, raw: Any) -> Any:
    return _from_bytes(raw, dtype, (), "C")[()]


class _Constructor:
    """A function of the allow-list, whose attributes no pickle can set."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise ValueError("a pickle sets the state of a function")


# Old pickles name numpy's core package without the underscore.
_ALLOWED = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Constructor(_DType),
    **{
        (f"{core}.{module}", name): _Constructor(function)
        for core in ("numpy.core", "numpy._core")
        for module, name, function in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_bytes),
        )
    },
}

# What the standard library's unpickler and numpy's constructors raise on damaged bytes.
_BROKEN = (
    pickle.UnpicklingError, EOFError, OSError, ValueError, TypeError,
    AttributeError, IndexError, KeyError, MemoryError, OverflowError,
)  # fmt: skip


class Stub:
    """What a class or function, which was not loaded, was called with, and the state it was given.

    Attributes:
        arguments: Those of the call, if it was called.
        state: What the pickle set afterwards; None where it set nothing.
    """

    class_name = ""
    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __call__(self, *arguments: Any) -> "Stub":
        """Return what stands for the result of a call."""
        return Stub(*arguments)

    def __repr__(self) -> str:
        return f"Stub({self.class_name})"


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, stubs: tuple[str, ...]) -> None:
        # Python 2 wrote byte strings, the CIFAR archives among them.
        super().__init__(file, encoding="bytes")
        self._stubs = stubs

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module.split(".")[0] in self._stubs:
            return _stub_class(name)
        raise DataError(f"a pickle asks for {module}.{name}, which is not on the allow-list")

    def persistent_load(self, pid: Any) -> Any:
        raise DataError(f"a pickle refers to an outside object, {pid!r}")


@functools.cache
def _stub_class(name: str) -> type[Stub]:
    return type(name, (Stub,), {"class_name": name})


def load_pickle(file: Path | bytes, stubs: tuple[str, ...] = ()) -> Any:
    """Read a pickle of numbers, strings, lists, dicts and numpy arrays; ``.gz`` is decompressed.

    Classes and functions of the packages ``stubs`` are read as ``Stub``; none of them is imported.

    Raises:
        DataError: If the pickle is damaged, or names anything else.
    """
    name, data = _name_and_bytes(file)
    try:
        return _Unpickler(io.BytesIO(data), stubs).load()
    except DataError as error:
        raise DataError(f"{name}: {error}. It was not loaded.") from None
    except _BROKEN as error:
        raise DataError(f"{name} is not a whole pickle: {error}") from error


def pickled_frame(file: Path | bytes) -> dict[str, np.ndarray]:
    """Return the columns of a pickled pandas frame by name, without pandas' unpickling.

    Raises:
        DataError: If the pickle is damaged, or no frame as pandas 0.25 to 2 writes it.
    """
    frame = load_pickle(file, stubs=("pandas", "functools", "builtins"))
    try:
        manager = frame.state.get("_mgr") or frame.state["_data"]
        if manager.arguments:
            blocks, axes = manager.arguments
            blocks = [block.arguments for block in blocks]
        else:
            content = manager.state[-1]["0.14.1"]
            blocks = [(block["values"], block["mgr_locs"]) for block in content["blocks"]]
            axes = content["axes"]
        names = axes[0].arguments[1]["data"]
        return {
            names[place]: row for values, where in blocks for place, row in _rows(values, where)
        }
    except _BROKEN as error:
        raise DataError(f"{_name_of(file)} holds no frame: {error!r}") from error


def _rows(values: np.ndarray, where: Any) -> Iterator[tuple[int, np.ndarray]]:
    places = range(*where.arguments) if isinstance(where, Stub) else where
    return zip(places, values, strict=True)


def _name_of(file: Path | bytes) -> str:
    return "a pickle" if isinstance(file, bytes) else str(file)


def _name_and_bytes(file: Path | bytes) -> tuple[str, bytes]:
    if isinstance(file, bytes):
        return _name_of(file), file
    if file.suffix != ".gz":
        return str(file), file.read_bytes()
    try:
        with gzip.open(file) as stream:
            return str(file), stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be decompressed: {error}") from error
