"""Checkpoints of a training: written whole or not at all, read without running what they hold."""

import pickle
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch

from nasutils.errors import DataError
from nasutils.files import atomic_write

_FORMAT = 1


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all; OSError if it cannot be written."""
    with atomic_write(path) as part:
        torch.save({"format": _FORMAT, **state}, part)


def read_checkpoint(path: Path, of: str, fields: Collection[str]) -> dict[str, Any]:
    """Return what a checkpoint holds, on the CPU.

    Args:
        path: The file.
        of: What it should be a checkpoint of, for the error: ``a super-net``.
        fields: Some of the names in it, by which its kind is known.

    Raises:
        DataError: If the file is missing, damaged or of something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if (bad := archive.testzip()) is not None:
                raise DataError(f"checkpoint {path} is damaged ({bad}). Remove it and start again.")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, pickle.UnpicklingError) as error:
        raise DataError(f"checkpoint {path} cannot be read ({error}).") from error
    if (
        not isinstance(state, dict)
        or state.get("format") != _FORMAT
        or not state.keys() >= set(fields)
    ):
        raise DataError(f"{path} is no checkpoint of {of}.")
    return state
