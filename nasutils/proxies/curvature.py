r"""The second backward pass, for the one number that GraSP wants: :math:`w^\top H g`.

The Hessian times the gradient g is the gradient, at the weights, of g (with its graph) times g (a
constant). Torch derives it through any network, but at a price: it splits the second derivative of
a batch norm into some twenty passes over memory, turns one convolution into one with kernels as
large as the images, and spends two of six convolutions on :math:`Hg` itself, a tensor a layer.

``SecondDerivatives`` puts two functions with the same values and first derivatives in their place,
and one for hard-sigmoid, which torch cannot derive twice.
Their second derivatives cost less, and a convolution adds up its share of :math:`w^\top H g` where
the weight's part of :math:`Hg` would have come: a convolution is linear in its weight, so that its
product with that part is a product of tensors at hand. All other operations stay torch's own.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

_aten = torch.ops.aten


class SecondDerivatives(TorchFunctionMode):
    r"""Within this context, convolutions and batch norms have cheap second derivatives.

    So has hard-sigmoid, which in torch has none.

    For one use: a backward pass with ``create_graph`` to all weights w, leaves of autograd, then,
    without it, one from the gradients' product with constants to ``share`` and the weights. In the
    latter, a weight gets the part of :math:`Hg` that came to it in other ways than by the
    convolutions here.

    Attributes:
        share: A leaf whose gradient is :math:`w^\top H g` as far as the convolutions here go. Its
            own attribute ``wanted`` says whether the pass is the second: no other adds it up.
    """

    def __init__(self, weights: Iterable[Tensor]) -> None:
        super().__init__()
        self._weights = {id(weight): weight for weight in weights}
        first = next(iter(self._weights.values()), torch.empty(0))
        self.share = first.new_zeros((), dtype=torch.float64, requires_grad=True)
        self.share.wanted = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Call the function, or the one in its place."""
        if func is F.conv2d and not kwargs and self._convolves(*args):
            image, weight, _, *geometry = args
            return Convolution.apply(self.share, image, weight, *geometry)
        if func is F.batch_norm:
            return _batch_norm(*args, **(kwargs or {}))
        if func is F.hardsigmoid:
            return HardSigmoid.apply(args[0])
        return func(*args, **(kwargs or {}))

    def _convolves(self, *args: Any) -> bool:
        """Tell whether these are the arguments of a ``Conv2d`` of the weights, without bias."""
        return (
            len(args) == 7
            and args[0].ndim == 4
            and id(args[1]) in self._weights
            and args[2] is None
            and all(isinstance(pair, tuple) for pair in args[3:6])
        )


def _batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if training and x.numel() > x.shape[1]:  # Torch refuses one element a channel.
        return BatchNorm.apply(x, weight, bias, running_mean, running_var, momentum, eps)
    return F.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)


@contextlib.contextmanager
def once_differentiable_calls() -> Iterator[list[str]]:
    """Collect what torch says of functions that may be derived once alone.

    Asked for second derivatives at given weights, torch leaves such functions out without a word.
    """
    said: list[str] = []
    delayed_error = torch._C._functions.DelayedError

    def say(message: str, outputs: int) -> Any:
        said.append(message)
        return delayed_error(message, outputs)

    with patch.object(torch._C._functions, "DelayedError", say):
        yield said


class Convolution(Function):
    """A convolution without bias."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, share: Tensor, x: Tensor, weight: Tensor, *geometry: Any
    ) -> Tensor:
        """Convolve (B, C, H, W); ``geometry`` is stride, padding, dilation and groups."""
        ctx.save_for_backward(share, x, weight)
        ctx.geometry = geometry
        return F.conv2d(x, weight, None, *geometry)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients; in the second pass the weight's times the weight, as a share."""
        share, x, weight = ctx.saved_tensors
        constants = (None,) * 4
        if torch.is_grad_enabled():  # the pass with ``create_graph``
            first = _ConvolutionBackward.apply(share, gradient, x, weight, ctx.geometry)
            return None, *first, *constants
        to_x = _convolution_backward(gradient, x, weight, ctx.geometry, [True, False])[0]
        # <weight, gradient there> = <output, gradient there> = <x, gradient there>.
        added = _dot(x, to_x) if share.wanted else None
        return added, to_x, None, *constants


class _ConvolutionBackward(Function):
    """The gradients at a convolution's input and weight."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, share: Tensor, gradient: Tensor, x: Tensor, weight: Tensor, geometry: Any
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(gradient, x, weight)
        ctx.geometry = geometry
        return _convolution_backward(gradient, x, weight, geometry, [True, True])

    @staticmethod
    def backward(ctx: FunctionCtx, of_x: Tensor, of_weight: Tensor) -> tuple[Tensor | None, ...]:
        gradient, x, weight = ctx.saved_tensors
        moved = F.conv2d(of_x, weight, None, *ctx.geometry)
        share = _dot(moved, gradient)
        moved += F.conv2d(x, of_weight, None, *ctx.geometry)
        to_x = _convolution_backward(gradient, x, of_weight, ctx.geometry, [True, False])[0]
        return share, moved, to_x, None, None


def _convolution_backward(
    gradient: Tensor, x: Tensor, weight: Tensor, geometry: Any, wanted: list[bool]
) -> tuple[Tensor, Tensor]:
    stride, padding, dilation, groups = geometry
    return _aten.convolution_backward(
        *(gradient, x, weight, None, stride, padding, dilation, False, (0, 0), groups),
        [*wanted, False],
    )[:2]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return torch.dot(a.flatten(), b.flatten()).double()


class HardSigmoid(Function):
    """Hard-sigmoid, the slope of which is 1/6 between -3 and 3."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
        """Return x / 6 + 1/2, from 0 to 1."""
        ctx.save_for_backward(x)
        return F.hardsigmoid(x)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        """Return the gradient times the slope, which autograd derives again."""
        (x,) = ctx.saved_tensors
        return gradient * (x.detach().abs() < 3) / 6


class BatchNorm(Function):
    """A batch norm in training mode; scale and offset have no second derivatives."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, weight: Tensor | None, bias: Tensor | None, *settings: Any
    ) -> Tensor:
        """Normalise (B, C, ...) by channel and update the running statistics."""
        running_mean, running_var, momentum, ctx.eps = settings
        y, *moments = torch.native_batch_norm(
            x, weight, bias, running_mean, running_var, True, momentum, ctx.eps
        )
        ctx.save_for_backward(x, weight, *moments)
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients at input, scale and offset."""
        gradients = _BatchNormBackward.apply(gradient, *ctx.saved_tensors, ctx.eps)
        # Without scale and offset there is nothing to return for them.
        wanted = zip(gradients, ctx.needs_input_grad, strict=False)
        return *(g if needed else None for g, needed in wanted), None, None, None, None


class _BatchNormBackward(Function):
    r"""The gradients of a batch norm, channel by channel.

    With means over a channel's M elements as overlines,
    :math:`\frac{\gamma}{\sigma} (g - \bar g - \hat x\, \overline{g \hat x})` at the input,
    :math:`M\, \overline{g \hat x}` at the scale and :math:`M \bar g` at the offset.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, gradient: Tensor, *saved: Any) -> tuple[Tensor, Tensor, Tensor]:
        *tensors, ctx.eps = saved
        gradients = _batch_norm_backward(gradient, *tensors, ctx.eps)
        ctx.save_for_backward(gradient, *tensors, *gradients[1:])
        ctx.mark_non_differentiable(*gradients[1:])
        return gradients

    @staticmethod
    def backward(ctx: FunctionCtx, u: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        r"""Differentiate S, the sum of u times the gradient at the input.

        The map from g to there is symmetric, so that u goes back by the map itself. At x,

        .. math:: \frac{\partial S}{\partial x} = -\frac{\gamma}{\sigma^2} \bigl[
            \overline{u \hat x}\, g + \overline{g \hat x}\, u
            - \overline{u \hat x}\, \bar g - \overline{g \hat x}\, \bar u
            + \hat x\, (\overline{u g} - \bar u \bar g - 3\, \overline{u \hat x}\,
            \overline{g \hat x}) \bigr].
        """
        g, x, weight, mean, inverse_std, *g_sums = ctx.saved_tensors
        to_g, *u_sums = _batch_norm_backward(u, x, weight, mean, inverse_std, ctx.eps)
        count = x.numel() // x.shape[1]
        gx, g1, ux, u1 = (total / count for total in (*g_sums, *u_sums))
        ug = (u * g).sum([d for d in range(x.ndim) if d != 1]) / count
        scale = -inverse_std.square() * (1 if weight is None else weight)
        slope = (ug - u1 * g1 - 3 * ux * gx) * inverse_std
        offset = -ux * g1 - gx * u1 - slope * mean
        to_x = x * _by_channel(scale * slope, x)
        to_x += _by_channel(scale * offset, x)
        to_x.addcmul_(g, _by_channel(scale * ux, x)).addcmul_(u, _by_channel(scale * gx, x))
        return to_g, to_x, None, None, None, None


def _batch_norm_backward(gradient: Tensor, *saved: Any) -> tuple[Tensor, Tensor, Tensor]:
    x, weight, mean, inverse_std, eps = saved
    return _aten.native_batch_norm_backward(
        gradient, x, weight, None, None, mean, inverse_std, True, eps, [True, True, True]
    )


def _by_channel(values: Tensor, like: Tensor) -> Tensor:
    """View (C,) as (1, C, 1, ...), with as many dimensions as ``like``."""
    return values.view(-1, *(1,) * (like.ndim - 2))
