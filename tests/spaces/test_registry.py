import numpy as np
import pytest

from nasutils.errors import UnknownNameError
from nasutils.spaces.registry import SPACES, Architecture, get_space


@pytest.mark.parametrize("name", SPACES)
def test_architectures_keep_the_protocol(name):
    space, rng = get_space(name), np.random.default_rng(0)
    for _ in range(5):
        architecture = space.random(rng)
        assert isinstance(architecture, Architecture)
        assert space.from_string(str(architecture)) == architecture
        assert hash(space.from_string(str(architecture))) == hash(architecture)
        child = architecture.mutate(rng)
        assert child != architecture
        assert child in architecture.neighbours()
        adjacency, ops = architecture.adjacency_and_ops()
        assert adjacency.shape[-1] == adjacency.shape[-2] == ops.shape[-2]


def test_an_unknown_space_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="Valid: autoformer, darts, graphnet, graphnet_cell"):
        get_space("nasbench102")
