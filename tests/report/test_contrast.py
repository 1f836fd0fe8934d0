"""Paired differences, their intervals and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from nasutils.metrics.intervals import holm_intervals, mean_interval
from nasutils.report.contrast import COLUMNS, Contrast, all_of, gain_text, table_of_contrasts
from nasutils.report.verdicts import Effect, Evidence

UP, DOWN = pd.Series([0.19, 0.2, 0.21]), pd.Series([-0.19, -0.2, -0.21])
UNSURE, ONE, NONE = pd.Series([-1.0, 1.0, 0.1]), pd.Series([0.5]), pd.Series(dtype=float)
SAME = pd.Series([0.001, -0.001, 0.0])


def contrast(*gains, smallest=0.0):
    places = {f"split {i}": gain for i, gain in enumerate(gains)}
    return Contrast.of("Ours", "Theirs", places, smallest)


def test_lines_by_hand():
    [line] = contrast(UP, ONE, NONE).lines.itertuples(index=False)
    assert line[:3] == ("Ours", "Theirs", "split 0")
    assert line.Gain == pytest.approx(0.2)
    # Standard deviation .01; t of two degrees of freedom at 97.5 % is 4.3027.
    assert (line.To - line.From) / 2 == pytest.approx(4.3027 * 0.01 / np.sqrt(3), rel=1e-4)


@pytest.mark.parametrize(
    ("gains", "smallest", "outcomes"),
    [
        ((UP, DOWN), 0, ["better", "worse"]),
        ((UP, UNSURE), 0.01, ["better", "undecided"]),
        ((SAME,), 0.01, ["tie"]),
        ((SAME,), 0.0, ["undecided"]),  # nobody has said how much would matter
    ],
)
def test_outcomes(gains, smallest, outcomes):
    found = contrast(*gains, smallest=smallest)
    assert found.lines["Outcome"].tolist() == outcomes
    counts = outcomes.count("better"), outcomes.count("worse"), len(outcomes)
    assert found.counts == counts
    assert found.said("splits") == "better in {}, worse in {} of {} splits".format(*counts)


def test_many_looks_widen_the_intervals():
    alone, among = contrast(UP), contrast(UP, UNSURE, UNSURE)
    assert alone.intervals == [mean_interval(UP)]
    assert among.intervals == holm_intervals([UP, UNSURE, UNSURE])
    assert among.intervals[0] == mean_interval(UP, 1 - 0.05 / 3)
    assert all_of([contrast(UP), contrast(UNSURE, UNSURE)]).intervals == among.intervals


def test_what_a_claim_rests_on():
    found = contrast(UP, SAME, smallest=0.01)
    reached, absent = found.effects({"split 0": 0.2})
    assert reached == Effect(found.intervals[0], 0.2, smallest=0.01)
    assert (reached.evidence, absent.evidence) == (Evidence.REACHED, Evidence.ABSENT)
    assert found.effects({"split 0": 0.5})[0].evidence == Evidence.MISSED
    assert found.effects({"split 0": 0.3}, tolerance=0.08)[0].evidence == Evidence.REACHED
    assert contrast().effects() == ()


def test_tables_are_text():
    table = table_of_contrasts([contrast(UP), contrast(DOWN), contrast()])
    assert list(table.columns) == list(COLUMNS)
    assert table["Gain"].tolist() == ["+0.200", "−0.200"]
    assert table_of_contrasts([contrast()]).empty


def test_a_gain_in_words():
    # Standard deviation .01 over the root of three.
    assert gain_text(UP) == "+0.200 ± 0.006"
    assert gain_text(np.negative(UP)) == "−0.200 ± 0.006"
    assert gain_text(NONE) == ""
