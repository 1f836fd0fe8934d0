"""Paired differences, their intervals and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from nasutils.report.claims import NOT_REPRODUCED, PARTLY, REPRODUCED
from nasutils.report.contrast import COLUMNS, Contrast, all_of, gain_text, table_of_contrasts

UP, DOWN = pd.Series([0.1, 0.2, 0.3]), pd.Series([-0.1, -0.2, -0.3])
UNSURE, ONE, NONE = pd.Series([-1.0, 1.0, 0.1]), pd.Series([0.5]), pd.Series(dtype=float)


def contrast(*gains):
    return Contrast.of("Ours", "Theirs", {f"split {i}": gain for i, gain in enumerate(gains)})


def test_lines_by_hand():
    [line] = contrast(UP, ONE, NONE).lines.itertuples(index=False)
    assert line[:3] == ("Ours", "Theirs", "split 0")
    assert line.Gain == pytest.approx(0.2)
    # Means of three draws with replacement are never outside the smallest and the largest.
    assert 0.1 <= line.From < 0.2 < line.To <= 0.3


@pytest.mark.parametrize(
    ("gains", "counts", "verdict"),
    [
        ((UP, UP), (2, 0, 2), REPRODUCED),
        ((UP, UNSURE), (1, 0, 2), PARTLY),
        ((UP, DOWN), (1, 1, 2), NOT_REPRODUCED),
        ((UNSURE,), (0, 0, 1), NOT_REPRODUCED),
        ((), (0, 0, 0), NOT_REPRODUCED),
    ],
)
def test_what_is_said(gains, counts, verdict):
    found = contrast(*gains)
    assert found.counts == counts
    words = "better in {}, worse in {} of {} splits".format(*counts)
    assert found.claim("splits") == (words, verdict)


def test_several_have_one_verdict():
    assert all_of([contrast(UP), contrast(UP, UNSURE)]).claim("splits") == (
        "better in 2, worse in 0 of 3 splits",
        PARTLY,
    )


def test_tables_are_text():
    table = table_of_contrasts([contrast(UP), contrast(DOWN)])
    assert list(table.columns) == list(COLUMNS)
    assert table["Gain"].tolist() == ["+0.200", "−0.200"]
    assert table_of_contrasts([contrast()]).empty


def test_a_gain_in_words():
    # Standard deviation .1 over the root of three.
    assert gain_text(UP) == "+0.200 ± 0.058"
    assert gain_text(np.negative(UP)) == "−0.200 ± 0.058"
    assert gain_text(NONE) == ""
