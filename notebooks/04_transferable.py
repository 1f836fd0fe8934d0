# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% tags=["colab", "remove-cell"]
import importlib.util
import os
import subprocess
import sys

# On Colab the notebook comes alone: fetch the rest. Elsewhere this does nothing.
if importlib.util.find_spec("nasutils") is None:
    repository = "https://github.com/nas-reproduced/nas-reproduced"
    subprocess.run(["git", "clone", "--depth=1", repository, "nas-reproduced"], check=True)
    os.chdir("nas-reproduced/notebooks")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", ".."], check=True)

# %% [markdown]
# %% [markdown]
# # A transferable predictor
#
# LEAD

# %% tags=["parameters"]
scale: str = "demo"  # demo, bench or paper
seed: int = 0  # the first of the seeds
part: str = "all"  # which experiments: transfer, pairs, search, proxies
benchmark: str = ""  # one target; all where empty
method: str = ""  # one row of the tables; all where empty
out: str = ""  # the job's folder, set by nasutils

# %% tags=["hide-input"]
import time

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd
import torch
from sklearn.manifold import TSNE

from nasutils.atlas.claims import NOT_RUN
from nasutils.atlas.figures import Figures, table_of, verdict
from nasutils.atlas.schematic import draw_flow
from nasutils.data import load_table
from nasutils.data.paper_numbers import load_paper_numbers
from nasutils.data.scored import load_scored_cells
from nasutils.methods.transferable import (
    METHODS,
    PUBLISHED,
    EvolutionSettings,
    beginner,
    evolve,
    load_arena,
    load_family,
    positive_weights,
    predict_by_counts,
    random_family,
    spectral_distance,
    transfer,
    unseen_spearman,
)
from nasutils.metrics import spearman
from nasutils.report import PALETTE, figure_size, glue, paired_interval, use_style
from nasutils.spaces.nasbench201 import NONE
from nasutils.study import Recorder, by_scale

use_style()
record = Recorder("transferable", scale=scale, seed=seed, out=out)
REAL = scale != "demo"
book = Figures("transferable")
DEVICE = "cuda" if scale == "paper" and torch.cuda.is_available() else "cpu"

# %% tags=["hide-input"]
# Family -> the name of its figures, the graphs of it that there are, and those that judge.
BENCH = {
    "nasbench101": ("nb101-c10", 5000, 5000),
    "nasbench201": ("nb201-c10", 4096, 4096),
    "nasbench301": ("nb301", 2000, 1000),
}
PAPER = BENCH | {
    "nasbench101": ("nb101-c10", 50_000, 5000),
    "nasbench301": ("nb301", 10_000, 1000),
}
OFA = {"ofa_mbv3": ("mbv3-imagenet", 2162, 2162)}
DEMO = {"nb201_digits": ("nb201-digits", 600, 600)}
TARGETS = by_scale(scale, demo=DEMO, bench=BENCH | OFA, paper=PAPER | OFA)
EPOCHS = by_scale(scale, demo=3, bench=3, paper=10)
SOURCE_LABELS = by_scale(scale, demo=0, bench=2000, paper=50_000)


def labels_of(name: str) -> int:
    """Return how many labels of a target Table 1 has."""
    return 40 if name == "nasbench201" else 50


if REAL:
    families = {name: load_family(name, TARGETS[name][1], progress=REAL) for name in TARGETS}
    sources = [name for name in families if name != "ofa_mbv3"]
    unlabelled = [families[name].graphs for name in sources]
else:
    families = {"nb201_digits": load_family("nb201_digits", DEMO["nb201_digits"][1])}
    sources = []
    strangers = {name: random_family(name, 120) for name in ("nasbench101", "darts")}
    unlabelled = [family.graphs for family in (*strangers.values(), *families.values())]
judged = {
    name: (family.graphs.take(np.arange(TARGETS[name][2])), family.labels[: TARGETS[name][2]])
    for name, family in families.items()
}


def lessons(names: list[str]) -> list[tuple]:
    """Return the graphs of families and their labels."""
    few = {name: np.arange(min(SOURCE_LABELS, len(families[name]))) for name in names}
    return [(families[n].graphs.take(rows), families[n].labels[rows]) for n, rows in few.items()]


def add(item: str, row: str, column: str, metric: str, values: list, seeds: range) -> None:
    """Record a figure of each seed."""
    for each, value in zip(seeds, values, strict=True):
        record.add(item=item, row=row, column=column, metric=metric, value=value, seed=each)


# %% tags=["remove-cell"]
# A target after its sources, with few labels and with more.
RIDGE = "Ridge"
LIVE = ["CL, rate 1e-3", "Untrained encoder, rate 1e-3", "One GNN"]
ABLATED = [name for name in METHODS if name.startswith("CL, ")] + ["Untrained encoder"]
SIZES = by_scale(scale, demo=(50,), bench=(10, 25, 50, 100, 200), paper=(10, 25, 50, 100, 200))
GROWING = ("CL-fine-tune", "Untrained encoder, rate 1e-3", "One GNN", RIDGE)


def draws_of(name: str, size: int, seeds: range) -> list[np.ndarray]:
    """Draw the labelled graphs of a target; fewer labels are the first of more."""
    number = len(judged[name][1])
    return [np.random.default_rng([7, each]).permutation(number)[:size] for each in seeds]


def seeds_of(name: str) -> range:
    """Return the fine-tuning runs of a method."""
    whole = name in METHODS and METHODS[name].whole
    return range(seed, seed + by_scale(scale, demo=2, bench=5 if whole else 10, paper=10))


contenders = [method] if method else [*METHODS, RIDGE] if REAL else [*LIVE, RIDGE]
chosen = [name for name in TARGETS if benchmark in ("", TARGETS[name][0])]
live_rhos, live_transfers, begun = {}, {}, {}


def beginner_of(name: str):
    """Return a method before its first label; methods share what they can."""
    if name not in begun:
        options = {"epochs": EPOCHS, "device": DEVICE, "progress": REAL}
        begun[name] = beginner(name, unlabelled, seed=seed, **options)
    return begun[name]


def informed(name: str, target: str):
    """Return a method that has learnt the labels of a target's sources, where there are any."""
    taught = lessons([source for source in sources if source != target])
    learner = beginner_of(name)
    if taught and (name, target) not in begun:
        began = time.perf_counter()
        begun[name, target] = learner.learn(taught, learner.method.source, seed)
        seconds = time.perf_counter() - began
        add("cost", name, f"{TARGETS[target][0]}/sources", "seconds", [seconds], [seed])
    return begun.get((name, target), learner)


def correlations(name: str, predicted: np.ndarray, draws: list) -> list[float]:
    """Return rho of every run over the graphs that it was not trained on."""
    labels = judged[name][1]
    return [unseen_spearman(p, labels, rows) for p, rows in zip(predicted, draws, strict=True)]


for name in contenders if part in ("all", "transfer") else []:
    seeds = seeds_of(name)
    for target in chosen:
        graphs, labels = judged[target]
        column, main = TARGETS[target][0], labels_of(target)
        if name != RIDGE and sources:
            zero_shot = spearman(informed(name, target).predict(graphs), labels)
            add("zero-shot", name, column, "spearman", [zero_shot], [seed])
        sizes = {main if size == 50 else size for size in SIZES} if name in GROWING else {main}
        for size in sorted(sizes):
            draws = draws_of(target, size, seeds)
            began = time.perf_counter()
            if name == RIDGE:
                predicted = [predict_by_counts(graphs, labels, rows) for rows in draws]
            else:
                found = transfer(informed(name, target), [], judged[target], draws, seed=seed)
                predicted, live_transfers[name, target] = found.fine_tuned, found
            seconds = (time.perf_counter() - began) / len(seeds)
            rhos = correlations(target, predicted, draws)
            add("transfer", name, f"{column}/{size}", "spearman", rhos, seeds)
            add("cost", name, f"{column}/{size}", "seconds", [seconds], [seed])
            live_rhos[name, target, size] = rhos

# %% tags=["remove-cell"]
# Which source helps which target: one at a time, all, and none.
PAIRED = ("CL-fine-tune", "One GNN")
for name in [name for name in PAIRED if REAL and part in ("all", "pairs") and method in ("", name)]:
    seeds, learner = seeds_of(name), beginner_of(name)
    known = {source: learner.learn(lessons([source]), learner.method.source, seed)
             for source in sources}  # fmt: skip
    for target in chosen:
        column, main = TARGETS[target][0], labels_of(target)
        draws = draws_of(target, main, seeds)
        for source in [source for source in (*sources, "none") if source != target]:
            taught = known.get(source, learner)
            found = transfer(taught, [], judged[target], draws, seed=seed)
            where = f"{column}/{main} from {TARGETS[source][0] if source in TARGETS else source}"
            rhos = correlations(target, found.fine_tuned, draws)
            add("pairs", name, where, "spearman", rhos, seeds)
            if source != "none":
                zero_shot = spearman(taught.predict(judged[target][0]), judged[target][1])
                add("pairs", name, where, "zero_shot_spearman", [zero_shot], [seed])

# %% tags=["remove-cell"]
# Evolution, with the benchmark's answers counted.
SEARCHERS = ["Random", "Synflow", "CL-fine-tune", "One GNN", "Ours"] if REAL else ["One GNN"]
RUNS = by_scale(scale, demo=1, bench=5, paper=5)
LIVE_SEARCH = {"predictor": EvolutionSettings(5, 5, 5, 2)}
live_search = {}


def synflow_table() -> dict[str, float]:
    """Return the public SynFlow scores of all NAS-Bench-201 cells."""
    table = load_table("nasbench201_proxies")
    table = table[(table["source"] == "freerea") & (table["dataset"] == "cifar10")]
    return dict(zip(table["arch"], table["synflow"], strict=True))


def rank_by(name: str, target: str, arena, run: int):
    """Return what ranks children for a searcher, and what it was fine-tuned on."""
    if name == "Random":
        rng = np.random.default_rng(run)
        return (lambda asked: rng.random(len(asked))), 0
    if name == "Synflow":
        scores = synflow_table()
        return (lambda asked: [scores[str(cell)] for cell in asked]), 0
    rows = draws_of(target, labels_of(target), [run])
    found = transfer(informed(name, target), [], judged[target], rows, seed=run)
    return arena.ranked_by(found.learners[0]), labels_of(target)


for name in SEARCHERS if part in ("all", "search") else []:
    if method not in ("", name):
        continue
    for target in [target for target in chosen if target != "ofa_mbv3"]:
        if name == "Synflow" and target != "nasbench201":
            continue  # nowhere else are the scores of all cells public
        arena, runs = load_arena(target), range(seed, seed + RUNS)
        for run in runs:
            rank, spent = rank_by(name, target, arena, run)
            kind = "predictor" if spent else "baseline"
            settings = PUBLISHED[target][kind] if REAL else LIVE_SEARCH[kind]
            rng = np.random.default_rng([11, run])
            result = evolve(arena.space, rank, arena.query, settings, rng=rng, accept=arena.accept)
            live_search[name, target] = result, spent
            column, split = TARGETS[target][0], "" if target == "nasbench301" else "test_"
            add("table2", name, column, f"{split}accuracy", [result.score], [run])
            add("table2", name, column, "queries", [spent + len(result.scores)], [run])
            if arena.accuracies is not None:
                add("table2", name, column, "rank", [arena.rank(result.score)], [run])

# %% tags=["remove-cell"]
# Zero-cost proxies, where they are public, on the cells that have them.
PROXIES = {"synflow": "Synflow", "jacov": "Jacov", "fisher": "Fisher",
           "grad_norm": "GradNorm", "grasp": "Grasp", "snip": "Snip"}  # fmt: skip
if REAL and part in ("all", "proxies"):
    for data in ("nb101-c10", "nb201-c10", "nb301"):
        scored = load_scored_cells(data)
        whole = ~scored.test.index.str.contains(f"{NONE}~", regex=False)
        for proxy, row in PROXIES.items():
            values = scored.proxies[proxy].to_numpy()[whole] if proxy in scored.proxies else None
            if values is not None and np.isfinite(values).all():
                rho = spearman(values, scored.test.to_numpy()[whole])
                add("table1", row, data, "spearman", [rho], [seed])
record.save()
