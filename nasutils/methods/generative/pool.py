"""Cells with their proxy vectors: what the G-VAE, the clusters and the flow learn from.

``python -m nasutils.methods.generative.pool 10000`` labels 10,000 cells, or as many as there are
not yet: one that was killed goes on with the chunk of 250 in which it was, and ends with the same
table. At the ``bench`` scale a cell takes .19 s of a core's time (1,700 cells, on a machine with
other work): some 19,000 cells an hour and core.
"""

import argparse
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd
from tqdm import tqdm

from nasutils.cache import cached_frame
from nasutils.errors import NasutilsError
from nasutils.methods.generative.clusters import VECTOR
from nasutils.methods.generative.proxy_vector import SCORINGS, get_scoring, proxy_vector
from nasutils.paths import cache_dir
from nasutils.spaces.graphnet import GraphNetCell

CHUNK = 250
COLUMNS = ["cell", *VECTOR]


def distinct_cells(seed: int) -> Iterator[GraphNetCell]:
    """Draw random cells for ever, of each isomorphism class the first alone.

    Small cells run out: there are 56 classes of one operation.
    """
    rng, seen = np.random.default_rng(seed), set()
    while True:
        cell = GraphNetCell.random(rng)
        name = cell.isomorphism_class()
        if name not in seen:
            seen.add(name)
            yield cell


def labelled_pool(
    cells: int, scale: str = "bench", *, seed: int = 0, progress: bool = False
) -> pd.DataFrame:
    """Return the first cells of a seed with their proxy vectors, labelling those that are missing.

    Args:
        cells: Their number; a larger one has the same first rows.
        scale: One of ``SCORINGS``, on whose images proxies are measured.
        seed: Of the cells.
        progress: Whether to show a bar.

    Returns:
        Columns ``cell`` (a string) and those of ``VECTOR``, one row a cell, in the order drawn.

    Raises:
        NasutilsError: If no cell is asked for.
        UnknownNameError: If there is no such scale.
        DataError: If the images cannot be had.
    """
    if cells < 1:
        raise NasutilsError(f"a pool has at least one cell, not {cells}.")
    scoring, drawn, place = get_scoring(scale), distinct_cells(seed), 0
    folder = cache_dir() / "generative" / "pool" / f"{scoring.key}-{seed}"
    chunks = []
    with tqdm(total=cells, unit="cell", disable=not progress, mininterval=30) as bar:
        for number in range(-(-cells // CHUNK)):

            def label(number: int = number) -> pd.DataFrame:
                nonlocal place  # Cells are drawn as far as they are needed.
                skipped, place = number * CHUNK - place, (number + 1) * CHUNK
                rows = []
                for cell in islice(drawn, skipped, skipped + CHUNK):
                    rows.append({"cell": str(cell), **proxy_vector(cell, scoring)})
                    bar.update()
                return pd.DataFrame(rows, columns=COLUMNS)

            chunks.append(cached_frame(folder / f"{number:04}.parquet", COLUMNS, label))
            bar.n = min(cells, (number + 1) * CHUNK)
    return pd.concat(chunks, ignore_index=True)[:cells]


def main() -> None:
    """Label cells from the command line."""
    parser = argparse.ArgumentParser(description="Label random cells with their proxy vectors.")
    parser.add_argument("cells", type=int, help="their number")
    parser.add_argument("--scale", choices=list(SCORINGS), default="bench")
    parser.add_argument("--seed", type=int, default=0, help="of the cells")
    options = parser.parse_args()
    labelled_pool(options.cells, options.scale, seed=options.seed, progress=True)


if __name__ == "__main__":
    main()
