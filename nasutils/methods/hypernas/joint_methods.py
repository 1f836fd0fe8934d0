"""The rows that are trained with a hypernetwork, and how the networks that it makes do."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from nasutils.benchmarks.benchmark import Benchmark, Split
from nasutils.methods.base import Predict
from nasutils.methods.common.benchmark_sequences import benchmark_sequences, network_of
from nasutils.methods.common.cell_sequences import cell_sequences
from nasutils.methods.hypernas.auxiliary import Auxiliary, load_auxiliary
from nasutils.methods.hypernas.joint import HyperNAS, JointRecipe, fit_jointly
from nasutils.methods.hypernas.predictor import RECIPES

_HYPERNAS = JointRecipe(RECIPES["hypernas_p"])
#: Row of the tables -> what is trained beside the hypernetwork, and how. Our training keeps the
#: paper's 200 epochs, for the hypernetwork's sake.
JOINT: dict[str, JointRecipe] = {
    "HyperNAS": _HYPERNAS,
    "HyperNAS, our training": JointRecipe(
        replace(RECIPES["tuned"], epochs=200, reduction="block", prune_dead=False)
    ),
    "HyperNAS-H": replace(_HYPERNAS, variant="hypernas_h"),
    "GHN": replace(_HYPERNAS, variant="ghn"),
    **{f"q = {q}": replace(_HYPERNAS, q=q) for q in (1.25, 2, 3)},
}


def train_jointly(
    benchmark: Benchmark,
    auxiliary: Auxiliary,
    split: Split,
    recipe: JointRecipe,
    *,
    progress: bool = False,
) -> HyperNAS:
    """Train predictor and hypernetwork on the labels of a split, under its seed.

    The recipe is one of ``JOINT``, or another; target networks and images are those of the
    benchmark's kind of network.
    """
    sequences = benchmark_sequences(benchmark, cells_per_stage=auxiliary.cells_per_stage)
    cells = benchmark.architectures_at(split.labelled)
    return fit_jointly(
        sequences[torch.from_numpy(split.labelled)],
        benchmark.labels[split.labelled],
        lambda i: auxiliary.target(cells[i]),
        auxiliary.train,
        recipe,
        split.seed,
        progress=progress,
    )


@dataclass(frozen=True)
class JointMethod:
    """A predictor that has learnt beside a hypernetwork, on reduced target networks.

    Attributes:
        recipe: Of the variant ``hypernas``, which predicts.
    """

    recipe: JointRecipe
    fit_predict: ClassVar[None] = None  # there is nothing to share between splits

    def fit(self, benchmark: Benchmark, split: Split) -> Predict:
        """Train on a split; as of ``Method``."""
        auxiliary = load_auxiliary(network_of(benchmark))
        predictor = train_jointly(benchmark, auxiliary, split, self.recipe).predictor
        stages = {"cells_per_stage": auxiliary.cells_per_stage}
        network = network_of(benchmark)
        return lambda cells: predictor.predict(cell_sequences(network, cells, **stages))[0]


def evaluate_generated(
    model: HyperNAS, benchmark: Benchmark, task: Auxiliary, positions: np.ndarray, *, images: int
) -> pd.DataFrame:
    """Evaluate the networks of some architectures under generated weights, a row each."""
    sequences = benchmark_sequences(benchmark, cells_per_stage=task.cells_per_stage)
    targets = [task.target(cell) for cell in benchmark.architectures_at(positions)]
    return model.evaluate(sequences[torch.from_numpy(positions)], targets, task.valid[:images])


def generated_accuracy(
    model: HyperNAS,
    benchmark: Benchmark,
    task: Auxiliary,
    split: Split,
    *,
    networks: int,
    seed: int,
) -> float:
    """Return the mean accuracy of networks with generated weights, in percent, on 1,000 images.

    The networks are of so many random architectures that the model has not learnt: benchmark,
    task and split are those of its training. ``seed`` draws them, the same for all models.
    """
    unseen = np.setdiff1d(np.arange(len(benchmark)), split.labelled)
    chosen = np.random.default_rng(seed).permutation(unseen)[:networks]
    found = evaluate_generated(model, benchmark, task, chosen, images=1000)
    return float(found["accuracy"].mean())
