"""Algorithm 1 and its crossover: what is asked, how often, and what comes of it."""

from collections import Counter

import numpy as np
import pytest

from nasutils.benchmarks.oracle import QueryOracle
from nasutils.benchmarks.registry import get_benchmark
from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.graphs import nasbench201_graph
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.search import (
    PUBLISHED,
    EvolutionSettings,
    evolve,
    learn_answers,
)
from nasutils.spaces.autoformer import AutoFormerTiny
from nasutils.spaces.crossover import OPERATORS, crossover
from nasutils.spaces.darts import DARTSGenotype
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import CONV3, OPS, SKIP, NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

SETTINGS = EvolutionSettings(top=5, budget=6, population=8, rounds=4, children=3)


def count_conv3(cells):
    return [cell.ops.count(CONV3) for cell in cells]


def oracle_of(answer=count_conv3, accepts=lambda cell: True):
    return QueryOracle("cells", NASBench201Cell, answer, accepts)


def rng_of(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("space", OPERATORS, ids=lambda space: space.__name__)
def test_crossover_changes_one_operator_to_one_of_the_other_parent(space):
    rng, read = rng_of(), OPERATORS[space].read
    for _ in range(30):
        first, second = space.random(rng), space.random(rng)
        before, after = read(first), read(crossover(first, second, rng))
        differing = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        assert len(differing) == any(a != b for a in before for b in read(second))
        assert all(b in read(second) for _, b in differing)


def test_crossover_reaches_every_pair_and_keeps_the_rest():
    first, second = NASBench201Cell((SKIP,) * 6), NASBench201Cell((*OPS, SKIP))
    rng = rng_of()
    found = Counter(crossover(first, second, rng).ops for _ in range(2000))
    # Four operations differ from skip, at six positions.
    assert len(found) == 24
    assert min(found.values()) > 40


def test_crossover_of_darts_keeps_predecessors_and_of_ofa_depths():
    rng = rng_of()
    first, second = DARTSGenotype.random(rng), DARTSGenotype.random(rng)
    child = crossover(first, second, rng)
    for before, after in zip(first.cells, child.cells, strict=True):
        assert [source for _, source in before] == [source for _, source in after]
    net = OFAMobileNetV3.random(rng)
    assert crossover(net, OFAMobileNetV3.random(rng), rng).d == net.d


def test_crossover_without_a_difference_gives_the_first_parent():
    cell = NASBench201Cell((SKIP,) * 6)
    assert crossover(cell, cell, rng_of()) == cell
    empty = NASBench101Cell(((0, 1), (0, 0)), ("input", "output"))
    assert crossover(empty, NASBench101Cell.random(rng_of()), rng_of()) == empty


def test_a_space_without_crossover():
    net = AutoFormerTiny.random(rng_of())
    with pytest.raises(UnknownNameError, match="DARTSGenotype, NASBench101Cell"):
        crossover(net, net, rng_of())


def test_every_query_is_counted_and_of_a_new_network():
    asked, ranked = [], []

    def query(cells):
        asked.append(cells)
        return count_conv3(cells)

    def rank(cells):
        ranked.append(cells)
        return count_conv3(cells)

    result = evolve(oracle_of(query), rank, SETTINGS, rng=rng_of())
    assert [len(cells) for cells in asked] == [8, 6, 6, 6, 6]
    assert [len(cells) for cells in ranked] == [18] * 4
    assert len(result.scores) == SETTINGS.queries == 32
    assert result.architectures == [cell for cells in asked for cell in cells]
    assert result.scores.tolist() == count_conv3(result.architectures)
    assert len({cell.isomorphism_class() for cell in result.architectures}) == 32


def test_the_children_that_rank_highest_are_queried():
    ranked, asked = [], []

    def rank(cells):
        ranked.append(cells)
        return [OPS.index(cell.ops[0]) + len(ranked) for cell in cells]

    def query(cells):
        asked.append(cells)
        return count_conv3(cells)

    evolve(oracle_of(query), rank, SETTINGS, rng=rng_of())
    for born, chosen in zip(ranked, asked[1:], strict=True):
        scores = np.array([OPS.index(cell.ops[0]) for cell in born])
        assert chosen == [born[i] for i in np.argsort(-scores, kind="stable")[:6]]


def test_children_are_mutations_of_the_best():
    asked = []

    def query(cells):
        asked.append(cells)
        return count_conv3(cells)

    settings = EvolutionSettings(3, 6, 8, 1, children=3, crossover=0, max_edits=1)
    evolve(oracle_of(query), lambda cells: np.zeros(len(cells)), settings, rng=rng_of())
    best = sorted(asked[0], key=lambda cell: -cell.ops.count(CONV3))[:3]
    neighbours = {cell for parent in best for cell in parent.neighbours()}
    assert set(asked[1]) <= neighbours


def test_a_good_predictor_finds_the_best_and_a_bad_one_less():
    def found(sign):
        settings = EvolutionSettings(top=5, budget=6, population=8, rounds=8, children=3)
        return np.mean(
            [
                evolve(
                    oracle_of(),
                    lambda cells: sign * np.array(count_conv3(cells)),
                    settings,
                    rng=rng_of(seed),
                ).score
                for seed in range(5)
            ]
        )

    assert found(1) >= 5
    assert found(-1) < found(1) - 0.5


def test_a_predictor_learns_from_all_answers_before_each_round():
    known_sets, asked = [], []

    def query(cells):
        asked.append(cells)
        return count_conv3(cells)

    def learn(known, scores):
        known_sets.append((list(known), scores.tolist()))
        return lambda cells: [len(known_sets) * OPS.index(cell.ops[0]) for cell in cells]

    def before(cells):
        raise AssertionError("the first predictor knows less than all queries of the population")

    result = evolve(oracle_of(query), before, SETTINGS, rng=rng_of(), learn=learn)
    assert [len(known) for known, _ in known_sets] == [8, 14, 20, 26]
    for known, scores in known_sets:
        assert known == result.architectures[: len(known)]
        assert scores == count_conv3(known)
    assert len(result.scores) == SETTINGS.queries


def test_a_seed_determines_everything():
    runs = [
        evolve(oracle_of(), count_conv3, SETTINGS, rng=rng_of(seed)).architectures
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_it_keeps_to_what_is_accepted():
    oracle = oracle_of(accepts=lambda cell: "none" not in cell.ops)
    result = evolve(oracle, count_conv3, SETTINGS, rng=rng_of())
    assert all("none" not in cell.ops for cell in result.architectures)
    assert len(result.scores) == oracle.queries == SETTINGS.queries


def test_it_ends_when_there_is_nothing_new():
    cells = [NASBench201Cell((op,) * 6) for op in (SKIP, CONV3)]

    class Few:
        random = staticmethod(lambda rng: cells[rng.integers(2)])

    oracle = QueryOracle("few", Few, count_conv3, cells.__contains__)
    result = evolve(oracle, count_conv3, SETTINGS, rng=rng_of())
    assert set(result.architectures) == set(cells)


def test_answers_are_learnt_beside_the_labels():
    fitted = []

    class Listening:
        def fine_tune(self, labelled, seed):
            graphs, labels = labelled
            fitted.append((graphs.num_nodes.tolist(), labels.tolist(), seed))
            return self

        def predict(self, graphs):
            return graphs.num_nodes

    cells = [NASBench201Cell((op,) * 6) for op in ("skip_connect", "nor_conv_3x3", "avg_pool_3x3")]
    nodes = [nasbench201_graph(cell).num_nodes for cell in cells]
    labelled = GraphSet.of(map(nasbench201_graph, cells[:1])), np.array([9.0])
    learn = learn_answers(Listening(), get_benchmark("nb201-c10"), labelled, seed=5)
    rank = learn(cells[1:], np.array([8.0, 7.0]))
    assert fitted == [(nodes, [9.0, 8.0, 7.0], 5)]
    assert rank(cells).tolist() == nodes


def test_published_sizes_make_the_published_queries():
    fine_tuned = {"nb101-test": 50, "nb201-c10": 40, "nb301-approx": 50}
    queries = {"nb101-test": 700, "nb201-c10": 90, "nb301-approx": 800}
    for id, settings in PUBLISHED.items():
        assert settings["baseline"].queries == queries[id]
        total = settings["predictor"].queries + fine_tuned[id]
        # In NAS-Bench-201 the population must be among the cells for fine-tuning.
        assert total == queries[id] + (10 if id == "nb201-c10" else 0)


def test_bad_input():
    with pytest.raises(NasutilsError, match="budget must be a whole number, at least 1, not 0"):
        EvolutionSettings(1, 0, 1, 1)
    with pytest.raises(NasutilsError, match="crossover must be at least 0 and at most 1, not 2"):
        EvolutionSettings(1, 1, 1, 1, crossover=2)
    with pytest.raises(NasutilsError, match="is NaN"):
        evolve(oracle_of(lambda cells: [np.nan] * len(cells)), count_conv3, SETTINGS, rng=rng_of())
    with pytest.raises(NasutilsError, match="asked for 8 scores"):
        evolve(oracle_of(lambda cells: [1]), count_conv3, SETTINGS, rng=rng_of())
    with pytest.raises(NasutilsError, match="no architecture that cells knows"):
        evolve(oracle_of(accepts=lambda cell: False), count_conv3, SETTINGS, rng=rng_of())
