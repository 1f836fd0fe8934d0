"""Proxies by plain autograd, without a line of the package: what its scores are held against.

Layers are found where gradients will go: in the graph that autograd records, the factors of
convolutions and matrix products that lead back to parameters and not to the images.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

# The places of the factors among a node's inputs.
_FACTORS = {
    "ConvolutionBackward0": (1,),
    "MmBackward0": (1, 0),
    "BmmBackward0": (1, 0),
    "AddmmBackward0": (2, 1),
    "BaddbmmBackward0": (2, 1),
}
_NORMS = ("batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm")


def plain_scores(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Return the proxies that plain autograd can tell, on a network that it may change."""
    with sdpa_kernel(SDPBackend.MATH):
        images.requires_grad_()
        torch.manual_seed(0)
        outputs = network.train()(images)
        logits, auxiliary = _logits(outputs), outputs[1:] if isinstance(outputs, tuple) else ()
        loss = F.cross_entropy(logits, labels)
        weights = layer_weights(network, sum(map(torch.sum, auxiliary), logits.sum()), images)
        rows = _at(logits.sum(), [images], retain_graph=True)[0].flatten(1).numpy()
        gradients = _at(loss, weights, create_graph=True)
        scores = _of_gradients(weights, [g.detach() for g in gradients])
        state = network.state_dict()
        scores["params"] = sum(state[k].numel() for k, _ in network.named_parameters()) / 1e6
        with np.errstate(invalid="ignore"):
            correlations = np.corrcoef(rows)
        scores["jacov"] = -np.inf
        if np.isfinite(correlations).all():
            eigenvalues = np.linalg.eigvalsh(correlations).clip(0) + 1e-5
            scores["jacov"] = -(np.log(eigenvalues) + 1 / eigenvalues).sum()
        square = sum((g.detach() * g).sum() for g in gradients)
        with contextlib.suppress(RuntimeError):  # Torch cannot derive all functions twice.
            curved = _at(square, weights)
            scores["grasp"] = -_total(w.detach() * h for w, h in zip(weights, curved, strict=True))
        scores["synflow"] = _synflow(network, images)
    return {name: float(value) for name, value in scores.items()}


def layer_weights(network: nn.Module, number: Tensor, images: Tensor) -> list[Tensor]:
    """Return the weights that a number depends on, in the order of the parameters."""
    sources: dict[Any, frozenset[int]] = {}
    for node in _in_order(number.grad_fn):  # Inputs come before the nodes that take them.
        own = {id(node.variable)} if hasattr(node, "variable") else set()
        sources[node] = frozenset(own.union(*(sources[n] for n, _ in node.next_functions if n)))
    parameters = {id(p): p for p in network.parameters()}
    found = set()
    for node in sources:
        for place in _FACTORS.get(node.name(), ()):
            factor = node.next_functions[place][0]
            origins = sources.get(factor, frozenset())
            if origins and id(images) not in origins:
                found.add(max(origins, key=lambda i: parameters[i].numel()))
                break
    return [p for i, p in parameters.items() if i in found]


def _in_order(root: Any) -> Iterator[Any]:
    seen, stack = set(), [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((n, False) for n, _ in node.next_functions if n and n not in seen)


def _of_gradients(weights: list[Tensor], gradients: list[Tensor]) -> dict[str, float]:
    products = [w.detach() * g for w, g in zip(weights, gradients, strict=True)]
    return {
        "grad_norm": _total(g.norm() for g in gradients),
        "l2_norm": _total(w.detach().norm() for w in weights),
        "plain": _total(products),
        "snip": _total(p.abs() for p in products),
        "snip_ssnr": _total(p.abs().sum() / p.abs().std() for p in products if p.abs().std() > 0),
    }


def _synflow(network: nn.Module, images: Tensor) -> float:
    """Return SynFlow, with torch's functions of norms put aside one by one."""
    for parameter in network.parameters():
        parameter.data.abs_()
    ones = torch.ones_like(images[:1]).requires_grad_()
    through = _without_norms(network.eval(), ones)
    weights = layer_weights(network, through, ones)
    flow = _at(through, weights)
    total = _total(w.detach() * g for w, g in zip(weights, flow, strict=True))
    return np.log(total) if total > 0 else -np.inf


def _without_norms(network: nn.Module, ones: Tensor) -> Tensor:
    patches = [patch.object(F, name, lambda x, *_, **__: x) for name in _NORMS]
    for each in patches:
        each.start()
    try:
        return _logits(network(ones)).sum()
    finally:
        for each in patches:
            each.stop()


def _logits(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


def _at(scalar: Tensor, inputs: list[Tensor], **options: bool) -> tuple[Tensor, ...]:
    return torch.autograd.grad(scalar, inputs, allow_unused=True, materialize_grads=True, **options)


def _total(terms: Iterable[Tensor]) -> float:
    return float(sum(term.sum() for term in terms))
