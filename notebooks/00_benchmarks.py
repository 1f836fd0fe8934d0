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
# correlation says and leaves out. Every later chapter is judged by these tables, and by Kendall's
# $\tau$ or Spearman's $\rho$, so it pays to know them.
#
# Two kinds of figures alternate. **Live** figures are computed on this page, from NB201-Digits, the
# small benchmark that comes with the package. **Published** figures come from all tables. The same
# cells of this notebook made them, at `scale="bench"` for the real tables. [](#rerun) has the
# commands.
#
# **Which accuracy.** Where a figure of this page is set against accuracy, that is the accuracy that
# judges in later chapters. On NAS-Bench-101, NAS-Bench-201 and NB201-Digits it is the mean test
# accuracy of a cell over its trainings, over all cells of the table. On NAS-Bench-301 it is the
# validation accuracy that the benchmark's own surrogate predicts, for 1,218 cells; on the
# Once-for-All rows top-1 with inherited weights; on AutoFormer's the accuracy after training with a
# teacher.

# %% tags=["parameters"]
scale: str = "demo"  # demo, bench or paper (which is as bench here)
seed: int = 0  # the first of three seeds of the random samples
part: str = "all"  # one experiment, like "noise"
benchmark: str = ""  # one benchmark, like "nb101-test"; all where empty
out: str = ""  # the job's folder, set by nasutils

# %% tags=["hide-input"]
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from nasutils.benchmarks import experiments
from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.repeats import repeated_measurements
from nasutils.benchmarks.summaries import (
    frame_of,
    histogram,
    shuffled,
    tau_of_samples,
)
from nasutils.data import load_table
from nasutils.digits.query import query
from nasutils.digits.task import cell_order
from nasutils.errors import ArchitectureError
from nasutils.metrics import bootstrap_interval, kendall_tau
from nasutils.metrics.kendall import (
    ceiling_from_reliability,
    normals_with_tau,
    tau_by_pairs,
)
from nasutils.metrics.selection import pareto_front
from nasutils.report import (
    PALETTE,
    PublishedResults,
    claims_table,
    figure_size,
    glue,
    looks,
    use_style,
)
from nasutils.report import benchmark_figures as figures
from nasutils.report import benchmark_tables as tables
from nasutils.report.benchmark_claims import benchmark_claims
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.study.run import Run

use_style()
rng = np.random.default_rng(seed)

# %%
run = Run(
    "benchmarks", experiments,
    scale=scale, seed=seed, part=part, benchmark=benchmark, out=out,
)  # fmt: skip
results = PublishedResults("benchmarks", ("demo", "bench"))
live = experiments.live_benchmark(run)
cells = frame_of(live)  # accuracy, costs and counts of operations
cells.head(3)

# %% [markdown]
# ## What the papers claim
#
# A benchmark paper makes simple claims: so many architectures, the best of them so good. That makes
# it a good first test of our copies of the tables. These are the claims we check. The verdicts are
# [further down](#verdicts).

# %%
tables.table_of_claims()

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

# %% mystnb={"image": {"alt": "Six cells drawn as graphs of four nodes"}}
alive = [i for i, cell in enumerate(live.architectures) if cell.is_connected]
ranked = sorted(alive, key=lambda i: live.test_accuracy[i])
figures.draw_cells(live, {"best": ranked[:-4:-1], "worst": ranked[:3]})

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

# %%
run.do(experiments.sizes)
tables.overview(results)

# %% tags=["remove-cell"]
tables.glue_sentences(results)

# %% [markdown]
# {.caption-text}
# Published. The range of accuracies. All are test accuracies, except for NAS-Bench-301 (validation
# accuracy that its surrogate predicts), OFA (top-1 with inherited weights) and AutoFormer (after
# training with a teacher).
#
# ### Most architectures are good

# %% mystnb={"image": {"alt": "Histogram of test accuracies"}}
_, ax = plt.subplots(figsize=figure_size(0.75, 0.5))
shares = histogram(cells["accuracy"], live.window)
figures.draw_histogram(ax, shares, live.window)
ax.axvline(cells["accuracy"].median(), color="0.15", ls="--", lw=1.2)
ax.set(xlabel=f"{live.measure} (%)", ylabel="share of cells (%)")
plt.show()

# %% [markdown]
# {.caption-text}
# Live. How the test accuracies of the cells are distributed. Dashed: the median.

# %% mystnb={"image": {"alt": "Histograms of accuracy, one panel a benchmark"}}
figures.draw_distributions(results)

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
best = live.table.loc[live.test_accuracy.argmax()]
print(best["arch"].replace("+", "\n+"))

# %%
cell = NASBench201Cell.from_string(best["arch"])
cell.ops

# %%
[place] = np.flatnonzero(live.table["arch"] == str(cell))
tables.table_of_row(live, place)

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
# lacks is trained on the spot, and the answer says so. On another processor the answer can differ
# by tenths of a point, since rounding grows over the steps of a training. Two seeds differ by more.
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

# %% mystnb={"image": {"alt": "Median accuracy over operations and depth"}}
figures.draw_operations(cells)

# %% [markdown]
# {.caption-text}
# Live. Median test accuracy of the cells that have an operation so many times (left), and by
# depth: the convolutions on the longest way from input to output (right). Points of fewer than 10
# cells are left out.

# %% mystnb={"image": {"alt": "Median accuracy over operations, three tables"}}
run.do(experiments.features)
spaces = ("nb101-test", "nb201-c10", "nb301-surrogate")
figures.draw_published_operations(results, spaces)

# %% [markdown]
# {.caption-text}
# Published. The same for the real cell-based tables: median test accuracy (%) over the number of
# times an operation occurs in a cell (DARTS: in both cells, and the surrogate's predictions).

# %% mystnb={"image": {"alt": "Median accuracy over depth, five tables"}}
figures.draw_published_depth(results)

# %% [markdown]
# {.caption-text}
# Published. Median accuracy (%) over depth: convolutions in a row for cells, blocks for
# MobileNetV3, layers for vision transformers.
#
# One number, known before any training, already ranks. How well? The next figure gives Kendall's
# $\tau$ between each such number and accuracy. It says how far the order by that number agrees with
# the order by accuracy: 1 is the same, 0 no relation, -1 reversed. [](#rank-correlation) takes it
# apart.

# %% mystnb={"image": {"alt": "Kendall's tau of features, by benchmark"}}
figures.draw_feature_taus(results)

# %% [markdown]
# {.caption-text}
# Published. Kendall's tau between a number that is known before training and accuracy, over all
# architectures of a table.

# %% [markdown]
# This is the bar for every predictor in this book. On the Once-for-All rows, *counting blocks*
# ranks at $\tau$ = {glue:text}`depth-mbv3`. On NAS-Bench-201, counting parameters gives
# {glue:text}`params-nb201-c10`. A learnt predictor has to beat such a count to have learnt
# anything.
#
# The spaces also disagree. In NAS-Bench-101, depth says little ({glue:text}`depth-nb101`),
# among DARTS cells next to nothing ({glue:text}`depth-nb301`). What holds in one space need not
# hold in the next, which is what the chapter on transfer is about.
#
# ## The same cell twice: noise
#
# Train a cell again with another seed and its accuracy changes. So the table's order is not quite
# the true order.

# %% mystnb={"image": {"alt": "Scatter plots of repeated measurements"}}
repeats = repeated_measurements(live.id, rng)
low, high = np.quantile(repeats, [0.02, 1])
dots = {"s": 6, "alpha": 0.5, "linewidths": 0}
_, (left, right) = plt.subplots(1, 2, figsize=figure_size(aspect=0.46))
left.plot([low, high], [low, high], color="0.6", lw=1, ls="--")
left.scatter(repeats[:, 0], repeats[:, 1], **dots)
right.scatter(repeats.mean(1), repeats.std(1, ddof=1), **dots)
left.set(xlabel="one training (%)", ylabel="another (%)", ylim=(low, high))
right.set(xlabel="mean (%)", ylabel="standard deviation (points)")
plt.setp((left, right), xlim=(low, high))
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

# %%
run.do(experiments.noise)
tables.table_of_noise(results)

# %% [markdown]
# {.caption-text}
# Published. Noise: standard deviation of one measurement, in points; that of NAS-Bench-101 is
# large because a few of its trainings diverged. Reliability is Kendall's
# $\tau$ between two measurements of the cells, also among the better half by their mean; the
# ceiling is that of the table's labels. NB201-Digits: pairs of seeds. NAS-Bench-101 and
# NAS-Bench-201 on CIFAR-10: the cells of which three trainings are public. On CIFAR-100 and
# ImageNet16-120: random pairs of isomorphic cells, three draws; each accuracy is the benchmark's
# own mean over its seeds.
#
# On the real tables reliability is high, since it is easy to tell a poor cell from a good one. Look
# at the better half, where searches end: there the labels are far less sure of their order. A
# method that ranks the very best cells perfectly ranks noise. On NB201-Digits, which trains for
# seconds, the reliability is far lower, and so is the ceiling. Read every demo figure against it.
#
# ### What $\tau$ can be reached?
#
# A predictor learns some accuracy and is judged by another: one training's validation accuracy
# against the mean test accuracy, for most papers. How well does the first rank the second? No
# predictor of it can be trusted to do better for long. The next table also has what people learn
# because it is cheaper: fewer epochs, and weights inherited from a super-net.

# %%
run.do(experiments.ceilings)
tables.table_of_ceilings(results)

# %% [markdown]
# {.caption-text}
# Published. How well an accuracy ranks the mean test accuracy, over all cells that have it and
# among the 1,000 of them that are truly best; and how far the cell that it ranks first falls short
# of the best. A single seed of NAS-Bench-201 is judged by the mean of two others.
#
# A predictor that learns a noisy label can still pass its label: the errors of many cells average
# out. But a predictor at the $\tau$ of its labels has learnt all that a lookup would have told. On
# NAS-Bench-101, training for a third of the epochs costs a third and loses a lot of the order.
# Inherited weights on NAS-Bench-201 lose more than twelve epochs do, and among the best cells they
# rank against the truth.
#
# ## Validation against test
#
# A search must choose by **validation** accuracy and may report **test** accuracy only once, at the
# end. How much is lost by that?

# %% mystnb={"image": {"alt": "Validation against test accuracy"}}
figures.draw_validation(cells)

# %%
run.do(experiments.validation)
chosen = cells["valid"].idxmax()
regret = cells["accuracy"].max() - cells["accuracy"][chosen]
glue("regret", f"{regret:.2f}")

# %% [markdown]
# {.caption-text}
# Live. Square: the cell that is best by validation. Circle: the cell that is best by test.
#
# Over all cells the two agree well. Among the best they agree much less, here and on the real
# tables. What does it cost to choose by validation? Here {glue:text}`regret` points of test
# accuracy. On NAS-Bench-201 {glue:text}`regret-nb201-c10` (CIFAR-10),
# {glue:text}`regret-nb201-c100` (CIFAR-100) and {glue:text}`regret-nb201-in16` points
# (ImageNet16-120). A weak ranking at the top can be cheap, because the top is flat.

# %% mystnb={"image": {"alt": "Kendall's tau within ever smaller shares"}}
taus = results.pivot("validation", "kendall_tau").iloc[::-1]
_, ax = plt.subplots(figsize=figure_size(0.75, 0.55))
for name, look in looks(taus).items():
    title = get_benchmark(name).title
    ax.plot(taus.index, taus[name], label=title, markersize=5, **look)
ax.set(ylim=(0, 1), xlabel="which cells", ylabel=r"$\tau$ with test accuracy")
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

# %% mystnb={"image": {"alt": "Accuracy over FLOPs, with the Pareto front"}}
front = cells.iloc[pareto_front(cells[live.cost], cells["accuracy"])]
line = front[live.cost], front["accuracy"]
_, ax = plt.subplots(figsize=figure_size(0.85, 0.55))
ax.scatter(cells[live.cost], cells["accuracy"], s=6, color="0.72", lw=0)
ax.step(*line, where="post", color=PALETTE[0], label="Pareto front")
ax.scatter(*line, s=22, color=PALETTE[0], zorder=3)
ax.set(xlabel="multiply-adds of one image (M)", ylabel="test accuracy (%)")
ax.set_ylim(cells["accuracy"].quantile(0.02), None)
ax.legend()
plt.show()

# %% tags=["remove-cell"]
glue("front", str(len(front)))
glue("dominated", f"{100 * (1 - len(front) / len(cells)):.1f} %")

# %% mystnb={"image": {"alt": "Best and median accuracy over cost"}}
run.do(experiments.cost)
figures.draw_costs(results)

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

# %% mystnb={"image": {"alt": "Two rankings of five cells, and the ten pairs"}}
unlike = cells.drop_duplicates("params")
for attempt in range(100):  # until neither all nor none are in order
    five = unlike.sample(5, random_state=seed + attempt).sort_values("params")
    if 0.2 <= tau_by_pairs(five["params"], five["accuracy"]) <= 0.6:
        break

pair = five["params"], five["accuracy"]
_, (left, right) = plt.subplots(1, 2, figsize=figure_size(aspect=0.42))
figures.draw_slopes(left, *pair, "ABCDE")
left.set_xticks([0, 1], ["by parameters", "by accuracy"])
figures.draw_pairs(right, *pair, "ABCDE")
plt.show()

# %% tags=["remove-cell"]
accuracy = five["accuracy"].to_numpy()  # of the smallest cell first
ordered = accuracy[:, None] < accuracy  # rows: the smaller cell of a pair
concordant = np.triu(ordered, k=1).sum()
glue("concordant", str(concordant))
glue("discordant", str(10 - concordant))
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

# %% mystnb={"image": {"alt": "Four scatter plots of ranks at growing tau"}}
clouds = {}
for tau in (0.2, 0.4, 0.6, 0.8):
    clouds[f"$\\tau$ = {tau:g}"] = normals_with_tau(tau, 400, rng).T
figures.draw_rankings(clouds, aspect=0.3)

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

# %% mystnb={"image": {"alt": "Spearman over Kendall, and the ceiling curve"}}
figures.draw_correlations(results)

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

# %% mystnb={"image": {"alt": "Two rankings with the same tau"}}
run.do(experiments.top)
truth = live.test_accuracy
upper = truth >= np.median(truth)
parts = {"worse half shuffled": ~upper, "better half shuffled": upper}
rankings = {name: shuffled(truth, part, rng) for name, part in parts.items()}
both = {name: (scores, truth) for name, scores in rankings.items()}
figures.draw_rankings(both, aspect=0.48)

# %%
tables.table_of_top(results)

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

# %% mystnb={"image": {"alt": "Range of tau over sample size, and intervals"}}
band = run.do(experiments.samples)
singles = {}
for n in experiments.SAMPLE_SIZES[1:]:
    if n > len(cells) / 2:
        break
    one = cells.sample(n, random_state=seed)
    pair = one["valid"], one["accuracy"]
    interval = bootstrap_interval(*pair, rng=rng, resamples=500)
    singles[n] = kendall_tau(*pair), interval
if band is not None:
    tau = kendall_tau(cells["valid"], cells["accuracy"])
    figures.draw_samples(band, tau, singles, results)

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
# :start-at: draws = stats
# :dedent: 4
# ```

# %% tags=["remove-cell"]
for each in (experiments.dead, experiments.teacher, experiments.agreement):
    run.do(each)

# %% [markdown]
# ### One cell, four data sets
#
# Does a cell that is good on one data set do well on the next? Then a search on small images would
# serve for large ones.

# %% mystnb={"image": {"alt": "Kendall's tau between four data sets"}}
figures.draw_agreement(results)

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

# %%
claims_table(benchmark_claims(results))

# %% [markdown]
# Where the published figures of this page come from:

# %%
results.sources()

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
#   benchmark's own surrogate. It also trained thousands of cells whose accuracies are not public in
#   this form. For those, and for any other cell, there is a public approximation of the surrogate,
#   and its benchmarks say so in their names. It has $\tau$ = .735 with the surrogate and is about
#   1.3 points too high. So chapters that use it find cells of 95 % and more, where the best of the
#   1,218 has 94.5 %.
# - **Noise of NAS-Bench-201.** On CIFAR-100 and ImageNet16-120 the seeds are not public, but
#   isomorphic cells were trained apart. Their difference is the noise of the published means.
#   Classes with several members are simpler than most, so this is a guide, not an exact figure.
# - **The ceiling** assumes normal values and equal noise. For NB201-Digits, with three seeds a
#   cell, we simulate instead: `nasutils.metrics.seed_reliability`.
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
one = ceiling_from_reliability(0.6)
three = ceiling_from_reliability(tau_of_means)
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
# Random search is an average over many orders, and that loses less with every training. A single
# order need not. On the digits, largest first loses more after 30 trainings than after 10: among
# the twenty that come later, one is best by validation and worse by test. After 30 trainings it is
# no better than random search.

# %%
trials = (1, 3, 10, 30)


def loss_after(order: np.ndarray, k: int) -> float:
    """Return the test accuracy lost by validation among the first k."""
    tried = cells.iloc[order[:k]]
    return truth.max() - tried.loc[tried["valid"].idxmax(), "accuracy"]


by_size = np.argsort(-cells["params"].to_numpy(), kind="stable")
chance = np.random.default_rng(seed)
orders = [chance.permutation(len(cells)) for _ in range(200)]
losses = pd.DataFrame(index=pd.Index(trials, name="trainings"))
losses["largest first"] = [loss_after(by_size, k) for k in trials]
by_chance = [[loss_after(order, k) for order in orders] for k in trials]
losses["random search"] = np.mean(by_chance, axis=1)
assert losses["random search"].is_monotonic_decreasing
if scale == "demo":  # the digits, of which the text speaks
    assert losses["largest first"][30] > losses["largest first"][10]
    assert losses["largest first"][10] < losses["random search"][10]
losses.round(2)

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
draws = tau_of_samples(cells, "valid", n, np.random.default_rng(seed))
low, high = np.percentile(draws, [2.5, 97.5])
half_width = (high - low) / 2
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
