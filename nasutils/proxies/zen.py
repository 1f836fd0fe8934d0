"""Zen-score: how far a random network carries a small change of a random image."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nasutils.proxies.passes import LAYERS, Passes
from nasutils.proxies.registry import Need, register
from nasutils.proxies.synflow import NORMS
from nasutils.proxies.untouched import buffers_of, hooked, run, tensor_name

PERTURBATION = 0.01


@register(
    title="Zen-score",
    equation=r"\log \frac{1}{B} \sum_{n} \lVert \varphi(x_n) - \varphi(x_n + 0.01\, \epsilon_n)"
    r" \rVert_1 + \sum_{b} \log \sqrt{\operatorname{mean}_c \hat\sigma^2_{b,c}}",
    source="lin2021zennas",
    when_undefined="UNDEFINED for a dead network, whose features do not change, and on overflow",
    needs={Need.SHAPE, Need.RANDOM_WEIGHTS},
)
def zen(passes: Passes) -> float:
    r"""Return the log of the features' change, with the scale that batch norm takes away.

    Images x, noise :math:`\epsilon` and the weights of all layers are standard normal, biases
    zero, batch norms (b, with channels c) fresh. :math:`\varphi` are the features before global
    pooling. As in the public scores, :math:`\hat\sigma^2` is the running variance that the two
    passes in training mode leave, not the variance of the batch itself.
    """
    network, images = passes.network, passes.images
    generator = torch.Generator().manual_seed(passes.seed)

    def normal(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator).to(like)  # the same on any device

    x = normal(images)
    if _takes_channels_last(passes, x):  # Pooling and batch norm are several times as fast so.
        x = _channels_last(x)
    moved = x + PERTURBATION * normal(images)
    weights, buffers = _random_weights(passes, normal), _fresh_buffers(network)
    with torch.no_grad():
        change = _features(network, weights, buffers, x)
        change = change - _features(network, weights, buffers, moved)
    distance = change.double().flatten(1).abs().sum(1).mean()
    variances = [buffers[name].double().mean() for name in _running(network, "running_var")]
    return float(distance.log() + sum(v.log() / 2 for v in variances))


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def _takes_channels_last(passes: Passes, images: Tensor) -> bool:
    """Try two images: a network that flattens maps by ``view`` fails on maps that lie so."""
    network, pair = passes.network, _channels_last(images[:2])
    with torch.no_grad():
        try:
            run(network, passes.weights, buffers_of(network), pair, training=False)
        except RuntimeError:
            return False
    return True


def _random_weights(passes: Passes, normal: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    weights = {name: w.detach() for name, w in passes.weights.items()}
    for name, module in passes.network.named_modules():
        for kind, tensor in module.named_parameters(recurse=False):
            if tensor_name(name, kind) not in weights:
                continue  # tied to a tensor that goes by another name, and is drawn once
            if isinstance(module, LAYERS):
                new = normal(tensor) if kind == "weight" else torch.zeros_like(tensor)
            elif isinstance(module, (*NORMS, nn.GroupNorm, nn.LayerNorm)):
                new = torch.full_like(tensor, kind == "weight")
            else:
                continue
            weights[tensor_name(name, kind)] = new
    return weights


def _running(network: nn.Module, statistic: str) -> list[str]:
    """Return the names of one running statistic of all batch norms that keep it."""
    return [
        tensor_name(name, statistic)
        for name, module in network.named_modules()
        if isinstance(module, NORMS) and module.running_var is not None
    ]


def _fresh_buffers(network: nn.Module) -> dict[str, Tensor]:
    buffers = buffers_of(network)
    for statistic, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
        for name in _running(network, statistic):
            buffers[name].fill_(value)
    return buffers


def _features(
    network: nn.Module, weights: dict[str, Tensor], buffers: dict[str, Tensor], images: Tensor
) -> Tensor:
    """Return what enters the last global pooling, (B, C, H, W).

    Without an ``AdaptiveAvgPool2d`` it is the last map that a module returns, without any map the
    logits.
    """
    pooled: list[Tensor] = []
    maps: list[Tensor] = []

    def before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        pooled[:] = inputs[:1]

    def after(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(output, Tensor) and output.ndim == 4:
            maps[:] = [output]

    handles = [m.register_forward_hook(after) for m in network.modules()]
    handles += [
        m.register_forward_pre_hook(before)
        for m in network.modules()
        if isinstance(m, nn.AdaptiveAvgPool2d)
    ]
    with hooked(handles):
        logits = run(network, weights, buffers, images, training=True)
    return [logits, *maps, *pooled][-1]
