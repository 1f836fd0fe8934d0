"""The embedded table: complete, plausible, and what its makers would make again."""

import numpy as np
import pytest

from nasutils.data import load_table
from nasutils.data.nb201_digits import CELLS_FILE, RUNS_FILE
from nasutils.data.tables import get_table
from nasutils.digits import datasheet, task
from nasutils.digits.measure import PROXIES, proxies_of_cell, train_cell
from nasutils.digits.query import query
from nasutils.errors import ArchitectureError
from nasutils.networks.counting import build_on_meta, count_params
from nasutils.paths import EMBEDDED
from nasutils.spaces.nasbench201 import NASBench201Cell


@pytest.fixture(scope="module")
def cells():
    return load_table("nb201_digits")


@pytest.fixture(scope="module")
def runs():
    return load_table("nb201_digits_runs")


def test_size(cells, runs):
    assert len(cells) >= 1500
    assert cells["num_seeds"].min() >= 3
    assert len(runs) == cells["num_seeds"].sum()
    assert sum(file.stat().st_size for file in (CELLS_FILE, RUNS_FILE)) < 2e6
    assert sum(file.stat().st_size for file in EMBEDDED.iterdir()) < 2.5e6


@pytest.mark.parametrize("name", ["nb201_digits", "nb201_digits_runs"])
def test_every_column_is_documented_and_filled(name):
    frame = load_table(name)
    assert list(frame.columns) == list(get_table(name).columns)
    assert not frame.isna().any(axis=None)


def test_cells_are_the_first_of_the_order(cells):
    assert cells["arch"].tolist() == [str(c) for c in task.cell_order()[: len(cells)]]
    assert cells["index"].tolist() == list(range(len(cells)))


def test_accuracies_are_counts_of_images(runs):
    for column, images in (("valid", 1000), ("test", 2000), ("valid_curve", 250)):
        values = np.stack(runs[column]) * images / 100
        np.testing.assert_allclose(values, np.round(values), atol=1e-3)
        assert values.min() >= 0
        assert values.max() <= images


def test_means_are_means(cells, runs):
    means = runs.groupby("index")["test"].mean()
    np.testing.assert_allclose(cells["test"], means, rtol=1e-6)


def test_params_are_those_of_the_network(cells):
    for row in cells.iloc[:40].itertuples():
        cell = NASBench201Cell.from_string(row.arch)
        network = build_on_meta(lambda c=cell: task.build_network(c))
        assert row.params == pytest.approx(count_params(network), abs=1e-9)


def test_proxies_are_those_that_our_code_gives(cells):
    for row in cells.iloc[:3].itertuples():
        (scores,) = proxies_of_cell(NASBench201Cell.from_string(row.arch))
        for name in PROXIES:
            assert getattr(row, name) == pytest.approx(scores[name], rel=1e-4, abs=1e-6), name


def test_undefined_proxies_are_those_of_cells_that_pass_no_signal(cells):
    undefined = np.isneginf(cells[list(PROXIES)]).any(axis=1)
    dead = [not NASBench201Cell.from_string(arch).is_connected for arch in cells["arch"]]
    assert undefined.tolist() == dead


def test_training_a_cell_again_gives_its_row_within_noise(cells, runs):
    # Another processor rounds differently, and training amplifies that: as noisy as another seed.
    again = np.mean(
        [row["test"] for row in train_cell(NASBench201Cell.from_string(cells["arch"][0]))]
    )
    noise = float(runs.groupby("index")["test"].std().median())
    assert float(again) == pytest.approx(float(cells["test"][0]), abs=5 * noise)


def test_query_from_the_table(cells):
    answer = query(cells["arch"][7])
    assert answer.in_table
    assert answer.test == pytest.approx(cells["test"][7])


def test_query_outside_the_table_trains_and_says_so(cells):
    missing = task.cell_order()[len(cells)]
    answer = query(missing)
    assert not answer.in_table
    assert answer.num_seeds == 3
    assert 5 < answer.test < 100


def test_query_of_nonsense():
    with pytest.raises(ArchitectureError, match="malformed"):
        query("|conv|")


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_datasheet_shows_the_figures_of_the_table():
    assert datasheet.FILE.read_text(encoding="utf-8") == datasheet.render()
