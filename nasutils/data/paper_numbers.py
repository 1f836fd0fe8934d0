"""What the five papers report: every number of every table, typed in by hand.

A row is one printed figure; its key (paper, item, row, column, metric) is that of our own results,
so that ``nasutils.report`` can set the two side by side. Values that exist only as points of a plot
are not in it, nor are the settings that running text gives.
"""

import pandas as pd

from nasutils.errors import UnknownNameError
from nasutils.paths import EMBEDDED

#: Short name of a paper -> its key in ``book/references.bib``.
PAPERS: dict[str, str] = {
    "hypernas": "lv2025hypernas",
    "kshot_hypernet": "zhuge2024kshot",
    "generative": "xiang2024hierarchical",
    "transferable": "han2023transferable",
    "up_nas": "huang2024upnas",
}

#: Column of the frame -> what it holds.
COLUMNS: dict[str, str] = {
    "paper": "one of PAPERS",
    "item": "`table1`, `table2`, ... of the paper, or `text` for a result stated in running text",
    "row": (
        "the paper's own name of the method, without reference number; `A_b` where it prints b as "
        "a subscript; `A, b` where it prints A twice and b tells the two apart"
    ),
    "column": (
        "benchmark-dataset, then after a slash the split: number of training labels, budget, or "
        "the table's sub-heading (`nb201-c10/78`, `imagenet/450m`); BENCHMARKS lists what stands "
        "before the slash"
    ),
    "metric": "one of METRICS, which gives the unit",
    "value": "the figure in the metric's unit",
    "std": "standard deviation as the paper prints it after the plus-minus sign, or NaN",
    "note": "how the paper prints it where that differs, and what is doubtful; mostly empty",
}

#: What ``column`` names before the slash -> what that is.
BENCHMARKS: dict[str, str] = {
    "nb101-c10": "NAS-Bench-101, CIFAR-10",
    "nb201-c10": "NAS-Bench-201, CIFAR-10",
    "nb201-c100": "NAS-Bench-201, CIFAR-100",
    "nb201-in16": "NAS-Bench-201, ImageNet16-120",
    "nb301": "NAS-Bench-301, CIFAR-10",
    "darts-c10": "DARTS cells trained on CIFAR-10",
    "darts-imagenet": "DARTS cells trained on ImageNet",
    "mbv3-imagenet": "MobileNetV3-like networks on ImageNet",
    "vit-imagenet": "Vision transformers (AutoFormer space) on ImageNet",
    "vit-small-imagenet": "Vision transformers of at most 23 M parameters on ImageNet",
    "vit-base-imagenet": "Vision transformers of base size on ImageNet",
    "c10": "CIFAR-10, any search space",
    "c100": "CIFAR-100, any search space",
    "imagenet": "ImageNet, any search space",
    "nb360": "NAS-Bench-360, a task after the slash",
    "all": "what holds for all columns of the table",
    "graphnet": "the GraphNet search space as such",
    "g-vae": "graph variational auto-encoder, a part of the generative method",
    "metrics-predictor": "proxy predictor, a part of the generative method",
    "ccnf": "conditional continuous normalising flow, a part of the generative method",
    "seq-gen": "sequence generator, a part of the generative method",
    "layer": "one convolution, input x output channels x kernel after the slash",
    "up_sum": "unified proxy, equal weights",
    "up_sum-": "unified proxy, equal weights without grasp",
    "up_weighted": "unified proxy, searched weights",
    "up_selected": "unified proxy, searched weights rounded to 0 and 1",
}

#: What is measured -> what that is, with its unit.
METRICS: dict[str, str] = {
    "kendall_tau": "Kendall's rank correlation, fraction",
    "spearman": "Spearman's rank correlation, fraction",
    "valid_accuracy": "validation accuracy, percent",
    "test_accuracy": "test accuracy, percent",
    "test_accuracy_min": "lowest test accuracy of several networks, percent",
    "test_accuracy_mean": "mean test accuracy of several networks, percent",
    "test_accuracy_max": "highest test accuracy of several networks, percent",
    "accuracy": "accuracy whose split the paper leaves open, percent",
    "test_error": "test error, percent",
    "top1_accuracy": "ImageNet top-1 accuracy, percent",
    "top5_accuracy": "ImageNet top-5 accuracy, percent",
    "top1_error": "ImageNet top-1 error, percent",
    "nb360_error": "the NAS-Bench-360 task's own error, in its own unit; lower is better",
    "success_rate": "share of generated graphs that are valid networks, percent",
    "rank": "rank in the benchmark, 1 the best; mean over runs",
    "params_m": "parameters, millions",
    "flops_m": "FLOPs as the paper counts them, mostly multiply-adds, millions",
    "naswot": "NASWOT score",
    "snip_ssnr": "SNIP-SSNR score",
    "weight": "weight of a proxy in the unified proxy",
    "queries": "architectures whose accuracy was asked for",
    "zc_evals": "architectures scored by a zero-cost proxy",
    "gpu_days": "search or training cost, GPU days",
    "search_gpu_hours": "search cost, GPU hours",
    "pretrain_gpu_hours": "cost paid once before any search, GPU hours",
    "seconds": "wall time of the search, training or evaluation that the item times, seconds",
    "log10_size": "decimal logarithm of the number of architectures in a search space",
    "nodes": "nodes of an operation in the computation graph",
    "setting": "a hyper-parameter or a choice found by search, named by row and column",
}


def load_paper_numbers(paper: str | None = None) -> pd.DataFrame:
    """Return what a paper reports, or what all five do.

    Args:
        paper: One of ``PAPERS``; all if left out.

    Returns:
        The columns of ``COLUMNS``, a row a figure, in the order of the papers' tables.

    Raises:
        UnknownNameError: If there is no such paper.
    """
    if paper is not None and paper not in PAPERS:
        raise UnknownNameError("paper", paper, PAPERS)
    text = ("paper", "item", "row", "column", "metric", "note")
    numbers = pd.read_csv(
        EMBEDDED / "paper_numbers.csv",
        dtype={**dict.fromkeys(text, "str"), "value": float, "std": float},
        keep_default_na=False,
        na_values={"std": [""]},
    )
    if paper is not None:
        numbers = numbers[numbers["paper"] == paper].reset_index(drop=True)
    return numbers
