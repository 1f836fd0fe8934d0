"""The table of public models: right or refused by name, and eight of its models again."""

import csv

import pytest

from tools import scored_models

# Plain and grouped convolutions, gates, norms of all kinds, standardised weights, attention.
SMALL = [
    *("timm:test_resnet", "timm:test_vit", "timm:test_nfnet", "timm:test_efficientnet_ln"),
    *("timm:lcnet_035", "timm:mobilenetv3_small_050"),
    *("torchvision:squeezenet1_1", "torchvision:shufflenet_v2_x0_5"),
]


@pytest.fixture(scope="module")
def table():
    return list(csv.DictReader(scored_models.TABLE.read_text(encoding="utf-8").splitlines()))


def test_the_table_is_whole_and_right(table):
    assert list(dict.fromkeys(row["model"] for row in table)) == scored_models.MODELS
    assert len(scored_models.MODELS) >= 40
    assert scored_models.disagreements(table) == []
    for row in table:
        assert bool(row["score"]) != bool(row["refused"]), row
        assert not row["refused"] or row["refused"].startswith(f"{row['proxy']}: ")


@pytest.mark.parametrize("model", SMALL)
def test_small_models_again(model, table):
    rows = scored_models.rows_of(model)
    assert scored_models.disagreements(rows) == []
    published = [row for row in table if row["model"] == model]
    snip = next(float(row["score"]) for row in rows if row["proxy"] == "snip")
    for row, before in zip(rows, published, strict=True):
        assert (row["proxy"], row["refused"]) == (before["proxy"], before["refused"])
        if row["score"]:
            rounding = 1e-6 * snip if row["proxy"] == "plain" else 1e-9
            expected = pytest.approx(float(before["score"]), rel=1e-5, abs=rounding)
            assert float(row["score"]) == expected, row["proxy"]


def test_disagreements_are_found():
    row = {"model": "m", "proxy": "snip", "score": "2.0", "reference": "2.0", "refused": ""}
    assert scored_models.disagreements([row]) == []
    wrong = row | {"proxy": "jacov", "score": "2.1"}
    refused = row | {"proxy": "synflow", "score": "", "refused": "synflow: no"}
    assert scored_models.disagreements([row, wrong, refused]) == [
        "m jacov: 2.1, not 2.0",
        "m synflow: synflow: no, not 2.0",
    ]
