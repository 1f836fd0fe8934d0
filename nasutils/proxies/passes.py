"""The runs of a network that several proxies share."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from nasutils.errors import NasutilsError
from nasutils.proxies.cells import Cells, measure_cells
from nasutils.proxies.curvature import SecondDerivatives, once_differentiable_calls
from nasutils.proxies.observe import Call, Observer
from nasutils.proxies.pooling import FastPooling
from nasutils.proxies.preserve_state import buffers_of, gradients_at, hooked, run, weights_of
from nasutils.proxies.registry import Need, ProxyError
from nasutils.proxies.structure import MIXED, Layer, Structure, find_structure

Loss = Callable[[Tensor, Tensor], Tensor]

_OF_THE_LOSS = {Need.WEIGHT_GRADIENTS, Need.OUTPUT_GRADIENTS, Need.HESSIAN_PRODUCT}


@dataclass(frozen=True)
class TrainingPass:
    """What one forward pass in training mode and the backward passes through it leave.

    Gradients of weights that the loss does not depend on are zeros.

    Attributes:
        relus: What the images do at the ReLUs.
        weight_gradients: Gradient of the loss, a tensor a layer.
        output_gradients: What comes back to the layers' outputs.
        curvature: Weights times Hessian of the loss times its gradient; or why there is none.
        input_gradients: Gradient of the summed logits, (B, C, H, W).
        num_classes: Width of the logits.
    """

    relus: "ReLUs"
    weight_gradients: list[Tensor]
    output_gradients: "OutputGradients"
    curvature: float | RuntimeError
    input_gradients: Tensor | None
    num_classes: int


class Passes:
    """The runs of one network on one batch; each happens when first asked for, and once.

    The caller protects the network's state with ``preserve_state``. Images (B, C, H, W) have its
    precision and are on its device; labels are classes (B,), or what the loss compares with. The
    needs are all that will be asked for, so that one run can serve it; the seed is that of whatever
    is random; the loss, that of classes if None, makes a number of the output and the labels.
    """

    def __init__(
        self,
        network: nn.Module,
        images: Tensor,
        labels: Tensor | None,
        needs: Iterable[Need],
        seed: int,
        loss: Loss | None = None,
    ) -> None:
        self.network, self.images, self.labels = network, images, labels
        self.needs, self.seed, self.loss = frozenset(needs), seed, loss
        self.weights = weights_of(network)

    @cached_property
    def structure(self) -> Structure:
        """The network's layers, and where each image's values lie."""
        return find_structure(self.network, self.weights, self.images, self.seed)

    @property
    def layers(self) -> list[Layer]:
        """The layers that the network calls. A weight that several share is scored once."""
        return self.structure.layers

    @cached_property
    def training(self) -> TrainingPass:
        """One forward pass in training mode, and what the needs ask for behind it."""
        backward = not self.needs.isdisjoint(_OF_THE_LOSS)
        twice = None
        if Need.HESSIAN_PRODUCT in self.needs:
            twice = SecondDerivatives(layer.weight for layer in self.layers)
        images = _copy(self.images).requires_grad_(Need.INPUT_GRADIENTS in self.needs)
        relus = ReLUs(self.structure, len(images), self.needs)
        outputs = OutputGradients(self.structure, len(images))
        observer = Observer(
            self.weights,
            images,
            on_call=outputs.on_call if Need.OUTPUT_GRADIENTS in self.needs else None,
            on_relu=relus.on_relu if relus.wanted else None,
        )
        with hooked(outputs.handles), torch.set_grad_enabled(backward or images.requires_grad):
            with twice or contextlib.nullcontext(), observer:
                logits = self._forward(images)
            input_gradients = None
            if images.requires_grad:
                input_gradients = gradients_at(logits.sum(), [images], retain_graph=backward)[0]
            outputs.arrive = True
            gradients = []
            with once_differentiable_calls() as once:
                if backward:
                    gradients = self._gradients(logits, self.labels, create_graph=bool(twice))
        curvature = 0.0
        if twice:
            curvature = RuntimeError(once[0]) if once else self._curvature(twice, gradients)
        detached = [g.detach() for g in gradients]
        classes = logits.shape[-1]
        return TrainingPass(relus, detached, outputs, curvature, input_gradients, classes)

    @cached_property
    def half_gradients(self) -> list[list[Tensor]]:
        """Gradient of the loss of each half of the batch, a tensor a layer, in training mode."""
        halves = zip(self.images.chunk(2), self.labels.chunk(2), strict=True)
        return [self._gradients(self._forward(_copy(x)), labels) for x, labels in halves]

    @cached_property
    def layer_kernels(self) -> list[Tensor]:
        """Kernel of the codes of each layer's outputs, (B, B), in evaluation mode."""
        size = len(self.images)
        zeros = torch.zeros(size, size, dtype=torch.float64, device="cpu")
        kernels = {layer.name: zeros for layer in self.layers}

        def on_call(call: Call, output: Tensor | None) -> None:
            if output is not None:
                kernels[call.name] = kernels[call.name] + code_kernel(output)

        self.visit_layers(self.images, on_call, training=False)
        return list(kernels.values())

    @cached_property
    def cells(self) -> Cells:
        """What AZ-NAS reads of the network's cells, with random weights and images."""
        return measure_cells(self.network, self.structure, self.weights, self.images, self.seed)

    def visit_layers(
        self, images: Tensor, visit: Callable[[Call, Tensor | None], None], *, training: bool
    ) -> None:
        """Hand over every layer's call, with its output by image, (B, ...)."""
        structure, images = self.structure, _copy(images)

        def on_call(call: Call) -> bool:
            visit(call, structure.layout(call).by_image(call.output, len(images)))
            return False

        with torch.no_grad(), Observer(self.weights, images, on_call=on_call):
            torch.manual_seed(self.seed)
            run(self.network, self.weights, buffers_of(self.network), images, training=training)

    def _forward(self, images: Tensor) -> Tensor:
        torch.manual_seed(self.seed)
        buffers = buffers_of(self.network)
        with FastPooling():
            logits = run(self.network, self.weights, buffers, images, training=True)
        self._check(logits, len(images))
        return logits

    def _check(self, logits: Tensor, size: int) -> None:
        wanted = f"({size}, classes)" if self.loss is None else f"({size}, ...)"
        if (len(logits.shape) != 2 and self.loss is None) or logits.shape[:1] != (size,):
            raise NasutilsError(
                f"a classifier maps {size} images to logits of shape {wanted}; this network "
                f"returns {tuple(logits.shape)}."
            )
        if self.labels is None or self.loss is not None:
            return
        if int(self.labels.max()) >= logits.shape[1]:
            raise NasutilsError(
                f"the label {int(self.labels.max())} has no logit: "
                f"the network knows the classes 0 to {logits.shape[1] - 1}."
            )

    def _gradients(self, logits: Tensor, labels: Tensor, **options: bool) -> list[Tensor]:
        """Return the gradients of the loss at the layers' weights."""
        loss = (self.loss or F.cross_entropy)(logits, labels)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise NasutilsError(f"the loss of a batch is one number, not {loss!r}.")
        return gradients_at(loss.sum(), [layer.weight for layer in self.layers], **options)

    def _curvature(self, twice: SecondDerivatives, gradients: list[Tensor]) -> float | RuntimeError:
        """Return weights times Hessian times gradients, from gradients with their graph."""
        weights = [layer.weight for layer in self.layers]
        # H g is the gradient of (g with its graph) . (g as a constant).
        square = sum(((g.detach() * g).sum() for g in gradients), start=twice.share.new_zeros(()))
        twice.share.wanted = True
        try:
            share, *products = gradients_at(square, [twice.share, *weights])
        except RuntimeError as error:  # Some operation has no second derivative.
            return error
        pairs = zip(weights, products, strict=True)
        rest = ((w.detach() * p).sum(dtype=torch.float64) for w, p in pairs)
        return float(sum(rest, start=share))


def _copy(images: Tensor) -> Tensor:
    """Return what a network may work on in place."""
    return images.clone(memory_format=torch.contiguous_format)


def code_kernel(activations: Tensor) -> Tensor:
    """Count in how many units two images agree on the sign: (B, ...) to (B, B), double, on the CPU.

    It is :math:`X X^T + (1 - X)(1 - X)^T` of the binary codes X, positive or not.
    """
    codes = activations.new_empty(activations.flatten(1).shape, dtype=torch.float32)
    torch.gt(activations.flatten(1), 0, out=codes)  # (B, units)
    # Units that are on in both; float32 counts exactly up to 2**24.
    both = (codes @ codes.T).to("cpu", torch.float64)
    on = both.diagonal()
    return codes.shape[1] - on[:, None] - on + 2 * both


class ReLUs:
    """The signs of every ReLU's input, once a call, as far as ``needs`` will ask for them."""

    def __init__(self, structure: Structure, size: int, needs: Iterable[Need]) -> None:
        self.wanted = {Need.RELU_CODES, Need.RELU_PATTERNS} & set(needs)
        self._layouts, self._size = iter(structure.relus), size
        self._kernels: list[Tensor] = []
        self._patterns: list[np.ndarray] = []
        self._error: ProxyError | None = None

    @property
    def kernel(self) -> Tensor:
        """Sum over the ReLUs of the kernel of their codes, (B, B)."""
        self._check(self._kernels)
        return sum(self._kernels)

    @property
    def num_patterns(self) -> int:
        """How many different columns the codes have: what a unit does on all images."""
        self._check(self._patterns)
        return len(np.unique(np.concatenate(self._patterns), axis=0))

    def _check(self, found: list[Any]) -> None:
        if self._error:
            raise self._error
        if not found:
            raise ProxyError("the network calls no ReLU, and nothing else has such codes.")

    def on_relu(self, x: Tensor) -> None:
        """Read a ReLU's input, before the ReLU may work in place."""
        try:
            units = next(self._layouts, MIXED).by_image(x.detach(), self._size)
        except ProxyError as error:
            self._error = error  # not of the other proxies of this pass
            return
        if units is not None and Need.RELU_CODES in self.wanted:
            # Several ReLUs may read one node of a cell.
            version, kernel = getattr(x, "_kernel", (None, None))
            if version != x._version:  # unknown, or changed in place
                kernel = code_kernel(units)
                x._kernel = x._version, kernel
            self._kernels.append(kernel)
        if units is not None and Need.RELU_PATTERNS in self.wanted:
            self._patterns.append(_patterns(units))


def _patterns(units: Tensor) -> np.ndarray:
    """Return the different columns of the codes of (B, units), 64 images to a number."""
    bits = np.packbits((units > 0).cpu().numpy(), axis=0)  # (B / 8, units)
    bits = np.pad(bits, ((0, -len(bits) % 8), (0, 0)))
    words = np.ascontiguousarray(bits.T).view(np.uint64)  # (units, B / 64)
    return np.unique(words, axis=0 if words.shape[1] > 1 else None)


class OutputGradients:
    """What comes back to the layers' outputs, once ``arrive`` says that it is of the loss.

    Attributes:
        products: Every call that gradients came back to: how many weights are behind a channel, and
            by image and channel the product of output and gradient, summed over positions, (B, C);
            or why there is none.
    """

    def __init__(self, structure: Structure, size: int) -> None:
        self._structure, self._size = structure, size
        self.products: list[tuple[int, Tensor | ProxyError]] = []
        self.arrive = False
        self.handles: list[RemovableHandle] = []

    def on_call(self, call: Call) -> bool:
        """Ask for the gradient at an output, and for the output to stay as it is."""

        def arrive(gradient: Tensor) -> None:
            if self.arrive:
                self.products.append((call.fan_in, self._by_channel(call, gradient.detach())))

        if wanted := call.output.requires_grad:
            self.handles.append(call.output.register_hook(arrive))
        return wanted

    def _by_channel(self, call: Call, gradient: Tensor) -> Tensor | ProxyError:
        product, layout = call.output.detach() * gradient, self._structure.layout(call)
        try:
            return layout.sums(product, self._size, call.channels)
        except ProxyError as error:
            return error
