import numpy as np
import pytest

from nasutils.errors import ArchitectureError
from nasutils.spaces.ofa_mbv3 import (
    BLOCKS,
    NUM_SUBNETS,
    VERTEX_LABELS,
    OFAMobileNetV3,
)

# Depths 2, 3, 2, 4, 3: blocks 2, 3, 7, 10, 11 and 19 are inactive.
STRING = (
    "{'wid': None, 'ks': [5, 7, 5, 5, 3, 3, 3, 7, 5, 5, 3, 7, 7, 3, 3, 3, 5, 5, 5, 5], "
    "'e': [4, 3, 4, 4, 4, 6, 3, 4, 4, 3, 4, 3, 3, 6, 6, 6, 4, 3, 4, 4], "
    "'d': [2, 3, 2, 4, 3], 'r': [224]}"
)
STAGES = (
    ((5, 4), (7, 3)),
    ((3, 4), (3, 6), (3, 3)),
    ((5, 4), (5, 3)),
    ((7, 3), (3, 6), (3, 6), (3, 6)),
    ((5, 4), (5, 3), (5, 4)),
)
SUBNET = OFAMobileNetV3(STAGES)


def random_subnets(count, seed=0):
    rng = np.random.default_rng(seed)
    return [OFAMobileNetV3.random(rng) for _ in range(count)]


def test_benchmark_string():
    assert OFAMobileNetV3.from_string(STRING) == SUBNET
    assert (SUBNET.d, SUBNET.ks[:4], SUBNET.e[:4]) == ([2, 3, 2, 4, 3], [5, 7, 3, 3], [4, 3, 3, 3])


def test_inactive_blocks_do_not_matter():
    other = STRING.replace("[5, 7, 5, 5,", "[5, 7, 3, 7,").replace(
        "4, 3, 4, 4], 'd'", "4, 3, 4, 6], 'd'"
    )
    assert other != STRING
    assert OFAMobileNetV3.from_string(other) == SUBNET
    assert hash(OFAMobileNetV3.from_string(other)) == hash(SUBNET)
    active = STRING.replace("[5, 7, 5, 5,", "[5, 5, 5, 5,")
    assert OFAMobileNetV3.from_string(active) != SUBNET


def test_strings_go_both_ways():
    for subnet in [SUBNET, *random_subnets(200)]:
        assert OFAMobileNetV3.from_string(str(subnet)) == subnet
        assert OFAMobileNetV3.from_lists(subnet.ks, subnet.e, subnet.d) == subnet
        assert str(subnet) == subnet.isomorphism_class()


def test_number_of_subnets():
    assert NUM_SUBNETS == (9**2 + 9**3 + 9**4) ** 5  # the paper: roughly 2 x 10^19
    assert f"{NUM_SUBNETS:.0e}" == "2e+19"


def test_random_is_uniform_and_seeded():
    subnets = random_subnets(3000)
    assert subnets[:20] == random_subnets(20)
    depths = np.array([subnet.d for subnet in subnets])
    for depth in (2, 3, 4):
        assert np.abs((depths == depth).mean(0) - 1 / 3).max() < 5 * np.sqrt(1 / 3 / 3000)
    first = [subnet.stages[0][0] for subnet in subnets]
    assert all(abs(first.count(b) / 3000 - 1 / 9) < 5 * np.sqrt(1 / 9 / 3000) for b in BLOCKS)


def test_neighbours_by_hand():
    neighbours = SUBNET.neighbours()
    # 14 active blocks x 4 changes; three stages can shrink, four can grow by any of 9 blocks.
    assert len(neighbours) == len(set(neighbours)) == 14 * 4 + 3 + 4 * 9
    assert SUBNET not in neighbours
    assert all(SUBNET in other.neighbours() for other in neighbours)


def test_mutate_returns_any_neighbour():
    rng = np.random.default_rng(0)
    neighbours = set(SUBNET.neighbours())
    assert {SUBNET.mutate(rng) for _ in range(1200)} == neighbours


def test_one_hot_by_hand():
    encoding = SUBNET.one_hot()
    assert encoding.shape == (20, 6)
    assert encoding.dtype == np.float32
    assert encoding[1].tolist() == [0, 0, 1, 1, 0, 0]  # kernel 7, ratio 3
    inactive = [i for i in range(20) if not encoding[i].any()]
    assert inactive == [2, 3, 7, 10, 11, 19]
    assert len({subnet.one_hot().tobytes() for subnet in random_subnets(300)}) == 300


def test_adjacency_by_hand():
    adjacency, labels = SUBNET.adjacency_and_ops()
    assert adjacency.shape == (5, 6, 6)
    assert labels.shape == (5, 6, len(VERTEX_LABELS)) == (5, 6, 12)
    # Stage 0 has two blocks: input 0 -> 1 -> 2 -> output 5.
    assert np.argwhere(adjacency[0]).tolist() == [[0, 1], [1, 2], [2, 5]]
    assert np.argwhere(adjacency[3]).tolist() == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]
    names = [VERTEX_LABELS[i] for i in labels[0].argmax(1)]
    assert names == ["input", "mbconv_k5_e4", "mbconv_k7_e3", "none", "none", "output"]
    assert (labels.sum(2) == 1).all()


@pytest.mark.parametrize(
    ("string", "message"),
    [
        ("", "malformed OFA-MobileNetV3 string ''"),
        ("{'ks': [3], 'e': [3]}", "malformed"),
        ("[1, 2]", "malformed"),
        ("__import__('os')", "malformed"),
        (STRING.replace("'d': [2, 3, 2, 4, 3]", "'d': 3"), "malformed"),
        (STRING.replace("'ks': [5, ", "'ks': ["), "20, 20 and 5 values, not 19, 20 and 5"),
        (STRING.replace("'d': [2", "'d': [5"), "depth 5 .* not in"),
        (STRING.replace("'d': [2", "'d': ['2'"), "depth '2' .* not in"),
        (STRING.replace("'ks': [5", "'ks': [9"), r"block \(9, 4\)"),
        (STRING.replace("'e': [4", "'e': [5"), r"block \(5, 5\)"),
    ],
)
def test_bad_strings(string, message):
    with pytest.raises(ArchitectureError, match=message):
        OFAMobileNetV3.from_string(string)


def test_bad_stages():
    with pytest.raises(ArchitectureError, match="5 stages, not 4"):
        OFAMobileNetV3(STAGES[:4])
    with pytest.raises(ArchitectureError, match="depth 1"):
        OFAMobileNetV3((STAGES[0][:1], *STAGES[1:]))
