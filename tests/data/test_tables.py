import errno
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from nasutils.cache import checksum_file
from nasutils.data import load_table, table_names, tables
from nasutils.data.tables import Table, get_table, register
from nasutils.errors import DataError, UnknownNameError

FRAME = pd.DataFrame({"arch": [f"cell {i}" for i in range(50)], "test": np.linspace(10, 94, 50)})
COLUMNS = {"arch": "architecture", "test": "accuracy (%)"}


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """Register one table that needs one file; list how often it was built."""
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tables, "_MODULES", ())
    monkeypatch.setattr(tables, "_TABLES", {})
    monkeypatch.setattr(tables, "fetch", lambda name: tmp_path / name)
    builds = []

    def build(paths):
        builds.append(paths)
        return FRAME.copy()

    register(Table("toy", ("yahpo_nb301_model",), build, "a toy", COLUMNS))
    return builds


def test_built_from_its_files_once_then_read(toy, tmp_path):
    first, second = load_table("toy"), load_table("toy")
    pd.testing.assert_frame_equal(first, FRAME)
    pd.testing.assert_frame_equal(second, FRAME)
    assert toy == [{"yahpo_nb301_model": tmp_path / "yahpo_nb301_model"}]
    path = get_table("toy").cache_path
    assert sorted((tmp_path / "cache" / "tables").iterdir()) == [path, checksum_file(path)]


def test_every_caller_has_a_frame_of_its_own(toy):
    for _ in range(2):
        frame = load_table("toy")
        frame.loc[0, "test"] = -1
    assert load_table("toy").loc[0, "test"] == 10


def test_a_new_version_is_built_again(toy):
    old = get_table("toy")
    new = Table(old.name, old.sources, old.build, old.description, old.columns, version=2)
    assert new.cache_path != old.cache_path


@pytest.mark.parametrize("keep", [0, 3, 100, -1])
def test_cut_off_copy_is_built_again(toy, keep):
    load_table("toy")
    path = get_table("toy").cache_path
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.warns(UserWarning, match="is damaged .*made again"):
        pd.testing.assert_frame_equal(load_table("toy"), FRAME)
    pd.testing.assert_frame_equal(load_table("toy"), FRAME)
    assert len(toy) == 2


def test_a_flipped_byte_never_changes_a_number(toy, recwarn):
    load_table("toy")
    path = get_table("toy").cache_path
    whole = path.read_bytes()
    for position in np.random.default_rng(0).integers(len(whole), size=60):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        pd.testing.assert_frame_equal(load_table("toy"), FRAME)


def test_unwritable_cache_costs_one_warning(toy, monkeypatch, tmp_path):
    (tmp_path / "blocker").write_bytes(b"")
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path / "blocker" / "cache"))
    with pytest.warns(UserWarning, match="cannot keep .*NASUTILS_CACHE") as caught:
        pd.testing.assert_frame_equal(load_table("toy"), FRAME)
    assert len(caught) == 1


def test_full_disk_leaves_nothing_half_written(toy, monkeypatch, tmp_path):
    def write_a_little_then_fail(self, path, **kwargs):
        path.write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", write_a_little_then_fail)
    with pytest.warns(UserWarning, match="No space left on device"):
        pd.testing.assert_frame_equal(load_table("toy"), FRAME)
    assert not list((tmp_path / "cache" / "tables").iterdir())


def test_many_callers_at_once(toy, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        for frame in pool.map(load_table, ["toy"] * 8):
            pd.testing.assert_frame_equal(frame, FRAME)
    assert len(list((tmp_path / "cache" / "tables").iterdir())) == 2


def test_embedded_tables_need_no_cache(toy, tmp_path):
    register(Table("embedded", (), lambda paths: FRAME.copy(), "inside the package", COLUMNS))
    pd.testing.assert_frame_equal(load_table("embedded"), FRAME)
    assert not (tmp_path / "cache").exists()


def test_undocumented_columns_are_refused(toy):
    register(Table("odd", (), lambda paths: FRAME.assign(more=1), "undocumented", COLUMNS))
    with pytest.raises(DataError, match=r"odd was built with the columns .*'more'"):
        load_table("odd")


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("y"), ZeroDivisionError()])
def test_files_of_another_layout_are_one_error(toy, error):
    def fail(paths):
        raise error

    register(Table("odd", (), fail, "not what it was", COLUMNS))
    with pytest.raises(DataError, match="table odd cannot be built from its files"):
        load_table("odd")


def test_names_are_unique(toy):
    with pytest.raises(ValueError, match="two tables are called 'toy'"):
        register(Table("toy", (), lambda paths: FRAME, "again", COLUMNS))


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown table 'nasbench202'.*mean 'nasbench201'"):
        load_table("nasbench202")


@pytest.mark.real_data
@pytest.mark.parametrize("name", table_names())
def test_every_table_loads_and_documents_its_columns(real_data, name):
    table = get_table(name)
    assert list(load_table(name).columns) == list(table.columns)
    assert all(table.columns.values())
    assert table.description
