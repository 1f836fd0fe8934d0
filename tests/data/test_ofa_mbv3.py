import ast

import pytest

from nasutils.data import load_table
from nasutils.data.fetch import fetch
from nasutils.data.ofa_mbv3 import SEARCHES, measurements
from nasutils.data.tables import get_table
from nasutils.errors import ArchitectureError
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

HEADER = "Sub-network,Date,Model Parameters,Latency (ms),MACs,Top-1 Acc (%)\n"
STRING = (
    "{'wid': None, 'ks': [5, 7, 5, 5, 3, 3, 3, 7, 5, 5, 3, 7, 7, 3, 3, 3, 5, 5, 5, 5], "
    "'e': [4, 3, 4, 4, 4, 6, 3, 4, 4, 3, 4, 3, 3, 6, 6, 6, 4, 3, 4, 4], "
    "'d': [2, 3, 2, 4, 3], 'r': [224]}"
)


@pytest.fixture(scope="module")
def table(real_data):
    return load_table("ofa_mbv3")


@pytest.fixture(scope="module")
def log(real_data):
    return measurements({name: fetch(name) for name in get_table("ofa_mbv3").sources})


@pytest.fixture
def write_logs(tmp_path):
    def write(**rows):
        paths = {}
        for search in SEARCHES:
            path = paths[f"dynast_ofa_{search}"] = tmp_path / f"{search}.csv"
            path.write_text(HEADER + rows.get(search, ""))
        return paths

    return write


@pytest.mark.real_data
def test_known_answers(table, log):
    assert len(log) == 2_373
    assert len(table) == table["arch"].nunique() == 2_162
    assert table["repeats"].sum() == 2_373
    assert round(table["top1"].min(), 1) == 71.0
    assert round(table["top1"].max(), 1) == 77.5
    assert round(table["top1_spread"].max(), 3) == 0.096
    assert (table.loc[table["repeats"] == 1, "top1_spread"] == 0).all()
    assert table["params"].between(3.4, 7.4).all()  # millions
    assert table["flops"].between(122, 507).all()


@pytest.mark.real_data
def test_equal_networks_have_equal_costs(log):
    """Proof that what was dropped plays no part: the measured costs of repeats agree."""
    costs = log.groupby("arch")[["params", "flops"]].nunique()
    assert (costs == 1).all().all()


@pytest.mark.real_data
def test_arch_strings_are_canonical(table):
    for arch in table["arch"]:
        assert str(OFAMobileNetV3.from_string(arch)) == arch


@pytest.mark.real_data
def test_same_networks_as_a_slow_reference(table):
    """Count distinct networks with plain tuples of active blocks."""
    distinct = set()
    for source in get_table("ofa_mbv3").sources:
        for line in fetch(source).read_text().splitlines()[1:]:
            net = ast.literal_eval(line.split('"')[1])
            keep = [b for b in range(20) if b % 4 < net["d"][b // 4]]
            distinct.add(tuple((b, net["ks"][b], net["e"][b]) for b in keep))
    assert len(distinct) == len(table)


@pytest.mark.real_data
def test_row_by_hand(table):
    """Three searches measured this network: 75.448, 75.462 and 75.458 %."""
    row = table.set_index("arch").loc[str(OFAMobileNetV3.from_string(STRING))]
    assert row["top1"] == pytest.approx((75.448 + 75.462 + 75.458) / 3)
    assert row["top1_spread"] == pytest.approx(0.014)
    assert row["repeats"] == 3
    assert (row["params"], row["flops"]) == (5.029656, 255.502624)
    assert row["searches"] == "evoga_acc evonsga2_acc_macs evounsga3_acc_macs_params"


def test_repeats_are_averaged(write_logs):
    inactive = STRING.replace("[5, 7, 5, 5,", "[5, 7, 3, 7,")
    other = STRING.replace("[5, 7, 5, 5,", "[5, 5, 5, 5,")
    table = get_table("ofa_mbv3").build(
        write_logs(
            evoga_acc=f'"{STRING}",now,5000000,0,250000000,75.0\n"{other}",now,4,0,2,70.0\n',
            linasga_acc=f'"{inactive}",now,5000000,0,250000000,75.2\n',
        )
    )
    assert table["top1"].tolist() == pytest.approx([75.1, 70.0])
    assert table["repeats"].tolist() == [2, 1]
    assert table["top1_spread"].tolist() == pytest.approx([0.2, 0])
    assert table["searches"].tolist() == ["evoga_acc linasga_acc", "evoga_acc"]
    assert table["params"].tolist() == [5, 4e-6]


def test_damaged_row(write_logs):
    paths = write_logs(evoga_acc='"{}",now,1,0,1,70.0\n')
    with pytest.raises(ArchitectureError, match="malformed OFA-MobileNetV3 string"):
        get_table("ofa_mbv3").build(paths)
