"""Run a network without leaving a trace on it, and without a trace of the caller's settings."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import checkpoint
from torch.utils.hooks import RemovableHandle

from nasutils.errors import NasutilsError

_mha, _mkldnn = torch.backends.mha, torch.backends.mkldnn


@contextlib.contextmanager
def preserve_state(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Restore each module's attributes, and torch's random state, on leaving.

    Weights and buffers need no restoring: ``run`` never hands the network's own to autograd.
    """
    attributes = [(module, dict(vars(module))) for module in network.modules()]
    gpus = {p.device for p in network.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(devices=gpus), torch_defaults(device):
        try:
            yield
        finally:
            for module, saved in attributes:
                for name in vars(module).keys() - saved:
                    del vars(module)[name]
                vars(module).update(saved)


@contextlib.contextmanager
def torch_defaults(device: torch.device) -> Iterator[None]:
    """Compute as torch does where nobody has set anything; the caller's settings come back.

    Inference mode, autocast, another default type or device would change scores or fail. Attention
    goes by its definition: the fused kernels have no second derivatives. Activation checkpoints
    are passed by: they change no value, but run the network again where nobody watches it.
    """
    with contextlib.ExitStack() as stack:
        for context in (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.autograd.set_detect_anomaly(False),
            *(torch.autocast(kind, enabled=False) for kind in {"cpu", device.type} - {"meta"}),
            torch.backends.cudnn.flags(enabled=True, allow_tf32=True),
            sdpa_kernel(SDPBackend.MATH),
            patch.object(checkpoint.CheckpointFunction, "apply", _call),
            patch.object(checkpoint, "_checkpoint_without_reentrant_generator", _one_step),
        ):
            stack.enter_context(context)
        if torch.get_default_device() != device:  # It slows every function of torch.
            stack.enter_context(torch.device(device))
        if "torch._dynamo" in sys.modules:  # Else nothing is compiled, and it is slow to import.
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.enter_context(default_dtype(torch.float32))
        stack.callback(
            torch.use_deterministic_algorithms,
            torch.are_deterministic_algorithms_enabled(),
            warn_only=torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        torch.use_deterministic_algorithms(False)
        stack.callback(_mha.set_fastpath_enabled, _mha.get_fastpath_enabled())
        _mha.set_fastpath_enabled(False)
        for products in (_mkldnn.matmul, _mkldnn.conv, torch.backends.cuda.matmul):
            stack.callback(setattr, products, "fp32_precision", products.fp32_precision)
            products.fp32_precision = "ieee"
        yield


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Make tensors of this type where no other is named."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _call(function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
    return function(*args)


def _one_step(*args: Any, **kwargs: Any) -> Iterator[None]:
    yield


@contextlib.contextmanager
def hooked(handles: Sequence[RemovableHandle]) -> Iterator[None]:
    """Remove the hooks on leaving."""
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return leaves of autograd that share the memory of the parameters, by name."""
    return {name: _leaf(p) for name, p in network.named_parameters()}


def _leaf(parameter: Tensor) -> Tensor:
    # What was made in inference mode is closed to autograd for good; its copy is not.
    leaf = parameter.clone() if parameter.is_inference() else parameter.detach()
    return leaf.requires_grad_(leaf.is_floating_point())


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
    """Return the network's output, with weights and buffers in place of its own.

    What the network makes in passing has the precision of the images. NasutilsError if the output
    holds no tensor that could be the logits.
    """
    network.train(training)
    with default_dtype(images.dtype):
        return _logits(torch.func.functional_call(network, {**weights, **buffers}, (images,)))


def _logits(output: Any) -> Tensor:
    """Find the logits; auxiliary ones, which some networks return second, are dropped."""
    if isinstance(output, Tensor):
        return output
    found = output.get("logits") if isinstance(output, Mapping) else getattr(output, "logits", None)
    if found is None and isinstance(output, Sequence) and output:
        found = output[0]
    if isinstance(found, Tensor):
        return found
    keys = f" with the keys {sorted(map(str, output))}" if isinstance(output, Mapping) else ""
    raise NasutilsError(
        f"the network returns {type(output).__name__}{keys}, without a tensor that is the logits, "
        "called logits, or the first: score a module that returns them alone."
    )


def gradients_at(scalar: Tensor, inputs: list[Tensor], **options: bool) -> list[Tensor]:
    """Return the gradients of a scalar, zeros where it does not depend on an input."""
    if not inputs or not scalar.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    return list(
        torch.autograd.grad(scalar, inputs, allow_unused=True, materialize_grads=True, **options)
    )
