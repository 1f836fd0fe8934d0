"""Random and evolutionary search of any space, with every question counted.

A search asks for the scores of architectures until its budget of questions is spent. Everything
asked counts, a question repeated too: on a real benchmark each would cost a training.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nasutils.errors import NasutilsError

A = TypeVar("A")

Score = Callable[[Sequence[A]], ArrayLike]


@dataclass(frozen=True, slots=True)
class SearchResult(Generic[A]):
    """All that a search asked, in order, of as many architectures as the budget allowed."""

    architectures: list[A]
    scores: np.ndarray

    @property
    def best(self) -> A:
        """The architecture of the highest score, the first of equals."""
        return self.architectures[int(self.scores.argmax())]

    @property
    def score(self) -> float:
        """The highest score."""
        return float(self.scores.max())


def ask(score: Score[A], architectures: list[A]) -> np.ndarray:
    """Return the scores (N,) of N architectures; NasutilsError if one lacks or is NaN."""
    scores = np.asarray(score(architectures), dtype=float)
    if scores.shape != (len(architectures),):
        raise NasutilsError(
            f"asked for {len(architectures)} scores, got an array of shape {scores.shape}."
        )
    if np.isnan(scores).any():
        raise NasutilsError(f"the score of {architectures[np.isnan(scores).argmax()]} is NaN.")
    return scores


class _Questions(Generic[A]):
    """The scores asked so far, and how many more may be asked."""

    def __init__(self, score: Score[A], budget: int) -> None:
        if budget < 1:
            raise NasutilsError(f"a search needs a budget of at least one question, not {budget}.")
        self._score = score
        self._budget = budget
        self.architectures: list[A] = []
        self.scores: list[float] = []

    @property
    def left(self) -> int:
        return self._budget - len(self.scores)

    def ask(self, architectures: list[A]) -> list[float]:
        scores = ask(self._score, architectures).tolist()
        self.architectures += architectures
        self.scores += scores
        return scores

    def result(self) -> SearchResult[A]:
        return SearchResult(self.architectures, np.array(self.scores))


def random_search(
    sample: Callable[[np.random.Generator], A],
    score: Score[A],
    *,
    budget: int,
    rng: np.random.Generator,
    batch: int = 100,
) -> SearchResult[A]:
    """Score architectures drawn independently, a batch at a time.

    The score takes a list of architectures, higher is better; the budget is how many to ask for.

    Raises:
        NasutilsError: If the budget is not positive, or a score is NaN.
    """
    questions = _Questions(score, budget)
    while questions.left:
        questions.ask([sample(rng) for _ in range(min(batch, questions.left))])
    return questions.result()


def evolutionary_search(
    sample: Callable[[np.random.Generator], A],
    mutate: Callable[[A, np.random.Generator], A],
    score: Score[A],
    *,
    budget: int,
    rng: np.random.Generator,
    population: int = 100,
    tournament: int = 10,
    children: int = 1,
    regularised: bool = True,
) -> SearchResult[A]:
    """Mutate the best of a random few, over and over.

    Regularised evolution drops the oldest of the population, plain evolution the worst. Source:
    Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019,
    Algorithm 1, https://arxiv.org/abs/1802.01548.

    Args:
        sample: Draws an architecture of the first population.
        mutate: Draws a neighbour of an architecture.
        score: From a list of architectures to their scores, higher is better.
        budget: Architectures to ask for, the first population included.
        rng: Source of all draws.
        population: Architectures kept; a smaller budget makes the search random.
        tournament: Members drawn, with replacement, whose best becomes the parent.
        children: Children to ask for at once, each of its own tournament.
        regularised: Whether the oldest member goes rather than the worst.

    Raises:
        NasutilsError: If a number is not positive, or a score is NaN.
    """
    sizes = {"population": population, "tournament": tournament, "children": children}
    for name, size in sizes.items():
        if size < 1:
            raise NasutilsError(f"evolution needs at least one {name}, not {size}.")
    questions = _Questions(score, budget)
    first = [sample(rng) for _ in range(min(population, budget))]
    members = deque(zip(questions.ask(first), first, strict=True))  # oldest first
    while questions.left:
        turns = range(min(children, questions.left))
        draws = [rng.integers(len(members), size=tournament) for _ in turns]
        parents = [max((members[i] for i in draw), key=itemgetter(0)) for draw in draws]
        born = [mutate(parent, rng) for _, parent in parents]
        members.extend(zip(questions.ask(born), born, strict=True))
        for _ in born:
            if regularised:
                members.popleft()
            else:
                del members[min(range(len(members)), key=lambda i: members[i][0])]
    return questions.result()
