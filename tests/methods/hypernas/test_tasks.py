"""Tasks: whose labels may be drawn, who judges, and what the public tables hold."""

import numpy as np
import pytest

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.common.cell_sequences import stack
from nasutils.methods.hypernas.tasks import Task, agreement, load_task
from nasutils.spaces.nasbench201 import NASBench201Cell

RNG = np.random.default_rng(0)
CELLS = [NASBench201Cell.random(RNG) for _ in range(8)]


def task_of(labels, whole=True):
    labels = np.asarray(labels, dtype=float)
    return Task(
        "eight cells",
        "nb201_digits",
        labels,
        np.arange(8.0),
        whole,
        build=lambda **options: stack("nb201_digits", CELLS, **options),
        architecture=CELLS.__getitem__,
        table=None,
    )


@pytest.fixture(scope="module")
def digits():
    return load_task("nb201-digits")


def test_only_labelled_architectures_are_drawn():
    task = task_of([1, np.nan, 3, np.nan, 5, 6, np.nan, 8])
    assert task.pool.tolist() == [0, 2, 4, 5, 7]
    rows = task.draw(5, [0, 1])
    assert [sorted(row) for row in rows.tolist()] == [[0, 2, 4, 5, 7]] * 2
    with pytest.raises(NasutilsError, match="has 5 labelled architectures, not 6"):
        task.draw(6, [0])


def test_a_seed_draws_the_same_and_smaller_sets_are_parts_of_larger():
    task = task_of(np.arange(8))
    small, large = task.draw(3, [4, 5]), task.draw(6, [5, 4])
    np.testing.assert_array_equal(small[0], large[1, :3])
    np.testing.assert_array_equal(small[1], large[0, :3])
    assert all(len(set(row)) == 6 for row in large.tolist())


@pytest.mark.parametrize(("whole", "judges"), [(True, list(range(8))), (False, [0, 3, 4, 5, 6])])
def test_who_judges(whole, judges):
    task = task_of(np.arange(8), whole)
    row = np.array([7, 1, 2])
    assert task.judges(row).tolist() == judges
    # Right on those who judge if the training set is left out, and wrong on the others.
    scores = np.arange(8.0)
    scores[row] = [-1, -2, -3]
    (tau,), (rho,) = agreement(task, scores[None], row[None])
    assert (tau == pytest.approx(1)) is not whole
    assert (rho == pytest.approx(1)) is not whole


def test_stacks_are_built_once_for_each_choice():
    task = task_of(np.arange(8))
    assert task.stacks() is task.stacks()
    assert len(task.stacks("none").order) == 3
    assert len(task.stacks(cells_per_stage=4).order) == 14
    live = task.stacks(live=True).cells[0]
    plain = task.stacks().cells[0]
    assert (live.labels <= plain.labels).all()
    assert (live.labels < plain.labels).any()


def test_unknown_task():
    with pytest.raises(UnknownNameError, match="nb301"):
        load_task("nb102")


def test_digits(digits):
    assert len(digits.truth) == len(digits.pool) == 1500
    assert digits.proxies.shape == (1500, 13)
    assert str(digits.architecture(3)) == digits.table["arch"][3]


@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(
    ("name", "size", "labelled"),
    [
        ("nb201-c10", 15_625, 15_625),
        ("nb101-c10", 423_624, 292),
        ("nb101-sample", 20_292, 292),
        ("nb101-uniform", 423_624, 423_624),
        ("nb201-scored", 9_445, 9_445),
        ("nb101-scored", 292, 292),
        ("mbv3-imagenet", 2_162, 2_162),
        ("vit-c100", 200, 200),
        ("nb301", 3_000, 3_000),
    ],
)
def test_public_tables(name, size, labelled):
    task = load_task(name)
    assert len(task.truth) == size
    assert len(task.pool) == labelled
    # Labels and truth are of the same architectures: they agree far better than chance.
    pool = task.pool
    assert np.corrcoef(task.labels[pool], task.truth[pool])[0, 1] > 0.9
    first = task.architecture(int(pool[0]))
    alone, among = stack(task.space, [first]), task.stacks()[int(pool[0]) : int(pool[0]) + 1]
    for one, other in zip(alone.cells, among.cells, strict=True):
        np.testing.assert_array_equal(one.adjacency, other.adjacency)
        np.testing.assert_array_equal(one.labels, other.labels)
