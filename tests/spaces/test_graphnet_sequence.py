import numpy as np
import pytest

from nasutils.errors import ArchitectureError
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import CHANNELS, MAX_CELLS, GraphNetSequence, SizedCell

CELL = GraphNetCell.from_string("|conv_3x3~0|+|skip~0|+|output~1~2|")
TWIN = GraphNetCell.from_string("|skip~0|+|conv_3x3~0|+|output~1~2|")


def sequences(number, seed=0, **options):
    rng = np.random.default_rng(seed)
    return [GraphNetSequence.random(rng, **options) for _ in range(number)]


def test_there_are_128_widths():
    assert (len(CHANNELS), CHANNELS[0], CHANNELS[-1]) == (128, 8, 1024)


def test_random_sequences_cover_the_space_and_are_read_back():
    drawn = sequences(200)
    assert {len(s.cells) for s in drawn} == set(range(1, MAX_CELLS + 1))
    assert {c.channels for s in drawn for c in s.cells} == set(CHANNELS)
    assert {c.stride for s in drawn for c in s.cells} == {1, 2}
    for sequence in drawn:
        assert GraphNetSequence.from_string(str(sequence)) == sequence
    assert drawn == sequences(200)
    assert all(c.cell.is_chain for s in sequences(10, chain=True) for c in s.cells)


def test_mutations_change_one_cell_or_the_length():
    rng = np.random.default_rng(1)
    lengths = set()
    for sequence in [GraphNetSequence([SizedCell(CELL, 8)]), *sequences(150, seed=1)]:
        mutant = sequence.mutate(rng)
        change = len(mutant.cells) - len(sequence.cells)
        lengths.add(change)
        assert mutant != sequence
        if change == 0:
            pairs = zip(sequence.cells, mutant.cells, strict=True)
            changed = [(a, b) for a, b in pairs if a != b]
            (a, b), *rest = changed
            assert not rest
            assert (a.cell != b.cell) + (a.channels != b.channels) + (a.stride != b.stride) == 1
    assert lengths == {-1, 0, 1}
    chain = sequences(1, seed=2, chain=True)[0]
    for _ in range(100):
        chain = chain.mutate(rng, chain=True)
    assert all(sized.cell.is_chain for sized in chain.cells)


def test_numbering_does_not_change_the_class():
    one, other = (GraphNetSequence([SizedCell(c, 8), SizedCell(c, 16, 2)]) for c in (CELL, TWIN))
    assert one != other
    assert one.isomorphism_class() == other.isomorphism_class()
    assert one.isomorphism_class() != one.replaced(1, stride=1).isomorphism_class()


@pytest.mark.parametrize(
    ("channels", "stride", "message"),
    [
        (0, 1, "channels of a GraphNet cell: 0. Valid: 8 to 1024"),
        (12, 1, "channels of a GraphNet cell: 12"),
        (1032, 1, "channels of a GraphNet cell: 1032"),
        (8.5, 1, "channels of a GraphNet cell: 8.5"),
        (8, 3, "stride of a GraphNet cell: 3. Valid: 1 or 2"),
        (8, None, "stride of a GraphNet cell: None"),
    ],
)
def test_what_is_no_size(channels, stride, message):
    with pytest.raises(ArchitectureError, match=message):
        SizedCell(CELL, channels, stride)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: GraphNetSequence([]), "1 to 20 cells, not 0"),
        (lambda: GraphNetSequence([SizedCell(CELL, 8)] * 21), "1 to 20 cells, not 21"),
        (lambda: GraphNetSequence([CELL]), "not a sized GraphNet cell"),
        (lambda: SizedCell(str(CELL), 8), "not a GraphNet cell"),
        (lambda: GraphNetSequence.from_string(f"{CELL}@8"), "malformed GraphNet"),
        (lambda: GraphNetSequence.from_string(f"{CELL}@12/1"), "channels of a GraphNet cell: 12"),
        (lambda: GraphNetSequence.from_string("x@8/1"), "malformed GraphNet cell"),
    ],
)
def test_what_is_no_sequence(build, message):
    with pytest.raises(ArchitectureError, match=message):
        build()
