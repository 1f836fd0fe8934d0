"""What the benchmarks' papers claim: as printed, cited, and judged by relation and digits."""

import pytest

from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.data.paper_numbers import BENCHMARKS as PRINTED
from nasutils.paths import repository_root
from nasutils.report import PublishedResults, Verdict, verdict
from nasutils.report.benchmark_claims import benchmark_claims, load_claims
from nasutils.study.results import results_file, write_metrics


@pytest.mark.parametrize(
    ("column", "row", "metric", "value", "expected"),
    [
        ("nb101-test", "best", "accuracy", 94.3176, Verdict.REPRODUCED),
        ("nb101-test", "best", "accuracy", 94.33, Verdict.NOT_REPRODUCED),
        ("nb101-test", "cells", "count", 423_624, Verdict.REPRODUCED),
        ("nb101-test", "cells", "count", 423_625, Verdict.NOT_REPRODUCED),
        ("nb301-surrogate", "space", "log10_count", 18.03, Verdict.REPRODUCED),
        ("nb301-surrogate", "space", "log10_count", 17.9, Verdict.PARTLY),
    ],
)
def test_claims_are_judged_by_relation_and_digits(tmp_path, column, row, metric, value, expected):
    figure = {"paper": "benchmarks", "item": "size", "row": row, "column": column}
    figure |= {"metric": metric, "seed": 0, "value": value, "scale": "bench", "seconds": 1}
    figure |= {"device": "a machine", "version": "0", "job": "j"}
    write_metrics(results_file("benchmarks", tmp_path), [figure])
    claims = benchmark_claims(PublishedResults("benchmarks", root=tmp_path))
    [place] = [
        i
        for i, line in enumerate(load_claims().itertuples())
        if (line.column, line.row, line.metric) == (column, row, metric)
    ]
    found = [verdict(claim) for claim in claims]
    assert found.pop(place) == expected
    assert set(found) == {Verdict.NOT_RUN}


def test_claims_are_written_as_printed():
    assert {"423,624", "94.32", "≥ 18", "80.0", "74.7"} <= set(load_claims()["printed"])


def test_claims_name_benchmarks():
    assert set(load_claims()["column"]) <= {*BENCHMARKS, *PRINTED}


def test_claims_cite_works_of_the_bibliography():
    bibliography = (repository_root() / "book" / "references.bib").read_text()
    assert [key for key in load_claims()["paper"] if f"{{{key}," not in bibliography] == []
