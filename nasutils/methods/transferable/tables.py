"""The chapter's tables of published results, the paper's figures beside them, and its claims."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.methods.transferable.experiments import (
    ANSWERS,
    PROXY_BENCHMARKS,
    RANDOM,
    RIDGE,
    SEARCHED,
    SIZES,
    main_labels,
)
from nasutils.methods.transferable.methods import RECIPES
from nasutils.report.claims import NOT_RUN, verdict
from nasutils.report.contrast import gain_text
from nasutils.report.published_results import Figures, table_of
from nasutils.report.table import Table

#: Targets of Table 1 -> headings; and all of ours.
MAIN = {
    "nb101-test-5k/50": "NB101, 50",
    "nb201-c10-4096/40": "NB201, 40",
    "nb301-approx-1k/50": "NB301, 50",
}
TARGETS = MAIN | {"mbv3-imagenet/50": "MBv3, 50"}
_SOURCES = {"nb101-test-5k": "NAS-Bench-101", "nb201-c10-4096": "NAS-Bench-201",
            "nb301-approx-2k": "NAS-Bench-301"}  # fmt: skip
_SEARCHED_IN = {"nb101-test": "NB101", "nb201-c10": "NB201", "nb301-approx": "NB301"}
_PRINTED = ("nb101-c10", "nb201-c10", "nb301")  # what the paper's figures are called
_ROWS = (RIDGE, "Untrained encoder", "CL-fine-tune", "GNN-fine-tune", "One GNN", "Ours",
         "Ours + GNN")  # fmt: skip
_PARTS = ("Untrained encoder", *(name for name in RECIPES if name.startswith("CL, ")))


def ranking(results: Figures) -> Table:
    """Table 1: rho of the paper, of public proxies and of our runs."""
    theirs = _printed("table1", "spearman", MAIN.values(), 3, stds=False)
    columns = dict(zip(PROXY_BENCHMARKS, MAIN.values(), strict=True))
    public = _spread(results, "table1", columns).rename("{} (public scores)".format)
    ours = _shown(_spread(results, "transfer", MAIN), _ROWS)
    return table_of(pd.concat([theirs, public, ours]), "table1", "ρ")


def gain(results: Figures, first: str, second: str, column: str) -> str:
    """Write by how much a row exceeds another on a target."""
    return gain_text(results.gain("transfer", first, second, column, "spearman"))


def against(results: Figures, base: str, rows: Iterable[str], name: str, heading: str) -> Table:
    """Set what rows gain over another, which stands first."""
    first = _spread(results, "transfer", TARGETS)
    gains = pd.DataFrame(
        {
            head: {row: gain(results, row, base, column) for row in rows if row in first.index}
            for column, head in TARGETS.items()
        }
    )
    return table_of(pd.concat([first[first.index == base], gains]), name, heading)


def parts(results: Figures) -> Table:
    """What each part of the method adds or takes, against the method as written."""
    rows = [name for name in _PARTS if "rate" not in name]
    return against(results, "CL-fine-tune", rows, "parts", "Encoder")


def rates(results: Figures) -> Table:
    """What the head's rate adds, with the contrastive encoder and the untrained one."""
    rows = ["CL, rate 1e-3", "Untrained encoder", "Untrained encoder, rate 1e-3"]
    return against(results, "CL-fine-tune", rows, "rates", "Head")


def rho_by_labels(results: Figures, row: str, target: str) -> pd.Series:
    """Return the mean rho of a method on a target by the number of labels."""
    sizes = sorted({main_labels(target) if size == 50 else size for size in SIZES["bench"]})
    known = {size: results.mean("transfer", row, f"{target}/{size}", "spearman") for size in sizes}
    return pd.Series(known).dropna()


def zero_shot(results: Figures) -> Table:
    """Rho of predictors that have learnt the sources' labels alone."""
    columns = {column.split("/")[0]: head.split(",")[0] for column, head in TARGETS.items()}
    return table_of(_shown(_spread(results, "zero-shot", columns), _ROWS), "zero", "ρ, zero-shot")


def gains_by_source(results: Figures, row: str = "CL-fine-tune") -> Table:
    """What one method gains from each source, over no source at all."""
    table: dict[str, dict[str, str]] = {}
    for column, head in TARGETS.items():
        none = results.by_seed("pairs", row, f"{column} from none", "spearman")
        table[head] = {"none: ρ": f"{none.mean():.3f}" if len(none) else ""}
        for source, title in _SOURCES.items():
            alone = results.by_seed("pairs", row, f"{column} from {source}", "spearman")
            table[head][title] = gain_text(alone.sub(none).dropna())
        together = results.by_seed("transfer", row, column, "spearman")
        table[head]["all others"] = gain_text(together.sub(none).dropna())
    return table_of(pd.DataFrame(table), "pairs-cl", f"Source, {row}")


def finds(results: Figures, metric: str, digits: int, heading: str) -> Table:
    """Table 2: what searches found, their rank or their queries; the paper's first."""
    columns = {} if metric == "rank" else {("nb301-approx", metric): ("NB301", digits)}
    if metric == "test_accuracy":  # a surrogate's answers are of no split
        columns = {("nb301-approx", "accuracy"): ("NB301", digits)}
    tested = {(id, metric): (_SEARCHED_IN[id], digits) for id in ("nb101-test", "nb201-c10")}
    heads = [head for head, _ in (tested | columns).values()]
    table = pd.concat(
        [
            _printed("table2", metric, heads, digits, stds=True),
            results.spread("table2", tested | columns),
        ]
    )
    return table_of(table, f"table2-{metric}", heading)


def other_searches(results: Figures) -> Table:
    """Table 3: the best accuracy on NAS-Bench-101 and its queries, the paper's first."""
    printed = load_paper_numbers("transferable")
    printed = printed[printed["item"] == "table3"]
    theirs = printed.pivot_table("value", "row", "metric", sort=False)
    lines = [
        (row.split(", ")[0] + " (paper)", line["queries"], line["test_accuracy"])
        for row, line in theirs.iterrows()
    ]
    for row in (RANDOM, *SEARCHED, *(name + ANSWERS for name in SEARCHED)):
        runs = results.by_seed("table2", row, "nb101-test", "test_accuracy")
        queries = results.mean("table2", row, "nb101-test", "queries")
        if len(runs):
            lines.append((f"EA + {row}, best run", queries, runs.max()))
    written = [(row, f"{queries:.0f}", f"{best:.2f}") for row, queries, best in lines]
    frame = pd.DataFrame(written, columns=["row", "Queries", "Accuracy (%)"]).set_index("row")
    return table_of(frame, "table3", "NAS-Bench-101")


def mobilenets(results: Figures) -> Table:
    """Table 4: rho on MobileNetV3, and the accuracy of what is ranked first."""
    rhos = results.spread("transfer", {("mbv3-imagenet/50", "spearman"): ("ρ", 3)})
    tops = results.spread(
        "table4", {("mbv3-imagenet/50", "top1_accuracy"): ("First choice (%)", 2)}
    )
    table = rhos[rhos["ρ"] != ""].join(tops, how="outer").fillna("")
    table = _shown(table, (*_ROWS, "best")).rename({"best": "best measured"})
    return table_of(table, "table4", "MobileNetV3, 50 labels")


def claims(results: Figures) -> Table:
    """The paper's claims and ours, with a verdict each."""
    frame = pd.DataFrame(
        [*_claims_of_ranking(results), *_claims_of_search(results)],
        columns=["Claim", "Paper", "Ours", "Verdict"],
    )
    return Table(frame, "verdicts", words=("Verdict", "Claim", "Paper", "Ours"))


def _claims_of_ranking(results: Figures) -> list[tuple[str, str, str, str]]:
    printed = load_paper_numbers("transferable")
    printed = printed[(printed["item"] == "table1") & (printed["row"] == "CL-fine-tune")]
    paper = printed.set_index("column")["value"].loc[[*_PRINTED]].to_numpy()
    means = {
        title: np.array([results.mean("transfer", row, column, "spearman") for column in MAIN])
        for title, row in
        {"as written": "CL-fine-tune", "ours": "Ours", "with a GNN": "Ours + GNN"}.items()
    }  # fmt: skip
    proxies = results.rows[results.rows["item"] == "table1"].groupby("column")["value"].max()
    beaten = (means["as written"] > proxies.reindex([*PROXY_BENCHMARKS]).to_numpy()).tolist()
    over = {
        row: results.contrast("transfer", "CL-fine-tune", row, [*TARGETS], "spearman")
        for row in ("Untrained encoder", "GNN-fine-tune", "CL, uniform weights",
                    "CL, pairs for families")
    }  # fmt: skip
    untrained = over["Untrained encoder"]
    return [
        ("Table 1: CL-fine-tune's ρ", _side_by_side(paper),
         ", ".join(f"{title} {_side_by_side(found)}" for title, found in means.items()),
         verdict((means["as written"] >= paper).all(),
                 any((found >= paper).any() for found in means.values()))),
        ("CL ranks better than the GNN", "on all three", *over["GNN-fine-tune"].claim("targets")),
        ("CL ranks better than every zero-cost proxy", "on all three",
         f"on {sum(beaten)} of 3", verdict(all(beaten), any(beaten))),
        ("contrastive training makes the embeddings", "implied",
         "against an untrained encoder: " + untrained.said("targets"), untrained.verdict),
        ("spectral weights are better than equal ones", "implied",
         *over["CL, uniform weights"].claim("targets")),
        ("families as classes are better than none", "implied",
         *over["CL, pairs for families"].claim("targets")),
    ]  # fmt: skip


def _claims_of_search(results: Figures) -> list[tuple[str, str, str, str]]:
    lines = []
    for id, title, paper, enough in (
        ("nb101-test", "NAS-Bench-101, 700 queries", "94.23 %, rank 2.2", 94.225),
        ("nb201-c10", "NAS-Bench-201", "94.37 %", 94.365),
    ):
        found = {
            name: results.mean("table2", name, id, "test_accuracy")
            for name in ("CL-fine-tune", "Ours", "Ours" + ANSWERS, RANDOM)
        }
        ranks = {name: results.mean("table2", name, id, "rank") for name in found}
        ours = ", ".join(
            f"{name}: {accuracy:.2f} %, rank {ranks[name]:.1f}"
            for name, accuracy in found.items() if not np.isnan(accuracy)
        )  # fmt: skip
        as_written, with_answers = found["CL-fine-tune"], found["Ours" + ANSWERS]
        judged = verdict(as_written >= enough, with_answers >= enough)
        lines.append((f"search of {title} (Table 2)", paper, ours, judged))
    imagenet = "MobileNetV3 of 79.2 % on ImageNet (Table 4)", "79.2 %", "needs the super-net"
    return [*lines, (*imagenet, NOT_RUN)]


def _side_by_side(values: Iterable[float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values).replace("0.", ".").replace("-", "−")


def _spread(results: Figures, item: str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rhos as text; columns -> headings."""
    wanted = {(column, "spearman"): (head, 3) for column, head in columns.items()}
    return results.spread(item, wanted)


def _shown(table: pd.DataFrame, rows: Iterable[str]) -> pd.DataFrame:
    """Return some rows in their order, and after them methods that the book does not know."""
    rows = [row for row in rows if row in table.index]
    return table.loc[[*rows, *(row for row in table.index if row not in {*rows, *RECIPES})]]


def _printed(
    item: str, metric: str, heads: Iterable[str], digits: int, *, stds: bool
) -> pd.DataFrame:
    """Return the paper's figures on its three benchmarks as text."""
    printed = load_paper_numbers("transferable")
    table: dict[str, dict[str, str]] = {}
    for column, head in zip(_PRINTED, heads, strict=False):
        measured = metric if column != "nb301" else metric.replace("test_accuracy", "accuracy")
        figures = printed[(printed["item"] == item) & (printed["column"] == column)]
        figures = figures[figures["metric"] == measured]
        table[head] = {
            f"{row} (paper)": f"{value:.{digits}f}".replace("-", "−")
            + (f" ± {std:.2f}" if stds and not np.isnan(std) else "")
            for row, value, std in figures[["row", "value", "std"]].itertuples(index=False)
        }
    return pd.DataFrame(table)
