"""Score networks: one call for many proxies, which share their passes."""

import math
from collections.abc import Iterable, Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from nasutils.errors import NasutilsError
from nasutils.proxies.passes import Passes
from nasutils.proxies.registry import UNDEFINED, Proxy, get_proxy, proxy_names
from nasutils.proxies.untouched import untouched


def score(
    network: nn.Module,
    images: Tensor,
    labels: Tensor | None = None,
    names: Sequence[str] | str | None = None,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Score one network by many proxies.

    Proxies that need the same run of the network share it. The network is left as it was: weights,
    buffers, modes, hooks, gradients; so is torch's random state. Images and labels are brought to
    the network's device and precision; ``network.double()`` scores without noticeable rounding.

    Args:
        network: An image classifier from (B, C, H, W) to logits (B, classes), which it may return
            first in a tuple.
        images: One batch, (B, C, H, W). Proxies without data look at its shape only.
        labels: Classes, (B,); needed by the proxies whose ``needs_labels`` is set.
        names: The proxies, in the order of the result; all of them by default.
        seed: Of Zen-score's random weights and images, and of dropout.

    Returns:
        A score a name: finite, or ``UNDEFINED`` where the proxy is not defined for this network or
        overflows, as each proxy's ``when_undefined`` says; never NaN.

    Raises:
        UnknownNameError: If there is no such proxy.
        NasutilsError: If labels are missing or do not fit, images are not a batch of at least two
            finite ones, or the network is no classifier of such images.
    """
    proxies = _proxies(names)
    images, labels = _batch(network, images, labels, proxies)
    needs = frozenset().union(*(proxy.needs for proxy in proxies))
    with untouched(network):
        passes = Passes(network, images, labels, needs, seed)
        return {proxy.name: _defined(proxy.compute(passes)) for proxy in proxies}


def score_networks(
    networks: Iterable[nn.Module],
    images: Tensor,
    labels: Tensor | None = None,
    names: Sequence[str] | str | None = None,
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Score many networks on the same batch; arguments and errors as of ``score``.

    Networks are taken one at a time and not kept, so that a generator of thousands needs the
    memory of one.

    Returns:
        One row a network, in their order; one column a proxy.
    """
    columns = [proxy.name for proxy in _proxies(names)]
    rows = [score(network, images, labels, columns, seed=seed) for network in networks]
    return pd.DataFrame(rows, columns=columns, dtype=float)


def _proxies(names: Sequence[str] | str | None) -> list[Proxy]:
    if names is None:
        names = proxy_names()
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise NasutilsError("no proxy to score by: name at least one.")
    return [get_proxy(name) for name in names]


def _defined(value: float) -> float:
    return value if math.isfinite(value) else UNDEFINED


def _batch(
    network: nn.Module, images: Tensor, labels: Tensor | None, proxies: list[Proxy]
) -> tuple[Tensor, Tensor | None]:
    """Check the batch and bring it to the network's device and precision."""
    if images.ndim != 4:
        raise NasutilsError(f"images have shape (B, C, H, W), not {tuple(images.shape)}.")
    like = next(network.parameters(), images.float())
    images = images.detach().to(like.device, like.dtype)
    if looking := [proxy.name for proxy in proxies if proxy.needs_images]:
        _check_images(images, ", ".join(looking))
    if not (labelled := [proxy.name for proxy in proxies if proxy.needs_labels]):
        return images, None
    if labels is None:
        raise NasutilsError(f"labels are missing: {', '.join(labelled)} cannot do without.")
    labels = torch.as_tensor(labels, device=like.device)
    if labels.shape != images.shape[:1] or labels.is_floating_point() or (labels < 0).any():
        raise NasutilsError(
            f"labels are {len(images)} classes from 0 on, one an image; got {labels.dtype} of "
            f"shape {tuple(labels.shape)}, minimum {labels.min()}."
        )
    return images, labels.long()


def _check_images(images: Tensor, names: str) -> None:
    if len(images) < 2:
        raise NasutilsError(f"{names}: at least two images are compared, not {len(images)}.")
    if bad := int((~images.isfinite()).flatten(1).any(1).sum()):
        raise NasutilsError(f"{bad} of {len(images)} images have NaN or infinite pixels.")
