"""From any torch module of convolutions to its computation graph.

The module runs on the meta device, so that every tensor has a shape, but no weight is copied and
nothing is computed; each of PyTorch's operators that runs is read. What a node is, is our reading
of Han et al. (https://arxiv.org/abs/2302.10835, Section 3.2 and Table 5):

- Each call of a primitive operator is a node, so ``a + b + c`` is two additions, and a sum in one
  call, as NAS-Bench-101 has it, is one.
- What only rearranges data (slices, ``chunk``, ``flatten``, ``view``) is an edge, and so are
  identities and dropout. A mean over whole maps is ``mean``, also as pooling to 1x1.
- Zeros are no edge: a sum or concatenation loses that term, a product becomes zero itself. What is
  computed from zeros alone counts as zero, although a batch norm would shift it. A sum of one term
  is an edge, as is the addition of 0 and the multiplication by 1.
- Memory that operators wrote in parts, in place or through views, is the parts' ``concat``.
- What is not in their list counts as its next of kin: a sum over a dimension as ``add``, a product
  of matrices as ``mul`` (as ``linear`` where one is constant), the larger of two or of many values
  as ``max_pool``, a norm as ``mean``, ``stack`` as ``concat``, clipping as ``hardtanh``.
- Whatever does not reach the output is left out.

The channels of a tensor are its second dimension, the last one where ``linear`` or a layer norm
reads or writes it, and wherever these are moved to; height and width are what is left.
"""

import copy
import itertools
import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from nasutils.errors import GraphError
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.reading import AsOne, Reader


def trace(
    module: nn.Module, input_shape: Sequence[int], *, identities: bool = False
) -> ComputationGraph:
    """Return the computation graph of a module in evaluation mode, for images of shape (C, H, W).

    The module itself is not changed, and its weights play no part. What its forward pass does may
    depend on the shape of the images, but not on their values. Identities and dropout are nodes if
    they are asked for.

    Raises:
        GraphError: If the module does not run on such an image, has an unknown operator, mixes the
            images of a batch, or no path leads from its input to its output; it names the place.
    """
    shape = _image_shape(input_shape)
    if not isinstance(module, nn.Module):
        raise GraphError(f"only a torch module can be traced, not {module!r}")
    # Two images or more: a squeeze must not take the batch for a dimension too many.
    (graph, places), (other, _) = (_read(module, (n, *shape), identities) for n in (2, 3))
    rows = zip(places, graph.features.tolist(), other.features.tolist(), strict=False)
    for place in (place for place, *both in rows if both[0] != both[1]):
        raise GraphError(
            f"sizes in {place} depend on the number of images: "
            "they are not kept apart in the first dimension"
        )
    if graph.fingerprint() != other.fingerprint():
        raise GraphError(f"what runs in {places[-1]} depends on the number of images")
    return graph


def _image_shape(shape: Any) -> tuple[int, ...]:
    try:
        sizes = tuple(map(operator.index, shape))
    except TypeError:
        sizes = ()
    if len(sizes) != 3 or min(sizes) < 1:
        raise GraphError(f"an image has a shape (C, H, W) of positive integers, not {shape!r}")
    return sizes


def _read(
    module: nn.Module, shape: tuple[int, ...], identities: bool
) -> tuple[ComputationGraph, list[str]]:
    """Run a copy of a module on a batch of images; return the graph and its nodes' places."""
    reader = Reader(type(module).__name__, shape[0], identities=identities)
    network = _on_meta(module)
    for path, part in network.named_modules():
        if not isinstance(part, torch.jit.ScriptModule):  # they have no hooks
            _announce(part, path, reader)
    types = (p.dtype for p in network.parameters() if p.is_floating_point())
    try:
        with torch.inference_mode(), torch.device("meta"), torch.compiler.set_stance("force_eager"):
            images = torch.empty(shape, dtype=next(types, None))
            reader.start(images)
            with reader, AsOne(reader):
                value = network.eval()(images)
            return reader.finish(value)
    except GraphError:
        raise
    except Exception as error:
        hint = " (what runs must not depend on the images' values)" if "meta" in str(error) else ""
        failed = f"{reader.where()} does not run on such an image: {error}{hint}"
        raise reader.refusal or GraphError(failed) from error


def _announce(part: nn.Module, path: str, reader: Reader) -> None:
    """Let a reader know when a submodule runs, and see that it runs an operator."""
    name = path, type(part).__name__

    def before(*_: Any) -> None:
        reader.running.append(name)

    def after(_: nn.Module, __: Any, value: Any) -> Any:
        while reader.running.pop() != name:  # those that failed, which the module survived
            pass
        is_idle = isinstance(part, nn.Identity) and isinstance(value, Tensor)
        return torch.dropout(value, 0.0, False) if is_idle else None

    part.register_forward_pre_hook(before)
    part.register_forward_hook(after)


def _on_meta(module: nn.Module) -> nn.Module:
    """Copy a module, but not its weights."""
    if any(map(is_lazy, module.parameters())):
        raise GraphError(
            f"{type(module).__name__} has lazy layers, which must see a batch of images first"
        )
    try:
        memo: dict[int, Any] = {
            id(p): nn.Parameter(p.to("meta"), p.requires_grad) for p in module.parameters()
        }
        attributes = itertools.chain(*(vars(part).values() for part in module.modules()))
        others = [t for t in attributes if isinstance(t, Tensor)]
        memo |= {id(t): t.detach().to("meta") for t in (*module.buffers(), *others)}
        return copy.deepcopy(module, memo)
    except Exception as error:
        raise GraphError(f"{type(module).__name__} cannot be copied: {error}") from error
