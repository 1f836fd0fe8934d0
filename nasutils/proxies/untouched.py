"""Run a network without leaving a trace on it."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


@contextlib.contextmanager
def untouched(network: nn.Module) -> Iterator[None]:
    """Restore each module's mode, and torch's random state, on leaving.

    Weights and buffers need no restoring: ``run`` never hands the network's own to autograd.
    """
    modes = [(module, module.training) for module in network.modules()]
    gpus = {p.device for p in network.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(devices=gpus), torch.enable_grad():
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode


@contextlib.contextmanager
def hooked(handles: list[RemovableHandle]) -> Iterator[None]:
    """Remove the hooks on leaving."""
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return leaves of autograd that share the memory of the parameters, by name."""
    return {name: p.detach().requires_grad_() for name, p in network.named_parameters()}


def tensor_name(module: str, tensor: str) -> str:
    """Return the full name of a module's tensor; the network itself is the module ``""``."""
    return f"{module}.{tensor}" if module else tensor


def buffers_of(network: nn.Module) -> dict[str, Tensor]:
    """Return copies of the buffers by name: batch norm writes its running statistics to them."""
    return {name: b.detach().clone() for name, b in network.named_buffers()}


def run(
    network: nn.Module,
    weights: dict[str, Tensor],
    buffers: dict[str, Tensor],
    images: Tensor,
    *,
    training: bool,
) -> Tensor:
    """Return the logits of the network, with weights and buffers in place of its own.

    Auxiliary logits, which some networks return second, are dropped.
    """
    network.train(training)
    logits = torch.func.functional_call(network, {**weights, **buffers}, (images,))
    return logits if isinstance(logits, Tensor) else logits[0]
