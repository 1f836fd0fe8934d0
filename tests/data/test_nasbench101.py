import json
import pickle

import numpy as np
import pandas as pd
import pytest

from nasutils.data import load_table, nasbench101
from nasutils.data.fetch import fetch
from nasutils.data.nasbench101 import (
    PROXIES,
    _column,
    adjacency_and_ops,
    cell_from_naslib,
    cells,
)
from nasutils.errors import DataError
from nasutils.spaces.nasbench101 import NUM_CELLS, OPS, VERTEX_LABELS, NASBench101Cell

CONV3, CONV1, POOL = (VERTEX_LABELS.index(op) for op in OPS)


# Channels in and out of the nine cells, and how many cells share them.
CELLS = [(128, 128, 3), (128, 256, 1), (256, 256, 2), (256, 512, 1), (512, 512, 2)]


@pytest.fixture(scope="module")
def table(real_data):
    return load_table("nasbench101")


@pytest.fixture(scope="module")
def proxies(real_data):
    return load_table("nasbench101_proxies")


def conv_bn(c_in, c_out, kernel):
    return kernel**2 * c_in * c_out + 2 * c_out


def cell_params(adjacency, codes, c_in, c_out):
    """Parameters of one cell of many architectures, all with the same number of vertices V >= 3.

    Args:
        adjacency: (N, V, V).
        codes: Operation codes (N, V).
        c_in: Channels of the cell's input.
        c_out: Channels of its output.
    """
    last = adjacency.shape[1] - 1
    to_output = adjacency[:, 1:last, last]
    fan_in = np.maximum(to_output.sum(axis=1), 1)[:, None]
    extra = np.cumsum(to_output, axis=1) <= c_out % fan_in
    channels = np.zeros((len(adjacency), last + 1), dtype=int)
    channels[:, 1:last] = to_output * (c_out // fan_in + extra)
    for v in reversed(range(1, last)):
        widest = (adjacency[:, v, 1:last] * channels[:, 1:last]).max(axis=1)
        channels[:, v] = np.where(to_output[:, v - 1], channels[:, v], widest)
    channels[:, last] = c_out

    ops = np.where(codes == CONV3, conv_bn(channels, channels, 3), 0)
    ops += np.where(codes == CONV1, conv_bn(channels, channels, 1), 0)
    projections = adjacency[:, 0] * conv_bn(c_in, channels, 1)
    return (ops + projections).sum(axis=1)


def network_params(adjacency, codes):
    """Parameters of the networks, in millions, as a closed form of the architecture arrays."""
    adjacency, codes = adjacency.astype(int), codes.astype(int)
    total = np.full(len(codes), conv_bn(3, 128, 3) + 512 * 10 + 10)
    vertices = (codes >= 0).sum(axis=1)
    for size in np.unique(vertices):
        rows = vertices == size
        a, o = adjacency[rows, :size, :size], codes[rows, :size]
        for c_in, c_out, times in CELLS:
            total[rows] += times * cell_params(a, o, c_in, c_out)
    return total / 1e6


@pytest.mark.real_data
class TestTable:
    def test_known_answers(self, table):
        assert len(table) == table["hash"].nunique() == NUM_CELLS
        assert table["test"].max() == pytest.approx(94.318, abs=5e-4)
        assert table["test"].mean() == pytest.approx(89.680, abs=5e-4)

    def test_sorted_by_hash(self, table):
        assert table["hash"].is_monotonic_increasing
        assert table["hash"].str.fullmatch("[0-9a-f]{32}").all()

    def test_order_is_that_of_the_accuracy_file(self, table):
        """The parameters, published by position alone, match at every single position."""
        expected = network_params(*adjacency_and_ops(table))
        assert np.abs(table["params"] - expected).max() < 1e-9

    def test_rows_are_architectures(self, table):
        rows = table.sample(200, random_state=0)
        arrays = zip(*adjacency_and_ops(rows), strict=True)
        for cell, row, (matrix, codes) in zip(cells(rows), rows.itertuples(), arrays, strict=True):
            assert cell.hash == row.hash
            assert (cell.num_vertices, cell.num_edges) == (row.vertices, row.edges)
            expected_matrix, one_hot = cell.adjacency_and_ops()
            assert np.array_equal(matrix, expected_matrix)
            assert codes[: row.vertices].tolist() == one_hot[: row.vertices].argmax(1).tolist()
            assert (codes[row.vertices :] == -1).all()

    def test_extremes_of_the_space(self, table):
        smallest = table[table["vertices"] == 2]
        assert [str(cell) for cell in cells(smallest)] == ["|output~0|"]
        assert table["vertices"].max() == 7
        assert table["edges"].max() == 9

    def test_validation_accuracy_is_not_public_for_all(self, table):
        assert list(table.columns) == [
            *("hash", "adjacency", "ops", "vertices", "edges", "test", "params")
        ]


@pytest.mark.real_data
class TestProxies:
    def test_sources(self, proxies):
        assert proxies["source"].value_counts().to_dict() == {
            "naslib_zen": 10_250,
            "naslib_9052f54": 500,
        }

    def test_every_record_is_found(self, table, proxies):
        hashes = table["hash"].to_numpy()[proxies["index"]]
        assert (hashes == proxies["hash"]).all()

    def test_zen_scores_are_those_of_the_first_cells_by_hash(self, proxies):
        """NASLib numbered its records by the benchmark's order: the mapping's second proof."""
        zen = proxies[proxies["source"] == "naslib_zen"]
        assert zen["index"].tolist() == list(range(10_250))
        assert zen["zen"].notna().all()

    def test_validation_accuracies_come_with_the_500_alone(self, proxies):
        trained = proxies[proxies["source"] == "naslib_9052f54"]
        assert proxies["valid"].notna().sum() == trained["valid"].notna().sum() == 500
        assert trained[[name for name in PROXIES if name != "zen"]].notna().all(axis=None)
        assert trained["hash"].nunique() == 292
        assert trained.groupby("hash")["valid"].nunique().max() == 3  # The benchmark ran three.

    def test_validation_agrees_with_test(self, table, proxies):
        trained = proxies[proxies["source"] == "naslib_9052f54"]
        test = table["test"].to_numpy()[trained["index"]]
        assert np.corrcoef(trained["valid"], test)[0, 1] > 0.99

    def test_operation_codes_give_naslibs_own_params(self, proxies):
        """4 = conv3x3, 3 = conv1x1, 2 = max-pooling: all 500 parameter counts come out exactly."""
        records = json.loads(fetch("naslib_nb101_zc").read_bytes())["nasbench101"]["cifar10"]
        matrices, labels = zip(*(cell_from_naslib(r).adjacency_and_ops() for r in records))  # noqa: B905
        codes = np.where(np.any(labels, axis=2), np.argmax(labels, axis=2), -1)
        expected = proxies.loc[proxies["source"] == "naslib_9052f54", "params"]
        assert np.abs(network_params(np.array(matrices), codes) - expected).max() < 1e-9

    def test_params_may_differ_from_the_tables_by_numbering_alone(self, table, proxies):
        trained = proxies[proxies["source"] == "naslib_9052f54"]
        ours = table["params"].to_numpy()[trained["index"]]
        assert np.isclose(trained["params"], ours, rtol=0, atol=1e-9).sum() == 472
        assert np.abs(trained["params"] / ours - 1).max() < 0.01


@pytest.mark.real_data
def test_files_are_read_without_unpickling(real_data, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was loaded")

    for module, name in [(pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")]:
        monkeypatch.setattr(module, name, refuse)
    monkeypatch.setattr(pd, "read_pickle", refuse)
    accuracies = _column(fetch("freerea_nb101_accuracies"), "accuracy")
    assert accuracies.shape == (NUM_CELLS,)
    assert 0 < accuracies.min() < accuracies.max() < 1


def test_a_pickle_of_other_arrays_is_refused(monkeypatch, tmp_path):
    file = tmp_path / "accuracies.pkl"
    file.write_bytes(pickle.dumps([bytes(1000), bytes(8000)]))
    with pytest.raises(DataError, match=r"accuracies.pkl holds no frame"):
        _column(file, "accuracy")
    monkeypatch.setattr(nasbench101, "pickled_frame", lambda file: {"accuracy": np.ones(3)})
    with pytest.raises(DataError, match=r"accuracies.pkl does not hold 423624 .* 'accuracy'"):
        _column(file, "accuracy")


def test_unpacking_a_frame():
    frame = pd.DataFrame({"adjacency": [0b1, 0b110_01_1], "ops": ["", "3p"]})
    matrices, codes = adjacency_and_ops(frame)
    assert matrices.shape == (2, 7, 7)
    assert matrices.dtype == np.uint8
    assert codes.dtype == np.int8
    assert codes.tolist() == [[0, 4, *[-1] * 5], [0, CONV3, POOL, 4, *[-1] * 3]]
    assert np.argwhere(matrices[0]).tolist() == [[0, 1]]
    assert np.argwhere(matrices[1]).tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert [str(cell) for cell in cells(frame)] == [
        "|output~0|",
        "|conv3x3-bn-relu~0|+|maxpool3x3~0|+|output~1~2|",
    ]


def test_naslib_tuples():
    cell = cell_from_naslib("(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 3, 1)")
    assert cell == NASBench101Cell.from_string("|conv1x1-bn-relu~0|+|output~1|")


@pytest.mark.parametrize("text", ["", "(0, 1", "[0, 1, 0, 0, 0, 1]", "__import__('os')"])
def test_other_texts_are_not_read(text):
    with pytest.raises(DataError, match="not a NASLib tuple"):
        cell_from_naslib(text)


def test_tuples_that_are_no_cell_are_refused():
    with pytest.raises(DataError, match=r"\(0, 0, 0, 0, 0, 1\).*no path"):
        cell_from_naslib("(0, 0, 0, 0, 0, 1)")
