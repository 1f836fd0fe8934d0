import gzip
import os
import pickle

import numpy as np
import pytest

from nasutils.data.fetch import fetch
from nasutils.data.safe_pickle import Stub, load_pickle, pickled_blocks
from nasutils.errors import DataError


class Payload:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_plain_values_and_arrays_come_through(protocol):
    value = {"a": [1, 2.5, None], b"b": ("x", 3), "array": np.arange(6.0).reshape(2, 3)}
    read = load_pickle(pickle.dumps(value, protocol=protocol))
    np.testing.assert_array_equal(read.pop("array"), value.pop("array"))
    assert read == value


def test_numpy_scalars_come_through():
    assert load_pickle(pickle.dumps(np.float64(0.25))) == 0.25


@pytest.mark.parametrize(
    "payload",
    [
        Payload(os.system, "touch {marker}"),
        Payload(eval, "open('{marker}', 'w')"),
        Payload(np.load, "{marker}"),
    ],
    ids=["system", "eval", "numpy"],
)
def test_code_is_refused_and_not_run(payload, tmp_path):
    marker = tmp_path / "ran"
    function, (argument,) = payload.call
    path = tmp_path / "bad.pkl"
    bad = Payload(function, argument.format(marker=marker))
    path.write_bytes(pickle.dumps({"data": bad}))
    with pytest.raises(DataError, match=r"bad\.pkl: a pickle asks for .*not on the allow-list"):
        load_pickle(path)
    assert not marker.exists()


def test_outside_objects_are_refused():
    with pytest.raises(DataError, match="outside object"):
        load_pickle(b"\x80\x04\x8c\x01xQ.")


def test_no_prefix_of_a_pickle_passes():
    whole = pickle.dumps({"a": np.arange(4), "b": [1.5, "x"]})
    for length in range(len(whole)):
        with pytest.raises(DataError):
            load_pickle(whole[:length])


def test_husks_keep_state_and_nothing_else():
    graph = b"cfakelib.graphs\nGraph\n)\x81}(X\x05\x00\x00\x00edgesK\x03ub."
    husk = load_pickle(b"\x80\x02" + graph, stubs="fakelib")
    assert isinstance(husk, Stub)
    assert repr(husk) == "Stub(Graph)"
    assert husk.state == {"edges": 3}
    with pytest.raises(DataError, match=r"fakelib\.graphs\.Graph, which is not on the allow-list"):
        load_pickle(b"\x80\x02" + graph)
    with pytest.raises(DataError, match="not on the allow-list"):
        load_pickle(b"\x80\x02" + graph, stubs="fake")


def test_blocks_are_found_in_order_without_unpickling(tmp_path):
    blocks = [bytes(300), b"x" * 70_000]
    data = pickle.dumps([blocks[0], Payload(os.abort), blocks[1]], protocol=4)
    assert pickled_blocks(data) == blocks
    path = tmp_path / "frame.pkl.gz"
    path.write_bytes(gzip.compress(data))
    assert pickled_blocks(path) == blocks


def test_damaged_blocks_are_named(tmp_path):
    data = gzip.compress(pickle.dumps(b"y" * 1000))
    path = tmp_path / "frame.pkl.gz"
    path.write_bytes(data[:-12])
    with pytest.raises(DataError, match=r"frame\.pkl\.gz cannot be decompressed"):
        pickled_blocks(path)
    with pytest.raises(DataError, match="not a whole pickle"):
        pickled_blocks(pickle.dumps(b"y" * 1000)[:-100])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "nodes"),
    [("autogo_nb201_best", (83, 223, 352)), ("autogo_nb101_best", (65, 160, 251))],
)
def test_autogo_graphs_have_the_published_counts(real_data, name, nodes):
    graph = load_pickle(fetch(name), stubs="model_src").state
    counts = tuple(len(graph[key]) for key in ("weighted_nodes", "regular_nodes", "edge_pairs"))
    assert counts == nodes
    assert graph["weighted_nodes"][0].state["label"] == "conv2d"


@pytest.mark.real_data
def test_nasbench101_arrays_are_the_second_blocks(real_data):
    accuracies = np.frombuffer(pickled_blocks(fetch("freerea_nb101_accuracies"))[1])
    params = np.frombuffer(pickled_blocks(fetch("freerea_nb101_params"))[1]).reshape(3, -1)[0]
    assert len(accuracies) == len(params) == 423_624
    assert accuracies.max() == pytest.approx(0.94318, abs=5e-6)
    assert accuracies.mean() == pytest.approx(0.89680, abs=5e-6)
    assert params.min() > 0.2  # Millions.
