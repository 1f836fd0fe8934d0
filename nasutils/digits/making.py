"""Make the table: measure cell after cell, in resumable chunks, then put the chunks together."""

from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from nasutils.digits.measure import cost_of_cell, proxies_of_cell, train_cell
from nasutils.digits.task import cell_order
from nasutils.errors import NasutilsError, lookup
from nasutils.files import atomic_write
from nasutils.processes import local_executor

CHUNK = 10

Measure = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class Pass:
    """One round of measurements: from a cell to its rows, perhaps on a device.

    Passes that are not ``parallel`` take times, and want the machine alone.
    """

    measure: Measure
    parallel: bool = True
    takes_device: bool = False


PASSES = {
    "training": Pass(train_cell, takes_device=True),
    "costs": Pass(cost_of_cell, parallel=False),
    "proxies": Pass(proxies_of_cell),
}


def make(name: str, folder: Path, cells: int, *, workers: int = 1, device: str = "cpu") -> None:
    """Run one pass over the first ``cells`` cells of the order; what is there already is kept.

    Every finished chunk of ten cells is a Parquet file in ``folder / name``, written whole or not
    at all, so that the command can be stopped at any time and called again, also with more cells.
    The workers are processes, but one for a pass that takes times; the device, ``cpu`` or a CUDA
    device, is for passes that train.

    Raises:
        UnknownNameError: If there is no such pass.
        NasutilsError: If there are not that many cells, or no workers.
    """
    step = lookup("pass", name, PASSES)
    total = len(cell_order())
    if not 1 <= cells <= total:
        raise NasutilsError(f"{cells} cells: choose from 1 to {total}.")
    if workers < 1:
        raise NasutilsError(f"{workers} workers: at least one.")
    measure = partial(step.measure, device=device) if step.takes_device else step.measure
    todo = [c for c in _chunks(cells) if not _chunk_file(folder, name, c).is_file()]
    with tqdm(total=len(_chunks(cells)), initial=len(_chunks(cells)) - len(todo), desc=name) as bar:
        for _ in _run(partial(_measure_chunk, measure, folder / name), todo, workers, step):
            bar.update()


def _run(work: Callable[[int], None], todo: list[int], workers: int, step: Pass) -> Iterator[None]:
    if workers == 1 or not step.parallel:
        yield from map(work, todo)
        return
    with local_executor(workers) as pool:
        for future in as_completed([pool.submit(work, chunk) for chunk in todo]):
            yield future.result()


def _chunks(cells: int) -> range:
    return range(-(-cells // CHUNK))


def _chunk_file(folder: Path, name: str, chunk: int) -> Path:
    return folder / name / f"{chunk:04d}.parquet"


def _measure_chunk(measure: Measure, folder: Path, chunk: int) -> None:
    rows = []
    for index in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(cell_order()))):
        rows.extend({"index": index, **row} for row in measure(cell_order()[index]))
    with atomic_write(folder / f"{chunk:04d}.parquet") as part:
        pd.DataFrame(rows).to_parquet(part)


def collect(name: str, folder: Path) -> pd.DataFrame:
    """Return a pass's rows up to the first chunk that is missing; NasutilsError if all are."""
    frames = []
    for chunk in _chunks(len(cell_order())):
        file = _chunk_file(folder, name, chunk)
        if not file.is_file():
            break
        frames.append(pd.read_parquet(file))
    if not frames:
        raise NasutilsError(f"no {name} chunks in {folder}: run 'nasutils digits make' first.")
    return pd.concat(frames, ignore_index=True)
