"""From any torch module of convolutions to its computation graph.

The module is traced by ``torch.fx`` and run once on the meta device, so that every tensor has a
shape, but no weight is copied and nothing is computed. What a node is, is our reading of Han et
al. (https://arxiv.org/abs/2302.10835, Section 3.2 and Table 5):

- Each call of a primitive operator is a node, so ``a + b + c`` is two additions, and a sum in one
  call, as NAS-Bench-101 has it, is one.
- What only rearranges data (slices, ``chunk``, ``flatten``, ``view``) is an edge, and so are
  identities and dropout. A mean over whole maps is ``mean``, also as adaptive pooling to 1x1.
- Zeros are no edge: a sum or concatenation loses that term, a product becomes zero itself. What is
  computed from zeros alone counts as zero, although a batch norm would shift it. A sum of one term
  is an edge, as is the addition of 0 and the multiplication by 1.
- Whatever does not reach the output is left out.

The second dimension of a tensor is read as its channels, the third and fourth as height and width.
"""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.parameter import is_lazy

from nasutils.errors import GraphError
from nasutils.graphs.graph import ComputationGraph
from nasutils.graphs.reading import ROOT, Reader, user_path
from nasutils.graphs.vocabulary import MODULES


def trace(
    module: nn.Module, input_shape: tuple[int, int, int], *, identities: bool = False
) -> ComputationGraph:
    """Return the computation graph of a module in evaluation mode.

    The module itself is not changed, and its weights play no part.

    Args:
        module: Any module that maps one batch of images to one tensor.
        input_shape: One image's (C, H, W).
        identities: Whether identities and dropout are nodes too.

    Raises:
        GraphError: If ``torch.fx`` cannot follow the module, it does not run on such an image, it
            has an unknown operator, or no path leads from its input to its output. The message
            names the place.
    """
    if len(input_shape) != 3 or not all(isinstance(n, int) and n > 0 for n in input_shape):
        raise GraphError(f"an image has a shape (C, H, W) of positive integers, not {input_shape}")
    if not isinstance(module, nn.Module):
        raise GraphError(f"only a torch module can be traced, not {module!r}")
    name = type(module).__name__
    root = _Root(_on_meta(module)).eval()
    reader = Reader(root, _Tracer(name).trace(root), name, identities=identities)
    like = next((p for p in root.parameters() if p.is_floating_point()), torch.empty(0))
    with torch.device("meta"), torch.no_grad():
        # Two images: a squeeze must not take the batch for a dimension too many.
        reader.run(torch.empty(2, *input_shape, dtype=like.dtype))
    return reader.result()


class _Root(nn.Module):
    """Hold the module, so that even a single layer is traced as a part of something."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.add_module(ROOT, module)

    def forward(self, images: Tensor) -> Any:
        return self.get_submodule(ROOT)(images)


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
        memo |= {id(b): b.to("meta") for b in module.buffers()}
        return copy.deepcopy(module, memo)
    except Exception as error:
        raise GraphError(f"{type(module).__name__} cannot be copied: {error}") from error


class _Tracer(fx.Tracer):
    """A tracer that says in which submodule it failed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        # A layer that only inherits a known one's forward pass is that layer.
        known = any(isinstance(m, c) and type(m).forward is c.forward for c in MODULES)
        return known or super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        try:
            return super().call_module(m, forward, args, kwargs)
        except GraphError:
            raise
        except Exception as error:
            path = user_path(self.path_of_module(m))
            where = f"{path!r} ({type(m).__name__}) of {self._name}" if path else self._name
            hint = (
                ". What a forward pass does must not depend on the images."
                if isinstance(error, fx.proxy.TraceError)
                else ""
            )
            raise GraphError(f"torch.fx cannot trace {where}: {error}{hint}") from error
