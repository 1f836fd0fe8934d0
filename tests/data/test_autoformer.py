import numpy as np
import pytest
import torch

from nasutils.data import load_table
from nasutils.data.autoformer import read_records
from nasutils.data.fetch import fetch
from nasutils.data.tables import get_table
from nasutils.errors import DataError
from nasutils.spaces.autoformer import AutoFormerTiny


@pytest.fixture(scope="module")
def table(real_data):
    return load_table("autoformer")


class Bomb:
    def __reduce__(self):
        return print, ("this must never be printed",)


@pytest.mark.real_data
def test_known_answers(table):
    assert len(table) == table["arch"].nunique() == 200
    assert table["file"].value_counts().to_dict() == {1: 100, 2: 100}
    assert table["c100_kd"].between(75, 79).all()
    assert set(table["width"]) == {192, 216, 240}
    assert set(table["depth"]) == {12, 13, 14}


@pytest.mark.real_data
def test_rows_by_hand(table):
    """The first record of the first file and the last of the second."""
    first, last = table.iloc[0], table.iloc[-1]
    assert first["arch"] == str(
        AutoFormerTiny(
            192,
            (3.5, 4.0, 3.5, 4.0, 3.5, 3.5, 4.0, 3.5, 4.0, 4.0, 4.0, 3.5),
            (4, 4, 3, 4, 3, 3, 4, 4, 3, 3, 3, 4),
        )
    )
    assert (first["c100"], first["c100_kd"]) == (68.66, 76.06)
    assert first["imagenet_supernet"] == 74.64400003
    assert (last["width"], last["depth"], last["c100_kd"]) == (192, 12, 75.7)


@pytest.mark.real_data
def test_architectures_are_the_files_own(table):
    for file in (1, 2):
        records = read_records(fetch(f"autoprox_autoformer_{file}"))
        assert [str(record["arch"]) for record in records] == (
            table.loc[table["file"] == file, "arch"].tolist()
        )


@pytest.mark.real_data
def test_second_file_has_no_imagenet_accuracy(table):
    first, second = (table[table["file"] == file] for file in (1, 2))
    assert second["imagenet_supernet"].isna().all()
    assert first["imagenet_supernet"].notna().all()
    assert second[["c100", "flowers", "chaoyang"]].isna().all().all()
    assert first.notna().all().all()


@pytest.mark.real_data
def test_why_the_second_file_is_not_used(table):
    """The first file separates width 240 from the rest; the second file's column does not."""
    first = table[table["file"] == 1].groupby("width")["imagenet_supernet"]
    low, high = first.min(), first.max()
    assert (round(low[240], 1), round(high[240], 1)) == (70.7, 71.7)
    assert min(low[192], low[216]) > 74.5
    raw = read_records(fetch("autoprox_autoformer_2"))
    wide = [r["imagenet_super_acc"] for r in raw if r["arch"]["hidden_dim"] == 240]
    narrow = [r["imagenet_super_acc"] for r in raw if r["arch"]["hidden_dim"] != 240]
    assert np.max(wide) > 74.5
    assert np.min(narrow) < 71.7


def test_records_with_code_are_refused(tmp_path, capsys):
    torch.save([Bomb()], tmp_path / "bomb.pth")
    with pytest.raises(DataError, match=r"bomb.pth is no list of plain records"):
        read_records(tmp_path / "bomb.pth")
    assert capsys.readouterr().out == ""


def test_damaged_file(tmp_path):
    torch.save([{"arch": {}}], tmp_path / "whole.pth")
    (tmp_path / "half.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:100])
    with pytest.raises(DataError, match=r"half.pth"):
        read_records(tmp_path / "half.pth")


def test_record_outside_the_space(tmp_path):
    arch = {"hidden_dim": 320, "mlp_ratio": [4.0] * 12, "depth": 12, "num_heads": [3] * 12}
    torch.save([{"arch": arch}], tmp_path / "odd.pth")
    paths = dict.fromkeys(get_table("autoformer").sources, tmp_path / "odd.pth")
    with pytest.raises(DataError, match=r"file 1 .* width 320 is not in"):
        get_table("autoformer").build(paths)
