"""The proxy vector of a cell (Section 3.1, Eqs. 1 and 2), and T-CET of a sequence of cells.

A cell is judged in the network that stacks it 17 times. Its parameters and FLOPs are those of that
network on images of 32 pixels, at every scale: they need no network. NASWOT and SNIP-SSNR are
measured; the ``bench`` scale stacks five cells (one a stage, and the two that halve the
resolution). On 40 random cells, images of 16 pixels, ranks of five-cell and 17-cell networks agree
by Spearman's rho .998 (NASWOT) and .999 (SNIP-SSNR), in a quarter of the time.

The definitions are those of ``nasutils.proxies``, and so are the values; here the network is known,
which saves the search for its layers, and two thirds of the time.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.digits import task as digits
from nasutils.errors import lookup
from nasutils.networks.graphnet import GraphNetNetwork, network_size
from nasutils.proxies.activations import log_determinant
from nasutils.proxies.gradients import ssnr
from nasutils.proxies.models import load_batch
from nasutils.proxies.passes import code_kernel
from nasutils.proxies.pooling import FastPooling
from nasutils.proxies.registry import UNDEFINED
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence
from nasutils.threads import deterministic_cpu

_CLASSES = {"digits": 10, "cifar10": 10, "cifar100": 100}


@dataclass(frozen=True, slots=True)
class Scoring:
    """On which images, and in which networks, proxies are measured.

    Attributes:
        images: ``digits``, ``cifar10`` or ``cifar100``.
        pixels: Height and width of the images; the digits have 8.
        batch: Number of images.
        channels: Of the first stage of a cell's network; the paper's is 16.
        cells_per_stage: Of a cell's network; the paper's is 5.
        seed: Of the images, and of the weights of every network.
    """

    images: str
    pixels: int
    batch: int
    channels: int
    cells_per_stage: int
    seed: int = 0

    @property
    def key(self) -> str:
        """A name of the settings, for files."""
        stack = f"{self.channels}x{self.cells_per_stage}"
        return f"{self.images}-{self.pixels}px-{self.batch}-{stack}-{self.seed}"


#: Scale -> how its proxies are measured.
SCORINGS = {
    "demo": Scoring("digits", pixels=8, batch=32, channels=8, cells_per_stage=1),
    "bench": Scoring("cifar10", pixels=16, batch=32, channels=16, cells_per_stage=1),
    "paper": Scoring("cifar10", pixels=32, batch=64, channels=16, cells_per_stage=5),
}


def get_scoring(scale: str) -> Scoring:
    """Return how proxies are measured at a scale.

    Raises:
        UnknownNameError: If there is no such scale.
    """
    return lookup("scale", scale, SCORINGS)


@cache
def batch_of(scoring: Scoring) -> tuple[Tensor, Tensor]:
    """Return the images (B, C, H, W) and classes (B,).

    Raises:
        UnknownNameError: If there is no such data set.
        DataError: If its images cannot be had.
    """
    lookup("data set", scoring.images, _CLASSES)
    if scoring.images == "digits":
        x, y = digits.images("train")
        return x[: scoring.batch], y[: scoring.batch]
    return load_batch(scoring.images, images=scoring.batch, size=scoring.pixels, seed=scoring.seed)


def build(sequence: GraphNetSequence, scoring: Scoring) -> GraphNetNetwork:
    """Return the sequence's network for the images, its weights drawn from the seed."""
    images, _ = batch_of(scoring)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(scoring.seed)
        return GraphNetNetwork(sequence, _CLASSES[scoring.images], in_channels=images.shape[1])


def stacked(cell: GraphNetCell, scoring: Scoring) -> GraphNetSequence:
    """Return the sequence in which a cell is judged."""
    return GraphNetSequence.stacked(
        cell, channels=scoring.channels, cells_per_stage=scoring.cells_per_stage
    )


def proxy_vector(cell: GraphNetCell, scoring: Scoring) -> dict[str, float]:
    """Return z(x): SNIP-SSNR, NASWOT, parameters and FLOPs (both in millions).

    Each is finite, or ``UNDEFINED`` (minus infinity) as the proxy's ``when_undefined`` says.
    """
    network, (images, labels) = build(stacked(cell, scoring), scoring), batch_of(scoring)
    kernels: list[Tensor] = []
    with deterministic_cpu(), _watching(network, (nn.ReLU,), lambda x, y: kernels.append(_code(x))):
        ratios = layer_ssnrs(network, images, labels)
    size = network_size(GraphNetSequence.stacked(cell))
    return {
        "snip_ssnr": _finite(sum(ratios)),
        "nwot": log_determinant(sum(kernels)),
        "params": size.params,
        "flops": size.flops,
    }


def t_cet(sequence: GraphNetSequence, scoring: Scoring) -> float:
    """Return T-CET of a sequence's network: finite, or ``UNDEFINED`` where a gradient overflows.

    It grows with depth and width, so that searches need limits.
    """
    network, (images, labels) = build(sequence, scoring), batch_of(scoring)
    topology: list[float] = []

    def visit(x: Tensor, y: Tensor) -> None:
        topology.append(log_determinant(_code(y)))

    with deterministic_cpu():
        with torch.no_grad(), _watching(network, (nn.Conv2d, nn.Linear), visit):
            network.eval()(images)
        ratios = layer_ssnrs(network, images, labels)
    return _finite(
        sum(
            log_det * math.log1p(ratio)
            for log_det, ratio in zip(topology, ratios, strict=True)
            if log_det != UNDEFINED
        )
    )


def layer_ssnrs(network: GraphNetNetwork, images: Tensor, labels: Tensor) -> list[float]:
    """Return each layer's sum of SNIP saliencies over their deviation, in training mode."""
    weights = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    with FastPooling():
        loss = F.cross_entropy(network.train()(images), labels)
    gradients = torch.autograd.grad(loss, weights)
    saliencies = (w.detach() * g for w, g in zip(weights, gradients, strict=True))
    return [ssnr(saliency.abs().double()) for saliency in saliencies]


def _code(activations: Tensor) -> Tensor:
    return code_kernel(activations.detach())


def _finite(value: float) -> float:
    return value if math.isfinite(value) else UNDEFINED


@contextmanager
def _watching(
    network: nn.Module, kinds: tuple[type, ...], visit: Callable[[Tensor, Tensor], None]
) -> Iterator[None]:
    """Within this context, hand over input and output of every call of such modules."""
    handles = [
        module.register_forward_hook(lambda _, inputs, output: visit(inputs[0], output))
        for module in network.modules()
        if isinstance(module, kinds)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
