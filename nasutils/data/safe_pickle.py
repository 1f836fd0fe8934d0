"""Pickles without their code: an allow-list reader, a reader of raw arrays, a reader of stubs.

A pickle is a program. None of these readers runs anything but the constructors of plain values and
of numpy arrays.
"""

import functools
import gzip
import io
import pickle
import pickletools
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from nasutils.errors import DataError

# Old pickles name numpy's core package without the underscore.
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{
        (f"{core}.multiarray", name): getattr(np._core.multiarray, name)
        for core in ("numpy.core", "numpy._core")
        for name in ("_reconstruct", "scalar")
    },
    **{
        (f"{core}.numeric", "_frombuffer"): np._core.numeric._frombuffer
        for core in ("numpy.core", "numpy._core")
    },
}

# What the standard library's unpickler and numpy's constructors raise on damaged bytes.
_BROKEN = (
    pickle.UnpicklingError,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
)


class Stub:
    """An object of a class that was not loaded: its class name and its state, nothing else."""

    class_name = ""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __repr__(self) -> str:
        return f"Stub({self.class_name})"


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, stubs: str | None) -> None:
        # Python 2 wrote byte strings, the CIFAR archives among them.
        super().__init__(file, encoding="bytes")
        self._husks = stubs

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if self._husks is not None and module.split(".")[0] == self._husks:
            return _husk_class(name)
        raise DataError(f"a pickle asks for {module}.{name}, which is not on the allow-list")

    def persistent_load(self, pid: Any) -> Any:
        raise DataError(f"a pickle refers to an outside object, {pid!r}")


@functools.cache
def _husk_class(name: str) -> type[Stub]:
    return type(name, (Stub,), {"class_name": name})


def load_pickle(file: Path | bytes, stubs: str | None = None) -> Any:
    """Read a pickle of numbers, strings, lists, dicts and numpy arrays.

    Args:
        file: Path of the pickle, or its bytes.
        stubs: Name of a package whose objects are read as ``Stub``; the package is not imported.

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


def pickled_blocks(file: Path | bytes) -> list[bytes]:
    """Return the long byte strings of a pickle, in order, without unpickling it.

    The memory of a pickled pandas frame is found this way; the caller knows type and shape. A path
    that ends in ``.gz`` is decompressed first.

    Raises:
        DataError: If the pickle or its compression is damaged.
    """
    name, data = _name_and_bytes(file)
    try:
        return [
            argument
            for opcode, argument, _ in pickletools.genops(data)
            if opcode.name in ("BINBYTES", "BINBYTES8")
        ]
    except _BROKEN as error:
        raise DataError(f"{name} is not a whole pickle: {error}") from error


def _name_and_bytes(file: Path | bytes) -> tuple[str, bytes]:
    if isinstance(file, bytes):
        return "a pickle", file
    if file.suffix != ".gz":
        return str(file), file.read_bytes()
    try:
        with gzip.open(file) as stream:
            return str(file), stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be decompressed: {error}") from error
