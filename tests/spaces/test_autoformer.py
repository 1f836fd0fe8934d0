import numpy as np
import pytest

from nasutils.errors import ArchitectureError
from nasutils.spaces.autoformer import (
    HEADS,
    MLP_RATIOS,
    VERTEX_LABELS,
    WIDTHS,
    AutoFormerTiny,
)

# As the first entry of the benchmark's first file.
STRING = (
    "{'hidden_dim': 192, 'mlp_ratio': [3.5, 4.0, 3.5, 4.0, 3.5, 3.5, 4.0, 3.5, 4.0, 4.0, 4.0, 3.5],"
    " 'depth': 12, 'num_heads': [4, 4, 3, 4, 3, 3, 4, 4, 3, 3, 3, 4]}"
)
NETWORK = AutoFormerTiny(
    192,
    (3.5, 4.0, 3.5, 4.0, 3.5, 3.5, 4.0, 3.5, 4.0, 4.0, 4.0, 3.5),
    (4, 4, 3, 4, 3, 3, 4, 4, 3, 3, 3, 4),
)


def random_networks(count, seed=0):
    rng = np.random.default_rng(seed)
    return [AutoFormerTiny.random(rng) for _ in range(count)]


def test_benchmark_string():
    assert AutoFormerTiny.from_string(STRING) == NETWORK
    assert str(NETWORK) == STRING
    assert NETWORK.depth == 12


def test_strings_go_both_ways():
    for network in random_networks(200):
        assert AutoFormerTiny.from_string(str(network)) == network
        assert str(network) == network.isomorphism_class()


def test_random_is_uniform_and_seeded():
    networks = random_networks(3000)
    assert networks[:20] == random_networks(20)
    bound = 5 * np.sqrt(1 / 4 / 3000)
    for values, choices in (
        ([n.width for n in networks], WIDTHS),
        ([n.depth for n in networks], (12, 13, 14)),
        ([n.heads[0] for n in networks], HEADS),
        ([n.mlp_ratios[11] for n in networks], MLP_RATIOS),
    ):
        shares = [values.count(choice) / 3000 for choice in choices]
        assert np.abs(np.array(shares) - 1 / len(choices)).max() < bound


def test_neighbours_by_hand():
    neighbours = NETWORK.neighbours()
    # Two widths, two changes in each of 12 layers, four layers to append, none to drop.
    assert len(neighbours) == len(set(neighbours)) == 2 + 2 * 12 + 4
    assert NETWORK not in neighbours
    assert all(NETWORK in other.neighbours() for other in neighbours)
    deepest = next(n for n in random_networks(20) if n.depth == 14)
    assert len(deepest.neighbours()) == 2 + 2 * 14 + 1


def test_mutate_returns_any_neighbour():
    rng = np.random.default_rng(0)
    assert {NETWORK.mutate(rng) for _ in range(400)} == set(NETWORK.neighbours())


def test_one_hot_by_hand():
    encoding = NETWORK.one_hot()
    assert encoding.shape == (14, 7)
    assert encoding.dtype == np.float32
    assert encoding[0].tolist() == [1, 0, 0, 1, 1, 0, 0]  # ratio 3.5, 4 heads, width 192
    assert encoding[2].tolist() == [1, 0, 1, 0, 1, 0, 0]  # ratio 3.5, 3 heads
    assert encoding[9].tolist() == [0, 1, 1, 0, 1, 0, 0]  # ratio 4.0, 3 heads
    assert not encoding[12:].any()
    assert len({n.one_hot().tobytes() for n in random_networks(300)}) == 300


def test_adjacency_by_hand():
    adjacency, labels = NETWORK.adjacency_and_ops()
    assert adjacency.shape == (16, 16)
    assert labels.shape == (16, len(VERTEX_LABELS)) == (16, 9)
    edges = [[i, i + 1] for i in range(12)] + [[12, 15]]
    assert np.argwhere(adjacency).tolist() == edges
    names = [VERTEX_LABELS[i] for i in labels.argmax(1)]
    assert names[:2] == ["embed_192", "layer_r3.5_h4"]
    assert names[12:] == ["layer_r3.5_h4", "none", "none", "output"]
    assert (labels.sum(1) == 1).all()


@pytest.mark.parametrize(
    ("string", "message"),
    [
        ("", "malformed AutoFormer string ''"),
        ("[1]", "malformed"),
        ("{'hidden_dim': 192}", "malformed"),
        ("open('x')", "malformed"),
        (STRING.replace("[3.5, ", "['a', "), "malformed"),
        (STRING.replace("192", "256"), "width 256 is not in"),
        (STRING.replace("[3.5, ", "[3.0, "), "MLP ratio 3.0 is not in"),
        (STRING.replace("[4, ", "[5, "), "number of heads 5 is not in"),
        (STRING.replace("[4, ", "["), "not 12 and 11"),
        (STRING.replace("'depth': 12", "'depth': 13"), "depth 13 is not the number of layers, 12"),
    ],
)
def test_bad_strings(string, message):
    with pytest.raises(ArchitectureError, match=message):
        AutoFormerTiny.from_string(string)


def test_bad_depth():
    with pytest.raises(ArchitectureError, match="depth 11 is not in"):
        AutoFormerTiny(192, NETWORK.mlp_ratios[:11], NETWORK.heads[:11])
