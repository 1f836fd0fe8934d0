"""The sampler of cells: target -> flow -> latent -> decoder, and from families to architectures.

Source: Sections 3.2 and 3.3, Eqs. 8, 9 and 12, Table 1.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.generative.ccnf import CCNF
from nasutils.methods.generative.cell_tensors import CellTensors
from nasutils.methods.generative.clusters import VECTOR, Clusters
from nasutils.methods.generative.evolution import DrawCell
from nasutils.methods.generative.gvae import GVAE
from nasutils.methods.generative.sequences import HighLevel
from nasutils.networks.graphnet import Size, network_size
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell

#: Standard deviations of the base points, of the authors' code.
CLUSTER_NOISE, REFERENCE_NOISE = 0.4, 1.0
_AT_ONCE = 32  # cells that are drawn at once where one is asked for


@dataclass(frozen=True, eq=False)
class CellSampler:
    """The three parts that together generate cells.

    Attributes:
        clusters: Families, and the scale of the proxy vectors.
        gvae: Auto-encoder and predictor.
        ccnf: Flow between a normal distribution and the latent cells.

    Raises:
        NasutilsError: If the parts do not fit, or one is untrained.
    """

    clusters: Clusters
    gvae: GVAE
    ccnf: CCNF

    def __post_init__(self) -> None:
        for model in (self.gvae, self.ccnf):
            model.check_trained()
        latents = self.gvae.sizes["latent"], self.ccnf.sizes["latent"]
        if latents[0] != latents[1]:
            raise NasutilsError(f"decoder and flow have {latents[0]} and {latents[1]} latents.")

    def predict(self, cell: GraphNetCell) -> Tensor:
        """Return the predicted scaled proxy vector of a cell, (P,)."""
        return self.gvae.predict(self.gvae.embed([cell]))[0]

    def target(self, **proxies: float) -> Tensor:
        """Return the scaled proxy vector (P,) of a request, as ``params=0.5`` (millions).

        What is left open is what the clusters expect of cells with the rest.

        Raises:
            NasutilsError: On a proxy that is unknown, or not positive where it has to be.
        """
        if strange := sorted(set(proxies) - set(VECTOR)):
            raise NasutilsError(f"no proxy {', '.join(strange)}. Valid: {', '.join(VECTOR)}.")
        if bad := [name for name, value in proxies.items() if VECTOR[name] and not value > 0]:
            raise NasutilsError(f"{bad[0]} is {proxies[bad[0]]:g}: it must be positive.")
        raw = np.array([proxies.get(name, np.nan) for name in VECTOR], dtype=float)
        logged = np.array(list(VECTOR.values()))
        raw[logged] = np.log(raw[logged])
        scaled = (raw - self.clusters.centre) / self.clusters.spread
        return torch.from_numpy(self.clusters.complete(scaled)).float()

    def sample(
        self,
        condition: Tensor,
        count: int,
        seed: int,
        *,
        noise: float = REFERENCE_NOISE,
        nearest: bool = False,
    ) -> list[GraphNetCell | None]:
        """Draw cells around a scaled proxy vector (P,) by the flow.

        Decoded as by ``GVAE.decode``: not every latent is that of a valid cell.
        """
        z = self.latents(condition, count, seed, noise=noise)
        return self.gvae.decode(z, nearest=nearest)

    def latents(self, condition: Tensor, count: int, seed: int, *, noise: float) -> Tensor:
        """Return the latents (count, D) that ``sample`` decodes."""
        generator = torch.Generator().manual_seed(seed)
        return self.ccnf.sample(condition, count, generator, noise=noise)

    def of_cluster(
        self, cluster: int, count: int, seed: int, *, nearest: bool = False
    ) -> list[GraphNetCell | None]:
        """Draw cells of a family, around its mean (Eq. 9).

        Raises:
            NasutilsError: If there is no such family.
        """
        if cluster not in range(len(self.clusters)):
            raise NasutilsError(f"no cluster {cluster}: there are {len(self.clusters)}, from 0.")
        mean = torch.from_numpy(self.clusters.means[cluster]).float()
        return self.sample(mean, count, seed, noise=CLUSTER_NOISE, nearest=nearest)

    def neighbourhood(
        self, reference: GraphNetCell, count: int, seed: int, *, noise: float = 1.0
    ) -> list[GraphNetCell | None]:
        """Draw cells whose latents are the reference's plus noise, without the flow (Table 1)."""
        z = self.gvae.embed([reference])
        return self.gvae.decode(z + noise * _normal((count, z.shape[1]), seed))

    def random(self, count: int, seed: int) -> list[GraphNetCell | None]:
        """Draw cells from the prior of the latents (Table 1)."""
        return self.gvae.decode(_normal((count, self.gvae.sizes["latent"]), seed))

    def drawing(self) -> "Drawing":
        """Return what draws one valid cell of a family at a time, as searches ask for them."""
        return Drawing(self)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read ``clusters.json``, ``gvae.pt`` and ``ccnf.pt``.

        Raises:
            DataError: If one of them is missing, damaged, or something else.
        """
        try:
            text = (folder / "clusters.json").read_text("utf-8")
        except OSError as error:
            raise DataError(f"{folder / 'clusters.json'} cannot be read ({error}).") from error
        networks = GVAE.load(folder / "gvae.pt"), CCNF.load(folder / "ccnf.pt")
        return cls(Clusters.from_json(text), *networks)


@dataclass(eq=False)
class Drawing:
    """Valid cells of families, one at a time; 32 are drawn at once, and the rest is kept."""

    sampler: CellSampler
    kept: dict[int, list[GraphNetCell]] = field(default_factory=dict)

    def __call__(self, cluster: int, rng: np.random.Generator) -> GraphNetCell:
        """Return a cell of a family; raise a NasutilsError if there is no such family."""
        if not (cells := self.kept.setdefault(cluster, [])):
            seed = int(rng.integers(2**31))
            cells.extend(self.sampler.of_cluster(cluster, _AT_ONCE, seed, nearest=True))
        return cells.pop()


def assemble(
    architecture: HighLevel,
    draw: DrawCell,
    rng: np.random.Generator,
) -> GraphNetSequence:
    """Replace each family of a high-level architecture by one of its cells (Eq. 8)."""
    return GraphNetSequence(
        SizedCell(draw(cluster, rng), channels, stride)
        for cluster, channels, stride in architecture
    )


def cell_size(cell: GraphNetCell) -> Size:
    """Return parameters and FLOPs, in millions, of the network that stacks a cell 17 times."""
    return network_size(GraphNetSequence.stacked(cell))


def obedience(
    requested: Size,
    generated: Sequence[GraphNetCell | GraphNetSequence | None],
    size_of: Callable[..., Size],
    known: Collection[bytes] = (),
) -> dict[str, float]:
    """Return how far generated architectures are what was asked for.

    Args:
        requested: Parameters and FLOPs.
        generated: N architectures; None where one is not valid.
        size_of: Of an architecture.
        known: Cells that were trained on, as of ``CellTensors.keys``.

    Returns:
        ``valid``, a share of N; of the valid ones: ``unique`` and ``novel``, shares; medians of
        ``params`` and ``flops`` in millions; and ``params_error`` and ``flops_error``, the median
        factor between requested and generated, less one. NaN where none is valid.

    Raises:
        NasutilsError: If nothing was generated.
    """
    if not generated:
        raise NasutilsError("obedience of no architecture: generate at least one.")
    valid = [each for each in generated if each is not None]
    found = {"valid": len(valid) / len(generated)}
    cells = all(isinstance(each, GraphNetCell) for each in valid)
    names = CellTensors.of(valid).keys() if cells else [str(each).encode() for each in valid]
    sizes = np.array([size_of(each) for each in valid]).reshape(-1, 2)
    factors = np.exp(np.abs(np.log(sizes / np.array(requested)))) - 1
    middle = np.median(np.c_[sizes, factors], axis=0) if valid else np.full(4, np.nan)
    found["unique"] = len(set(names)) / len(valid) if valid else np.nan
    found["novel"] = float(np.mean([name not in known for name in names])) if valid else np.nan
    columns = ("params", "flops", "params_error", "flops_error")
    return found | dict(zip(columns, middle.tolist(), strict=True))


def _normal(shape: tuple[int, int], seed: int) -> Tensor:
    if shape[0] < 1:
        raise NasutilsError(f"count={shape[0]}: draw at least one cell.")
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
