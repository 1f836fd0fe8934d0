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
# # Hierarchical generation: write the network down
#
# {.lead}
# A space of $10^{390}$ networks is too large to search. So this paper learns to write networks: one
# generator invents cells, another strings families of cells together.
#
# You will learn how a graph becomes a point and a point a graph; how a flow turns noise into
# points of a wanted kind, and what its density is; how a transformer writes an architecture to
# order; and how to tell whether a generator does what it is told. The paper is
# {cite:t}`xiang2024hierarchical`.
#
# **Live** figures are computed on this page, on small cells scored with images of digits.
# **Published** ones come from the same experiments at `scale="bench"`.

# %% tags=["parameters"]
scale: str = "demo"  # demo, bench or paper
seed: int = 0  # of the cells, the networks and the draws
part: str = "all"  # latents, sampling, ..., cost; accuracy, reduced
out: str = ""  # the job's folder, set by nasutils

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch.distributions import MultivariateNormal

from nasutils.methods.generative import experiments, tables
from nasutils.methods.generative.ccnf import CCNF, Solver
from nasutils.methods.generative.clusters import Clusters
from nasutils.methods.generative.generator import cell_size
from nasutils.methods.generative.gvae import Weights, triplet_margin
from nasutils.methods.generative.sequences import SequenceGenerator
from nasutils.report import (
    PALETTE,
    PublishedResults,
    claims_table,
    figure_size,
    glue,
    glue_figures,
    paper_table,
    use_style,
)
from nasutils.report.embeddings import draw_by_group
from nasutils.report.graphnet_drawing import draw_graphnet_cell
from nasutils.report.schematic import draw_flow
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.study.run import Run

use_style()
run = Run("generative", experiments, scale=scale, seed=seed, part=part, out=out)
results = PublishedResults("generative")
glue_figures(results, tables.SENTENCES)
steps = experiments.make_pipeline(run)

# %% [markdown]
# ## What the paper claims
#
# 1. Proxies that need no training, taken as a vector, sort cells into families. An auto-encoder
#    whose latent space is shaped by them keeps these families together (Figure 2).
# 2. A flow that is conditioned on the vector draws cells like a given one: all valid, and better
#    than what noise around it gives (Table 1).
# 3. In a space this large, plain evolution gets worse. Evolution over families needs a 24th of the
#    questions and finds more, and a transformer trained on its history needs a hundred (Table 2).
# 4. The networks compete on ImageNet (Table 3) and on eight tasks of NAS-Bench-360 (Table 4).
#
# The verdicts are [further down](#generative-verdicts).
#
# ## The idea in one picture

# %% tags=["hide-input"] mystnb={"image": {"alt": "Boxes from proxies to a network"}}
_, ax = plt.subplots(figsize=figure_size(aspect=0.3))
draw_flow(
    ax,
    ["wanted size", "transformer", "families", "flow", "latent\ncells", "decoder", "network"],
    plain={"wanted size", "families", "latent\ncells", "network"},
)
plt.show()

# %% [markdown]
# {.caption-text}
# A transformer writes, for a wanted size, a sequence of families of cells with their channels and
# strides. A flow turns each family into a point of a latent space, and a decoder the point into a
# cell.
#
# ## The space: GraphNet
#
# A cell is a graph of up to six operations, each one of 28: nine types with kernels of 1, 3 or 5,
# and the skip connection. Every vertex sums what enters it. A network is a sequence of up to 20
# cells, each with its channels and its stride.

# %% mystnb={"image": {"alt": "Three random cells, drawn"}}
rng = np.random.default_rng(seed)
_, axes = plt.subplots(3, 1, figsize=figure_size(aspect=0.7))
for ax in axes:
    cell = GraphNetCell.random(rng)
    params, flops = cell_size(cell)
    draw_graphnet_cell(ax, cell, f"{params:.2f} M, {flops:.0f} M")
    print(cell)
plt.show()

# %% [markdown]
# {.caption-text}
# Live. Random cells, with parameters and FLOPs of the network that stacks a cell 17 times (Eqs. 1
# and 2). They are counted without building anything.
#
# ## Families of cells
#
# For each cell the paper takes four numbers that need no training: SNIP-SSNR, NASWOT, parameters
# and FLOPs, the vector $z(x)$. The [reference](../book/proxies.md) has them as equations. Cells
# with similar vectors are **synonyms**: they should train to similar accuracies.
#
# A mixture of Gaussians finds the families (Eq. 3). How many? The paper lets "plateauing Bayesian
# and Akaike information criterions" decide. Ours is the smallest number by which both have made
# 95 % of their fall.

# %%
clusters = steps.clusters
print(len(clusters), "families of", steps.trained_on, "cells")
centres = clusters.unscale(clusters.means).sort_values("params")
centres.round(2).head(4)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Criteria falling, and families in a plane"}}
_, axes = plt.subplots(1, 2, figsize=figure_size(aspect=0.42))
for i, (name, values) in enumerate(clusters.criteria.items()):
    axes[0].plot(values, marker="so"[i], color=PALETTE[2 * i], label=name.upper())
axes[0].axvline(len(clusters), color="0.6", linestyle=":")
axes[0].set(xlabel="families", ylabel="criterion")
axes[0].legend()
groups = clusters.assign(steps.vectors)
axes[1].scatter(steps.pool["params"], steps.pool["nwot"], c=groups, cmap="tab20", s=10)
axes[1].set(xscale="log", xlabel="parameters (M)", ylabel="NASWOT")
glue("generative-families", len(clusters))
plt.show()

# %% [markdown]
# {.caption-text}
# Live. Left: both criteria by the number of families; the dotted line is the choice,
# {glue:text}`generative-families` families. Right: the labelled cells, coloured by family.
#
# ## From graphs to points
#
# The auto-encoder reads a cell as a graph, with four graph convolutions, and writes mean and
# variance of a Gaussian over 256 latent dimensions. Two small decoders give back all edges and
# operations at once. Its loss has four terms (Eqs. 4 and 5):
#
# $$
# \mathcal{L} = \underbrace{-\log p(x \mid f)}_{\text{reconstruction}}
# + \underbrace{\mathrm{KL}}_{\text{prior}}
# + \underbrace{\max\{d(x,a)^2 - d(x,b)^2 + m, 0\}}_{\text{triplet}}
# + \underbrace{(q(f) - z)^2}_{\text{predictor}} .
# $$
#
# The triplet term pulls a cell $a$ with a similar vector towards the anchor $x$, and pushes one
# with another vector, $b$, away. It is zero as soon as $b$ is farther by the margin $m$. By hand:

# %%
vectors = torch.tensor([[0.0], [0.5], [10.0]])  # the first two are alike
latents = torch.tensor([[0.0], [2.0], [1.0]])
weights = Weights(margin=0.1)
anchors = [4 - 1 + 0.1, 4 - 1 + 0.1]  # 1 is 2 away from 0, and 2 only 1
assert np.isclose(triplet_margin(latents, vectors, weights), np.mean(anchors))

# %% [markdown]
# Only cells with a vector have the last two terms. All others, and there are many more, only have
# to be reconstructed: the training is semi-supervised.

# %%
compared = run.do(experiments.latents, steps=steps)
tables.live(compared, "latents")

# %% [markdown]
# {.caption-text}
# Live. Reconstruction of cells that no network has seen. Of labelled cells that were held out: how
# often the ten nearest labelled latents are of their family; Spearman's $\rho$ between latent and
# proxy distances, and between predicted and true proxies. The naive one has a predictor that nobody
# trained.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two latent spaces, families coloured"}}
if compared is not None:
    models = {"naive": steps.naive, "triplet and predictor": steps.gvae}
    some = groups[:1000]
    planes = {name: model.embed(steps.labelled_cells[:1000]) for name, model in models.items()}
    shown = np.isin(some, pd.Series(some).value_counts().index[:4])
    draw_by_group(
        {name: plane.numpy()[shown] for name, plane in planes.items()},
        [f"family {group}" for group in some[shown]],
    )
    plt.show()

# %% [markdown]
# {.caption-text}
# Live. t-SNE of the latents of the four largest families: our counterpart of Figure 2 (b) and (c).

# %%
tables.published(results, "figure2")

# %%
tables.published(results, "reconstruction")

# %% [markdown]
# {.caption-text}
# Published. The same at `bench`, with {glue:text}`families` families; drawn blindly, a neighbour
# would be of the same one in {glue:text}`chance` % of cases.
#
# Labels sort the latent space, but not by the triplet term alone: a predictor is enough for most of
# the gain in shared families. What the triplet term adds is agreement of distances. And a naive
# space is not blind: alike graphs have alike vectors.
#
# ## From noise to points of a kind
#
# A **continuous normalizing flow** moves points along a velocity field $g$ that a network gives.
# Start at noise $u_0$, follow the field for a time $T$, arrive at a latent cell (Eq. 9):
#
# $$
# u_T = u_0 + \int_0^T g(u_t, t, z) \, dt .
# $$
#
# The field knows the vector $z$ of the cell that is wanted. Run backwards, the flow takes any cell
# to its noise, and since the volume changes at the rate of the trace of the Jacobian, the density
# of a cell is known exactly (Eq. 6):
#
# $$
# \log p(u_T) = \log p(u_0) - \int_0^T \operatorname{Tr} \frac{\partial g}{\partial u} \, dt .
# $$
#
# Does it hold? Take a linear field $g(u) = A u$. A Gaussian stays a Gaussian, with covariance
# $e^{AT} e^{A^\top T}$.


# %%
class LinearField(torch.nn.Module):
    def forward(self, t, u, condition, directions):
        return u @ matrix.mT, directions @ matrix.mT


matrix = torch.tensor([[0.4, -0.9], [0.7, 0.1]])
flow = CCNF(2, 1, hidden=4, layers=1).eval()
flow.dynamics = LinearField()
x, nothing = torch.tensor([[0.3, -1.2]]), torch.zeros(1, 1)
through = torch.linalg.matrix_exp(matrix * flow.end_time.detach())
covariance = through @ through.mT

# %%
normal = MultivariateNormal(torch.zeros(2), covariance)
exactly = {"exact": True, "solver": Solver(tolerance=1e-6)}
ours = flow.log_prob(x, nothing, **exactly).item()
print(f"flow {ours:.3f}, closed form {normal.log_prob(x).item():.3f}")

# %% [markdown]
# The trace of a network of 256 dimensions is dear, so Hutchinson's estimate takes its place:
# $\operatorname{Tr} J = \mathbb{E}\, e^\top J e$ for random signs $e$, drawn once for each cell. A
# product $J e$ needs no second pass. Each layer hands on a value and its derivative along $e$, both
# at once:
#
# ```{literalinclude} ../nasutils/methods/generative/ccnf.py
# :language: python
# :pyobject: ConcatSquash.forward
# :start-at: gate =
# :dedent: 8
# ```
#
# The flow is trained on the latents of all cells, with the vector that the predictor gives for
# each. Now draw around a reference: the best cell of NAS-Bench-201, in our space.

# %%
sampled = run.do(experiments.sampling, steps=steps)
tables.live(sampled, "sampling")

# %% [markdown]
# {.caption-text}
# Live. Twenty cells each: from the prior, from noise around the reference's latent, and from the
# flow given its vector. Means over valid cells; the distance is between scaled proxy vectors.
#
# Look at the last column before you believe in the flow. Noise around a latent stays near the
# reference by construction. The flow starts anywhere, and only knows the four numbers: after the
# seconds of training on this page its cells may well be **farther** from the reference's vector
# than the neighbourhood's. Hence two controls that the paper lacks: cells drawn uniformly, which
# the flow beats if the condition does anything, and Gaussian noise that goes as far in the latent
# space as the flow's samples are, which it beats if it knows where to go.

# %%
paper_table("generative", "table1", beside={"cifar10": "c10"})

# %% [markdown]
# At `bench` the flow's cells are {glue:text}`distance-ccnf` from the reference's vector, and with
# less noise {glue:text}`distance-narrow`; uniform cells are {glue:text}`distance-uniform` away. So
# the condition steers. But Gaussian noise that goes as far is {glue:text}`distance-as-far` away,
# and the paper's neighbourhood {glue:text}`distance-neighbourhood`: without any flow. And of the
# flow's samples {glue:text}`valid-ccnf` % decode to valid cells, where the paper has all twenty.
# Its training was short. The loss was still falling.

# %% [markdown]
# ## Writing architectures
#
# A cell of a sequence is three tokens: its family, its channels, its stride. A small transformer
# of the GPT-Neo family predicts them one by one (Eq. 10). In front stand the conditions,
# parameters and FLOPs, each dropped at random in training, so that one can ask for one of them
# alone. At each position only tokens that may stand there are drawn: whatever it writes is an
# architecture.

# %% tags=["nbval-ignore-output"]
if run.selects(experiments.obey):
    generator = torch.Generator().manual_seed(seed)
    (design,) = steps.sequences.generate({"params": 0.5}, 1, generator)
    for family, channels, stride in design:
        print(f"family {family}, {channels} channels, stride {stride}")

# %% [markdown]
# Does it obey? We ask for sizes that it has not seen, and measure what comes.

# %%
obeyed = run.do(experiments.obey, steps=steps)
tables.obedience(obeyed)

# %% [markdown]
# {.caption-text}
# Live. Parameters and FLOPs (both in millions) that were asked for, and the medians of what came;
# valid, distinct and new among a hundred. Noise is the standard deviation at which the flow starts.
# Where a latent decodes to no valid cell, sizes are those of the nearest one.

# %%
tables.published(results, "obedience")

# %% [markdown]
# {.caption-text}
# Published. The same at `bench`; off by: the median factor between asked and generated, less one.
#
# They obey roughly. A cell is off by {glue:text}`off-loose` % of its parameters if the flow starts
# at full noise; less noise does not help, {glue:text}`off-cells` % at 0.4. An architecture is off
# by {glue:text}`off-architectures` %: a factor of two where 100 stands. To write a hundred takes
# {glue:text}`writing` seconds.
#
# ## Searching
#
# The fitness is T-CET, a proxy. HL-Evo (Algorithm 1) mutates families in its first half and keeps
# them in its second. The transformer learns from its history. Beside them stand random search, and
# plain evolution in a small part of the space: chains of operations.

# %%
searched = run.do(experiments.search, steps=steps)
tables.live(searched, "search")

# %% [markdown]
# {.caption-text}
# Live. The highest T-CET under a million parameters, and the mean of the ten highest. The budget of
# the page is tiny.

# %%
tables.published(results, "table2")

# %% [markdown]
# {.caption-text}
# Published. The same at `bench`; seconds are CPU time of all T-CETs.
#
# The order is the paper's. HL-Evo reaches {glue:text}`t-cet-hl-evo`, plain evolution
# {glue:text}`t-cet-evo`, and {glue:text}`t-cet-evo-chains` among chains alone. But random search,
# which the paper does not have, reaches {glue:text}`t-cet-random` with as many questions. T-CET is
# a sum over layers. Random sequences have up to twenty cells; HL-Evo starts with three and draws
# whole cells; plain evolution starts with three of one operation each, and adds the others singly.
# With so few questions, much of the order is where a search starts. The sequence generator has a
# tenth of the questions ({glue:text}`t-cet-written`).
#
# What do the networks train to?
# `part=accuracy` trains the best of each search, and cells of Table 1, for a short time;
# `part=reduced` searches by such trainings, as Appendix E does.

# %%
run.do(experiments.trained, steps=steps)
run.do(experiments.reduced, steps=steps)
tables.accuracies(results)

# %% [markdown]
# {.caption-text}
# Published. Test accuracy (%) after the short training of the networks with the highest T-CET.
#
# ## Other tasks
#
# The paper takes its generators to NAS-Bench-360, whose tasks are not public as tables. But 199
# cells of NAS-Bench-201, all in GraphNet too, were trained on three other tasks: gestures from
# muscle signals (NinaPro), house numbers (SVHN), and CIFAR-100 with its pixels scrambled. Suppose
# all proxies are measured on CIFAR-10. Which of them selects cells for the other tasks?

# %%
run.do(experiments.other_tasks, steps=steps)
tables.other_tasks(results)

# %% [markdown]
# {.caption-text}
# Published. Validation accuracy (%), mean of the ten cells that a score selects, and Spearman's
# $\rho$ of score and accuracy over all 199.
#
# It depends on the task. T-CET agrees with the accuracies on SVHN ({glue:text}`rho-svhn`), whose
# images are natural too, and not at all with those on NinaPro ({glue:text}`rho-ninapro`) and
# scrambled CIFAR-100 ({glue:text}`rho-scifar100`). There the cells that it selects are no better
# than the average cell: {glue:text}`chosen-ninapro` against {glue:text}`average-ninapro` %, and
# {glue:text}`chosen-scifar100` against {glue:text}`average-scifar100` %. Proxies that reward depth
# and width say little where large networks gain nothing.
#
# What does it cost? The paper's Table 5 has about 30 GPU hours.

# %%
run.do(experiments.cost, steps=steps)
paper_table("generative", "table5")

# %% [markdown]
# {.caption-text}
# Published: ours in seconds, of one CPU core.
#
# (generative-verdicts)=
# ## Verdicts

# %%
claims_table(tables.claims(results))

# %% [markdown]
# ## Where we had to choose
#
# - **The scale of proxy vectors**: logarithms of SNIP-SSNR, parameters and FLOPs, then mean 0 and
#   standard deviation 1. The paper does not say.
# - **Skip connections** are vertices, as the text has it; the authors' code folds them into edges.
# - **The encoder** adds each convolution to what it reads, knows the slots of the vertices, and
#   reads out all of them. In a trial without the additions it learnt more slowly.
# - **Operations** are one choice among 29, with a softmax; the paper has a cross-entropy for each.
# - **The divergence counts for 0.02**, where the authors' code has 0.1 and Eq. 4 has 1.
# - **Decoding**: validity is by the paper's rule, the likeliest edges and operations or nothing.
#   Searches take the nearest valid cell instead: an operation that is cut off gets its likeliest
#   edges.
# - **Two trainings**: first without labels, then with them, so that the naive auto-encoder of
#   Figure 2 and the others share their beginning.
# - **The flow's solver** takes a fixed number of steps in training, because the adaptive one comes
#   to need many times as many evaluations. Sampling and reported densities use the paper's
#   tolerance.
# - **Weight decay** is AdamW's throughout. The paper says Adam, and calls 0.01 its default, which
#   is that of AdamW.
# - **Conditions** of sequences are values, not text; the transformer starts from nothing, and
#   learns sizes from random designs beside HL-Evo's history.

# %%
tables.settings(steps.sizes)

# %% [markdown]
# {.caption-text}
# Table 6's trainings and this page's.
#
# ## What surprised us
#
# - **A flow has to beat noise.** Its cells resemble the reference far more than cells drawn
#   blindly. Noise of the same size does that too: only a control shows it.
# - **The prior is no place to sample from.** Few of its points decode to a cell, as in the paper's
#   first row. The latents fill a small part of the space, which the flow has to learn.
# - **The triplet term is soon satisfied.** Its negative is the farthest cell and its margin is
#   small, so that hardly any triplet pushes after a few hundred steps.
# - **A request is more than a size.** The flow wants all four proxies. Asked for parameters alone,
#   we fill in what the families make of the other three.
#
# ## Exercises
#
# ```{exercise}
# :label: ex-generative-trace
#
# **Signs or normal noise?** Hutchinson's estimate works with either. Which has the smaller variance
# for $J = \operatorname{diag}(1, 2)$?
# ```
#
# ````{solution-start} ex-generative-trace
# :class: dropdown
# ````
#
# Signs: $e^\top J e = e_1^2 + 2 e_2^2 = 3$ always. With normal noise the variance is
# $2 (1^2 + 2^2) = 10$.

# %%
draws = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
estimates = (draws**2 * torch.tensor([1.0, 2.0])).sum(1)
assert abs(estimates.var().item() - 10) < 0.3
signs = (draws.sign() ** 2 * torch.tensor([1.0, 2.0])).sum(1)
print(f"normal {estimates.var().item():.0f}, signs {signs.var().item():.0f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# ```{exercise}
# :label: ex-generative-noise
#
# **Less noise.** Draw from one family at noise 0.1, 0.4 and 1. What happens to the number of
# distinct cells, and to the spread of their parameters?
# ```
#
# ````{solution-start} ex-generative-noise
# :class: dropdown
# ````
#
# Both grow: with little noise the flow stays at the centre of the family.

# %% tags=["nbval-ignore-output"]
mean = torch.from_numpy(clusters.means[0]).float()
for noise in (0.1, 0.4, 1.0) if run.selects(experiments.sampling) else ():
    drawn = steps.sampler.sample(mean, 100, seed, noise=noise)
    valid = [cell for cell in drawn if cell is not None]
    spread = np.std([np.log(cell_size(cell).params) for cell in valid])
    print(f"noise {noise}: {len(set(valid))} distinct, spread {spread:.2f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# ```{exercise}
# :label: ex-generative-tokens
#
# **How many?** How many sequences of exactly two cells can the transformer write with 8 families?
# ```
#
# ````{solution-start} ex-generative-tokens
# :class: dropdown
# ````
#
# Each cell is one of $8 \cdot 128 \cdot 2$ triples: $2048^2$, about four million.

# %%
eight = SequenceGenerator(8, hidden=8, layers=1, heads=1)
allowed = [eight.allowed(place).sum().item() for place in range(3)]
print((allowed[0] * allowed[1] * allowed[2]) ** 2)

# %% [markdown]
# ````{solution-end}
# ````
#
# ```{exercise}
# :label: ex-generative-request
#
# **A request filled in.** Two proxies are normal, with mean 0, standard deviation 1 and correlation
# 0.8. One of them is asked to be 2. What does the mixture expect of the other? And why is the
# answer not 2?
# ```
#
# ````{solution-start} ex-generative-request
# :class: dropdown
# ````
#
# It expects $0.8 \cdot 2 = 1.6$: regression to the mean. Few cells are as extreme in both.

# %%
covariance = np.eye(4)
covariance[0, 1] = covariance[1, 0] = 0.8
zeros, ones = np.zeros(4), np.ones(4)
one = Clusters(zeros, ones, ones[:1], zeros[None], covariance[None], None)
filled = one.complete(np.array([2.0, np.nan, np.nan, np.nan]))
print(filled.round(2))

# %% [markdown]
# ````{solution-end}
# ````
#
# ## How to rerun it
#
# ```bash
# # this page
# nasutils run generative
#
# # another seed
# nasutils run generative -p seed=3
#
# # the published figures; trainings that were stopped go on
# nasutils batch generative_bench
# nasutils publish generative_bench
#
# # the paper's sizes, on one GPU
# nasutils run generative --scale paper
# ```
