"""NAS-Bench-101 tables: all 423,624 cells, and the zero-cost proxies of some.

The public accuracy file has no architectures: its order is that of the cells sorted by graph hash,
so the table enumerates them. Source: Ying et al., "NAS-Bench-101", ICML 2019,
https://arxiv.org/abs/1902.09635.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.data.proxy_files import PROXY_COLUMNS, score, zipped_records
from nasutils.data.safe_pickle import pickled_frame
from nasutils.data.tables import load_table, table
from nasutils.errors import ArchitectureError, DataError
from nasutils.spaces import nasbench101 as space
from nasutils.spaces.nasbench101 import NUM_CELLS, VERTEX_LABELS, NASBench101Cell
from nasutils.spaces.nasbench101_enumeration import adjacency_matrices, enumerate_cells

# nwot was not scored on these cells.
PROXIES = tuple(name for name in PROXY_COLUMNS if name != "nwot")

# How the table writes the operations of the interior vertices.
OP_LETTERS = dict(zip("31p", space.OPS, strict=True))


def adjacency_and_ops(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Unpack the cells of (a part of) the table ``nasbench101`` into arrays, padded to 7 vertices.

    Returns:
        Upper-triangular adjacency matrices, uint8 of shape (N, 7, 7), and operation codes, int8 of
        shape (N, 7): positions in ``VERTEX_LABELS``, -1 where a cell has no such vertex. The output
        is a cell's last vertex, which in a small cell is not the seventh.
    """
    ops = frame["ops"].astype("category")
    codes = np.array([_op_codes(letters) for letters in ops.cat.categories], dtype=np.int8)
    return adjacency_matrices(frame["adjacency"].to_numpy()), codes[ops.cat.codes]


def cells(frame: pd.DataFrame) -> list[NASBench101Cell]:
    """Return the architecture values of some rows of the table ``nasbench101``."""
    return [
        NASBench101Cell.from_bits(int(bits), _op_names(letters))
        for bits, letters in zip(frame["adjacency"], frame["ops"], strict=True)
    ]


def cell_from_naslib(text: str) -> NASBench101Cell:
    """Read the tuple, as text, with which NASLib's files name a cell; DataError if it is none."""
    if not re.fullmatch(r"\(\d+(, \d+)*\)", text):
        raise DataError(f"not a NASLib tuple of numbers: {text!r}")
    try:
        return NASBench101Cell.from_naslib([int(number) for number in text[1:-1].split(", ")])
    except ArchitectureError as error:
        raise DataError(f"not a NAS-Bench-101 cell: {text!r}: {error}") from error


def _op_names(letters: str) -> tuple[str, ...]:
    return (space.INPUT, *(OP_LETTERS[letter] for letter in letters), space.OUTPUT)


def _op_codes(letters: str) -> list[int]:
    codes = [VERTEX_LABELS.index(name) for name in _op_names(letters)]
    return codes + [-1] * (space.MAX_VERTICES - len(codes))


@table("nasbench101")
def _build_cells(paths: dict[str, Path]) -> pd.DataFrame:
    found = enumerate_cells()
    # A label of -1, no vertex, picks the last letter: the null byte, which numpy strips.
    letters = np.frombuffer(b"31p\0", dtype="S1")[found.labels].view("S5").ravel()
    return pd.DataFrame(
        {
            "hash": found.hashes.astype(str),
            "adjacency": found.bits,
            "ops": pd.Categorical(letters.astype(str)),
            "vertices": found.vertices,
            "edges": np.bitwise_count(found.bits).astype(np.int8),
            "test": 100 * _column(paths["freerea_nb101_accuracies"], "accuracy"),
            "params": _column(paths["freerea_nb101_params"], "params"),
        }
    ).rename_axis("index")


def _column(file: Path, name: str) -> np.ndarray:
    """Return a column of a pickled frame, a number a cell."""
    column = pickled_frame(file).get(name, ())
    if len(column) != NUM_CELLS:
        raise DataError(f"{file} does not hold {NUM_CELLS} numbers called {name!r}")
    return np.asarray(column)


@table("nasbench101_proxies")
def _build_proxies(paths: dict[str, Path]) -> pd.DataFrame:
    frame = pd.concat([_zc_part(paths), _zen_part(paths)], ignore_index=True)
    frame["index"] = positions(frame["hash"])
    return frame.reindex(columns=["index", "hash", "source", "valid", *PROXIES])


def positions(hashes: pd.Series) -> np.ndarray:
    """Return the rows of cells in the table; DataError if one is not in it."""
    found = pd.Index(load_table("nasbench101")["hash"]).get_indexer(hashes)
    if (found < 0).any():
        raise DataError("a cell of the files is not among those of NAS-Bench-101")
    return found


def _zc_part(paths: dict[str, Path]) -> pd.DataFrame:
    records = json.loads(paths["naslib_nb101_zc"].read_bytes())["nasbench101"]["cifar10"]
    scores = pd.DataFrame(list(records.values())).rename(columns={"val_accuracy": "valid"})
    return scores.assign(hash=_naslib_hashes(records), source="naslib_9052f54")


def _zen_part(paths: dict[str, Path]) -> pd.DataFrame:
    records = [record for _, record in zipped_records(paths["naslib_nb101_zen"])]
    records.sort(key=lambda record: int(record["idx"]))
    hashes = _naslib_hashes(record["arch"] for record in records)
    zen = [score(record["zen"]) for record in records]
    return pd.DataFrame({"hash": hashes, "source": "naslib_zen", "zen": zen})


def _naslib_hashes(texts: Iterable[str]) -> list[str]:
    return [cell_from_naslib(text).hash for text in texts]
