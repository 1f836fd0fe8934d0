"""What AZ-NAS reads of a network's cells: how evenly channels spread, how gradients pass.

A cell is a module with modules of its own: an item of one of the network's outermost sequences or
lists, or one of several with weights and of one class that stand side by side. Its features are
what it returns. It is the one notion here that is read from modules, not from operations; without
such modules each one without modules of its own is a cell.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.proxies.preserve_state import buffers_of, gradients_at, hooked, run
from nasutils.proxies.random_weights import NewNorms, normal, random_weights
from nasutils.proxies.registry import ProxyError
from nasutils.proxies.structure import Layer, Structure

_SEQUENCES = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Cells:
    """An entropy a cell; a trainability a cell but the first, or why there is none."""

    entropies: list[float]
    trainabilities: list[float] | ProxyError


def measure_cells(
    network: nn.Module, structure: Structure, weights: dict[str, Tensor], images: Tensor, seed: int
) -> Cells:
    """Run the network on standard normal images, with He-normal weights and new norms."""
    generator = torch.Generator().manual_seed(seed)

    def he_normal(layer: Layer) -> Tensor:
        return normal(layer.weight, generator) * (2 / layer.fan_in) ** 0.5

    features: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, output: object) -> object:
        if not isinstance(output, Tensor) or output.ndim < 3:
            return output
        features.append(output)
        return output.clone()  # What follows may work in place.

    images = normal(images, generator).requires_grad_()
    weights = random_weights(structure, weights, he_normal)
    torch.manual_seed(seed)
    with hooked([cell.register_forward_hook(keep) for cell in find_cells(network)]), NewNorms():
        run(network, weights, buffers_of(network), images, training=True)
    if len(features) < 2:
        raise ProxyError("the network has fewer than two cells that return maps or tokens.")
    aspect = images.shape[2] / images.shape[3]
    with torch.no_grad():
        entropies = [_entropy(_maps(x.detach(), aspect)) for x in features]
    try:
        return Cells(entropies, list(_trainabilities(features, aspect, generator)))
    except ProxyError as error:
        return Cells(entropies, error)


def _trainabilities(
    features: list[Tensor], aspect: float, generator: torch.Generator
) -> Iterator[float]:
    for before, after in pairwise(features):
        signs = torch.randint(2, after.shape, generator=generator, device="cpu").to(after) * 2 - 1
        [back] = gradients_at((after * signs).sum(), [before], retain_graph=True)
        yield _trainability(_maps(back, aspect), _maps(signs, aspect))


def find_cells(network: nn.Module) -> list[nn.Module]:
    """Return the cells, in the order of the modules."""

    def has_children(module: nn.Module) -> bool:
        return next(module.children(), None) is not None

    def walk(module: nn.Module) -> Iterator[nn.Module]:
        classes = Counter(
            type(c) for c in module.children() if any(p.ndim > 1 for p in c.parameters())
        )
        for child in module.children():
            nested = isinstance(child, _SEQUENCES) and any(map(has_children, child.children()))
            alike = classes[type(child)] > 1 and not isinstance(child, _SEQUENCES)
            if has_children(child) and not nested and (alike or isinstance(module, _SEQUENCES)):
                yield child
            else:
                yield from walk(child)

    return list(walk(network)) or [m for m in network.modules() if not has_children(m)]


def _maps(x: Tensor, aspect: float) -> Tensor:
    """Return (B, C, H, W), also of tokens (B, N, C) and of maps (B, H, W, C)."""
    if x.ndim == 3:
        return x.transpose(1, 2)[..., None]
    _, a, b, c = x.shape
    return x.permute(0, 3, 1, 2) if a / b == aspect != b / c else x


def _entropy(maps: Tensor) -> float:
    rows = maps.movedim(1, 0).flatten(1).double()  # (C, positions)
    rows = rows - rows.mean(1, keepdim=True)
    if not rows.isfinite().all():
        return math.nan
    eigenvalues = torch.linalg.eigvalsh(rows @ rows.T).clamp(min=0)
    return float(torch.special.entr(eigenvalues / eigenvalues.sum()).sum())


def _trainability(back: Tensor, signs: Tensor) -> float:
    """Return 2 - s - 1 / s, at most 0, with the largest singular value of the mean outer product.

    Minus infinity where signs come back as they were sent: such a cell does nothing.
    """
    if back.shape == signs.shape and torch.equal(back, signs):
        return -math.inf
    if back.shape[2:].numel() != signs.shape[2:].numel():
        shrinks = back.shape[2] // signs.shape[2]
        if (shrinks * signs.shape[2], shrinks * signs.shape[3]) != back.shape[2:]:
            raise ProxyError(
                f"a cell turns {tuple(back.shape[2:])} positions into {tuple(signs.shape[2:])}."
            )
        back = F.pixel_unshuffle(back, shrinks)
    back, signs = (x.movedim(1, 0).flatten(1).double() for x in (back, signs))
    if not back.isfinite().all():
        return math.nan
    largest = torch.linalg.matrix_norm(back @ signs.T / signs.shape[1], ord=2)
    return float(2 - largest - 1 / largest)
