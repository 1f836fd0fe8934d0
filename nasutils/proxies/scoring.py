"""Score networks: one call for many proxies, which share their passes."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from tqdm import tqdm

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.proxies.passes import Loss, Passes
from nasutils.proxies.preserve_state import preserve_state
from nasutils.proxies.registry import UNDEFINED, Need, Proxy, ProxyError, get_proxy, proxy_names

Errors = Literal["raise", "record"]

_WAY_OUT = 'Leave the proxy out, or score the others with errors="record".'


class Scores(dict[str, float]):
    """A score a name; NaN where a proxy refuses the network, and ``errors`` says why."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        super().__init__(scores)
        self.errors: dict[str, str] = {}


def score(
    network: nn.Module,
    images: Tensor,
    labels: Tensor | None = None,
    names: Sequence[str] | str | None = None,
    *,
    seed: int = 0,
    loss: Loss | None = None,
    errors: Errors = "raise",
    progress: bool = False,
) -> Scores:
    """Score one network by many proxies.

    Proxies that need the same run of the network share it. The network is left as it was: weights,
    buffers, attributes, modes, hooks, gradients; so are torch's settings and random state, none of
    which changes a score. Images and labels are brought to the network's device and precision;
    ``network.double()`` scores without noticeable rounding.

    Torch's settings belong to the process: score in processes, not threads.

    Args:
        network: From images (B, C, H, W) to logits (B, classes), which it may return as ``logits``
            of a dictionary or an object, or first in a tuple. What ``torch.compile`` or
            ``DataParallel`` made of a network is scored as the network.
        images: One batch, (B, C, H, W). Proxies without data look at its shape only.
        labels: Classes, (B,), or what ``loss`` takes; needed by the proxies whose ``needs_labels``
            is set.
        names: The proxies, in the order of the result; all of them by default.
        seed: Of random weights and images, and of dropout.
        loss: For other tasks than classification: from output and labels to the batch's loss. The
            output may have any shape (B, ...).
        errors: What happens where a proxy cannot score the network: "raise" ends with its error,
            "record" goes on with the others, and keeps the reason.
        progress: Whether to show a bar.

    Returns:
        A score a name: finite, or ``UNDEFINED`` where the proxy is not defined for this network or
        overflows, as each proxy's ``when_undefined`` says; NaN only where an error is recorded.

    Raises:
        UnknownNameError: If there is no such proxy.
        ProxyError: If a proxy has no value for the network, or the network fails on the images.
        NasutilsError: If labels are missing or do not fit, images are not a batch of at least two
            finite ones, or the network is no classifier. Messages name the proxies.
    """
    if errors not in ("raise", "record"):
        raise UnknownNameError("way with errors", errors, ("raise", "record"))
    proxies, images, network = _proxies(names), _tensor(images), _unwrap(network)
    if images.ndim != 4:
        raise NasutilsError(f"images have shape (B, C, H, W), not {tuple(images.shape)}.")
    labels = None if labels is None else _tensor(labels)
    scores = Scores({proxy.name: math.nan for proxy in proxies})
    for group in [proxies] if errors == "raise" else [[proxy] for proxy in proxies]:
        with _recording(scores, group, errors):
            _check_network(network, group)
            _check_images(images, group)
            _check_labels(labels, len(images), group, loss)
    proxies = [proxy for proxy in proxies if proxy.name not in scores.errors]
    if not proxies:
        return scores
    like = next((p for p in network.parameters() if p.is_floating_point()), images.float())
    with preserve_state(network, like.device):
        images = _usable(images).detach().to(like.device, like.dtype)
        labels = None if labels is None else _usable(labels).detach().to(like.device)
        needs = frozenset().union(*(proxy.needs for proxy in proxies))
        if loss is None and Need.LABELS in needs:
            labels = labels.long()
        shared = Passes(network, images, labels, needs, seed, loss)
        for proxy in (bar := tqdm(proxies, disable=not progress)):
            bar.set_description(proxy.name)
            with _recording(scores, [proxy], errors):
                try:
                    scores[proxy.name] = _compute(proxy, shared)
                except NasutilsError:
                    if errors == "raise" or needs == proxy.needs:
                        raise
                    # What failed may have been for another proxy.
                    alone = Passes(network, images, labels, proxy.needs, seed, loss)
                    scores[proxy.name] = _compute(proxy, alone)
    return scores


def score_networks(
    networks: Iterable[nn.Module],
    images: Tensor,
    labels: Tensor | None = None,
    names: Sequence[str] | str | None = None,
    *,
    seed: int = 0,
    loss: Loss | None = None,
    errors: Errors = "raise",
) -> pd.DataFrame:
    """Score many networks on the same batch; arguments and errors as of ``score``.

    Networks are taken one at a time and not kept, so that a generator of thousands needs the memory
    of one.

    Returns:
        One row a network, in their order; one column a proxy. Recorded errors, a dictionary a row,
        are ``attrs["errors"]``.
    """
    columns = [proxy.name for proxy in _proxies(names)]
    options = {"seed": seed, "loss": loss, "errors": errors}
    rows = [score(network, images, labels, columns, **options) for network in networks]
    frame = pd.DataFrame(rows, columns=columns, dtype=float)
    frame.attrs["errors"] = [row.errors for row in rows]
    return frame


@contextlib.contextmanager
def _recording(scores: Scores, proxies: list[Proxy], errors: Errors) -> Iterator[None]:
    try:
        yield
    except NasutilsError as error:
        if errors == "raise":
            raise
        scores.errors |= {proxy.name: str(error) for proxy in proxies}


def _compute(proxy: Proxy, passes: Passes) -> float:
    """Return the score; whatever a network raises becomes an error of ours, with the way out."""
    try:
        value = proxy.compute(passes)
    except ProxyError as error:
        raise ProxyError(f"{proxy.name}: {error} {_WAY_OUT}") from error
    except NasutilsError as error:
        raise NasutilsError(f"{proxy.name}: {error}") from error
    except Exception as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise ProxyError(
            f"{proxy.name}: the network fails on images of shape {tuple(passes.images.shape)}: "
            f"{type(error).__name__}: {reason}. Give images that it takes. {_WAY_OUT}"
        ) from error
    return value if math.isfinite(value) else UNDEFINED


def _proxies(names: Sequence[str] | str | None) -> list[Proxy]:
    if names is None:
        names = proxy_names()
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise NasutilsError("no proxy to score by: name at least one.")
    return [get_proxy(name) for name in names]


def _unwrap(network: nn.Module) -> nn.Module:
    """Return what torch.compile or a data-parallel wrapper holds."""
    if isinstance(network, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return _unwrap(network.module)
    compiled = getattr(network, "_orig_mod", None)
    return network if compiled is None else _unwrap(compiled)


def _tensor(values: Tensor | ArrayLike) -> Tensor:
    return values if isinstance(values, Tensor) else torch.as_tensor(values, device="cpu")


def _usable(tensor: Tensor) -> Tensor:
    """Return a tensor that autograd takes, though it be made in inference mode."""
    return tensor.clone() if tensor.is_inference() else tensor


def _names(proxies: Iterable[Proxy]) -> str:
    return ", ".join(proxy.name for proxy in proxies)


def _check_network(network: nn.Module, proxies: list[Proxy]) -> None:
    names = _names(proxies)
    if not isinstance(network, nn.Module):
        raise NasutilsError(f"{names}: a network is a torch.nn.Module, not {network!r}.")
    if any(isinstance(module, torch.jit.ScriptModule) for module in network.modules()):
        raise NasutilsError(f"{names}: the network is scripted: score the module it was made from.")
    tensors = [*network.parameters(), *network.buffers()]
    if any(map(is_lazy, tensors)):
        raise NasutilsError(
            f"{names}: layers are lazy, without weights yet: run the network once before."
        )
    valued = [proxy for proxy in proxies if proxy.name not in ("params", "flops")]
    if valued and any(tensor.is_meta for tensor in tensors):
        raise NasutilsError(
            f"{_names(valued)}: the weights are on the meta device, without values: build the "
            "network on a real one; params and flops can do without."
        )


def _check_images(images: Tensor, proxies: list[Proxy]) -> None:
    if not (names := _names(proxy for proxy in proxies if proxy.needs_images)):
        return
    if len(images) < 2:
        raise NasutilsError(f"{names}: at least two images are compared, not {len(images)}.")
    if bad := int((~images.isfinite()).flatten(1).any(1).sum()):
        raise NasutilsError(f"{bad} of {len(images)} images have NaN or infinite pixels.")


def _check_labels(
    labels: Tensor | None, size: int, proxies: list[Proxy], loss: Loss | None
) -> None:
    if not (names := _names(proxy for proxy in proxies if proxy.needs_labels)):
        return
    if labels is None:
        raise NasutilsError(f"labels are missing: {names} cannot do without.")
    if loss is not None and labels.shape[:1] == (size,):
        return
    if labels.shape != (size,) or labels.is_floating_point() or (labels < 0).any():
        raise NasutilsError(
            f"labels are {size} classes from 0 on, one an image; got {labels.dtype} of "
            f"shape {tuple(labels.shape)}, minimum {labels.min()}."
        )
