"""What memory holds after operators wrote through views, against tensors that hold the origins."""

import numpy as np
import pytest
import torch

from nasutils.errors import GraphError
from nasutils.graphs.memory import CONSTANT, Memory

VIEWS = [
    lambda x: x,
    lambda x: x[:, :2],
    lambda x: x[..., ::2],
    lambda x: x.transpose(1, 3),
    lambda x: x[1],
    lambda x: x.flatten(1)[:, 5:40],
    lambda x: x.chunk(2, dim=2)[1],
    lambda x: x.unsqueeze(1).permute(3, 0, 1, 2, 4)[2:],
    lambda x: x.diagonal(dim1=2, dim2=3),
]


@pytest.mark.parametrize("seed", range(20))
def test_memory_agrees_with_tensors_of_origins(seed):
    rng = np.random.default_rng(seed)
    meta, real = (torch.empty(2, 4, 6, 6, device=device) for device in ("meta", "cpu"))
    real.fill_(CONSTANT)
    memory = Memory()
    for origin in range(8):
        view = VIEWS[rng.integers(len(VIEWS))]
        memory.write(view(meta), origin)
        view(real).fill_(origin)
        for view in VIEWS:
            assert memory.read(view(meta)) == view(real).unique().int().tolist()


def test_twins_share_what_is_written_later():
    memory, first = Memory(), torch.empty(2, 4, device="meta")
    memory.write(first, 0)
    twin = memory.twin(first, 1)
    assert (memory.read(first), memory.read(twin)) == ([0], [1])
    memory.write(twin[:, :2], 2)
    assert (memory.read(first), memory.read(twin)) == ([0, 2], [1, 2])
    memory.write(first, 3)
    assert memory.read(first) == memory.read(twin) == [3]


def test_parts_read_as_another_type():
    memory, tensor = Memory(), torch.empty(2, 4, device="meta")
    memory.write(tensor[:, :2], 0)
    with pytest.raises(GraphError, match="another type"):
        memory.read(tensor.view(torch.int16))
