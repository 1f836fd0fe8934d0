"""Chapter 0: both scales are published, and the claims hold."""

from pathlib import Path

from nasutils.report.claims import NOT_REPRODUCED, judge, load_claims
from nasutils.study import load_results

ROOT = Path(__file__).parents[2]


def test_both_scales_are_published():
    assert {"demo", "bench"} <= set(load_results("benchmarks", ROOT)["scale"])


def test_published_figures_bear_out_the_claims():
    judged = judge(load_claims(), load_results("benchmarks", ROOT))
    assert judged.loc[judged["verdict"] == NOT_REPRODUCED, "claim"].tolist() == []
    assert (judged["verdict"] == "reproduced").sum() >= 9
