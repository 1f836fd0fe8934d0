"""Zen-score: how far a random network carries a small change of a random image."""

from typing import Any

import torch
from torch import Tensor, ops

from nasutils.proxies.observe import Call, Observer
from nasutils.proxies.passes import Passes
from nasutils.proxies.preserve_state import buffers_of, run
from nasutils.proxies.random_weights import NewNorms, normal, random_weights
from nasutils.proxies.registry import declared

PERTURBATION = 0.01

_aten = ops.aten
_ADAPTIVE = {_aten._adaptive_avg_pool2d, _aten.adaptive_max_pool2d}
_POOLS = {
    *_ADAPTIVE,
    *(_aten.mean, _aten.sum, _aten.amax, _aten.avg_pool2d, _aten.max_pool2d_with_indices),
    *(_aten.select, _aten.slice),  # of the token of a class
}


@declared
def zen(passes: Passes) -> float:
    r"""Return the log of the features' change, with the scale that the norms take away.

    Images x, noise :math:`\epsilon` and the weights of all layers are standard normal, biases
    zero, norms fresh (b, the calls of all kinds of norms, with channels or groups c).
    :math:`\varphi` are the features before global pooling, or before a class's token is picked.
    As in the public scores, :math:`\hat\sigma^2` is the running variance that the two passes in
    training mode leave, not the variance of the batch itself.
    """
    images, generator = passes.images, torch.Generator().manual_seed(passes.seed)

    x = normal(images, generator).contiguous(memory_format=passes.structure.memory_format)
    moved = x + PERTURBATION * normal(images, generator)
    weights = random_weights(
        passes.structure, passes.weights, lambda layer: normal(layer.weight, generator)
    )
    norms = NewNorms()
    with torch.no_grad():
        change = _features(passes, weights, norms, x)
        change = change - _features(passes, weights, norms, moved)
    distance = change.double().abs().sum() / len(images)
    return float(distance.log() + sum(v.log() / 2 for v in norms.variances()))


def _features(
    passes: Passes, weights: dict[str, Tensor], norms: NewNorms, images: Tensor
) -> Tensor:
    features = Features(len(images))
    torch.manual_seed(passes.seed)
    with norms, Observer(weights, images, on_call=features.begin, on_data=features.look):
        logits = run(passes.network, weights, buffers_of(passes.network), images, training=True)
    return logits if features.found is None else features.found


class Features:
    """Find what enters the last pooling over all positions, for a batch of some size.

    A gate, too, pools over all positions; but a map follows it. Without a last pooling the last map
    is found, a tensor with positions beside images and channels; none in a network without maps.
    """

    def __init__(self, size: int) -> None:
        self._size, self._begun, self._pooled = size, False, False
        self.found: Tensor | None = None

    def begin(self, call: Call) -> bool:
        """Take note of a layer: what comes before the first one is no feature."""
        self._begun = True
        return False

    def look(self, op: Any, x: Any, y: Tensor) -> None:
        """Look at the operation that made y of x (and others)."""
        if not self._begun:
            return
        sizes = [size for size in y.shape if size > 1]
        if self._size in sizes:
            sizes.remove(self._size)
        is_map = len(sizes) > 1
        if op in _ADAPTIVE or (op in _POOLS and not is_map and x.ndim > 2):
            self.found, self._pooled = x, True
        elif is_map or (y.ndim == 4 and not self._pooled):
            self.found, self._pooled = y, False
