import numpy as np
import pytest

from nasutils.errors import NasutilsError
from nasutils.methods.generative import fitness, limits
from nasutils.methods.generative.evolution import (
    START,
    HLDesign,
    hl_evolution,
    plain_evolution,
    start_sequence,
)
from nasutils.methods.generative.fitness import TCETFitness
from nasutils.methods.generative.limits import Limits
from nasutils.methods.generative.proxy_vector import SCORINGS, t_cet
from nasutils.networks.graphnet import network_size
from nasutils.search import random_search
from nasutils.spaces.graphnet import OPS, GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell

CHAIN = GraphNetCell.from_string("|sep_conv_3x3~0|+|output~1|")
LIMITS = Limits(params=0.2, flops=20)


def params(sequences):
    """A fitness with a known best: as many parameters as are allowed."""
    return [network_size(sequence).params for sequence in sequences]


def family_cell(family, rng):
    """A generator whose families are operations, so that membership can be checked."""
    size = int(rng.integers(1, 4))
    return GraphNetCell(np.eye(size + 2, k=1, dtype=int), [OPS[family]] * size)


def run(seed=0, **options):
    settings = {"budget": 120, "population": 10, "vary_length": True} | options
    rng = np.random.default_rng(seed)
    return hl_evolution(family_cell, len(OPS), params, LIMITS, rng=rng, **settings)


def families_hold(design: HLDesign):
    cells = [sized.cell for sized in design.sequence.cells]
    pairs = zip(cells, design.families, strict=True)
    return all(set(cell.ops) == {OPS[family]} for cell, family in pairs)


@pytest.mark.parametrize("vary_length", [False, True])
def test_hl_evolution_keeps_limits_families_and_its_budget(vary_length):
    result = run(vary_length=vary_length)
    assert len(result.architectures) == len(result.scores) == 120
    assert all(LIMITS.allow(d.sequence) and families_hold(d) for d in result.architectures)
    lengths = {len(d.sequence.cells) for d in result.architectures}
    assert (len(lengths) > 1) == vary_length
    first = result.architectures[0].sequence
    assert tuple((c.channels, c.stride) for c in first.cells) == START
    assert result.score > result.scores[0]


def test_the_second_half_explores_no_families():
    result = run(vary_length=False, budget=200)
    known = {d.families for d in result.architectures[:101]}
    assert {d.families for d in result.architectures[101:]} <= known
    assert len(known) > 1


def test_searches_repeat_by_their_seed():
    one, same, other = run(1), run(1), run(2)
    assert one.architectures == same.architectures
    assert one.architectures != other.architectures


def test_the_worst_member_goes():
    # With a population of one, every child has the one before it for a parent.
    result = run(population=1, vary_length=False, budget=60)
    for before, after in zip(result.architectures, result.architectures[1:], strict=False):
        pairs = zip(before.sequence.cells, after.sequence.cells, strict=True)
        assert sum(a != b for a, b in pairs) <= 1


@pytest.mark.parametrize("chain", [False, True])
def test_plain_evolution(chain):
    start = start_sequence([CHAIN] * 3)
    rng = np.random.default_rng(0)
    result = plain_evolution(start, params, LIMITS, budget=80, rng=rng, population=8, chain=chain)
    assert len(result.scores) == 80
    assert all(map(LIMITS.allow, result.architectures))
    chains = [all(c.cell.is_chain for c in s.cells) for s in result.architectures]
    assert all(chains) == chain
    assert result.score > 3 * result.scores[0]
    if chain:
        branched = GraphNetCell.from_string("|skip~0|+|output~0~1|")
        with pytest.raises(NasutilsError, match="starts at chains"):
            plain_evolution(
                start_sequence([branched] * 3), params, LIMITS, budget=9, rng=rng, chain=True
            )


def test_random_sequences_keep_limits_and_have_many_lengths():
    result = random_search(LIMITS.random, params, budget=60, rng=np.random.default_rng(0))
    assert all(map(LIMITS.allow, result.architectures))
    assert len({len(s.cells) for s in result.architectures}) > 5


@pytest.mark.parametrize(
    "values", [{"params": 1e-4}, {"flops": 1e-3}, {"params": 0}, {"params": float("nan")}]
)
def test_impossible_limits(values):
    with pytest.raises(NasutilsError, match="the smallest GraphNet has"):
        Limits(**values)


def test_a_start_beyond_the_limits():
    with pytest.raises(NasutilsError, match="the first sequence has"):
        plain_evolution(
            GraphNetSequence([SizedCell(CHAIN, 1024)]),
            params,
            LIMITS,
            budget=5,
            rng=np.random.default_rng(0),
        )


def test_children_beyond_the_limits_cost_no_question():
    # After the first three cells, the generator makes none that are small enough.
    big = GraphNetCell(np.eye(8, k=1, dtype=int), ["conv_5x5"] * 6)
    size = network_size(start_sequence([CHAIN] * 3))
    tight = Limits(params=size.params, flops=1.01 * size.flops)
    cells = iter([CHAIN] * 3)
    rng = np.random.default_rng(0)
    result = hl_evolution(
        lambda family, rng: next(cells, big), 1, params, tight, budget=4, rng=rng, population=1
    )
    assert all(map(tight.allow, (d.sequence for d in result.architectures)))


def test_limits_that_no_draw_keeps(monkeypatch):
    monkeypatch.setattr(limits, "_TRIES", 3)
    with pytest.raises(NasutilsError, match="none of 3 networks in a row has at most"):
        Limits(params=0.000338).random(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 0}, "budget of at least one, not 0"),
        ({"population": 0}, "population of at least one, not 0"),
        ({"start_family": 28}, "families 0 to 27, not 28"),
    ],
)
def test_impossible_settings(options, message):
    with pytest.raises(NasutilsError, match=message):
        run(**options)


def test_a_search_that_is_run_again_asks_for_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    demo, asked = SCORINGS["demo"], []

    def counted(sequence, scoring):
        asked.append(sequence)
        return float(len(asked))

    sequences = [GraphNetSequence([SizedCell(CHAIN, c)]) for c in (8, 16, 24, 32, 40)]
    monkeypatch.setattr(fitness, "t_cet", counted)
    first = TCETFitness(demo, "evo-0", every=2)
    assert first(sequences[:3] + sequences[:1]) == [1, 2, 3, 1]
    assert len(asked) == 3
    again = TCETFitness(demo, "evo-0", every=2)  # two of the three were written
    assert again(sequences) == [1, 2, 4, 5, 6]
    assert asked == [*sequences[:3], *sequences[2:]]
    again.save()
    assert TCETFitness(demo, "evo-0")(sequences) == [1, 2, 4, 5, 6]


def test_fitness_is_t_cet(monkeypatch, tmp_path):
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    sequence = GraphNetSequence([SizedCell(CHAIN, 8, 2)])
    demo = SCORINGS["demo"]
    assert TCETFitness(demo, "one")([sequence]) == [t_cet(sequence, demo)]
