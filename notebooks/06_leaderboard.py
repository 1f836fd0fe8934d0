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
# # The leaderboard

# %% tags=["parameters"]
scale: str = "demo"  # demo or bench
seed: int = 0  # the first of the seeds
part: str = "all"  # ranking, slow, literature, ablation, search, carry_over
benchmark: str = ""  # one benchmark; all where empty
method: str = ""  # one row of the tables; all where empty
out: str = ""  # the job's folder, set by nasutils

# %%
from nasutils.methods.leaderboard import experiments
from nasutils.study.run import Run

run = Run(
    "leaderboard",
    experiments,
    scale=scale,
    seed=seed,
    part=part,
    benchmark=benchmark,
    method=method,
    out=out,
)

# %%
run.do(experiments.ranking)

# %%
run.do(experiments.slow)

# %%
run.do(experiments.literature)

# %%
run.do(experiments.ablations)

# %%
run.do(experiments.search)

# %%
run.do(experiments.carried)
