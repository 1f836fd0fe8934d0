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
# # HyperNAS: a predictor with a second task
#
# {.lead}
# A few trained networks should tell how good all others are. HyperNAS reads a network as a whole,
# cell after cell, and learns beside the ranking to make the networks' weights.
#
# The paper is {cite:t}`lv2025hypernas`.

# %% tags=["parameters"]
scale: str = "demo"  # demo, bench or paper
seed: int = 0  # the first of the seeds
part: str = "all"  # ranking, joint or choice; which of the experiments to run
benchmark: str = ""  # a task of nasutils.methods.hypernas.tasks; the scale's own where empty
method: str = ""  # one row of the tables; all where empty
out: str = ""  # the job's folder, set by nasutils

# %% tags=["hide-input"]
import time
from dataclasses import replace

import numpy as np
import torch

from nasutils.data.nasbench301 import Surrogate
from nasutils.methods.hypernas import RECIPES, JointRecipe, cross_validate, fit
from nasutils.methods.hypernas.auxiliary import load_auxiliary
from nasutils.methods.hypernas.contest import (
    JOINT,
    METHODS,
    compete,
    compete_jointly,
    evolve,
    generated_accuracy,
    neighbour_tau,
)
from nasutils.methods.hypernas.tasks import agreement, load_task
from nasutils.report import use_style
from nasutils.spaces.darts import DARTSGenotype
from nasutils.study import Recorder, by_scale

use_style()
record = Recorder("hypernas", scale=scale, seed=seed, out=out)
REAL = scale != "demo"
benchmark = benchmark or by_scale(scale, demo="nb201-digits", bench="nb201-c10", paper="nb201-c10")
task = load_task(benchmark)

# %% tags=["remove-cell"]
SIZES = {
    "nb201-digits": (39, 78, 156),
    "nb201-c10": (39, 78, 156, 469),
    "nb201-c100": (156, 469),
    "nb201-in16": (156, 469),
    "nb201-scored": (39, 78, 156, 469),
    "nb101-c10": (50, 100, 172, 292),
    "nb101-uniform": (50, 100, 172, 424),
    "nb101-scored": (50, 100, 172),
    "nb101-sample": (50, 100, 172),
    "mbv3-imagenet": (50, 100, 200),
    "vit-c100": (50, 100),
    "nb301": (200, 1000),
}
ABLATIONS = ("Position", "Concatenate", "HyperNAS-P, our training")
SEARCHED = {"nb201-c10", "nb201-c100", "nb201-in16", "nb201-digits"}
QUERIES = 1000  # of a search, to the predictor


def sizes_of(name: str) -> tuple[int, ...]:
    """Return the sizes of training sets; ablations leave out the largest of four."""
    return SIZES[benchmark][:3] if name in ABLATIONS else SIZES[benchmark]


def seeds_of(name: str) -> range:
    """Return the seeds: fewer for ablations, and where training takes minutes."""
    few = name in ABLATIONS or benchmark == "nb301"
    return range(seed, seed + by_scale(scale, demo=3, bench=5 if few else 10, paper=10))


def add(item: str, row: str, column: str, metric: str, values: list, seeds: range) -> None:
    """Record a figure of each seed."""
    for each, value in zip(seeds, values, strict=True):
        where = {"item": item, "row": row, "column": f"{benchmark}/{column}", "metric": metric}
        record.add(**where, value=value, seed=each)


# %% tags=["remove-cell"]
methods = [method] if method else [name for name in METHODS if name not in ABLATIONS]
methods = methods if part in ("all", "ranking") else []
live_taus, live_outcomes = {}, {}
for name in methods:
    if name == "Trees + proxies" and task.proxies.empty:
        continue
    seeds = seeds_of(name)
    for size in sizes_of(name):
        rows = task.draw(size, seeds)
        outcome = compete(name, task, rows, seeds, progress=REAL)
        taus, rhos = agreement(task, outcome.predicted, rows)
        add("ranking", name, size, "kendall_tau", taus, seeds)
        add("ranking", name, size, "spearman", rhos, seeds)
        seconds = outcome.training / len(seeds)
        add("training", name, size, "seconds", [seconds] * len(seeds), seeds)
        live_taus[name, size] = np.mean(taus)
        live_outcomes[name, size] = outcome

# %% tags=["remove-cell"]
# What a search finds: the cell ranked first, and the best of ten by validation accuracy.
for (name, size), outcome in live_outcomes.items():
    if benchmark in SEARCHED and size == 156:
        for queries in (1, 10):
            top = np.argsort(-outcome.predicted, axis=1)[:, :queries]  # (R, queries)
            found = [picks[task.labels[picks].argmax()] for picks in top]
            row = f"{name}, {queries} {'query' if queries == 1 else 'queries'}"
            for metric, values in (("valid_accuracy", task.labels), ("test_accuracy", task.truth)):
                add("search", row, size, metric, values[found], seeds_of(name))
    if benchmark == "mbv3-imagenet":
        light = task.table["flops"].to_numpy() < 500
        rows = task.draw(size, seeds_of(name))
        judges = [np.setdiff1d(np.flatnonzero(light), row) for row in rows]
        firsts = [j[s[j].argmax()] for j, s in zip(judges, outcome.predicted, strict=True)]
        best = [task.truth[j].max() for j in judges]
        add("search", name, size, "top1_accuracy", task.truth[firsts], seeds_of(name))
        add("search", name, size, "flops_m", task.table["flops"].iloc[firsts], seeds_of(name))
        if name == "Ours":
            add("search", "best measured", size, "top1_accuracy", best, seeds_of(name))
    if benchmark == "nb301" and outcome.predictor:
        surrogate, seeds = Surrogate(), seeds_of(name)
        results = [
            evolve(outcome.predictor.member(r), "darts", DARTSGenotype, budget=QUERIES, seed=each)
            for r, each in enumerate(seeds)
        ]
        tops = [
            surrogate.predict([found.architectures[i] for i in np.argsort(-found.scores)[:5]])
            for found in results
        ]
        add("search", name, size, "accuracy", [top.mean() for top in tops], seeds)
        if name == "Ours":
            bests = [task.truth[row].max() for row in task.draw(size, seeds)]
            add("search", "best of the labelled", size, "accuracy", bests, seeds)

# %% tags=["remove-cell"]
# Do architectures of like features have like accuracies? 500 random ones, as in Figure 4.
sample = np.random.default_rng(seed).permutation(len(task.truth))[:500]
drawn = torch.from_numpy(np.sort(sample))
live_features = {}
for (name, size), outcome in live_outcomes.items():
    if outcome.predictor and size == SIZES[benchmark][:3][-1]:
        recipe = outcome.predictor.recipe
        stacks = task.stacks(recipe.reduction, live=recipe.live)[drawn]
        features = outcome.predictor.features(stacks)
        live_features[name] = features[0]
        near = [neighbour_tau(each, task.truth[drawn]) for each in features]
        add("neighbours", name, size, "kendall_tau", near, seeds_of(name))

# %% tags=["remove-cell"]
# Predictor and hypernetwork together.
SHORT = by_scale(scale, demo={"epochs": 30}, bench={}, paper={})
TARGETS = by_scale(
    scale,
    demo={"images": 32, "networks": 1},
    bench={"images": 64, "networks": 1},
    paper={"images": 128, "precision": "bfloat16"},
)
DEVICE = "cuda" if scale == "paper" and torch.cuda.is_available() else "cpu"
REDUCED = "HyperNAS-P, same stack"
Q = "q"
together = [*JOINT, REDUCED, *([Q] if REAL else [])]
together = [name for name in together if method in ("", name)]
JOINT_SIZES = {
    "HyperNAS-H": SIZES[benchmark][:2] if benchmark == "nb101-c10" else SIZES[benchmark][:3],
    "HyperNAS": SIZES[benchmark][:3] if benchmark == "nb101-c10" else SIZES[benchmark],
    REDUCED: SIZES[benchmark][:3],
    Q: SIZES[benchmark][1:2],
}
JOINT_SIZES["GHN"] = JOINT_SIZES["HyperNAS-H"]
JOINT_SIZES["HyperNAS, our training"] = JOINT_SIZES["HyperNAS"]
if not REAL:
    JOINT_SIZES = dict.fromkeys(JOINT_SIZES, SIZES[benchmark][:1])
joint_seeds = range(seed, seed + by_scale(scale, demo=1, bench=3, paper=3))
live_joint = {}


def learn_jointly(name: str, recipe: JointRecipe, size: int) -> None:
    """Train one variant under every seed, and record how it ranks and what it generates."""
    rows = task.draw(size, joint_seeds)
    for row, each in zip(rows, joint_seeds, strict=True):
        began = time.perf_counter()
        model = compete_jointly(task, auxiliary, row, recipe, each, progress=REAL)
        seconds = time.perf_counter() - began
        draws = {"networks": by_scale(scale, demo=20, bench=50, paper=100), "seed": 0}
        found = {"accuracy": generated_accuracy(model, task, auxiliary, row, **draws)}
        found["seconds"] = seconds
        if model.predictor:
            predicted = model.predictor.predict(
                task.stacks(cells_per_stage=auxiliary.cells_per_stage)
            )
            found["kendall_tau"] = agreement(task, predicted, [row])[0][0]
        for metric, value in found.items():
            add("joint", name, size, metric, [value], [each])
        live_joint[name, size] = model, found


if part in ("all", "joint"):
    auxiliary = load_auxiliary(task.space, full=scale == "paper", device=DEVICE)
    for name in together:
        for size in JOINT_SIZES[name]:
            if name == REDUCED:
                rows = task.draw(size, joint_seeds)
                stacks = task.stacks(cells_per_stage=auxiliary.cells_per_stage)
                recipe = RECIPES["hypernas_p"]
                alone = fit(stacks, task.labels, rows, recipe, joint_seeds, progress=REAL)
                taus, _ = agreement(task, alone.predict(stacks), rows)
                add("joint", name, size, "kendall_tau", taus, joint_seeds)
                continue
            for q in (1.25, 2, 3) if name == Q else (1.5,):
                plan = replace(JOINT["HyperNAS" if name == Q else name], q=q, **TARGETS)
                plan = replace(plan, predictor=replace(plan.predictor, **SHORT))
                learn_jointly(f"q = {q}" if name == Q else name, plan, size)

# %% tags=["remove-cell"]
# Every setting of ours against its alternatives, judged among training labels alone.
tuned = RECIPES["tuned"]


def encoder(**changes: object) -> dict:
    """Return the change of a recipe that changes its encoder."""
    return {"encoder": replace(tuned.encoder, **changes)}


CANDIDATES = {
    "ours": {},
    "labels: z-scores": {"labels": "z_score"},
    "loss: pairwise ranking": {"loss": "pairwise"},
    "weight decay 0": {"weight_decay": 0.0},
    "weight decay .01": {"weight_decay": 1e-2},
    "200 epochs": {"epochs": 200},
    "initial gain 1": encoder(gain=1.0),
    "adjacency: symmetric": encoder(normalisation="symmetric"),
    "adjacency: sum": encoder(normalisation="sum"),
    "adjacency: without loops": encoder(normalisation="raw"),
    "dead vertices kept": {"live": False},
    "context: sum": {**encoder(context="sum"), "reduction": "block"},
    "context: position": {**encoder(context="position"), "reduction": "block"},
    "context: concatenate": {**encoder(context="concatenate"), "reduction": "block"},
    "context: sum, reductions as one vertex": {**encoder(context="sum"), "reduction": "node"},
    "context: sum, no reductions": {**encoder(context="sum"), "reduction": "none"},
}
if not REAL:
    CANDIDATES = {name: CANDIDATES[name] for name in ("ours", "labels: z-scores")}
if part in ("all", "choice"):
    splits = range(1000 + seed, 1000 + seed + 5)  # not those that anything is judged by
    size = SIZES[benchmark][:3][-1]
    rows = task.draw(size, splits)
    for name, changes in CANDIDATES.items():
        recipe = replace(tuned, **changes)
        stacks = task.stacks(recipe.reduction, live=recipe.live)
        held = cross_validate(stacks, task.labels, rows, recipe, splits, folds=3)
        add("choice", name, size, "kendall_tau", held.mean(1), splits)
record.save()
