"""The steps of hierarchical generation under one seed, from random cells to two generators.

A step is taken when it is first needed. Where there is a folder, what it made is kept there, and a
step that was stopped goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from nasutils.cache import cached
from nasutils.files import atomic_write
from nasutils.methods.generative import ccnf, gvae
from nasutils.methods.generative.ccnf import CCNF, FIXED, Solver
from nasutils.methods.generative.cell_tensors import CellTensors
from nasutils.methods.generative.clusters import COUNTS, VECTOR, Clusters
from nasutils.methods.generative.generator import CellGenerator
from nasutils.methods.generative.gvae import GVAE, Weights, batch_losses
from nasutils.methods.generative.model import GenerativeModel, Schedule, train
from nasutils.methods.generative.pool import distinct_cells, labelled_pool
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.threads import deterministic_cpu


@dataclass(frozen=True)
class Sizes:
    """How much the steps compute.

    Attributes:
        unlabelled: Random cells that the auto-encoder and the flow see.
        labelled: Of these with proxy vectors; a tenth of them judges.
        scoring: Scale of the proxy vectors.
        counts: Numbers of clusters to try.
        gvae: Sizes of the auto-encoder.
        naive: Training without labels, with which it begins.
        joint: Training with labels, which follows.
        ccnf: Sizes of the flow.
        flow: Training of the flow.
        solver: Of the flow, in training.
    """

    unlabelled: int
    labelled: int
    scoring: str
    counts: tuple[int, ...]
    gvae: dict[str, int]
    naive: Schedule
    joint: Schedule
    ccnf: dict[str, int]
    flow: Schedule
    solver: Solver = FIXED


_FLOW = replace(ccnf.PUBLISHED, learning_rate=1e-3)
SIZES = {
    "demo": Sizes(
        unlabelled=4000,
        labelled=300,
        scoring="demo",
        counts=(1, 2, 3, 4, 6, 8),
        gvae={"hidden": 128, "latent": 64, "layers": 2},
        naive=replace(gvae.PUBLISHED, steps=1000, learning_rate=3e-3),
        joint=replace(gvae.PUBLISHED, steps=300, learning_rate=1e-3),
        ccnf={"hidden": 64, "layers": 2},
        flow=replace(_FLOW, steps=300, learning_rate=3e-3),
        solver=Solver(steps=4),
    ),
    "bench": Sizes(
        unlabelled=40_000,
        labelled=500,
        scoring="bench",
        counts=COUNTS,
        gvae={"hidden": 256, "latent": 128, "layers": 4},
        naive=replace(gvae.PUBLISHED, steps=8000, learning_rate=1e-3),
        joint=replace(gvae.PUBLISHED, steps=1500, learning_rate=3.5e-4),
        ccnf={"hidden": 128, "layers": 4},
        flow=replace(_FLOW, steps=1000),
    ),
    "paper": Sizes(
        unlabelled=400_000,
        labelled=50_000,
        scoring="paper",
        counts=COUNTS,
        gvae={},
        naive=replace(gvae.PUBLISHED, steps=400_000),
        joint=replace(gvae.PUBLISHED, steps=100_000),
        ccnf={},
        flow=ccnf.PUBLISHED,
    ),
}


@dataclass(eq=False)
class Pipeline:
    """The generators under one seed.

    Attributes:
        sizes: Of the steps.
        seed: Of cells, weights, batches and draws.
        folder: Where what was made is kept; nowhere if None.
        progress: Whether to draw bars.
        history: Name of a network -> rows of its training.
    """

    sizes: Sizes
    seed: int
    folder: Path | None = None
    progress: bool = False
    history: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    @cached_property
    def cells(self) -> CellTensors:
        """The unlabelled cells, no two of them isomorphic."""

        def make() -> dict[str, Tensor]:
            drawn = CellTensors.of(islice(distinct_cells(self.seed), self.sizes.unlabelled))
            return {"edges": drawn.edges, "ops": drawn.ops}

        def save(made: dict[str, Tensor], path: Path) -> None:
            with atomic_write(path) as part:
                torch.save(made, part)

        if self.folder is None:
            return CellTensors(**make())
        path = self.folder / f"cells-{self.sizes.unlabelled}.pt"
        read = lambda path: torch.load(path, weights_only=True)  # noqa: E731
        return CellTensors(**cached(path, load=read, make=make, save=save))

    @cached_property
    def pool(self) -> pd.DataFrame:
        """The labelled cells with a finite proxy vector: columns ``cell`` and those of VECTOR."""
        sizes = self.sizes
        found = labelled_pool(sizes.labelled, sizes.scoring, seed=self.seed, progress=self.progress)
        finite = np.isfinite(found[list(VECTOR)]).all(axis=1)
        return found[finite].reset_index(drop=True)

    @cached_property
    def labelled_cells(self) -> list[GraphNetCell]:
        """The cells of the pool."""
        return [GraphNetCell.from_string(cell) for cell in self.pool["cell"]]

    @property
    def trained_on(self) -> int:
        """How many of the labelled cells are learnt from; those after them judge."""
        return len(self.pool) * 9 // 10

    @cached_property
    def clusters(self) -> Clusters:
        """The families of the cells that are learnt from."""
        return Clusters.fit(self.pool[: self.trained_on], seed=self.seed, counts=self.sizes.counts)

    @cached_property
    def vectors(self) -> np.ndarray:
        """The scaled proxy vectors of the pool, (N, P)."""
        return self.clusters.scale(self.pool)

    @cached_property
    def naive(self) -> GVAE:
        """The auto-encoder that has seen no label."""
        none, vectors = self.cells[:0], torch.zeros(0, len(VECTOR))
        model = self._new(lambda: GVAE(len(VECTOR), **self.sizes.gvae))
        losses = batch_losses(model, self.cells, none, vectors, self.sizes.naive)
        return self._trained("naive", model, losses, self.sizes.naive)

    @cached_property
    def gvae(self) -> GVAE:
        """The auto-encoder with triplet margin and proxy predictor."""
        return self._joint("gvae", Weights())

    @cached_property
    def untripled(self) -> GVAE:
        """The same with the predictor, without the triplet margin."""
        return self._joint("untripled", Weights(triplet=0))

    def _joint(self, name: str, weights: Weights) -> GVAE:
        model = GVAE(len(VECTOR), **self.sizes.gvae)
        model.load_state_dict(self.naive.state_dict())
        model.steps.zero_()
        known, schedule = self.trained_on, self.sizes.joint
        cells = CellTensors.of(self.labelled_cells[:known])
        vectors = torch.from_numpy(self.vectors[:known]).float()
        losses = batch_losses(model, self.cells, cells, vectors, schedule, weights)
        return self._trained(name, model, losses, schedule)

    @cached_property
    def ccnf(self) -> CCNF:
        """The flow to the latents of the unlabelled cells, given their predicted proxies."""
        z, schedule = self.gvae.embed(self.cells), self.sizes.flow
        conditions = self.gvae.predict(z)
        flow = self._new(lambda: CCNF(z.shape[1], conditions.shape[1], **self.sizes.ccnf))

        def losses(generator: torch.Generator) -> dict[str, Tensor]:
            rows = torch.randint(len(z), (schedule.batch_size,), generator=generator)
            return flow.losses(z[rows], conditions[rows], generator, solver=self.sizes.solver)

        return self._trained("ccnf", flow, losses, schedule)

    @cached_property
    def generator(self) -> CellGenerator:
        """All three together; where there is a folder, ``CellGenerator.load`` reads it there."""
        found = CellGenerator(self.clusters, self.gvae, self.ccnf)
        if self.folder is not None:
            found.save(self.folder)
        return found

    def _new(self, make: Callable[[], GenerativeModel]) -> GenerativeModel:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return make()

    def _trained(
        self,
        name: str,
        model: GenerativeModel,
        losses: Callable[[torch.Generator], dict[str, Tensor]],
        schedule: Schedule,
    ) -> GenerativeModel:
        path = None if self.folder is None else self.folder / f"{name}.pt"
        bar = name * self.progress
        with deterministic_cpu():
            self.history[name] = train(
                model, losses, schedule, seed=self.seed, path=path, progress=bar
            )
        return model
