"""The public super-net logs: known answers, and files that are not they."""

import numpy as np
import pytest

from nasutils.data import load_table
from nasutils.data.nasbench201_supernets import arch_from_structure
from nasutils.data.tables import get_table
from nasutils.errors import DataError
from nasutils.metrics import kendall_tau


@pytest.mark.real_data
def test_known_answers(real_data):
    table, truth = load_table("nasbench201_supernets"), load_table("nasbench201")["test_c10"]
    assert len(table) == 15_625
    assert table["arch"].tolist() == load_table("nasbench201")["arch"].tolist()
    for column, tau, mean in (("one_shot", 0.485, 50.5), ("few_shot", 0.551, 44.7)):
        assert kendall_tau(table[column], truth) == pytest.approx(tau, abs=1e-3)
        assert table[column].mean() == pytest.approx(mean, abs=0.05)
        best = np.argsort(-truth.to_numpy())[:1_000]
        assert kendall_tau(table[column][best], truth[best]) < 0


def test_structures_name_their_edges():
    text = (
        "[(('avg_pool_3x3', 0),), (('none', 0), ('skip_connect', 1)), "
        "(('nor_conv_1x1', 0), ('nor_conv_3x3', 1), ('none', 2))]"
    )
    assert arch_from_structure(text) == (
        "|avg_pool_3x3~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|"
    )
    for bad in ("", "[(('none', 0),)]", text.replace("2)", "1)")):
        with pytest.raises(DataError, match="not the structure"):
            arch_from_structure(bad)


def test_other_files_are_refused(tmp_path):
    table = get_table("nasbench201_supernets")
    csv, log = tmp_path / "cells.csv", tmp_path / "log"
    csv.write_text("arch_str\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|\n")
    paths = dict.fromkeys(table.sources, log) | {"landscapes_nb201_c10": csv}
    log.write_text("{")
    with pytest.raises(DataError, match="damaged"):
        table.build(paths)
    log.write_text(
        "{\"[(('none', 0),), (('none', 0), ('none', 1)), "
        "(('none', 0), ('none', 1), ('none', 2))]\": 10.0}"
    )
    with pytest.raises(DataError, match="1 cells"):
        table.build(paths)
