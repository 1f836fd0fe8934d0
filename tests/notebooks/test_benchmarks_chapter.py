"""Chapter 0: both scales are published, and the claims hold."""

from pathlib import Path

from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.report import PublishedResults, Verdict, verdict
from nasutils.report.benchmark_claims import benchmark_claims
from nasutils.study import load_results

ROOT = Path(__file__).parents[2]


def test_both_scales_are_published():
    results = load_results("benchmarks", ROOT)
    assert {"demo", "bench"} <= set(results["scale"])
    assert set(results["column"]) <= set(BENCHMARKS)


def test_published_figures_bear_out_the_claims():
    verdicts = [
        verdict(claim) for claim in benchmark_claims(PublishedResults("benchmarks", root=ROOT))
    ]
    assert verdicts.count(Verdict.REPRODUCED) == 9
    assert verdicts.count(Verdict.NOT_RUN) == 2
    assert len(verdicts) == 11
