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
# # The benchmarks
#
# {.lead}
# Training one network takes hours, and a search wants thousands. A benchmark trains them once and
# keeps the results in a table. This chapter opens the tables that the book stands on.
#
# You will learn what the benchmarks hold, how to ask them, how far to trust them, and what a rank
# correlation says and leaves out. Every later chapter is judged by these tables and by Kendall's
# $\tau$, so it pays to know both.
#
# Two kinds of figures alternate. **Live** figures are computed on this page, from NB201-Digits, the
# small benchmark that comes with the package. **Published** figures come from all tables. The same
# cells of this notebook made them, at `scale="bench"` for the real tables. [](#rerun) has the
# commands.

# %% tags=["parameters"]
scale: str = "demo"  # demo, bench or paper (which is as bench here)
seed: int = 0  # the first of three seeds of the random samples
out: str = ""  # the job's folder, set by nasutils

# %% tags=["hide-input"]
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from nasutils.benchmarks.gallery import EMBEDDED, GALLERY, REAL
from nasutils.benchmarks.repeats import REPEATED, repeated_measurements
from nasutils.benchmarks.summaries import (
    cost_profile,
    histogram,
    lines_by_feature,
    median_by_value,
    tau_of_samples,
    tau_within_best,
)
from nasutils.data import load_table
from nasutils.data.tables import get_table
from nasutils.digits.query import query
from nasutils.digits.task import cell_order
from nasutils.errors import ArchitectureError
from nasutils.metrics import bootstrap_interval, kendall_tau, seed_reliability, spearman
from nasutils.metrics.kendall import (
    ceiling_from_reliability,
    normals_with_tau,
    reliability_of_mean,
    tau_by_pairs,
)
from nasutils.metrics.selection import pareto_front, regret, top_overlap
from nasutils.report import PALETTE, drawing, figure_size, glue, use_style
from nasutils.report.claims import as_printed, judge, load_claims
from nasutils.report.table import Table, pivot
from nasutils.spaces import darts, ofa_mbv3
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.study import Recorder, by_scale, load_results

use_style()
rng = np.random.default_rng(seed)
SEEDS = range(seed, seed + 3)
record = Recorder("benchmarks", scale=scale, seed=seed, out=out)

names = by_scale(scale, demo=EMBEDDED, bench=REAL, paper=REAL)
live = GALLERY[by_scale(scale, demo="nb201-digits", bench="nb201-c10", paper="nb201-c10")]
frames = {name: GALLERY[name].load() for name in names}
cells = frames[live.name]

book = load_results("benchmarks")
book = book[book["scale"].isin(["demo", "bench"])]


def published(item: str, metric: str) -> pd.DataFrame:
    """Return published figures, rows by benchmarks."""
    return pivot(book, item, metric)


# %% [markdown]
# ## What the papers claim
#
# A benchmark paper makes simple claims: so many architectures, the best of them so good. That makes
# it a good first test of our copies of the tables. These are the claims we check. The verdicts are
# [further down](#verdicts).

# %% tags=["hide-input"]
claims = load_claims()
shown = claims.assign(printed=as_printed(claims))
shown = shown[["benchmark", "claim", "printed"]].rename(columns=str.capitalize)
Table(shown, "claims", words=("Benchmark", "Claim"))

# %% [markdown]
# ## The idea: train once, look up for ever
#
# Take a small search space. Train *every* architecture in it and write down what came out. From
# then on, a "training" is a lookup. A search that would have cost months runs in a second,
# everyone searches the same space, and the true optimum is known.
#
# In most of the book's spaces an architecture is a **cell**: a small graph of operations that a
# fixed skeleton repeats. In NAS-Bench-201 a cell has four nodes and six edges, and each edge
# carries one of five operations. The fifth, `none`, is no edge at all and is not drawn.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Six cells drawn as graphs of four nodes"}}
table = load_table(live.table)
values = table["arch"].map(NASBench201Cell.from_string)
connected = table[values.map(lambda value: value.is_connected)].sort_values(live.accuracy)
extremes = {"best": connected.index[:-4:-1], "worst": connected.index[:3]}
_, axes = plt.subplots(3, 2, figsize=figure_size(aspect=0.86))
for column, (kind, places) in zip(axes.T, extremes.items(), strict=True):
    for rank, (ax, i) in enumerate(zip(column, places, strict=True), start=1):
        title = f"{kind}, {rank}: {table.loc[i, live.accuracy]:.1f} %"
        drawing.draw_cell(ax, values[i], title)
plt.show()

# %% [markdown]
# {.caption-text}
# Live. The three best and the three worst of the cells that pass a signal at all, with their test
# accuracy. Thick lines are 3×3 convolutions, thin ones 1×1, dotted ones pooling, dashed ones skips.
#
# The pictures already tell much of the story. Good cells chain convolutions and keep a way around
# them. Bad ones pool and leave out.
#
# ### Six tables, three kinds of truth
#
# **Tabular.** NAS-Bench-101 {cite:p}`ying2019nasbench101` and NAS-Bench-201
# {cite:p}`dong2020nasbench201` trained every cell of their space, several times over. Their
# accuracies are measurements. NB201-Digits is of this kind too.
#
# **Surrogate.** The DARTS space {cite:p}`liu2019darts` is far too large for that. NAS-Bench-301
# {cite:p}`zela2022surrogate` trained a sample and fitted a model; its accuracies are predictions.
#
# **Super-net.** Once-for-All {cite:p}`cai2020once` and AutoFormer {cite:p}`chen2021autoformer`
# train one large network whose parts are the architectures. The Once-for-All rows are accuracies
# with these inherited weights, written down by search runs, so good networks are over-represented
# {cite:p}`cummings2022hardware`. The AutoFormer rows were trained one by one, on CIFAR-100 with a
# teacher {cite:p}`wei2024autoprox`.

# %% tags=["remove-cell"]
for name, frame in frames.items():
    accuracy = frame["accuracy"]
    sizes = {"worst": accuracy.min(), "median": accuracy.median(), "best": accuracy.max()}
    record.add(item="size", row="cells", column=name, metric="count", value=len(frame))
    for row, value in sizes.items():
        record.add(item="size", row=row, column=name, metric="accuracy", value=value)
    shares = histogram(accuracy, GALLERY[name].window)
    for edge, share in shares.items():
        record.add(item="distribution", row=f"{edge:g}", column=name, metric="share", value=share)

classes = values.map(NASBench201Cell.isomorphism_class).nunique()
record.add(item="size", row="classes", column=live.name, metric="count", value=classes)
for name, count in (("nb301", darts.NUM_CELLS**2), ("mbv3-imagenet", ofa_mbv3.NUM_SUBNETS)):
    digits = float(np.log10(float(count)))
    record.add(item="size", row="space", column=name, metric="log10_count", value=digits)

# %% tags=["hide-input"]
counts, sizes = published("size", "count"), published("size", "accuracy")
overview = pd.DataFrame(
    {
        "Benchmark": [GALLERY[name].title for name in sizes],
        "Architectures": [f"{counts.loc['cells', name]:,.0f}" for name in sizes],
        **{
            f"{row} (%)": sizes.loc[row].to_list()
            for row in ("worst", "median", "best")
            if row in sizes.index
        },
    }
)
Table(overview, "overview", words=("Benchmark",))

# %% tags=["remove-cell"]
for key, row, name in (
    ("strings", "cells", "nb201-c10"),
    ("classes", "classes", "nb201-c10"),
    ("nb301", "cells", "nb301"),
):
    glue(key, f"{counts.loc[row, name]:,.0f}" if len(counts) else "?")

# %% [markdown]
# {.caption-text}
# Published. The range of accuracies. All are test accuracies, except for NAS-Bench-301 (validation
# accuracy that its surrogate predicts), OFA (top-1 with inherited weights) and AutoFormer (after
# training with a teacher).
#
# ### Most architectures are good

# %% tags=["hide-input"] mystnb={"image": {"alt": "Histogram of test accuracies"}}
_, ax = plt.subplots(figsize=figure_size(0.75, 0.5))
drawing.draw_histogram(ax, histogram(cells["accuracy"], live.window), live.window)
ax.axvline(cells["accuracy"].median(), color="0.15", ls="--", lw=1.2)
ax.set(xlabel=f"{live.measure} (%)", ylabel="share of cells (%)", title=live.title)
plt.show()

# %% [markdown]
# {.caption-text}
# Live. How the test accuracies of the cells are distributed. Dashed: the median.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Histograms of accuracy, one panel a benchmark"}}
distribution = published("distribution", "share")
axes = drawing.panels({name: GALLERY[name].title for name in distribution}, columns=2, height=1.6)
for name, ax in axes.items():
    shares = distribution[name].dropna()
    drawing.draw_histogram(ax, shares.set_axis(shares.index.astype(float)), GALLERY[name].window)
    ax.axvline(sizes.loc["median", name], color="0.15", ls="--", lw=1.2)
plt.show()

# %% [markdown]
# {.caption-text}
# Published. Share of architectures (%) over accuracy (%). What lies beyond a window counts in its
# outermost bar; dashed: the median.
#
# The tables of trained cells share a shape: a steep edge on the right, a long tail on the left.
# Random DARTS cells form a bell; hardly one is bad. The Once-for-All rows pile up at the top,
# where the searches that wrote them ended.
#
# Two things follow. A random architecture is not bad, so beating *random search* is the least that
# a method must do. And the cells that a search cares about stand close together, so that small
# errors change their order.
#
# ## How a query works
#
# A string names a cell: for each node after the first, the operations that lead to it and where
# they come from. Parsing gives a **value**, which knows the rules of its space. The value finds the
# **row**.

# %%
best = table.loc[table[live.accuracy].idxmax()]
print(best["arch"].replace("+", "\n+"))

# %%
cell = NASBench201Cell.from_string(best["arch"])
cell.ops

# %%
row = table[table["arch"] == str(cell)].drop(columns="arch").iloc[0]
found = pd.DataFrame({"Column": row.index})
found["Value"] = row.map("{:.5g}".format).to_list()
found["Meaning"] = found["Column"].map(get_table(live.table).columns)
Table(found, "row", words=("Column", "Meaning"))

# %% [markdown]
# What does not exist cannot be asked for. The message names the way out.

# %%
wrong = "|nor_conv_7x7~0|+|none~0|none~1|+|none~0|none~1|none~2|"
try:
    NASBench201Cell.from_string(wrong)
except ArchitectureError as error:
    print(textwrap.fill(str(error), 72))

# %% [markdown]
# **Two strings, one network.** A skip connection passes its input on, so many strings describe
# the same computation. The benchmark's {glue:text}`strings` strings fall into
# {glue:text}`classes` **isomorphism classes**
# {cite:p}`dong2020nasbench201`. NB201-Digits has one row a class, and a query looks for the class.
#
# **A cell outside the table.** NB201-Digits holds a random sample of the classes. A cell that it
# lacks is trained on the spot, and the answer says so.
#
# ```{literalinclude} ../nasutils/digits/query.py
# :language: python
# :start-at: found = _by_class()
# :end-at: in_table=False
# :dedent: 4
# ```

# %% tags=["nbval-ignore-output"]
known = len(load_table("nb201_digits"))
for new in cell_order()[known : known + 1]:  # none, once all are known
    print(str(new).replace("+", "\n+"))
    answer = query(new)
    print(f"{answer.test:.2f} %, mean of {answer.num_seeds} seeds")
    print("in the table" if answer.in_table else "trained just now")

# %% [markdown]
# ## What separates good cells from bad
#
# Count a cell's operations. How good is the median cell that has none, one, two... of each?

# %% tags=["hide-input"] mystnb={"image": {"alt": "Median accuracy over operations and depth"}}
OPERATIONS = ("conv3x3", "conv1x1", "sep_conv", "dil_conv", "pool", "skip", "none")
operations = [name for name in cells if name in OPERATIONS]
_, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.45), sharey=True, width_ratios=(2, 1))
drawing.draw_lines(axes[0], {name: median_by_value(cells, name) for name in operations})
drawing.draw_lines(axes[1], {"depth": median_by_value(cells, "depth")})
axes[0].set(xlabel="times the operation occurs", ylabel="median test accuracy (%)")
axes[1].set(xlabel="depth (convolutions)")
axes[0].legend(ncols=2, fontsize=8)
plt.show()

# %% [markdown]
# {.caption-text}
# Live. Median test accuracy of the cells that have an operation so many times (left), and by
# depth: the convolutions on the longest way from input to output (right). Points of fewer than 10
# cells are left out.

# %% tags=["remove-cell"]
for name, frame in frames.items():
    for feature in frame.columns.difference(["accuracy"], sort=False):
        scores = frame[feature]
        for metric, measure in (("kendall_tau", kendall_tau), ("spearman", spearman)):
            figure = measure(scores, frame["accuracy"])
            record.add(item="features", row=feature, column=name, metric=metric, value=figure)
        if frame[feature].nunique() > 20 or name in ("nb201-c100", "nb201-in16"):
            continue
        for value, median in median_by_value(frame, feature).items():
            where = {"item": "operations", "row": f"{feature} = {value:g}", "column": name}
            record.add(**where, metric="accuracy", value=median)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Median accuracy over operations, three tables"}}
medians = published("operations", "accuracy")
operations_of = {name: lines_by_feature(medians[name].dropna()) for name in medians}
spaces = [name for name in ("nb101-c10", "nb201-c10", "nb301") if name in medians]
axes = drawing.panels({name: GALLERY[name].title.split(",")[0] for name in spaces}, height=2.7)
for name, ax in axes.items():
    drawing.draw_lines(ax, {f: line for f, line in operations_of[name].items() if f in OPERATIONS})
    ax.legend(fontsize=7)
    ax.set_xlabel("times it occurs", fontsize=9)
    if name == "nb201-c10":
        ax.set_ylim(65, None)  # four times none: no path is left, and the median cell guesses
plt.show()

# %% [markdown]
# {.caption-text}
# Published. The same for the real cell-based tables: median accuracy (%) over the number of times
# an operation occurs in a cell (DARTS: in both cells).

# %% tags=["hide-input"] mystnb={"image": {"alt": "Median accuracy over depth, five tables"}}
deep = {name: found["depth"] for name, found in operations_of.items() if "depth" in found}
titles = {name: GALLERY[name].title.split(",")[0].split(" (")[0] for name in deep}
for name, ax in drawing.panels(titles, columns=3, height=1.6).items():
    drawing.draw_lines(ax, {"depth": deep[name]})
plt.show()

# %% [markdown]
# {.caption-text}
# Published. Median accuracy (%) over depth: convolutions in a row for cells, blocks for
# MobileNetV3, layers for vision transformers.
#
# One number, known before any training, already ranks. How well? The next figure gives Kendall's
# $\tau$ between each such number and accuracy. It says how far the order by that number agrees with
# the order by accuracy: 1 is the same, 0 no relation, -1 reversed. [](#rank-correlation) takes it
# apart.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Kendall's tau of features, by benchmark"}}
taus = published("features", "kendall_tau")
if not taus.empty:
    order = ["params", "flops", "depth", *OPERATIONS, "edges", "kernel", "expansion", "width"]
    taus = taus.reindex([row for row in order if row in taus.index])
    labels = [GALLERY[name].title.replace(", ", "\n").split(" (")[0] for name in taus]
    _, ax = plt.subplots(figsize=figure_size(aspect=0.8))
    numbers = taus.map(lambda tau: f"{tau:.2f}".replace("-", "−"))
    sns.heatmap(
        taus, annot=numbers, fmt="", cmap="RdBu", vmin=-1, vmax=1, cbar=False, ax=ax,
        xticklabels=labels, annot_kws={"size": 8}, linewidths=1,
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    ax.tick_params(labelsize=7.5, length=0)
    ax.tick_params(axis="x", labelrotation=35)
    plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
    ax.grid(False)
plt.show()

# %% [markdown]
# {.caption-text}
# Published. Kendall's tau between a number that is known before training and accuracy, over all
# architectures of a table.

# %% tags=["remove-cell"]
for name in ("nb101-c10", "nb201-c10", "nb301", "mbv3-imagenet"):
    for row in ("params", "depth"):
        known = name in taus and row in taus.index
        glue(f"{row}-{name}", f"{taus.loc[row, name]:.2f}" if known else "?")

# %% [markdown]
# This is the bar for every predictor in this book. On the Once-for-All rows, *counting blocks*
# ranks at $\tau$ = {glue:text}`depth-mbv3-imagenet`. On NAS-Bench-201, counting parameters gives
# {glue:text}`params-nb201-c10`. A learnt predictor has to beat such a count to have learnt
# anything.
#
# The spaces also disagree. In NAS-Bench-101, depth says little ({glue:text}`depth-nb101-c10`),
# among DARTS cells next to nothing ({glue:text}`depth-nb301`). What holds in one space need not
# hold in the next, which is what the chapter on transfer is about.
#
# ## The same cell twice: noise
#
# Train a cell again with another seed and its accuracy changes. So the table's order is not quite
# the true order.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Scatter plots of repeated measurements"}}
repeats = repeated_measurements(live.name, rng)
low, high = np.quantile(repeats, [0.02, 1])
_, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.46))
axes[0].plot([low, high], [low, high], color="0.6", lw=1, ls="--")
axes[0].scatter(repeats[:, 0], repeats[:, 1], s=6, alpha=0.5, color=PALETTE[0], linewidths=0)
axes[0].set(xlim=(low, high), ylim=(low, high), xlabel="one training (%)", ylabel="another (%)")
axes[1].scatter(repeats.mean(1), repeats.std(1, ddof=1), s=6, alpha=0.5, color=PALETTE[2], lw=0)
axes[1].set(xlabel="mean accuracy (%)", ylabel="standard deviation (points)", xlim=(low, high))
plt.show()

# %% [markdown]
# {.caption-text}
# Live. The same cells measured twice (left) and how far the repetitions of a cell scatter (right).
# NB201-Digits: two seeds. NAS-Bench-201: two isomorphic cells, which the benchmark trained apart.
#
# {term}`Reliability` puts a number on it: the rank correlation between one measurement and its
# repetition. And reliability sets a **ceiling**. If two noisy copies of the truth agree to
# $\tau$, their correlation is $r = \sin(\pi\tau/2)$ for normal values, and either copy agrees
# with the truth to $\sqrt r$. Turned back, that is the highest $\tau$ that even a perfect
# predictor can show on these labels:
#
# $$
# \tau_{\max} = \frac{2}{\pi} \arcsin \sqrt{\sin \frac{\pi\tau}{2}} .
# $$
#
# ```{literalinclude} ../nasutils/metrics/kendall.py
# :language: python
# :pyobject: ceiling_from_reliability
# :start-at: r = np
# :dedent: 4
# ```

# %% tags=["remove-cell"]
for name in names:
    if name not in REPEATED:
        continue
    twins = GALLERY[name].table == "nasbench201"  # the only pairs that are drawn at random
    for s in SEEDS if twins else SEEDS[:1]:
        pairs = repeated_measurements(name, np.random.default_rng(s))
        better = pairs.mean(1) >= np.median(pairs.mean(1))
        reliability = kendall_tau(*pairs[:, :2].T)
        # A label is one of the twins, but the mean of three trainings in the other tables.
        of_labels = reliability_of_mean(reliability, 1 if twins else 3)
        noise = {
            "reliability": reliability,
            "better half": kendall_tau(*pairs[better, :2].T),
            "ceiling": ceiling_from_reliability(of_labels),
        }
        if name == "nb201-digits":
            estimate = seed_reliability(pairs, rng=np.random.default_rng(s))
            noise |= {"reliability": estimate.seed_tau, "ceiling": estimate.ceiling}
        for row, value in noise.items():
            record.add(
                item="noise", row=row, column=name, metric="kendall_tau", value=value, seed=s
            )
        scatter = np.sqrt(pairs.var(1, ddof=1).mean())
        where = {"item": "noise", "row": "standard deviation", "column": name, "seed": s}
        record.add(**where, metric="accuracy_points", value=scatter)
    record.add(item="noise", row="cells", column=name, metric="count", value=len(pairs))

# %% tags=["hide-input"]
noise = pd.concat([published("noise", m) for m in ("kendall_tau", "accuracy_points", "count")]).T
noise["cells"] = noise.get("cells", pd.Series(dtype=float)).map("{:,.0f}".format)
noise.insert(0, "Benchmark", [GALLERY[name].title for name in noise.index])
noise = noise.rename(columns={"standard deviation": "noise"})
order = ["Benchmark", "cells", "noise", "reliability", "better half", "ceiling"]
Table(noise.reindex(columns=order).rename(columns=str.capitalize), "noise", words=("Benchmark",))

# %% [markdown]
# {.caption-text}
# Published. Noise: standard deviation of one measurement, in points. Reliability is Kendall's
# $\tau$ between two measurements of the cells, also among the better half by their mean; the
# ceiling is that of the table's labels. NB201-Digits: pairs of seeds. NAS-Bench-101: validation
# accuracies of the few cells of which two trainings are public, so the figures are rough.
# NAS-Bench-201: random pairs of isomorphic cells, three draws; each accuracy is the benchmark's
# own mean over its seeds.
#
# On the real tables reliability is high, since it is easy to tell a poor cell from a good one.
# Look at the better half, where searches end: there the labels are far less sure of their order.
# A method that ranks the very best cells perfectly ranks noise. On NB201-Digits, which trains for
# seconds, the noise is larger and the ceiling lower. Read every demo
# figure against it.
#
# ## Validation against test
#
# A search must choose by **validation** accuracy and may report **test** accuracy only once, at the
# end. How much is lost by that?

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation against test accuracy"}}
leaders = cells[cells["accuracy"].rank(pct=True) > 0.9]
_, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.48))
for ax, part, title in zip(axes, (cells, leaders), ("all cells", "the best 10 %"), strict=True):
    tau = kendall_tau(part["valid"], part["accuracy"])
    ax.scatter(part["valid"], part["accuracy"], s=7, alpha=0.5, color=PALETTE[0], linewidths=0)
    ax.set(title=f"{title}: $\\tau$ = {tau:.2f}", xlabel="validation accuracy (%)")
axes[0].set_ylabel("test accuracy (%)")
chosen, winner = cells.loc[cells["valid"].idxmax()], cells.loc[cells["accuracy"].idxmax()]
for ax in axes:
    ax.scatter(*chosen[["valid", "accuracy"]], marker="s", s=45, c="none", edgecolors="0.1")
    ax.scatter(*winner[["valid", "accuracy"]], marker="o", s=90, c="none", edgecolors="0.1")
plt.show()

# %% tags=["remove-cell"]
SHARES = (1, 0.5, 0.1, 0.01)
for name in (name for name in names if GALLERY[name].valid):
    frame = frames[name]
    for share, value in tau_within_best(frame, "valid", SHARES).items():
        where = {"item": "validation", "row": f"best {100 * share:g} %", "column": name}
        record.add(**where, metric="kendall_tau", value=value)
    loss = regret(frame["valid"], frame["accuracy"], k=1)
    where = {"item": "validation", "row": "best by validation", "column": name}
    record.add(**where, metric="accuracy_points", value=loss)
glue("regret", f"{winner['accuracy'] - chosen['accuracy']:.2f}")
losses = published("validation", "accuracy_points")
for name in ("nb201-c10", "nb201-c100", "nb201-in16"):
    glue(f"regret-{name}", f"{losses[name].item():.2f}" if name in losses else "?")

# %% [markdown]
# {.caption-text}
# Live. Square: the cell that is best by validation. Circle: the cell that is best by test.
#
# Over all cells the two agree well. Among the best they agree much less, here and on the real
# tables. What does it cost to choose by validation? Here {glue:text}`regret` points of test
# accuracy. On NAS-Bench-201 {glue:text}`regret-nb201-c10` (CIFAR-10),
# {glue:text}`regret-nb201-c100` (CIFAR-100) and {glue:text}`regret-nb201-in16` points
# (ImageNet16-120). A weak ranking at the top can be cheap, because the top is flat.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Kendall's tau within ever smaller shares"}}
taus_by_share = published("validation", "kendall_tau").iloc[::-1]
_, ax = plt.subplots(figsize=figure_size(0.75, 0.55))
for i, name in enumerate(taus_by_share):
    look = {"color": PALETTE[i], "marker": "osD^"[i], "ms": 5}
    ax.plot(taus_by_share.index, taus_by_share[name], label=GALLERY[name].title, **look)
ax.set(ylim=(0, 1), xlabel="which cells", ylabel=r"$\tau$ of validation and test")
if len(taus_by_share):
    ax.legend(fontsize=8)
plt.show()

# %% [markdown]
# {.caption-text}
# Published. Agreement of validation and test accuracy, over all cells and within the best of them.
#
# :::{warning}
# The CIFAR-10 validation accuracies of NAS-Bench-201 come from other trainings than the test
# accuracies: the first from half of the training images, the second from all of them. For CIFAR-100
# and ImageNet16-120, the public validation figures are of one seed.
# :::
#
# ## Cost against accuracy
#
# Accuracy is one wish, a small network another. An architecture is on the **Pareto front** if all
# that is cheaper is less accurate, and nothing as cheap is more accurate. Sort by cost, and keep
# whatever beats all before it.
#
# ```{literalinclude} ../nasutils/metrics/selection.py
# :language: python
# :pyobject: pareto_front
# :start-at: order = np
# :dedent: 4
# ```

# %% tags=["hide-input"] mystnb={"image": {"alt": "Accuracy over FLOPs, with the Pareto front"}}
front = cells.loc[cells.index[pareto_front(cells[live.cost], cells["accuracy"])]]
_, ax = plt.subplots(figsize=figure_size(0.85, 0.55))
ax.scatter(cells[live.cost], cells["accuracy"], s=6, color="0.72", linewidths=0, label="cells")
ax.step(front[live.cost], front["accuracy"], where="post", color=PALETTE[0], label="Pareto front")
ax.scatter(front[live.cost], front["accuracy"], s=22, color=PALETTE[0], zorder=3)
ax.set(xlabel="multiply-adds of one image (M)", ylabel="test accuracy (%)")
ax.set_ylim(cells["accuracy"].quantile(0.02), None)
ax.legend()
plt.show()

# %% tags=["remove-cell"]
UNITS = {"flops": "multiply-adds (M)", "params": "parameters (M)"}
for name in (name for name in names if GALLERY[name].cost):
    cost = GALLERY[name].cost
    if name in ("nb201-c100", "nb201-in16"):
        continue
    for bin_, row in cost_profile(frames[name], cost).iterrows():
        for what, value in row.items():
            metric = f"{cost}_m" if what == "cost" else f"accuracy_{what}"
            where = {"item": "cost", "row": f"bin {bin_}", "column": name}
            record.add(**where, metric=metric, value=value)
dominated = 1 - len(front) / len(cells)
glue("front", str(len(front)))
glue("dominated", f"{100 * dominated:.1f} %")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Best and median accuracy over cost"}}
bests, middles = published("cost", "accuracy_best"), published("cost", "accuracy_median")
titles = {name: GALLERY[name].title for name in bests if name in REAL}
for name, ax in drawing.panels(titles, columns=2, height=2.1).items():
    costs = published("cost", f"{GALLERY[name].cost}_m")[name]
    profile = pd.DataFrame({"cost": costs, "best": bests[name], "median": middles[name]})
    drawing.draw_profile(ax, profile)
    ax.set_xlabel(UNITS[GALLERY[name].cost], fontsize=8)
    ax.legend(fontsize=7)
plt.show()

# %% [markdown]
# {.caption-text}
# Published. Best accuracy (%) up to a cost, and median accuracy at that cost, over twelve equally
# filled bins of cost.
#
# Of the cells on this page, {glue:text}`front` are on the front and {glue:text}`dominated` are
# beaten. In the cell-based tables the best accuracy levels off early, while the median
# lags behind: *which* operations, and where, matters more than how many multiply-adds they take.
# The Once-for-All curve is smooth and narrow. Its rows come from searches, and there bigger is
# better.
#
# (rank-correlation)=
# ## What a rank correlation means
#
# A predictor is judged by the order it produces. Take five cells, picked so that there is
# something to see, and a crude score, the number of parameters. Does the larger cell of a
# **pair** also have the higher accuracy? If so, the pair is **concordant**. If not, it is
# **discordant**.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rankings of five cells, and the ten pairs"}}
unlike = cells.drop_duplicates("params")
samples = (unlike.sample(5, random_state=seed + i).sort_values("params") for i in range(100))
five = next(s for s in samples if 0.2 <= tau_by_pairs(s["params"], s["accuracy"]) <= 0.6)
labels = list("ABCDE")
_, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.42))
drawing.draw_slopes(axes[0], five["params"], five["accuracy"], labels)
axes[0].set_xticks([0, 1], ["by parameters", "by accuracy"])
axes[0].tick_params(length=0)
drawing.draw_pairs(axes[1], five["params"], five["accuracy"], labels)
plt.show()

# %% tags=["remove-cell"]
first, second = np.triu_indices(5, k=1)
ordered = np.diff(five["accuracy"].to_numpy()[[first, second]], axis=0)[0] > 0
glue("concordant", str(ordered.sum()))
glue("discordant", str(len(ordered) - ordered.sum()))
glue("tau-five", f"{tau_by_pairs(five['params'], five['accuracy']):.1f}")

# %% [markdown]
# {.caption-text}
# Live. Left: the five cells by parameters and by test accuracy, the highest on top; two lines cross
# where a pair is discordant. Right: the ten pairs, + concordant, − discordant.
#
# Count them: {glue:text}`concordant` concordant, {glue:text}`discordant` discordant, ten in all.
# Kendall's $\tau$ {cite:p}`kendall1938tau` is the difference over the number of pairs,
#
# $$
# \tau = \frac{C - D}{C + D} \;=\; 2\,P(\text{a random pair is in the right order}) - 1 ,
# $$
#
# here {glue:text}`tau-five`. The form on the right is the one to remember; it holds as long as
# there are no ties. A $\tau$ of .6 means
# that 80 % of all pairs are in the right order, and a coin gets 50 %.
#
# **Ties.** Two cells with equal scores are neither. Tau-b {cite:p}`kendall1945ties` leaves the tied
# pairs of each list out of that list's count, with $T_x$ and $T_y$ tied pairs among $P$:
#
# $$
# \tau_b = \frac{C - D}{\sqrt{(P - T_x)(P - T_y)}} .
# $$
#
# ```{literalinclude} ../nasutils/metrics/kendall.py
# :language: python
# :pyobject: tau_by_pairs
# :start-at: first, second
# :dedent: 4
# ```
#
# Without ties both are the same. This book means $\tau_b$ whenever it says $\tau$.
#
# ### What a value looks like

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four scatter plots of ranks at growing tau"}}
levels = (0.2, 0.4, 0.6, 0.8)
_, axes = plt.subplots(1, 4, figsize=figure_size(aspect=0.3), sharey=True)
for ax, tau in zip(axes, levels, strict=True):
    ranks = pd.DataFrame(normals_with_tau(tau, 400, rng)).rank()
    ax.scatter(ranks[0], ranks[1], s=4, color=PALETTE[0], alpha=0.6, linewidths=0)
    ax.set(title=f"$\\tau$ = {tau:g}", aspect="equal", xticks=[], yticks=[], xlabel="rank by score")
axes[0].set_ylabel("true rank")
plt.show()

# %% [markdown]
# {.caption-text}
# Live. 400 random items each, drawn so that the expected $\tau$ is the one above the panel.
#
# A $\tau$ of .6 sorts good from bad and little more. Two published predictors at .6 and .8 differ a
# lot, as the clouds show.
#
# **Spearman's $\rho$** {cite:p}`spearman1904association` is the linear correlation of the ranks. It
# is almost always the larger number, so never compare a $\tau$ with a $\rho$. For normal values,
# $\rho = \tfrac{6}{\pi} \arcsin(r/2)$ and $\tau = \tfrac{2}{\pi}\arcsin r$.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Spearman over Kendall, and the ceiling curve"}}
grid = np.linspace(0, 1, 101)
_, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.48))
axes[0].plot(grid, 6 / np.pi * np.arcsin(np.sin(np.pi * grid / 2) / 2), color=PALETTE[0])
axes[0].plot([0, 1], [0, 1], color="0.6", lw=1, ls="--")
pairs = book[book["item"] == "features"].pivot_table("value", ["row", "column"], "metric")
if len(pairs):
    axes[0].scatter(pairs["kendall_tau"].abs(), pairs["spearman"].abs(), s=16, color=PALETTE[2])
axes[0].set(xlabel=r"Kendall's $\tau$", ylabel=r"Spearman's $\rho$")
axes[1].plot(grid, [ceiling_from_reliability(tau) for tau in grid], color=PALETTE[0])
axes[1].plot([0, 1], [0, 1], color="0.6", lw=1, ls="--")
axes[1].set(xlabel=r"$\tau$ of two measurements", ylabel=r"highest $\tau$ of any predictor")
plt.show()

# %% [markdown]
# {.caption-text}
# Left: $\rho$ over $\tau$; curve for normal values, points: every feature of every table
# (published, absolute values). Right: the ceiling that noisy labels set.
#
# ### The top is what counts
#
# A search tries the first few of a ranking and keeps the best. $\tau$ weighs all pairs alike. So
# two predictors of equal $\tau$ can be worth very different things. Here are two. Both know the
# truth, but one shuffles the better half of the cells, the other the worse half.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rankings with the same tau"}}
truth = cells["accuracy"].to_numpy()
upper = truth >= np.median(truth)


def shuffled(where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the true accuracies with those at ``where`` in random order."""
    scores = truth.copy()
    scores[where] = rng.permutation(scores[where])
    return scores


K = 10
predictors = {"worse half shuffled": ~upper, "better half shuffled": upper}
_, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.48), sharey=True)
for ax, (name, where) in zip(axes, predictors.items(), strict=True):
    scores = shuffled(where, rng)
    ranks = [pd.Series(values).rank(ascending=False) for values in (scores, truth)]
    ax.scatter(*ranks, s=4, color=PALETTE[0], alpha=0.6, linewidths=0)
    ax.set(title=name, xlabel="rank by score (1 = best)", aspect="equal")
    ax.invert_xaxis()
    for s in SEEDS:
        scores = shuffled(where, np.random.default_rng(s))
        figures = {
            "kendall_tau": kendall_tau(scores, truth),
            "accuracy_points": regret(scores, truth, K),
            "share": top_overlap(scores, truth, K),
        }
        for metric, value in figures.items():
            spot = {"item": "top", "row": name, "column": live.name, "seed": s}
            record.add(**spot, metric=metric, value=value)
axes[0].set_ylabel("true rank (1 = best)")
axes[0].invert_yaxis()
plt.show()

# %% tags=["hide-input"]
top = book[book["item"] == "top"]
top = top.pivot_table("value", ["column", "row"], "metric", sort=False).reset_index()
top = pd.DataFrame(
    {
        "Benchmark": [GALLERY[name].title for name in top["column"]],
        "Predictor": top["row"],
        "Kendall's τ": top.get("kendall_tau"),
        "Regret (points)": top.get("accuracy_points"),
        f"Best {K} found": top.get("share"),
    }
)
Table(top, "top", words=("Benchmark", "Predictor"))

# %% [markdown]
# {.caption-text}
# Published, mean of three seeds. **Regret**: how far the best of the ten highest scores falls
# short of the best cell of all. Last column: the share of the ten best cells that are among these
# ten.
#
# Equal $\tau$, unequal use. So the chapters report what a search finds beside $\tau$.
#
# ### Small samples
#
# Papers often estimate $\tau$ on few architectures. Let validation accuracy be the score, draw *n*
# cells, compute $\tau$, and repeat.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Range of tau over sample size, and intervals"}}
NUMBERS = tuple(n for n in (5, 10, 20, 50, 100, 200, 500) if n <= len(cells) / 2)
PERCENTILES = {"tau_low": 2.5, "tau_median": 50, "tau_high": 97.5}
bands = {}
for s in SEEDS:
    for n in NUMBERS:
        draws = tau_of_samples(cells, "valid", n, np.random.default_rng([s, n]))
        for metric, value in zip(
            PERCENTILES, np.percentile(draws, list(PERCENTILES.values())), strict=True
        ):
            bands[s, n, metric] = value
            spot = {"item": "samples", "row": f"{n} cells", "column": live.name, "seed": s}
            record.add(**spot, metric=metric, value=value)

band = pd.Series(bands).groupby(level=[1, 2]).mean().unstack()
_, ax = plt.subplots(figsize=figure_size(0.85, 0.55))
ax.fill_between(band.index, band["tau_low"], band["tau_high"], color=PALETTE[3], alpha=0.35, lw=0)
ax.plot(band.index, band["tau_median"], color=PALETTE[0], label="samples: median, 95 % range")
ax.axhline(kendall_tau(cells["valid"], truth), color="0.3", lw=1, ls="--", label="all cells")
for metric, label in (("tau_low", "95 % range, NAS-Bench-201 (published)"), ("tau_high", None)):
    line = published("samples", metric).get("nb201-c10", pd.Series(dtype=float))
    if scale == "demo" and len(line):
        sizes_of = line.index.str.removesuffix(" cells").astype(int)
        ax.plot(sizes_of, line, color=PALETTE[1], ls=":", lw=1.4, label=label)
for n in NUMBERS[1:]:
    sample = cells.sample(n, random_state=seed)
    middle = kendall_tau(sample["valid"], sample["accuracy"])
    interval = bootstrap_interval(sample["valid"], sample["accuracy"], rng=rng, resamples=500)
    ends = np.abs(np.array(interval) - middle)[:, None]
    label = "one sample with its bootstrap interval" if n == NUMBERS[1] else None
    ax.errorbar(n, middle, yerr=ends, color=PALETTE[2], fmt="s", ms=4, capsize=3, label=label)
ax.set(xscale="log", xlabel="cells in the sample", ylabel=r"Kendall's $\tau$")
ax.set_xticks([5, 10, 20, 50, 100, 200, 500], ["5", "10", "20", "50", "100", "200", "500"])
ax.minorticks_off()
ax.legend(fontsize=8, loc="lower right")
plt.show()

# %% [markdown]
# {.caption-text}
# Live. 300 random samples of each size, for each of three seeds. Squares: a single sample, with the
# 95 % percentile bootstrap interval that it gives for itself.
#
# Ten cells say little. To tell .80 from .85 takes a hundred or more, or a **paired** comparison
# on the same cells. A single sample also tells how far to trust it. The **bootstrap**
# {cite:p}`efron1993bootstrap` draws from the sample with replacement, as the sample was drawn from
# the table, and reads the interval off the resamples:
#
# ```{literalinclude} ../nasutils/metrics/__init__.py
# :language: python
# :pyobject: bootstrap_interval
# :start-at: draws =
# :dedent: 4
# ```

# %% tags=["remove-cell"]
if scale != "demo":
    alive = values.map(lambda value: value.is_connected)
    better = cells["accuracy"].rank(pct=True) > 0.5
    record.add(item="dead", row="dead", column=live.name, metric="count", value=(~alive).sum())
    for row, part in {"all": cells, "alive": cells[alive], "better half": cells[better]}.items():
        tau = kendall_tau(part["params"], part["accuracy"])
        record.add(item="dead", row=row, column=live.name, metric="kendall_tau", value=tau)
    both = load_table("autoformer").dropna(subset="c100")
    pairs = {
        "teacher": ("c100", "c100_kd"),
        "width, alone": ("width", "c100"),
        "width, taught": ("width", "c100_kd"),
    }
    for row, (a, b) in pairs.items():
        tau = kendall_tau(both[a], both[b])
        record.add(item="teacher", row=row, column="vit-c100", metric="kendall_tau", value=tau)
    digits = load_table("nb201_digits").set_index("arch")
    real = load_table("nasbench201").set_index("arch").loc[digits.index]
    columns = {"nb201-digits": digits["test"]}
    columns |= {name: real[GALLERY[name].accuracy] for name in REAL if name.startswith("nb201")}
    for row, a in columns.items():
        for column, b in columns.items():
            tau = kendall_tau(a, b) if row != column else 1.0
            record.add(item="agreement", row=row, column=column, metric="kendall_tau", value=tau)
    record.add(
        item="agreement", row="cells", column="nb201-digits", metric="count", value=len(digits)
    )
record.save()

SENTENCES = {  # key in the text: item, row, metric, how to write it
    "dead": ("dead", "dead", "count", "{:.0f}"),
    "params-all": ("dead", "all", "kendall_tau", "{:.3f}"),
    "params-alive": ("dead", "alive", "kendall_tau", "{:.3f}"),
    "params-better": ("dead", "better half", "kendall_tau", "{:.3f}"),
    "teacher": ("teacher", "teacher", "kendall_tau", "{:.2f}"),
    "width-alone": ("teacher", "width, alone", "kendall_tau", "{:.2f}"),
    "width-taught": ("teacher", "width, taught", "kendall_tau", "{:.2f}"),
}
for key, (item, row, metric, text) in SENTENCES.items():
    figures = published(item, metric)
    known = row in figures.index
    glue(key, text.format(figures.loc[row].item()).replace("-", "−") if known else "?")

# %% [markdown]
# ### One cell, four data sets
#
# Does a cell that is good on one data set do well on the next? Then a search on small images would
# serve for large ones.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Kendall's tau between four data sets"}}
agreement = published("agreement", "kendall_tau")
if not agreement.empty:
    agreement = agreement.loc[agreement.columns]
    short = ["Digits", "CIFAR-10", "CIFAR-100", "ImageNet16"]
    _, ax = plt.subplots(figsize=figure_size(0.6, 0.7))
    sns.heatmap(
        agreement, annot=True, fmt=".2f", cmap="Blues", vmin=0, vmax=1.4, cbar=False, ax=ax,
        xticklabels=short, yticklabels=short, linewidths=1, mask=np.triu(agreement) == 1,
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0, labelsize=9)
    ax.grid(False)
plt.show()

# %% [markdown]
# {.caption-text}
# Published. Kendall's $\tau$ between test accuracies on four data sets, over the cells of
# NB201-Digits.
#
# The three real data sets agree closely, though less than a repetition with itself. The digits
# agree with them less. They are another task, trained for seconds, and their labels are noisier.
# This is why the `demo` scale shows mechanisms, and only real tables enter a verdict.
#
# (verdicts)=
# ## Verdicts

# %% tags=["hide-input"]
judged = judge(load_claims(), book)
verdicts = pd.DataFrame(
    {
        "Benchmark": judged["benchmark"],
        "Claim": judged["claim"],
        "Paper": shown["Printed"],
        "Ours": judged["ours"].map(lambda value: "" if np.isnan(value) else f"{value:,.6g}"),
        "Verdict": judged["verdict"].str.cat(judged["note"], sep=": ").str.removesuffix(": "),
    }
)
Table(verdicts, "verdicts", words=("Benchmark", "Claim", "Verdict"))

# %% [markdown]
# Where the published figures of this page come from:

# %% tags=["hide-input"]
runs = book.groupby("scale", sort=False).agg(
    Figures=("value", "size"),
    Seconds=("seconds", "sum"),
    Seeds=("seed", lambda seeds: ", ".join(map(str, sorted(set(seeds))))),
    Device=("device", "first"),
    Version=("version", "first"),
    Job=("job", "first"),
)
runs["Seconds"] = runs["Seconds"].map("{:.0f}".format)
runs = runs.T.rename_axis("", axis="index").rename_axis(None, axis="columns").reset_index()
Table(runs, "runs", words=tuple(runs))

# %% [markdown]
# ## Where we had to choose
#
# - **Whose accuracies.** The original archives of NAS-Bench-101 and 201 are large files on drives
#   that come and go. We read public copies of the same figures, pinned by checksum, and test them
#   against the constants above. [](../book/data.md) names each.
# - **NAS-Bench-101 has no order.** The public accuracies come without architectures. We enumerate
#   all cells, hash each as the benchmark does and sort by hash. The parameter counts then match
#   at every position.
# - **NAS-Bench-301** here means {glue:text}`nb301` random cells with the predictions of the
#   benchmark's own surrogate. It also trained thousands of cells whose accuracies are not public
#   in this form; for those there is only an approximation of the surrogate, and the table says so
#   in its name.
# - **Noise of NAS-Bench-201.** Seeds are not public, but isomorphic cells were trained apart. Their
#   difference is the noise of the published means. Classes with several members are simpler than
#   most, so this is a guide, not an exact figure.
# - **The ceiling** for two measurements assumes normal values and equal noise. For NB201-Digits,
#   with three seeds a cell, we simulate instead: `nasutils.metrics.seed_reliability`.
#
# ## What surprised us
#
# - **Depth nearly decides among sub-nets.** On the Once-for-All rows, counting blocks ranks well. A
#   high $\tau$ on these rows is no achievement in itself.
# - **Dead cells matter less than one would think.** Through {glue:text}`dead` of the
#   NAS-Bench-201 cells no signal passes, and they drag the mean accuracy down. Yet leaving them
#   out moves the $\tau$ of counting parameters only from {glue:text}`params-all` to
#   {glue:text}`params-alive`. What moves it is leaving out the easy half: among the better half
#   of the cells it is {glue:text}`params-better`.
# - **A teacher turns the order round.** A hundred AutoFormer networks were trained both with and
#   without a teacher. The two accuracies have $\tau$ = {glue:text}`teacher`. Width has
#   {glue:text}`width-alone` without a teacher and {glue:text}`width-taught` with one. Say which
#   column you rank by.
#
# ## Exercises
#
# Cells of the solutions use what this page has already loaded.
#
# ```{exercise}
# :label: ex-tie
#
# **By hand.** Five cells score 1, 2, 2, 3, 4 and have accuracies 60, 70, 65, 90, 80 %. Count
# concordant, discordant and tied pairs. What is $\tau_b$? What would $(C-D)/P$ give?
# ```
#
# ````{solution-start} ex-tie
# :class: dropdown
# ````
#
# Ten pairs. The second and third cell tie in the score. Of the other nine only the last two cells
# are discordant, so $C = 8$, $D = 1$, $T_x = 1$, $T_y = 0$.

# %%
by_hand = (8 - 1) / np.sqrt((10 - 1) * (10 - 0))
by_pairs = tau_by_pairs([1, 2, 2, 3, 4], [60, 70, 65, 90, 80])
assert np.isclose(by_hand, by_pairs)
print(f"tau-b {by_pairs:.3f}; without the correction {(8 - 1) / 10:.3f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# ```{exercise}
# :label: ex-linear
#
# **A predictor to beat.** Fit a linear regression from a cell's five operation counts to its
# accuracy, on 50 random cells. What $\tau$ does it reach on all the others? Compare with counting
# parameters.
# ```
#
# ````{solution-start} ex-linear
# :class: dropdown
# ````
#
# The counts sum to six, so the solution is not unique; a least-squares solver copes. Do not
# expect much more than the count of parameters gives. Fifty cells are few, and at `bench` a
# single dead cell among them, at 10 %, pulls at the fit: a squared error cares more about one
# outlier than about the order of all others.

# %%
train = cells.sample(50, random_state=seed)
rest = cells.drop(train.index)
counts_of = ["conv3x3", "conv1x1", "pool", "skip", "none"]
weights, *_ = np.linalg.lstsq(train[counts_of], train["accuracy"])
linear = kendall_tau(rest[counts_of] @ weights, rest["accuracy"])
params_alone = kendall_tau(rest["params"], rest["accuracy"])
print(f"linear regression {linear:.2f}, parameters {params_alone:.2f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# ```{exercise}
# :label: ex-ceiling
#
# **More seeds.** Two measurements agree to $\tau$ = .6. What is the ceiling for a predictor
# judged by one measurement? And if each label is a mean of three? (For correlations, the mean of
# $k$ measurements has reliability $kr / (1 + (k - 1) r)$.)
# ```
#
# ````{solution-start} ex-ceiling
# :class: dropdown
# ````
#
# Turn $\tau$ into $r$, apply the formula, and turn back.

# %%
r = np.sin(np.pi * 0.6 / 2)
tau_of_means = 2 / np.pi * np.arcsin(3 * r / (1 + 2 * r))
one, three = ceiling_from_reliability(0.6), ceiling_from_reliability(tau_of_means)
assert one < three < 1
print(f"one measurement: {one:.2f}; mean of three: {three:.2f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# ```{exercise}
# :label: ex-top
#
# **Cheap first, then careful.** A search sorts all cells by parameters, trains the first *k* and
# keeps the best by validation accuracy. How much test accuracy is lost after 1, 3, 10, 30
# trainings? And how much by random search?
# ```
#
# ````{solution-start} ex-top
# :class: dropdown
# ````
#
# Random search is an average over many orders.

# %%
trials = (1, 3, 10, 30)


def loss_after(order: np.ndarray, k: int) -> float:
    """Return the test accuracy lost by the best by validation among the first k of an order."""
    tried = cells.iloc[order[:k]]
    return truth.max() - tried.loc[tried["valid"].idxmax(), "accuracy"]


by_size = np.argsort(-cells["params"].to_numpy(), kind="stable")
chance = np.random.default_rng(seed)
orders = [chance.permutation(len(cells)) for _ in range(200)]
pd.DataFrame(
    {
        "largest first": [loss_after(by_size, k) for k in trials],
        "random search": [np.mean([loss_after(order, k) for order in orders]) for k in trials],
    },
    index=pd.Index(trials, name="trainings"),
).round(2)

# %% [markdown]
# ````{solution-end}
# ````
#
# ```{exercise}
# :label: ex-sample
#
# **How many cells?** You want $\tau$ to within .05 either way, 95 times in 100. Use the band of the
# figure on small samples: its half-width falls like $1/\sqrt n$. Which *n* is enough?
# ```
#
# ````{solution-start} ex-sample
# :class: dropdown
# ````
#
# Scale the half-width of a size where it is small enough to be symmetric.

# %%
n = 20
half_width = (band.loc[n, "tau_high"] - band.loc[n, "tau_low"]) / 2
enough = n * (half_width / 0.05) ** 2
print(f"half-width {half_width:.2f} at n = {n}, so about {enough:.0f} cells")

# %% [markdown]
# ````{solution-end}
# ````
#
# (rerun)=
# ## How to rerun it
#
# ```bash
# # this page
# nasutils run benchmarks
#
# # other random samples
# nasutils run benchmarks -p seed=3
#
# # the published figures: run both scales, then put them into the book
# nasutils batch benchmarks_demo
# nasutils batch benchmarks_bench
# nasutils publish benchmarks_demo benchmarks_bench
# ```
#
# At `demo` nothing is downloaded. At `bench` the public files are fetched once, or read from a
# [mirror](../book/how_to_rerun.md).
