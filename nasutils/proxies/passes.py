"""The runs of a network that several proxies share."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle
from torch.utils.weak import WeakTensorKeyDictionary

from nasutils.errors import NasutilsError
from nasutils.proxies.curvature import SecondDerivatives
from nasutils.proxies.registry import Need
from nasutils.proxies.untouched import buffers_of, hooked, run, tensor_name, weights_of

LAYERS = (nn.Conv2d, nn.Linear)
RELUS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU)

_OF_THE_LOSS = {Need.WEIGHT_GRADIENTS, Need.OUTPUT_GRADIENTS, Need.HESSIAN_PRODUCT}


@dataclass(frozen=True)
class Layer:
    """A convolution or linear module, its weight's name, and its weight as a leaf of autograd."""

    name: str
    module: nn.Module
    weight: Tensor


@dataclass(frozen=True)
class TrainingPass:
    """What one forward pass in training mode and the backward passes through it leave.

    Gradients of weights that the loss does not depend on are zeros.

    Attributes:
        relu_kernel: Sum over the ReLUs of the kernel of their codes, (B, B).
        weight_gradients: Gradient of the loss, a tensor a layer.
        output_gradients: Every call of a layer: its index, and by image and channel the product of
            its output and the loss's gradient there, summed over positions, (B, C).
        curvature: Weights times Hessian of the loss times its gradient, of all layers.
        input_gradients: Gradient of the summed logits, (B, C, H, W).
    """

    relu_kernel: Tensor | None
    weight_gradients: list[Tensor]
    output_gradients: list[tuple[int, Tensor]]
    curvature: float
    input_gradients: Tensor | None
    num_classes: int


class Passes:
    """The runs of one network on one batch; each happens when first asked for, and once.

    Args:
        network: The network, whose state the caller protects with ``untouched``.
        images: Shape (B, C, H, W), of the network's precision and on its device.
        labels: Classes of shape (B,), or None where no need asks for them.
        needs: All that will be asked for, so that one run can serve it.
        seed: Of whatever is random.
    """

    def __init__(
        self,
        network: nn.Module,
        images: Tensor,
        labels: Tensor | None,
        needs: Iterable[Need],
        seed: int,
    ) -> None:
        self.network, self.images, self.labels = network, images, labels
        self.needs, self.seed = frozenset(needs), seed
        self.weights = weights_of(network)
        self.layers = [
            Layer(name, module, self.weights[name])
            for module_name, module in network.named_modules()
            # A weight that a second layer shares is named, and scored, once.
            if isinstance(module, LAYERS)
            and (name := tensor_name(module_name, "weight")) in self.weights
        ]

    @cached_property
    def training(self) -> TrainingPass:
        """One forward pass in training mode, and what the needs ask for behind it."""
        kernels: list[Tensor] = []
        calls: list[tuple[int, Tensor]] = []
        handles = []
        if Need.RELU_CODES in self.needs:
            handles += _watch_relus(self.network, kernels)
        if Need.OUTPUT_GRADIENTS in self.needs:
            handles += _watch_outputs(self.layers, calls)

        backward = not self.needs.isdisjoint(_OF_THE_LOSS)
        twice = None
        if Need.HESSIAN_PRODUCT in self.needs:
            twice = SecondDerivatives(layer.weight for layer in self.layers)
        # A copy: a network may work in place on what it is given.
        images = self.images.clone().requires_grad_(Need.INPUT_GRADIENTS in self.needs)
        with hooked(handles), torch.set_grad_enabled(backward or images.requires_grad):
            torch.manual_seed(self.seed)
            buffers = buffers_of(self.network)
            with twice or contextlib.nullcontext():
                logits = run(self.network, self.weights, buffers, images, training=True)
        self._check_logits(logits)

        input_gradients = None
        if images.requires_grad:
            input_gradients = gradients_at(logits.sum(), [images], retain_graph=backward)[0]
        weight_gradients, output_gradients, curvature = [], [], 0.0
        if backward:
            weight_gradients, output_gradients, curvature = self._backward(logits, calls, twice)
        return TrainingPass(
            relu_kernel=sum(kernels) if kernels else None,
            weight_gradients=weight_gradients,
            output_gradients=output_gradients,
            curvature=curvature,
            input_gradients=input_gradients,
            num_classes=logits.shape[1],
        )

    def _backward(
        self, logits: Tensor, calls: list[tuple[int, Tensor]], twice: SecondDerivatives | None
    ) -> tuple[list[Tensor], list[tuple[int, Tensor]], float]:
        """Return the loss's gradients at weights and outputs, and the curvature."""
        weights = [layer.weight for layer in self.layers]
        products: list[tuple[int, Tensor]] = []
        loss = F.cross_entropy(logits, self.labels)
        with hooked(_watch_gradients(self.layers, calls, products)):
            gradients = gradients_at(loss, weights, create_graph=twice is not None)
        curvature = _curvature(twice, weights, gradients) if twice else 0.0
        return [g.detach() for g in gradients], products, curvature

    def _check_logits(self, logits: Tensor) -> None:
        if logits.ndim != 2 or len(logits) != len(self.images):
            raise NasutilsError(
                f"a classifier maps {len(self.images)} images to logits of shape "
                f"({len(self.images)}, classes); this network returns {tuple(logits.shape)}."
            )
        if self.labels is not None and int(self.labels.max()) >= logits.shape[1]:
            raise NasutilsError(
                f"the label {int(self.labels.max())} has no logit: "
                f"the network knows the classes 0 to {logits.shape[1] - 1}."
            )

    @cached_property
    def layer_kernels(self) -> list[Tensor]:
        """Kernel of the codes of each layer's outputs, (B, B), in evaluation mode."""
        kernels: list[list[Tensor]] = [[] for _ in self.layers]
        handles = [
            layer.module.register_forward_hook(
                lambda module, inputs, output, found=found: found.append(code_kernel(output))
            )
            for layer, found in zip(self.layers, kernels, strict=True)
        ]
        with hooked(handles), torch.no_grad():
            images, buffers = self.images.clone(), buffers_of(self.network)
            run(self.network, self.weights, buffers, images, training=False)
        empty = torch.zeros(len(self.images), len(self.images), dtype=torch.float64)
        return [sum(found, start=empty) for found in kernels]


def code_kernel(activations: Tensor) -> Tensor:
    """Count in how many units two images agree on the sign: (B, ...) to (B, B), double, on the CPU.

    It is :math:`X X^T + (1 - X)(1 - X)^T` of the binary codes X, positive or not.
    """
    codes = (activations.flatten(1) > 0).float()  # (B, units)
    # Units that are on in both; float32 counts exactly up to 2**24.
    both = (codes @ codes.T).to("cpu", torch.float64)
    on = both.diagonal()
    return codes.shape[1] - on[:, None] - on + 2 * both


def _watch_relus(network: nn.Module, kernels: list[Tensor]) -> list[RemovableHandle]:
    """Append the kernel of every ReLU's input, each module counted once, to ``kernels``."""
    known = WeakTensorKeyDictionary()  # Several ReLUs may read one node of a cell.

    def watch(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0]
        version, kernel = known.get(x, (None, None))
        if version != x._version:  # unknown, or changed in place
            kernel = code_kernel(x.detach())
            known[x] = x._version, kernel
        kernels.append(kernel)

    return [m.register_forward_pre_hook(watch) for m in network.modules() if isinstance(m, RELUS)]


def _watch_outputs(layers: list[Layer], calls: list[tuple[int, Tensor]]) -> list[RemovableHandle]:
    """Append index and output of every call of a layer to ``calls``."""

    def watcher(index: int) -> object:
        def watch(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            calls.append((index, output))
            # What follows may work in place; it gets a copy, and the output stays as it is.
            return output.clone()

        return watch

    return [layer.module.register_forward_hook(watcher(i)) for i, layer in enumerate(layers)]


def _watch_gradients(
    layers: list[Layer], calls: list[tuple[int, Tensor]], products: list[tuple[int, Tensor]]
) -> list[RemovableHandle]:
    """Append the ``output_gradients`` of a training pass to ``products`` as gradients arrive."""

    def watcher(index: int, output: Tensor) -> Callable[[Tensor], None]:
        def watch(gradient: Tensor) -> None:
            product = output.detach() * gradient.detach()
            if isinstance(layers[index].module, nn.Linear):
                product = product.movedim(-1, 1)  # Tokens, if any, come before the channels.
            products.append((index, product.reshape(*product.shape[:2], -1).sum(2)))

        return watch

    return [o.register_hook(watcher(i, o)) for i, o in calls if o.requires_grad]


def _curvature(twice: SecondDerivatives, weights: list[Tensor], gradients: list[Tensor]) -> float:
    """Return weights times Hessian times gradients, from gradients with their graph."""
    # H g is the gradient of (g with its graph) . (g as a constant).
    square = sum(((g.detach() * g).sum() for g in gradients), start=twice.share.new_zeros(()))
    share, *products = gradients_at(square, [twice.share, *weights])
    rest = (
        (w.detach() * p).sum(dtype=torch.float64) for w, p in zip(weights, products, strict=True)
    )
    return float(sum(rest, start=share))


def gradients_at(scalar: Tensor, inputs: list[Tensor], **options: bool) -> list[Tensor]:
    """Return the gradients of a scalar, zeros where it does not depend on an input."""
    if not inputs or not scalar.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    return list(
        torch.autograd.grad(scalar, inputs, allow_unused=True, materialize_grads=True, **options)
    )
