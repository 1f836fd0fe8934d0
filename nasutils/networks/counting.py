"""Parameters and FLOPs of a network, counted on the meta device: no weight is ever allocated."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def build_on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Call ``build`` so that every tensor has a shape but no memory."""
    with torch.device("meta"):
        return build()


def count_params(network: nn.Module) -> float:
    """Return the number of trainable parameters, in millions."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad) / 1e6


def count_flops(network: nn.Module, image_shape: tuple[int, int, int]) -> float:
    """Return the FLOPs of one image's forward pass as NAS-Bench-201 counts them, in millions.

    A multiply-add counts once. Per output element, a convolution costs C_in / groups * k^2, batch
    norm 2, ReLU 1, pooling k^2; a linear layer costs its weights; sums and biases are free. Global
    average pooling costs (H + 1)(W + 1) a channel, a quirk of the counter behind the public tables.

    Args:
        network: Any network of these layers, on any device; counted on the meta device for speed.
        image_shape: One image's (C, H, W).
    """
    total = 0

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += _cost_per_element(module, inputs[0]) * output[0].numel()

    leaves = [m for m in network.modules() if isinstance(m, _COUNTED)]
    handles = [leaf.register_forward_hook(add) for leaf in leaves]
    modes = [(module, module.training) for module in network.modules()]
    like = next(network.parameters(), torch.empty(0))
    try:
        network.eval()
        with torch.no_grad():
            network(torch.empty(1, *image_shape, device=like.device, dtype=like.dtype))
    finally:
        for module, mode in modes:
            module.training = mode
        for handle in handles:
            handle.remove()
    return total / 1e6


_COUNTED = (
    nn.Conv2d,
    nn.Linear,
    nn.BatchNorm2d,
    nn.ReLU,
    nn.AvgPool2d,
    nn.MaxPool2d,
    nn.AdaptiveAvgPool2d,
)


def _cost_per_element(module: nn.Module, x: Tensor) -> int:
    """Return the multiply-adds behind one element of the module's output."""
    match module:
        case nn.Conv2d():
            return module.weight[0].numel()
        case nn.Linear():
            return module.in_features
        case nn.BatchNorm2d():
            return 2
        case nn.AvgPool2d() | nn.MaxPool2d():
            size = module.kernel_size
            return size * size if isinstance(size, int) else size[0] * size[1]
        case nn.AdaptiveAvgPool2d():
            return (x.shape[-2] + 1) * (x.shape[-1] + 1)
        case _:
            return 1
