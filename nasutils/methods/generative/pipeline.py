"""The steps of hierarchical generation under one seed, from random cells to two generators.

The cells are the same under every seed, so that they are labelled once; the seed draws which of
them judge, the weights, the batches and all samples.

A step is taken when it is first needed. Where there is a folder, what it made is kept there, and a
step that was stopped goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from nasutils.cache import cached
from nasutils.files import atomic_write
from nasutils.methods.generative import ccnf, gvae, sequences
from nasutils.methods.generative.ccnf import CCNF, FIXED, Solver
from nasutils.methods.generative.cell_tensors import CellTensors
from nasutils.methods.generative.clusters import COUNTS, VECTOR, Clusters
from nasutils.methods.generative.evolution import HLDesign, hl_evolution
from nasutils.methods.generative.fitness import TCETFitness
from nasutils.methods.generative.generator import CellSampler, assemble
from nasutils.methods.generative.gvae import GVAE, Weights, batch_losses
from nasutils.methods.generative.limits import Limits
from nasutils.methods.generative.model import GenerativeModel, Schedule, train
from nasutils.methods.generative.pool import distinct_cells, labelled_pool
from nasutils.methods.generative.proxy_vector import batch_of, get_scoring
from nasutils.methods.generative.sequences import HighLevel, SequenceGenerator, sequence_losses
from nasutils.networks.graphnet import Size, network_size
from nasutils.search import SearchResult
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence
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
        params: Of every network that a search asks for, at most (millions).
        budget: Networks whose T-CET a search asks for.
        trained: Networks of a search, and cells of a sampler, that are trained.
        designs: Random architectures from which the sequence generator learns sizes.
        sequences: Sizes of the sequence generator.
        writing: Training of the sequence generator.
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
    sequences: dict[str, int]
    writing: Schedule
    solver: Solver = FIXED
    params: float = 1.0
    budget: int = 1000
    trained: int = 10
    designs: int = 10_000


_WRITING = replace(sequences.PUBLISHED, batch_size=32)
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
        ccnf={"hidden": 128, "layers": 2},
        flow=replace(_FLOW, steps=250, batch_size=128, learning_rate=3e-3),
        solver=Solver(steps=3),
        sequences={"hidden": 64, "layers": 2, "heads": 2},
        writing=replace(_WRITING, steps=400, learning_rate=3e-3),
        budget=20,
        designs=2000,
    ),
    "bench": Sizes(
        unlabelled=40_000,
        labelled=10_000,
        scoring="bench",
        counts=COUNTS,
        gvae={"hidden": 256, "latent": 128, "layers": 4},
        naive=replace(gvae.PUBLISHED, steps=8000, learning_rate=1e-3),
        joint=replace(gvae.PUBLISHED, steps=600),
        ccnf={"hidden": 128, "layers": 4},
        flow=replace(_FLOW, steps=800),
        solver=Solver(steps=4),
        sequences={"hidden": 128, "layers": 4, "heads": 4},
        writing=replace(_WRITING, steps=1000),
        budget=200,
        trained=3,
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
        sequences={"hidden": 768, "layers": 12, "heads": 12},
        writing=sequences.PUBLISHED,
        budget=20_000,
    ),
}

CELLS_SEED = 0  # of the cells, labelled or not
_ASKED = ["params", "flops"]


def random_design(families: int, rng: np.random.Generator) -> HighLevel:
    """Draw one to eight cells of 8 to 256 channels, log-uniform; every third has stride 2."""
    return tuple(
        (
            int(rng.integers(families)),
            8 * round(32 ** rng.random()),
            1 + int(rng.random() < 1 / 3),
        )
        for _ in range(rng.integers(1, 9))
    )


@dataclass(eq=False)
class Pipeline:
    """The generators under one seed.

    Attributes:
        sizes: Of the steps.
        seed: Of the split, weights, batches and draws.
        folder: Where what was made is kept; nowhere if None.
        progress: Whether to draw bars.
        history: Name of a network -> rows of its training.
        asked: Name of a search -> its fitness.
    """

    sizes: Sizes
    seed: int
    folder: Path | None = None
    progress: bool = False
    history: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    asked: dict[str, TCETFitness] = field(default_factory=dict)

    @cached_property
    def cells(self) -> CellTensors:
        """The unlabelled cells, no two of them isomorphic."""

        def make() -> dict[str, Tensor]:
            drawn = CellTensors.of(islice(distinct_cells(CELLS_SEED), self.sizes.unlabelled))
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
    def known(self) -> set[bytes]:
        """The keys of the unlabelled cells."""
        return set(self.cells.keys())

    def fresh(self, count: int) -> list[GraphNetCell]:
        """Return random cells that no network has seen."""
        drawn = (
            cell
            for cell in distinct_cells(self.seed + 1_000_000)
            if CellTensors.of([cell]).keys()[0] not in self.known
        )
        return list(islice(drawn, count))

    @cached_property
    def pool(self) -> pd.DataFrame:
        """The labelled cells with a finite proxy vector, in the seed's order.

        Columns ``cell`` and those of VECTOR.
        """
        sizes, progress = self.sizes, self.progress
        found = labelled_pool(sizes.labelled, sizes.scoring, seed=CELLS_SEED, progress=progress)
        finite = np.isfinite(found[list(VECTOR)]).all(axis=1)
        return found[finite].sample(frac=1, random_state=self.seed, ignore_index=True)

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
        learnt, counts = self.pool[: self.trained_on], self.sizes.counts
        make = partial(Clusters.fit, learnt, seed=self.seed, counts=counts)
        return make() if self.folder is None else Clusters.cached(self.folder, make)

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
    def sampler(self) -> CellSampler:
        """All three together; where there is a folder, ``CellSampler.load`` reads it there."""
        return CellSampler(self.clusters, self.gvae, self.ccnf)

    @cached_property
    def limits(self) -> Limits:
        """What every network that a search asks for keeps: the images are those of its T-CET."""
        images, labels = batch_of(get_scoring(self.sizes.scoring))
        classes = int(labels.max()) + 1
        return Limits(self.sizes.params, image_shape=tuple(images.shape[1:]), num_classes=classes)

    def fitness(self, name: str) -> TCETFitness:
        """Return T-CET as a search asks for it; what it learns is kept under the search's name."""
        if name not in self.asked:
            self.asked[name] = TCETFitness(get_scoring(self.sizes.scoring), f"{name}-{self.seed}")
        return self.asked[name]

    def size_of(self, sequence: GraphNetSequence) -> Size:
        """Return what a sequence's network costs on these images."""
        return network_size(sequence, self.limits.image_shape, self.limits.num_classes)

    @cached_property
    def hl_search(self) -> SearchResult[HLDesign]:
        """HL-Evo under the limits (Algorithm 1), with lengths that may vary."""
        return hl_evolution(
            self.sampler.drawing(),
            len(self.clusters),
            self.fitness("hl-evo"),
            self.limits,
            budget=self.sizes.budget,
            rng=np.random.default_rng(self.seed),
            population=min(50, self.sizes.budget // 4),
            vary_length=True,
            progress=self.progress,
        )

    @cached_property
    def sequences(self) -> SequenceGenerator:
        """The sequence generator: it learns from HL-Evo's history, and sizes from random designs.

        The designs need no T-CET, and labelled cells stand for their families, so that there can be
        many more of them than the search asked for.
        """
        rng, families = np.random.default_rng(self.seed), self.clusters.assign(self.vectors)

        def labelled(family: int, rng: np.random.Generator) -> GraphNetCell:
            members = np.flatnonzero(families == family)
            return self.labelled_cells[rng.choice(members if len(members) else len(families))]

        designs = [random_design(len(self.clusters), rng) for _ in range(self.sizes.designs)]
        networks = [assemble(design, labelled, rng) for design in designs]
        for found in self.hl_search.architectures:
            cells = zip(found.families, found.sequence.cells, strict=True)
            designs.append(tuple((family, c.channels, c.stride) for family, c in cells))
            networks.append(found.sequence)
        conditions = pd.DataFrame([self.size_of(each) for each in networks], columns=_ASKED)
        schedule = self.sizes.writing
        model = self._new(
            lambda: SequenceGenerator(len(self.clusters), _ASKED, **self.sizes.sequences)
        )
        losses = sequence_losses(model, designs, conditions, schedule)
        return self._trained("sequences", model, losses, schedule)

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
