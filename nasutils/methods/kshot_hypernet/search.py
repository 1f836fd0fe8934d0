"""What a trained super-net is for: the best cell within a device's limits, ready to run.

No cell is trained. Cells are judged with inherited weights by images for choices; the one that is
found is exported with its weights.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from nasutils.errors import NasutilsError
from nasutils.methods.kshot_hypernet.judging import STATISTICS_IMAGES, judge, recompute_statistics
from nasutils.methods.kshot_hypernet.tasks import Images, Task
from nasutils.networks.counting import build_on_meta, count_flops, count_params
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.networks.nasbench201_supernet import Choice, NASBench201SuperNet, effective
from nasutils.search import SearchResult, evolutionary_search
from nasutils.spaces.nasbench201 import NASBench201Cell

_TRIES = 10_000  # cells drawn to find one within the limits


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a network may cost; None where it does not matter.

    Args:
        params: Parameters, in millions.
        flops: FLOPs of one image, in millions (see ``count_flops``).
        latency: Seconds for one image on this machine's CPU or GPU, measured.
    """

    params: float | None = None
    flops: float | None = None
    latency: float | None = None


def measure_latency(network: torch.nn.Module, x: torch.Tensor, repeats: int = 20) -> float:
    """Return the median seconds of a forward pass, after three to warm up."""
    network.eval()
    seconds = []
    with torch.no_grad():
        for _ in range(repeats + 3):
            start = time.perf_counter()
            network(x)
            if x.is_cuda:
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[3:]))


def within(
    cell: NASBench201Cell, limits: Limits, supernet: NASBench201SuperNet, image: torch.Tensor
) -> bool:
    """Return whether a cell's network keeps within the limits.

    Args:
        cell: The cell.
        limits: The limits.
        supernet: Gives the network's size.
        image: One image (1, C, H, W).
    """

    def build() -> NASBench201Network:
        return NASBench201Network(
            effective(cell),
            supernet.num_classes,
            channels=supernet.channels,
            cells_per_stage=supernet.cells_per_stage,
            in_channels=supernet.in_channels,
        )

    plain = build_on_meta(build)
    if limits.params is not None and count_params(plain) > limits.params:
        return False
    if limits.flops is not None and count_flops(plain, tuple(image.shape[1:])) > limits.flops:
        return False
    return limits.latency is None or measure_latency(build().to(image), image) <= limits.latency


def search(
    supernet: NASBench201SuperNet,
    task: Task,
    limits: Limits = Limits(),
    *,
    budget: int = 500,
    images: int = 1_000,
    rng: np.random.Generator,
) -> SearchResult[NASBench201Cell]:
    """Search the best cell within limits by regularised evolution.

    Args:
        supernet: Trained.
        task: Cells are judged by its images for choices.
        limits: What no cell asked for exceeds.
        budget: Cells to ask for.
        images: Images to judge a cell by.
        rng: Source of all draws.

    Raises:
        NasutilsError: If no cell within the limits is found.
    """
    image = task.valid.x[:1]
    allowed = cache(lambda cell: within(cell, limits, supernet, image))
    judged: dict[NASBench201Cell, float] = {}

    def first_allowed(draw: Callable[[], NASBench201Cell], what: str) -> NASBench201Cell:
        for _ in range(_TRIES):
            if allowed(cell := effective(draw())):
                return cell
        raise NasutilsError(f"none of {_TRIES:,} {what} keeps within {limits}.")

    def sample(rng: np.random.Generator) -> NASBench201Cell:
        return first_allowed(lambda: NASBench201Cell.random(rng), "random cells")

    def mutate(cell: NASBench201Cell, rng: np.random.Generator) -> NASBench201Cell:
        return first_allowed(lambda: cell.mutate(rng), f"mutations of {cell}")

    def score(cells: list[NASBench201Cell]) -> list[float]:
        new = [cell for cell in cells if cell not in judged]
        values = judge(supernet, new, task.train, task.valid.first(images))
        judged.update(zip(new, values.tolist(), strict=True))
        return [judged[cell] for cell in cells]

    return evolutionary_search(
        sample, mutate, score, budget=budget, rng=rng, population=min(50, budget)
    )


def deploy(
    supernet: NASBench201SuperNet, cell: NASBench201Cell, train: Images
) -> NASBench201Network:
    """Return the cell's plain network, batch-norm statistics recomputed, for inference.

    The super-net's own statistics become those of this cell.
    """
    recompute_statistics(supernet, Choice.cell(cell), train.first(STATISTICS_IMAGES))
    return supernet.export(cell).eval()
