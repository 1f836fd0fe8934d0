"""The tables and sentences of the chapter on benchmarks, from what is published."""

import pandas as pd

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.registry import get_benchmark
from nasutils.data.tables import get_table
from nasutils.report.benchmark_claims import load_claims
from nasutils.report.prose import glue_figures
from nasutils.report.published_results import PublishedResults
from nasutils.report.table import Table

_TAU, _POINTS = "kendall_tau", "accuracy_points"
_CELLS, _BEST = "nb201-c10", "best by validation"

#: Name in the text -> where the figure stands, and how it is written.
SENTENCES = {
    "strings": (("size", "cells", _CELLS, "count"), ",.0f"),
    "classes": (("size", "classes", _CELLS, "count"), ",.0f"),
    "nb301": (("size", "cells", "nb301-surrogate", "count"), ",.0f"),
    "params-nb201-c10": (("features", "params", _CELLS, _TAU), ".2f"),
    "depth-nb101": (("features", "depth", "nb101-test", _TAU), ".2f"),
    "depth-nb301": (("features", "depth", "nb301-surrogate", _TAU), ".2f"),
    "depth-mbv3": (("features", "depth", "mbv3-imagenet", _TAU), ".2f"),
    **{
        f"regret-nb201-{data}": (("validation", _BEST, f"nb201-{data}", _POINTS), ".2f")
        for data in ("c10", "c100", "in16")
    },
    "dead": (("dead", "dead", _CELLS, "count"), ".0f"),
    "params-all": (("dead", "all", _CELLS, _TAU), ".3f"),
    "params-alive": (("dead", "alive", _CELLS, _TAU), ".3f"),
    "params-better": (("dead", "better half", _CELLS, _TAU), ".3f"),
    "teacher": (("teacher", "teacher", "vit-c100", _TAU), ".2f"),
    "width-alone": (("teacher", "width, alone", "vit-c100", _TAU), ".2f"),
    "width-taught": (("teacher", "width, taught", "vit-c100", _TAU), ".2f"),
}


def glue_sentences(results: PublishedResults) -> None:
    """Hand the published figures of ``SENTENCES`` to the page's prose."""
    glue_figures(results, SENTENCES)


def table_of_claims() -> Table:
    """Show what the benchmarks' papers claim, as printed."""
    claims = load_claims()[["benchmark", "claim", "printed"]].rename(columns=str.capitalize)
    return Table(claims, "claims", words=("Benchmark", "Claim"))


def overview(results: PublishedResults) -> Table:
    """Show how many architectures each benchmark has, and their accuracies."""
    counts, accuracies = results.pivot("size", "count"), results.pivot("size", "accuracy")
    found = accuracies.T.reindex(columns=["worst", "median", "best"])
    frame = _of_benchmarks(found.add_suffix(" (%)"))
    cells = [f"{counts.loc['cells', name]:,.0f}" for name in accuracies]
    frame.insert(1, "Architectures", cells)
    return Table(frame, "overview", words=("Benchmark",))


def table_of_row(benchmark: Benchmark, position: int) -> Table:
    """Show a row of a NAS-Bench-201 table, a column a line, with what each column holds."""
    row = benchmark.table.drop(columns="arch").iloc[position]
    declared = get_table("nb201_digits" if benchmark.embedded else "nasbench201").columns
    found = pd.DataFrame({"Column": row.index, "Value": row.map("{:.5g}".format).to_list()})
    return Table(found.assign(Meaning=found["Column"].map(declared)), "row", ("Column", "Meaning"))


def table_of_noise(results: PublishedResults) -> Table:
    """Show how far measurements of the same cells agree, and the ceiling that they set."""
    metrics = ("kendall_tau", "accuracy_points", "count")
    noise = pd.concat([results.pivot("noise", metric) for metric in metrics]).T
    noise = noise.rename(columns={"standard deviation": "noise"})
    noise = noise.reindex(columns=["cells", "noise", "reliability", "better half", "ceiling"])
    noise["cells"] = noise["cells"].map("{:,.0f}".format)
    return Table(_of_benchmarks(noise.rename(columns=str.capitalize)), "noise", ("Benchmark",))


def table_of_ceilings(results: PublishedResults) -> Table:
    """Show how well fewer epochs, fewer seeds and inherited weights rank, and what they find."""
    headings = {"row": "Learnt instead", "count": "Cells", "kendall_tau": "Kendall's τ"}
    headings |= {"tau_of_best": "τ, best 1,000", "accuracy_points": "Regret (points)"}
    frame = _by_metric(results, "ceilings", headings)
    frame["Cells"] = frame["Cells"].map("{:,.0f}".format)
    return Table(frame, "ceilings", words=("Benchmark", "Learnt instead"))


def table_of_top(results: PublishedResults) -> Table:
    """Show what two rankings of equal tau are worth to a search."""
    headings = {"row": "Predictor", "kendall_tau": "Kendall's τ"}
    headings |= {"accuracy_points": "Regret (points)", "share": "Best 10 found"}
    return Table(_by_metric(results, "top", headings), "top", words=("Benchmark", "Predictor"))


def _by_metric(results: PublishedResults, item: str, headings: dict[str, str]) -> pd.DataFrame:
    """Return an item's figures, a line a benchmark and row, a column a metric."""
    rows = results.rows[results.rows["item"] == item]
    found = rows.pivot_table("value", ["column", "row"], "metric", sort=False).reset_index("row")
    return _of_benchmarks(found.reindex(columns=[*headings]).rename(columns=headings))


def _of_benchmarks(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose first column has the titles of the benchmarks that were its index."""
    frame = frame.rename_axis(columns=None)
    frame.insert(0, "Benchmark", [get_benchmark(name).title for name in frame.index])
    return frame.reset_index(drop=True)
