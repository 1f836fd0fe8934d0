"""What the memory of tensors holds, part by part: views and in-place operators share it."""

import numpy as np
import torch
from torch import Tensor

from nasutils.errors import GraphError

#: In place of the number of a node: a value that is zero, or one that no image changes.
VOID, CONSTANT = -1, -2


class Memory:
    """The origin of every element: the number of the node that computed it, or a negative code."""

    def __init__(self) -> None:
        # By storage: one origin for all of it, or one an element.
        self._origins: dict[int, int | np.ndarray] = {}
        self._twins: dict[int, list[int]] = {}
        # On the meta device, tensors cost nothing; while they live, no address is used again.
        self._alive: list[Tensor] = []

    def read(self, tensor: Tensor) -> list[int]:
        """Return the different origins of a tensor's elements; constants if nobody wrote them."""
        origins = self._origins.get(address(tensor), CONSTANT)
        if isinstance(origins, int):
            return [origins]
        return np.unique(_part(origins, tensor)).tolist() or [CONSTANT]

    def write(self, tensor: Tensor, origin: int) -> None:
        """Note that an operator has written all elements of a tensor."""
        self._alive.append(tensor)
        size = tensor.untyped_storage().nbytes() // tensor.element_size()
        for place in self._twins.get(address(tensor), [address(tensor)]):
            if tensor.numel() == size:
                self._origins[place] = origin
                continue
            origins = self._origins.get(place, CONSTANT)
            if isinstance(origins, int):
                origins = self._origins[place] = np.full(size, origins, dtype=np.int32)
            _part(origins, tensor)[...] = origin

    def twin(self, tensor: Tensor, origin: int) -> Tensor:
        """Return a tensor of another origin that holds whatever is written to this one later."""
        size = tensor.untyped_storage().nbytes() // tensor.element_size()
        memory = torch.empty(size, dtype=tensor.dtype, device="meta")
        twin = memory.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())
        self.write(twin, origin)
        places = self._twins.setdefault(address(tensor), [address(tensor)])
        places.append(address(twin))
        self._twins[address(twin)] = places
        return twin


def address(tensor: Tensor) -> int:
    """Return what tells the memory of a tensor from any other's."""
    return tensor.untyped_storage()._cdata


def _part(origins: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Return the origins of a tensor's elements, as a view in its shape."""
    if len(origins) * tensor.element_size() != tensor.untyped_storage().nbytes():
        raise GraphError("its memory was written in part and is then read as another type")
    steps = [step * origins.itemsize for step in tensor.stride()]
    part = origins[tensor.storage_offset() :]
    return np.lib.stride_tricks.as_strided(part, tuple(tensor.size()), steps)
