from itertools import islice

import pandas as pd
import pytest

from nasutils.errors import NasutilsError
from nasutils.methods.generative import pool
from nasutils.methods.generative.pool import distinct_cells, labelled_pool
from nasutils.spaces.graphnet import GraphNetCell


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Chunks of three cells in a cache of their own, and quick labels that are counted."""
    asked = []

    def vector(cell, scoring):
        asked.append(cell)
        return {"snip_ssnr": 1.0, "nwot": float(len(cell.ops)), "params": 0.1, "flops": 2.0}

    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    monkeypatch.setattr(pool, "CHUNK", 3)
    monkeypatch.setattr(pool, "proxy_vector", vector)
    return asked


def test_cells_differ_by_more_than_their_numbering():
    drawn = list(islice(distinct_cells(0), 400))
    assert len({cell.isomorphism_class() for cell in drawn}) == 400
    assert drawn == list(islice(distinct_cells(0), 400))
    # 28 operations, with a short cut or without.
    assert sum(len(cell.ops) == 1 for cell in drawn) <= 56


def test_a_killed_run_goes_on_and_ends_with_the_same_table(small, monkeypatch):
    label = pool.proxy_vector
    whole = labelled_pool(8, "demo", seed=1)
    assert len(small) == 9
    assert list(map(GraphNetCell.from_string, whole["cell"])) == small[:8]
    small.clear()

    def dies(cell, scoring):
        if len(small) == 5:
            raise KeyboardInterrupt
        return label(cell, scoring)

    monkeypatch.setattr(pool, "proxy_vector", dies)
    with pytest.raises(KeyboardInterrupt):
        labelled_pool(8, "demo", seed=2)
    monkeypatch.setattr(pool, "proxy_vector", label)
    resumed = labelled_pool(8, "demo", seed=2)
    assert len(small) == 5 + 6  # the first chunk is not labelled again
    assert list(resumed["cell"]) == [str(cell) for cell in islice(distinct_cells(2), 8)]
    small.clear()
    pd.testing.assert_frame_equal(labelled_pool(5, "demo", seed=2), resumed[:5])
    assert not small


def test_a_damaged_chunk_is_labelled_again(small, tmp_path):
    whole = labelled_pool(6, "demo")
    (chunk,) = tmp_path.rglob("0001.parquet")
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with pytest.warns(UserWarning, match="damaged"):
        pd.testing.assert_frame_equal(labelled_pool(6, "demo"), whole)


def test_no_cells():
    with pytest.raises(NasutilsError, match="at least one cell, not 0"):
        labelled_pool(0)
