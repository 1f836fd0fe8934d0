import gzip
import io
import os
import pickle
from typing import ClassVar

import numpy as np
import pytest

from nasutils.data.fetch import fetch
from nasutils.data.safe_pickle import Stub, load_pickle, pickled_frame
from nasutils.errors import DataError


class Payload:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


class Global:
    """A name that a pickle asks for."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Reduced:
    """A call of such a name, and the state that is set on what it returns."""

    def __init__(self, module, name, arguments, state=None):
        self.function, self.arguments, self.state = Global(module, name), arguments, state


class CraftedPickler(pickle._Pickler):
    def save_global_name(self, value):
        self.write(f"c{value.module}\n{value.name}\n".encode())

    def save_reduced(self, value):
        self.save(value.function)
        self.save(value.arguments)
        self.write(pickle.REDUCE)
        if value.state is not None:
            self.save(value.state)
            self.write(pickle.BUILD)

    dispatch: ClassVar = pickle._Pickler.dispatch | {
        Global: save_global_name,
        Reduced: save_reduced,
    }


def pickled(value):
    file = io.BytesIO()
    CraftedPickler(file, protocol=3).dump(value)
    return file.getvalue()


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


def array_pickle(code="f8", order="<", itemsize=-1, shape=(2,), raw=bytes(16), **changes):
    """Write by hand what numpy pickles of an array, with any part replaced."""
    details = (3, order, None, None, None, itemsize, -1, 0)
    dtype = Reduced("numpy", "dtype", (code, False, True), details)
    state = changes.get("state", (1, shape, changes.get("dtype", dtype), False, raw))
    kind = changes.get("kind", Global("numpy", "ndarray"))
    return pickled(Reduced("numpy._core.multiarray", "_reconstruct", (kind, (0,), b"b"), state))


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(2, 3), np.arange(6).reshape(2, 3).T])
@pytest.mark.parametrize("dtype", [">f8", "<i2", "u1", "?", "c16", "S7", ">U3"])
@pytest.mark.parametrize("protocol", [3, 5])
def test_every_plain_array_comes_through(array, dtype, protocol):
    array = array.astype(dtype)
    pickled = pickle.dumps(array, protocol=protocol)
    read = load_pickle(pickled)
    assert read.dtype == pickle.loads(pickled).dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "O8"},
        {"code": "V8"},
        {"code": "f8,i4"},
        {"code": "S0", "raw": b""},
        {"code": "M8"},
        {"code": 8},
        {"itemsize": 1 << 20},
        {"code": "S8", "itemsize": 1 << 20},
        {"order": "?"},
        {"shape": (1 << 40,)},
        {"shape": (-2,)},
        {"shape": (3,)},
        {"shape": [2]},
        {"shape": (True, 2)},
        {"shape": (1 << 33, 1 << 33), "raw": b""},
        {"raw": [1, 2]},
        {"raw": bytes(15)},
        {"dtype": "f8"},
        {"dtype": None},
        {"state": (1, (2,))},
        {"state": {"shape": (1 << 40,)}},
        {"kind": None},
        {"kind": b"x"},
    ],
)
def test_no_crafted_array_reads_past_its_memory(changes):
    assert load_pickle(array_pickle()).tolist() == [0.0, 0.0]
    with pytest.raises(DataError, match="not a whole pickle"):
        load_pickle(array_pickle(**changes))


@pytest.mark.parametrize(
    "value",
    [
        Reduced("numpy", "ndarray", ((1 << 20,), "f8", b"xxxx")),
        Reduced("numpy._core.multiarray", "scalar", (Reduced("numpy", "dtype", ("f8",)), b"x")),
        Reduced("numpy._core.multiarray", "scalar", ("O", b"12345678")),
        Reduced("numpy._core.numeric", "_frombuffer", (b"xx", "f8", (1 << 20,), "C")),
    ],
)
def test_crafted_calls_are_refused(value):
    with pytest.raises(DataError, match="not a whole pickle"):
        load_pickle(pickled(value))


def test_functions_of_the_allow_list_keep_their_attributes():
    function = Global("numpy._core.multiarray", "_reconstruct")
    with pytest.raises(DataError, match="state of a function"):
        load_pickle(pickled(function)[:-1] + pickled({"__defaults__": ()})[2:-1] + b"b.")


def test_no_prefix_of_a_pickle_passes():
    whole = pickle.dumps({"a": np.arange(4), "b": [1.5, "x"]})
    for length in range(len(whole)):
        with pytest.raises(DataError):
            load_pickle(whole[:length])


def test_husks_keep_state_and_nothing_else():
    graph = b"cfakelib.graphs\nGraph\n)\x81}(X\x05\x00\x00\x00edgesK\x03ub."
    husk = load_pickle(b"\x80\x02" + graph, stubs=("fakelib",))
    assert isinstance(husk, Stub)
    assert repr(husk) == "Stub(Graph)"
    assert husk.state == {"edges": 3}
    with pytest.raises(DataError, match=r"fakelib\.graphs\.Graph, which is not on the allow-list"):
        load_pickle(b"\x80\x02" + graph)
    with pytest.raises(DataError, match="not on the allow-list"):
        load_pickle(b"\x80\x02" + graph, stubs=("fake",))


@pytest.mark.parametrize("protocol", [4, 5])
def test_listed_objects_come_through(protocol):
    array = np.array([["a", None], [1.5, b"x"], ["a", 2]], dtype=object)
    for each in (array, array.T):
        np.testing.assert_array_equal(load_pickle(pickle.dumps(each, protocol=protocol)), each)


NAMES = {"data": np.array(["a", "b", "c"], dtype=object)}
# Values of the columns at places 0 and 2, and of that at place 1.
BLOCKS = [
    (np.array([[1.0, 2.0], [3.0, 4.0]]), Reduced("builtins", "slice", (0, 3, 2))),
    (np.array([["u", "v"]], dtype=object), np.array([1])),
]


def new_manager():
    """Write a manager as pandas 1.3 to 2 does: a call with blocks and axes."""
    blocks = tuple(Reduced("pandas.core.internals.blocks", "new_block", each) for each in BLOCKS)
    axes = [Reduced("pandas.core.indexes.base", "_new_Index", (None, NAMES))]
    return {"_mgr": Reduced("pandas.core.internals.managers", "BlockManager", (blocks, axes))}


def old_manager():
    """Write a manager as pandas 0.25 does: an object with a state."""
    axes = [Reduced("pandas.core.indexes.base", "_new_Index", (None, NAMES))]
    blocks = [{"values": values, "mgr_locs": places} for values, places in BLOCKS]
    state = (None, {"0.14.1": {"axes": axes, "blocks": blocks}})
    return {"_data": Reduced("pandas.core.internals.managers", "BlockManager", (), state)}


@pytest.mark.parametrize("state", [new_manager(), old_manager()], ids=["new", "old"])
def test_frames_are_read_without_pandas(state):
    found = pickled_frame(pickled(Reduced("pandas.core.frame", "DataFrame", (), state)))
    assert {name: column.tolist() for name, column in found.items()} == {
        "a": [1.0, 2.0],
        "b": ["u", "v"],
        "c": [3.0, 4.0],
    }


def test_what_is_no_frame_is_named(tmp_path):
    path = tmp_path / "frame.pkl"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(DataError, match=r"frame\.pkl holds no frame"):
        pickled_frame(path)
    marker = tmp_path / "ran"
    path.write_bytes(pickle.dumps(Payload(os.system, f"touch {marker}")))
    with pytest.raises(DataError, match="not on the allow-list"):
        pickled_frame(path)
    evil = pickled(Reduced("builtins", "eval", (f"open('{marker}', 'w')",)))
    with pytest.raises(DataError, match="holds no frame"):
        pickled_frame(evil)
    assert not marker.exists()


def test_damaged_compression_is_named(tmp_path):
    path = tmp_path / "frame.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(b"y" * 1000))[:-12])
    with pytest.raises(DataError, match=r"frame\.pkl\.gz cannot be decompressed"):
        load_pickle(path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "nodes"),
    [("autogo_nb201_best", (83, 223, 352)), ("autogo_nb101_best", (65, 160, 251))],
)
def test_autogo_graphs_have_the_published_counts(real_data, name, nodes):
    graph = load_pickle(fetch(name), stubs=("model_src",)).state
    counts = tuple(len(graph[key]) for key in ("weighted_nodes", "regular_nodes", "edge_pairs"))
    assert counts == nodes
    assert graph["weighted_nodes"][0].state["label"] == "conv2d"


@pytest.mark.real_data
def test_frames_of_nasbench101_have_the_published_figures(real_data):
    accuracies = pickled_frame(fetch("freerea_nb101_accuracies"))["accuracy"]
    params = pickled_frame(fetch("freerea_nb101_params"))["params"]
    assert len(accuracies) == len(params) == 423_624
    assert accuracies.max() == pytest.approx(0.94318, abs=5e-6)
    assert accuracies.mean() == pytest.approx(0.89680, abs=5e-6)
    assert params.min() > 0.2  # Millions.
