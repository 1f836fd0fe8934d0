"""The datasheet's figures, computed from the embedded table and written beside it."""

from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.data import load_table
from nasutils.digits.task import cell_order
from nasutils.files import write_text
from nasutils.metrics import Reliability, kendall_tau, seed_reliability
from nasutils.paths import EMBEDDED
from nasutils.spaces.nasbench201 import NASBench201Cell

FILE = EMBEDDED / "nb201_digits_datasheet.md"

_REAL = {"test_c10": "CIFAR-10", "test_c100": "CIFAR-100", "test_in16": "ImageNet16-120"}


def write() -> Path:
    """Write the figures as a Markdown table and return its path."""
    write_text(FILE, render())
    return FILE


def render() -> str:
    """Return the Markdown table of all figures."""
    rows = [*_size(), *_accuracy(), *_trust(), *_agreement()]
    return "\n".join(["| Figure | Value |", "|:--|--:|", *(f"| {k} | {v} |" for k, v in rows), ""])


def _size() -> list[tuple[str, str]]:
    cells, runs = load_table("nb201_digits"), load_table("nb201_digits_runs")
    classes = len(cell_order())
    return [
        ("Cells", f"{len(cells):,} of {classes:,} isomorphism classes"),
        ("Training runs", f"{len(runs):,}"),
        ("Seeds a cell", f"{cells['num_seeds'].min()}"),
        ("Training time of one run, median", f"{runs['train_seconds'].median():.1f} s"),
        ("Parameters", _spread(1e3 * cells["params"], 1, "thousand")),
        ("FLOPs of one image", _spread(cells["flops"], 2, "million")),
        ("Latency of 64 images", _spread(cells["latency"], 1, "ms")),
    ]


def _accuracy() -> list[tuple[str, str]]:
    cells = load_table("nb201_digits")
    return [
        ("Test accuracy", _spread(cells["test"], 1, "%")),
        ("Test accuracy, mean over the cells", f"{cells['test'].mean():.1f} %"),
        ("Standard deviation over the cells", f"{cells['test'].std():.1f} points"),
        ("Standard deviation over the seeds, mean", f"{cells['test_std'].mean():.1f} points"),
    ]


def _trust() -> list[tuple[str, str]]:
    cells, runs = load_table("nb201_digits"), load_table("nb201_digits_runs")
    connected = [NASBench201Cell.from_string(arch).is_connected for arch in cells["arch"]]
    everything = _reliability(runs)
    alive = _reliability(runs[runs["index"].isin(cells.loc[connected, "index"])])
    return [
        ("τ between two single seeds", f"{everything.seed_tau:.2f}"),
        ("τ between two means over the seeds (estimate)", f"{everything.mean_tau:.2f}"),
        ("**Ceiling**: τ of the mean with the truth (estimate)", f"**{everything.ceiling:.2f}**"),
        ("Ceiling without the disconnected cells", f"{alive.ceiling:.2f}"),
        ("τ of validation with test accuracy", f"{kendall_tau(cells['valid'], cells['test']):.2f}"),
    ]


def _reliability(runs: pd.DataFrame) -> Reliability:
    scores = runs.pivot_table(index="index", columns="seed", values="test").dropna()
    return seed_reliability(scores.to_numpy(), rng=np.random.default_rng(0))


def _agreement() -> list[tuple[str, str]]:
    ours = load_table("nb201_digits").set_index("arch")["test"]
    real = load_table("nasbench201").set_index("arch").loc[ours.index]
    return [
        (f"τ with NAS-Bench-201, {name}, test", f"{kendall_tau(ours, real[column]):.2f}")
        for column, name in _REAL.items()
    ]


def _spread(values: pd.Series, digits: int, unit: str) -> str:
    return f"{values.min():.{digits}f} to {values.max():.{digits}f} {unit}"
