"""The chapter's tables of published results, the paper's figures beside them, and its claims."""

from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from nasutils.methods.transferable.experiments import (
    ANSWERS,
    PROXIES,
    PROXY_BENCHMARKS,
    RANDOM,
    RIDGE,
    SEARCHED,
    SIZES,
    main_labels,
)
from nasutils.methods.transferable.methods import RECIPES, RIDGE_PATHS
from nasutils.report import (
    Claim,
    PublishedResults,
    Table,
    gain_text,
    in_order,
    printed_rows,
    table_of,
)

#: Targets of Table 1 -> headings; and all of ours.
MAIN = {
    "nb101-test-5k/50": "NB101, 50",
    "nb201-c10-4096/40": "NB201, 40",
    "nb301-approx-1k/50": "NB301, 50",
}
TARGETS = MAIN | {"mbv3-imagenet/50": "MBv3, 50"}
_SOURCES = {"nb101-test-5k": "NAS-Bench-101", "nb201-c10-4096": "NAS-Bench-201",
            "nb301-approx-2k": "NAS-Bench-301"}  # fmt: skip
#: Benchmark of ours -> the paper's that it stands beside.
BESIDE = {
    "nb101-naslib-proxies": "nb101-c10",
    "nb201-c10-4096": "nb201-c10",
    "nb301-surrogate": "nb301",
    "nb101-test": "nb101-c10",
    "nb301-approx": "nb301",
}
_ROWS = (RIDGE, RIDGE_PATHS, "Untrained encoder", "CL-fine-tune", "GNN-fine-tune", "One GNN",
         "Ours", "Ours + GNN")  # fmt: skip
_PARTS = ("Untrained encoder", *(name for name in RECIPES if name.startswith("CL, ")))
_PRINTED = ("0.553", "0.917", "0.892")  # CL-fine-tune in Table 1
_REDUCED, _OURS = "graphs and labels of the sources", "weights at .005, five heads at rate 1e-3"


def ranking(results: PublishedResults) -> Table:
    """Table 1: rho of the paper, of public proxies and of our runs."""
    proxies = _rhos(dict(zip(PROXY_BENCHMARKS, MAIN.values(), strict=True)))
    theirs = printed_rows("transferable", "table1", proxies, beside=BESIDE)
    public = results.spread("table1", proxies).rename("{} (public scores)".format)
    ours = _shown(results.spread("transfer", _rhos(MAIN)), _ROWS)
    return table_of(pd.concat([theirs, public, ours]), "table1", "ρ")


def gain(results: PublishedResults, first: str, second: str, column: str) -> str:
    """Write by how much a row exceeds another on a target."""
    return gain_text(results.gain("transfer", first, second, column, "spearman"))


def against(
    results: PublishedResults, base: str, rows: Iterable[str], name: str, heading: str
) -> Table:
    """Set what rows gain over another, which stands first."""
    ours = results.spread("transfer", _rhos(TARGETS))
    gains = pd.DataFrame(index=[row for row in rows if row in ours.index])
    for column, head in TARGETS.items():
        gains[head] = [gain(results, row, base, column) for row in gains.index]
    return table_of(pd.concat([in_order(ours, [base]), gains]), name, heading)


def parts(results: PublishedResults) -> Table:
    """What each part of the method adds or takes, against the method as written."""
    rows = [name for name in _PARTS if "rate" not in name]
    return against(results, "CL-fine-tune", rows, "parts", "Encoder")


def rates(results: PublishedResults) -> Table:
    """What the head's rate adds, with the contrastive encoder and the untrained one."""
    rows = ["CL, rate 1e-3", "Untrained encoder", "Untrained encoder, rate 1e-3"]
    return against(results, "CL-fine-tune", rows, "rates", "Head")


def rho_by_labels(results: PublishedResults, row: str, target: str) -> pd.Series:
    """Return the mean rho of a method on a target by the number of labels."""
    sizes = sorted({main_labels(target) if size == 50 else size for size in SIZES["bench"]})
    known = {size: results.mean("transfer", row, f"{target}/{size}", "spearman") for size in sizes}
    return pd.Series(known).dropna()


def zero_shot(results: PublishedResults) -> Table:
    """Rho of predictors that have learnt the sources' labels alone."""
    columns = {column.split("/")[0]: head.split(",")[0] for column, head in TARGETS.items()}
    found = _shown(results.spread("zero-shot", _rhos(columns)), _ROWS)
    return table_of(found, "zero", "ρ, zero-shot")


def gains_by_source(results: PublishedResults, row: str = "CL-fine-tune") -> Table:
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


def finds(results: PublishedResults, metric: str, digits: int, heading: str) -> Table:
    """Table 2: what searches found, their rank or their queries; the paper's first."""
    columns = {("nb101-test", metric): ("NB101", digits), ("nb201-c10", metric): ("NB201", digits)}
    if metric != "rank":  # a surrogate's answers are of no split, and nobody has counted them
        measured = "accuracy" if metric == "test_accuracy" else metric
        columns["nb301-approx", measured] = ("NB301", digits)
    theirs = printed_rows("transferable", "table2", columns, beside=BESIDE)
    both = pd.concat([theirs, results.spread("table2", columns)])
    return table_of(both, f"table2-{metric}", heading)


def other_searches(results: PublishedResults) -> Table:
    """Table 3: the best accuracy on NAS-Bench-101 and its queries, the paper's first."""
    columns = {("nb101-test", "queries"): ("Queries", 0),
               ("nb101-test", "test_accuracy"): ("Accuracy (%)", 2)}  # fmt: skip
    theirs = printed_rows("transferable", "table3", columns, beside=BESIDE)
    theirs = theirs.rename(lambda row: row.split(",")[0].removesuffix(" (paper)") + " (paper)")
    ours = {}
    for row in (RANDOM, *SEARCHED, *(name + ANSWERS for name in SEARCHED)):
        runs = results.by_seed("table2", row, "nb101-test", "test_accuracy")
        queries = results.mean("table2", row, "nb101-test", "queries")
        if len(runs):
            ours[f"EA + {row}, best run"] = [f"{queries:.0f}", f"{runs.max():.2f}"]
    ours = pd.DataFrame(ours, index=theirs.columns).T
    return table_of(pd.concat([theirs, ours]), "table3", "NAS-Bench-101")


def mobilenets(results: PublishedResults) -> Table:
    """Table 4: rho on MobileNetV3, and the accuracy of what is ranked first."""
    column = "mbv3-imagenet/50"
    columns = {(column, "spearman"): ("ρ", 3), (column, "top1_accuracy"): ("First choice (%)", 2)}
    table = in_order(results.spread(["transfer", "table4"], columns), (*_ROWS, "best"))
    table = table.rename({"best": "best measured"})
    return table_of(table, "table4", "MobileNetV3, 50 labels")


def claims(results: PublishedResults) -> list[Claim]:
    """Return the paper's claims and those of its readers, and what became of them."""
    return [*_ranking_claims(results), *_part_claims(results), *_search_claims(results)]


def _ranking_claims(results: PublishedResults) -> list[Claim]:
    def reached(row: str, changes: str = "") -> Claim:
        rhos = [("transfer", row, column, "spearman") for column in MAIN]
        pairs = zip(rhos, _PRINTED, strict=True)
        effects = tuple(results.effect(*rho, printed=figure) for rho, figure in pairs)
        ours = " / ".join(f"{results.of(*rho):.3f}" for rho in rhos)
        claim, paper = "Table 1: ρ on the three benchmarks", " / ".join(_PRINTED)
        return Claim(claim, paper, ours, effects, reduced=_REDUCED, changes=changes)

    best = [
        np.nanmax([-1, *(results.mean("table1", row, id, "spearman") for row in PROXIES.values())])
        for id in PROXY_BENCHMARKS
    ]
    over_gnn = results.contrast("transfer", "CL-fine-tune", "GNN-fine-tune", MAIN, "spearman")
    over_best = tuple(
        results.effect("transfer", "CL-fine-tune", column, "spearman", no_effect=proxy)
        for column, proxy in zip(MAIN, best, strict=True)
    )
    return [
        reached("CL-fine-tune"),
        reached("Ours", _OURS),
        reached("Ours + GNN", "the same, averaged with a GNN"),
        Claim("CL ranks better than the GNN", "on all three", over_gnn.said("targets"),
              over_gnn.effects(), reduced=_REDUCED),
        Claim("CL ranks better than every zero-cost proxy", "on all three",
              "best proxy " + " / ".join(f"{rho:.3f}" for rho in best), over_best,
              data="proxies of the cells that have them", reduced=_REDUCED),
    ]  # fmt: skip


def _part_claims(results: PublishedResults) -> list[Claim]:
    found = []
    for claim, row in (
        ("contrastive training makes the embeddings", "Untrained encoder"),
        ("spectral weights are better than equal ones", "CL, uniform weights"),
        ("families as classes are better than none", "CL, pairs for families"),
    ):
        over = results.contrast("transfer", "CL-fine-tune", row, TARGETS, "spearman")
        said, effects = over.said("targets"), over.effects()
        found.append(Claim(claim, "implied", said, effects, reduced=_REDUCED))
    return found


def _search_claims(results: PublishedResults) -> list[Claim]:
    found = []
    for id, title, accuracy, rank in (
        ("nb101-test", "NAS-Bench-101, 700 queries", "94.23", ", rank 2.2"),
        ("nb201-c10", "NAS-Bench-201", "94.37", ""),
    ):
        claim = partial(Claim, f"search of {title} (Table 2)", f"{accuracy} %{rank}")
        random = results.of("table2", RANDOM, id, "test_accuracy")
        chance = random.mean if random.seeds else 0.0  # what evolution finds by random ranks
        for row, changes in (
            ("CL-fine-tune", ""),
            ("Ours", _OURS),
            ("Ours" + ANSWERS, "the same, fine-tuned on all answers"),
        ):
            place = "table2", row, id
            ours = (
                f"{results.of(*place, 'test_accuracy')}, rank {results.of(*place, 'rank'):.1f}; "
                f"random ranks: {random}"
            )
            effect = results.effect(*place, "test_accuracy", printed=accuracy, no_effect=chance)
            found.append(claim(ours, (effect,), changes=changes, reduced=_REDUCED))
    imagenet = "MobileNetV3 of 79.2 % on ImageNet (Table 4)"
    return [*found, Claim(imagenet, "79.2 %", needs="the super-net and ImageNet")]


def _rhos(columns: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, int]]:
    """Return what shows rhos; columns -> headings."""
    return {(column, "spearman"): (head, 3) for column, head in columns.items()}


def _shown(table: pd.DataFrame, rows: Iterable[str]) -> pd.DataFrame:
    """Return some rows in their order, and after them methods that the book does not know."""
    return in_order(table, [*rows, *(row for row in table.index if row not in {*rows, *RECIPES})])
