"""The benchmarks' chapter: tables and sentences from what is published, or before anything is."""

import re

import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.paths import repository_root
from nasutils.report import PublishedResults
from nasutils.report import benchmark_tables as tables

ROOT = repository_root()
SCALES = ("demo", "bench")


@pytest.fixture
def results():
    return PublishedResults("benchmarks", SCALES, ROOT)


def test_overview_has_a_line_a_benchmark(results):
    frame = tables.overview(results).frame.set_index("Benchmark")
    assert len(frame) == 8
    line = frame.loc["NAS-Bench-201, CIFAR-10"]
    assert (line["Architectures"], round(line["best (%)"], 3)) == ("15,625", 94.373)


def test_noise_and_top(results):
    noise = tables.table_of_noise(results).frame.set_index("Benchmark")
    assert list(noise) == ["Cells", "Noise", "Reliability", "Better half", "Ceiling"]
    assert noise.loc["NB201-Digits", "Cells"] == "1,500"
    # No measurement is worth more than the truth.
    assert (noise["Reliability"] < noise["Ceiling"]).all()
    top = tables.table_of_top(results).frame
    assert len(top) == 4
    knows_best = top["Predictor"] == "worse half shuffled"
    assert (top.loc[knows_best, "Best 10 found"] == 1).all()


def test_a_row_says_what_its_columns_hold():
    benchmark = get_benchmark("nb201-digits")
    frame = tables.table_of_row(benchmark, 3).frame.set_index("Column")
    assert float(frame.loc["test", "Value"]) == pytest.approx(benchmark.test_accuracy[3], abs=1e-2)
    assert "percent" in frame.loc["test", "Meaning"]
    assert frame["Meaning"].notna().all()


def test_claims_as_the_papers_print_them():
    assert list(tables.table_of_claims().frame) == ["Benchmark", "Claim", "Printed"]


def test_sentences_have_figures_and_the_page_uses_them(results, capsys):
    tables.glue_sentences(results)
    lines = dict(line.split(" = ") for line in capsys.readouterr().out.splitlines())
    assert lines.keys() == tables.SENTENCES.keys()
    assert "?" not in lines.values()
    assert (lines["strings"], lines["classes"]) == ("15,625", "6,466")
    page = (ROOT / "notebooks" / "00_benchmarks.py").read_text(encoding="utf-8")
    assert set(re.findall(r"{glue:text}`([\w-]+)`", page)) >= lines.keys()


def test_before_anything_is_published(tmp_path, capsys):
    nothing = PublishedResults("benchmarks", SCALES, tmp_path)
    for table in (tables.overview, tables.table_of_noise, tables.table_of_top):
        assert table(nothing).frame.empty
    assert nothing.sources().frame.shape == (6, 1)  # headings of no scale
    tables.glue_sentences(nothing)
    lines = capsys.readouterr().out.splitlines()
    assert {line.split(" = ")[1] for line in lines} == {"?"}
