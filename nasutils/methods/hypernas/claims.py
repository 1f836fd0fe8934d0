"""The chapter's claims and contrasts, from its published figures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.methods.hypernas.experiments import ALONE
from nasutils.methods.hypernas.methods import AVERAGED, BOTH, GENERATED_TASK, PROXY_TASK
from nasutils.methods.hypernas.tables import LARGEST
from nasutils.report.claims import NOT_REPRODUCED, NOT_RUN, REPRODUCED, verdict
from nasutils.report.contrast import Contrast, table_of_contrasts
from nasutils.report.published_results import Figures as PublishedResults
from nasutils.report.table import Table

_SIZES_201, _SIZES_101 = (39, 78, 156, 469), (50, 100, 172)


def _places(id: str, sizes: Sequence[int]) -> list[str]:
    return [f"{id}/{size}" for size in sizes]


_SPLITS = _places("nb201-c10", _SIZES_201) + _places("nb101-naslib", (*_SIZES_101, 292))
_WITH_PROXIES = _places("nb201-c10-proxies", _SIZES_201)
_WITH_PROXIES += _places("nb101-naslib-proxies", _SIZES_101)
_MBV3 = _places("mbv3-imagenet", (50, 100, 200))
# Where the variants of HyperNAS-P were run.
_VARIANTS = _places("nb201-c10", (39, 78, 156)) + _places("nb101-naslib-20k", _SIZES_101)

#: Name of a contrast -> item, row, the row that it should exceed, columns and metric.
CONTRASTS = {
    "np": ("ranking", "HyperNAS-P", "NP", _SPLITS + _MBV3, "kendall_tau"),
    "trees": ("ranking", "Ours", "Trees", _SPLITS, "kendall_tau"),
    "whole": ("ranking", "HyperNAS-P", "Trees", _MBV3, "kendall_tau"),
    "proxies": ("ranking", "Ours", "Trees + proxies", _WITH_PROXIES, "kendall_tau"),
    "pretrained": ("ranking", PROXY_TASK, "Trees + proxies", _WITH_PROXIES, "kendall_tau"),
    "both": ("ranking", BOTH, "Trees + proxies", _WITH_PROXIES, "kendall_tau"),
    "sum": ("ranking", "HyperNAS-P", "Concatenate", _VARIANTS, "kendall_tau"),
    "position": ("ranking", "HyperNAS-P", "Position", _VARIANTS, "kendall_tau"),
    "alone": ("joint", "HyperNAS", ALONE, _SPLITS, "kendall_tau"),
    "teacher-gain": ("ranking", GENERATED_TASK, AVERAGED, _SPLITS, "kendall_tau"),
    "generated": ("joint", "HyperNAS", "HyperNAS-H", _SPLITS, "accuracy"),
    "encoders": ("joint", "HyperNAS-H", "GHN", _SPLITS, "accuracy"),
}


def contrast(results: PublishedResults, name: str) -> Contrast:
    """Return one of ``CONTRASTS``."""
    return results.contrast(*CONTRASTS[name])


def intervals(results: PublishedResults) -> Table:
    """Return the intervals of all contrasts."""
    table = table_of_contrasts(contrast(results, name) for name in CONTRASTS)
    return Table(table, "intervals", words=("Row", "Against", "Where"))


def sentences(results: PublishedResults) -> dict[str, str]:
    """Return the figures that the chapter's sentences name: name -> text."""
    share, count = (
        results.mean("pool", row, "nb101-naslib/seven vertices", "count")
        for row in ("all", "labelled")
    )
    said = {f"hypernas-{name}": contrast(results, name).said("splits") for name in _SAID}
    return said | {
        "pool-seven": "?" if np.isnan(count) else f"{count:.0f}",
        "table-seven": "?" if np.isnan(share) else f"{share:.0f} %",
    }


_SAID = ("pretrained", "both", "teacher-gain")


def verdicts(results: PublishedResults) -> Table:
    """Return the paper's claims, and what we have found of each."""
    joint_201, joint_101 = (_reached(results, "joint", "HyperNAS", id) for id in _TABLE1)
    ours_201, ours_101 = (_reached(results, "ranking", "Ours", id) for id in _TABLE1)
    after_201, after_101 = (_reached(results, "ranking", GENERATED_TASK, id) for id in _TABLE1)
    contrasts = {name: contrast(results, name) for name in CONTRASTS}
    alone, first = contrasts["alone"], contrasts["teacher-gain"]
    q_best, above = _best_q(results), _above_proxies(results)
    found = results.mean("search", "Ours, 10 queries", "nb201-c10/156", "test_accuracy")
    claims = [
        (
            "Table 1, NAS-Bench-201: τ by labels",
            ".667 / .677 / .765 / .836",
            f"as written {sum(joint_201)} of 4 (reduced networks), our recipe {sum(ours_201)}, "
            f"after the hypernetwork as teacher {sum(after_201)}",
            verdict(all(joint_201), any(ours_201 + after_201)),
        ),
        (
            "Table 1, NAS-Bench-101: τ by labels",
            ".678 / .688 / .736",
            f"as written {sum(joint_101)} of 3, our recipe {sum(ours_101)}, after the "
            f"hypernetwork as teacher {sum(after_101)}; public labels differ",
            verdict(all(joint_101), any(ours_101 + after_101)),
        ),
        (
            "HyperNAS-P ranks better than NP",
            "in all splits",
            *contrasts["np"].claim("splits"),
        ),
        (
            "a sum is better than concatenation (Table 8)",
            "in all splits",
            *contrasts["sum"].claim("splits"),
        ),
        (
            "a sum is better than positions",
            "Figure 3",
            *contrasts["position"].claim("splits"),
        ),
        (
            "the hypernetwork improves the ranking",
            "in most splits",
            f"{alone.said('splits')}; trained first, as a teacher: {first.said('splits')}; "
            "reduced networks",
            verdict(alone.verdict == REPRODUCED, first.verdict != NOT_REPRODUCED),
        ),
        (
            "the predictor improves the hypernetwork",
            "in all splits",
            contrasts["generated"].said("splits") + ", reduced networks",
            contrasts["generated"].verdict,
        ),
        (
            "HyperNAS-H makes better weights than GHN",
            "in all splits",
            contrasts["encoders"].said("splits") + ", reduced networks",
            contrasts["encoders"].verdict,
        ),
        (
            "q = 1.5 is best for both tasks",
            "in most splits",
            "best " + ", ".join(f"{task}: {q}" for task, q in q_best.items()),
            verdict(set(q_best.values()) == {"q = 1.5"}, "q = 1.5" in q_best.values()),
        ),
        (
            "ranks better than every zero-cost score (Table 2)",
            "on all four",
            f"on {sum(above)} of 4, by our recipe, which is another method",
            verdict(False, any(above)),
        ),
        (
            "NAS-Bench-201 search with 156 labels: CIFAR-10 test",
            "94.37 %",
            f"{found:.2f} %, ten queries",
            verdict(round(found, 2) >= 94.37, found >= 94.09),
        ),
        (
            "found networks after retraining (Tables 3, 4, 7)",
            "97.6, 75.4, 77.9, 81.8 %",
            "needs weeks of GPU time",
            NOT_RUN,
        ),
    ]
    names = ["Claim", "Paper", "Ours", "Verdict"]
    return Table(pd.DataFrame(claims, columns=names), "verdicts", words=("Verdict", *names[:3]))


#: Benchmark of ours -> name in the paper's Table 1, and numbers of labels.
_TABLE1 = {"nb201-c10": ("nb201-c10", _SIZES_201), "nb101-naslib": ("nb101-c10", _SIZES_101)}


def _reached(results: PublishedResults, item: str, row: str, id: str) -> list[bool]:
    """Tell for each number of labels whether a row of ours reaches HyperNAS in Table 1."""
    printed_id, sizes = _TABLE1[id]
    printed = load_paper_numbers("hypernas").query("item == 'table1' and row == 'HyperNAS'")
    printed = printed.set_index("column")["value"]
    return [
        results.mean(item, row, f"{id}/{size}", "kendall_tau") >= printed[f"{printed_id}/{size}"]
        for size in sizes
    ]


def _best_q(results: PublishedResults) -> dict[str, str]:
    """Return the best coefficient for each of the two tasks."""
    rows = {"q = 1.25": "q = 1.25", "HyperNAS": "q = 1.5", "q = 2": "q = 2", "q = 3": "q = 3"}
    best = {}
    for task, metric in (("τ", "kendall_tau"), ("Accuracy", "accuracy")):
        means = {q: results.mean("joint", row, "nb201-c10/78", metric) for row, q in rows.items()}
        best[task] = max(means, key=means.get)
    return best


def _above_proxies(results: PublishedResults) -> list[bool]:
    """Tell for each benchmark of Table 2 whether our recipe is above every zero-cost score."""
    printed = load_paper_numbers("hypernas").query(
        "item == 'table2' and row != 'HyperNAS' and metric == 'kendall_tau'"
    )
    best = printed.groupby("column")["value"].max()
    return [
        results.mean("ranking", "Ours", f"{id}/{size}", "kendall_tau")
        > best["nb101-c10" if id == "nb101-naslib" else id]
        for id, size in LARGEST.items()
    ]
