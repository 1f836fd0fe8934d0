"""Evolution of sequences of cells: HL-Evo (Appendix C, Algorithm 1), and its controls.

HL-Evo knows the families of cells: a mutation may draw another cell of the same
family or, in the first half of the search, for one of another family. Plain evolution edits
operations and edges instead. Both share the loop: a child of a random parent comes, and the worst
member goes. What the paper leaves open or says twice, and our choice:

- **The second half** changes channels and strides alone (text), or also the design within a family
  (Algorithm 1): as the algorithm.
- **Length**: Algorithm 1 keeps that of the first sequence, three cells; the authors' code repeats
  cells. With ``vary_length`` a cell may be repeated, with stride 1, or dropped.
- **Children beyond the limits** are discarded, and cost no question.
- **Who goes** is the arg max of a loss: of the fitness, the lowest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from nasutils.errors import NasutilsError
from nasutils.methods.generative.limits import Limits
from nasutils.search import Score, SearchResult, ask
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import (
    CHANNELS,
    MAX_CELLS,
    STRIDES,
    GraphNetSequence,
    SizedCell,
)

A = TypeVar("A")

#: From a family's number and the source of draws to one of its cells.
DrawCell = Callable[[int, np.random.Generator], GraphNetCell]

#: Channels and strides of the first sequence (Appendix C).
START = ((32, 1), (64, 2), (64, 1))


@dataclass(frozen=True, slots=True)
class HLDesign:
    """A sequence of cells whose families are known.

    Attributes:
        sequence: The cells.
        families: The number of each cell's family.
    """

    sequence: GraphNetSequence
    families: tuple[int, ...]


def start_sequence(cells: Sequence[GraphNetCell]) -> GraphNetSequence:
    """Return the paper's first sequence of three cells."""
    pairs = zip(cells, START, strict=True)
    return GraphNetSequence(SizedCell(cell, *size) for cell, size in pairs)


def hl_evolution(
    draw: DrawCell,
    families: int,
    score: Score[GraphNetSequence],
    limits: Limits,
    *,
    budget: int,
    rng: np.random.Generator,
    population: int = 512,
    start_family: int = 0,
    vary_length: bool = False,
    progress: bool = False,
) -> SearchResult[HLDesign]:
    """Search by Algorithm 1: half of the budget explores families, the other half keeps them.

    With ``lambda family, rng: GraphNetCell.random(rng)`` for ``draw`` it is the control that
    knows no families.

    Args:
        draw: A cell of a family.
        families: Their number.
        score: From sequences to their fitness, higher is better.
        limits: What every network that is asked for keeps.
        budget: Sequences to ask for, the first one included.
        rng: Source of all draws.
        population: Members kept.
        start_family: Of the first sequence's three cells; the paper takes its fifth.
        vary_length: Whether mutations may repeat and drop cells.
        progress: Whether to show a bar.

    Returns:
        All designs that were asked for, in order, and their fitness.

    Raises:
        NasutilsError: If budget or population is not positive, there is no such family, the first
            sequence exceeds the limits or 10,000 mutations in a row do, or a fitness is NaN.
    """
    if not 0 <= start_family < families:
        raise NasutilsError(f"there are the families 0 to {families - 1}, not {start_family}.")

    def mutate(design: HLDesign, exploring: bool) -> HLDesign:
        sequence, known = design.sequence, list(design.families)
        i = int(rng.integers(len(known)))
        kinds = ["channels", "stride", "cell"] + ["family"] * exploring
        kinds += ["repeat"] * (vary_length and len(known) < MAX_CELLS)
        kinds += ["drop"] * (vary_length and len(known) > 1)
        match kinds[rng.integers(len(kinds))]:
            case "channels":
                sequence = sequence.replaced(i, channels=int(rng.choice(CHANNELS)))
            case "stride":
                sequence = sequence.replaced(i, stride=int(rng.choice(STRIDES)))
            case "repeat":
                sequence = sequence.repeated(i)
                known.insert(i, known[i])
            case "drop":
                sequence = sequence.without(i)
                del known[i]
            case kind:
                if kind == "family":
                    known[i] = int(rng.integers(families))
                sequence = sequence.replaced(i, cell=draw(known[i], rng))
        return HLDesign(sequence, tuple(known))

    cells = [draw(start_family, rng) for _ in START]
    first = HLDesign(start_sequence(cells), (start_family,) * len(START))
    return _evolve(
        first,
        mutate,
        lambda designs: score([design.sequence for design in designs]),
        lambda design: design.sequence,
        limits,
        budget=budget,
        rng=rng,
        population=population,
        progress=progress,
    )


def plain_evolution(
    start: GraphNetSequence,
    score: Score[GraphNetSequence],
    limits: Limits,
    *,
    budget: int,
    rng: np.random.Generator,
    population: int = 512,
    chain: bool = False,
    progress: bool = False,
) -> SearchResult[GraphNetSequence]:
    """Search by the same loop with the mutations of the space, which know no families.

    Args:
        start: The first sequence.
        score: As of ``hl_evolution``, and so are the other arguments and errors.
        limits: What every network that is asked for keeps.
        budget: Sequences to ask for, the first one included.
        rng: Source of all draws.
        population: Members kept.
        chain: Whether cells stay chains, in a smaller space; ``start`` has to be in it.
        progress: Whether to show a bar.
    """
    if chain and not all(sized.cell.is_chain for sized in start.cells):
        raise NasutilsError(f"a search of chains starts at chains, not at {start}.")
    return _evolve(
        start,
        lambda sequence, _: sequence.mutate(rng, chain=chain),
        score,
        lambda sequence: sequence,
        limits,
        budget=budget,
        rng=rng,
        population=population,
        progress=progress,
    )


def _evolve(
    start: A,
    mutate: Callable[[A, bool], A],
    score: Score[A],
    sequence_of: Callable[[A], GraphNetSequence],
    limits: Limits,
    *,
    budget: int,
    rng: np.random.Generator,
    population: int,
    progress: bool,
) -> SearchResult[A]:
    """Run the loop of Algorithm 1 (lines 20 to 34); the first half of the budget explores."""
    for name, size in (("budget", budget), ("population", population)):
        if size < 1:
            raise NasutilsError(f"evolution needs a {name} of at least one, not {size}.")
    limits.check(sequence_of(start), "the first sequence")
    history, scores = [start], ask(score, [start]).tolist()
    members = [0]  # places in the history
    for step in tqdm(range(1, budget), initial=1, total=budget, disable=not progress):
        parent = history[members[rng.integers(len(members))]]
        exploring = step <= budget // 2
        child = limits.first(lambda p=parent, e=exploring: mutate(p, e), sequence_of)
        if len(members) >= population:
            members.remove(min(members, key=scores.__getitem__))
        members.append(step)
        history.append(child)
        scores += ask(score, [child]).tolist()
    return SearchResult(history, np.array(scores))
