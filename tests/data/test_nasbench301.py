import json
import sys
import zipfile

import numpy as np
import pytest
from scipy import stats

from nasutils.data import load_table
from nasutils.data.fetch import fetch
from nasutils.data.nasbench301 import PROXIES, Surrogate, proxy_records, surrogate_inputs
from nasutils.data.tables import get_table
from nasutils.errors import DataError, NasutilsError
from nasutils.spaces.darts import DARTS_V1, DARTS_V2, DARTSGenotype


@pytest.fixture(scope="module")
def cells(real_data):
    return load_table("nasbench301")


@pytest.fixture(scope="module")
def proxies(real_data):
    return load_table("nasbench301_proxies")


@pytest.fixture(scope="module")
def surrogate(real_data):
    return Surrogate()


@pytest.fixture(scope="module")
def records(real_data):
    sources = get_table("nasbench301_proxies").sources
    return proxy_records({name: fetch(name) for name in sources})


def genotypes_of(table):
    return [DARTSGenotype.from_string(arch) for arch in table["arch"]]


@pytest.mark.real_data
def test_trained_cells(cells):
    assert len(cells) == cells["arch"].nunique() == 11_221
    assert cells.index.tolist() == list(range(11_221))
    assert cells[["nwot", "zen"]].notna().all().all()


@pytest.mark.real_data
def test_trained_cells_go_back_to_their_source(cells):
    source = json.loads(fetch("naslib_nb301_archs").read_text())
    assert [genotype.compact() for genotype in genotypes_of(cells)] == list(source.values())


@pytest.mark.real_data
def test_trained_cells_differ_as_networks(cells, proxies):
    some = cells.iloc[::5]  # all of them differ, but that takes a while
    trained = {genotype.isomorphism_class() for genotype in genotypes_of(some)}
    scored = {genotype.isomorphism_class() for genotype in genotypes_of(proxies)}
    assert (len(trained), len(scored)) == (len(some), 1_218)
    assert not trained & scored


@pytest.mark.real_data
def test_archives_by_hand(cells):
    """Number 8400 is the first record of the first file of NASLib's zen archive."""
    compact = (
        "(((0, 5), (1, 0), (1, 3), (2, 6), (0, 2), (2, 5), (1, 5), (3, 1)), "
        "((0, 4), (1, 4), (0, 1), (2, 5), (1, 3), (3, 3), (0, 6), (2, 2)))"
    )
    assert cells.loc[8400, "arch"] == str(DARTSGenotype.from_compact(compact))
    assert cells.loc[8400, "zen"] == 152.0173797607422
    assert cells.loc[7000, "nwot"] == 896.8810321118805


@pytest.mark.real_data
def test_proxies(proxies, records):
    assert len(records) == 725 + 500
    assert len(proxies) == proxies["arch"].nunique() == 1_218
    assert (proxies["repeats"] == 2).sum() == 7
    assert proxies["nwot"].notna().sum() == 725
    assert proxies.drop(columns="nwot").notna().all().all()
    assert proxies["valid_c10"].between(90, 95).all()
    # Seven cells stand in both files: same network, other noise in the accuracy.
    both = records[records["arch"].duplicated(keep=False)].groupby("arch")
    assert (both[["params", "flops"]].nunique() == 1).all().all()
    spread = both["valid_c10"].max() - both["valid_c10"].min()
    assert spread.between(0.001, 0.5).all()
    means = proxies.set_index("arch")
    for proxy in ("valid_c10", "synflow", "snip"):
        np.testing.assert_allclose(both[proxy].mean(), means.loc[list(both.groups), proxy])


@pytest.mark.real_data
def test_proxies_by_hand(proxies):
    """The first record of the newer file."""
    first = proxies.iloc[0]
    assert DARTSGenotype.from_string(first["arch"]) == DARTSGenotype.from_compact(
        "[[(0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2)], "
        "[(1, 0), (0, 2), (1, 3), (0, 3), (3, 0), (0, 1), (2, 0), (3, 6)]]"
    )
    assert first["valid_c10"] == 93.32119084207302
    assert (first["params"], first["flops"]) == (0.856298, 153.499136)
    assert first["synflow"] == 52.796010658657906
    assert len(PROXIES) == 12


def test_surrogate_inputs_by_hand():
    inputs = surrogate_inputs(DARTS_V2)
    assert len(inputs) == 34
    names = list(inputs)
    assert names[:2] == ["edge_normal_0", "edge_normal_1"]
    assert names[14] == "edge_reduce_0"
    assert names[28:] == [f"inputs_node_{c}_{n}" for c in ("normal", "reduce") for n in (3, 4, 5)]
    values = list(inputs.values())
    sep, skip, dil, na = "sep_conv_3x3", "skip_connect", "dil_conv_3x3", "#na#"
    # Edges into node 2 start at 0, into node 3 at 2, into node 4 at 5, into node 5 at 9.
    node_2, node_3, node_4, node_5 = (
        [sep, sep],
        [sep, sep, na],
        [skip, sep, na, na],
        [skip, na, dil],
    )
    assert values[:14] == [*node_2, *node_3, *node_4, *node_5, na, na]
    assert values[28:] == ["0_1", "0_1", "0_2", "1_2", "0_2", "1_2"]


@pytest.mark.real_data
def test_surrogate_inputs_are_those_of_its_space(real_data):
    space = json.loads(fetch("yahpo_nb301_config_space").read_text())["hyperparameters"]
    choices = {p["name"].split("_COLON_")[-1]: p.get("choices") for p in space}
    assert choices.pop("epoch") is None
    rng = np.random.default_rng(0)
    for genotype in [DARTS_V1, *(DARTSGenotype.random(rng) for _ in range(50))]:
        inputs = surrogate_inputs(genotype)
        assert inputs.keys() == choices.keys()
        used = {name: value for name, value in inputs.items() if value != "#na#"}
        assert len(used) == 16 + 6
        assert all(value in choices[name] for name, value in used.items())


@pytest.mark.real_data
def test_surrogate_agrees_with_the_benchmark_as_published(surrogate, records):
    truth = records["valid_c10"].to_numpy()
    genotypes = genotypes_of(records)
    assert len(truth) == 1_225
    for epoch, spearman, tau, bias in ((97, 0.905, 0.735, 1.23), (98, 0.904, 0.735, 1.30)):
        predicted = surrogate.predict(genotypes, epoch)
        assert stats.spearmanr(predicted, truth).statistic == pytest.approx(spearman, abs=0.0006)
        assert stats.kendalltau(predicted, truth).statistic == pytest.approx(tau, abs=0.0006)
        assert np.mean(predicted - truth) == pytest.approx(bias, abs=0.01)


@pytest.mark.real_data
def test_surrogate_does_not_see_the_order_of_inputs(surrogate):
    swapped = DARTSGenotype(*(tuple(cell[i ^ 1] for i in range(8)) for cell in DARTS_V2.cells))
    assert swapped != DARTS_V2
    a, b = surrogate.predict([DARTS_V2, swapped])
    assert a == b


@pytest.mark.real_data
def test_surrogate_learns_over_epochs(surrogate):
    accuracies = [surrogate.predict([DARTS_V2], epoch)[0] for epoch in (1, 10, 50, 98)]
    assert accuracies == sorted(accuracies)
    frames = [surrogate.predict_all([DARTS_V2], epoch) for epoch in (1, 98)]
    assert frames[0]["surrogate_train_seconds"][0] < frames[1]["surrogate_train_seconds"][0]


@pytest.mark.real_data
def test_surrogate_of_nothing(surrogate):
    assert surrogate.predict([]).shape == (0,)


@pytest.mark.real_data
@pytest.mark.parametrize("epoch", [0, 99, -1])
def test_surrogate_epoch_out_of_range(surrogate, epoch):
    with pytest.raises(NasutilsError, match=f"epochs 1 to 98, not {epoch}"):
        surrogate.predict([DARTS_V2], epoch)


@pytest.mark.real_data
def test_surrogate_table(cells, surrogate):
    table = load_table("nasbench301_surrogate")
    assert (table["arch"] == cells["arch"]).all()
    some = table.iloc[[0, 5000, 11_220]]
    np.testing.assert_array_equal(
        surrogate.predict(genotypes_of(some)), some["surrogate_valid_c10"]
    )


def test_surrogate_without_onnxruntime(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DataError, match="needs onnxruntime"):
        Surrogate()


def test_archive_of_other_cells(tmp_path):
    (tmp_path / "archs.json").write_text(json.dumps({"0": DARTS_V2.compact()}))
    record = {"idx": "0", "arch": DARTS_V1.compact(), "nwot": {"score": 1.0}}
    with zipfile.ZipFile(tmp_path / "nwot.zip", "w") as archive:
        archive.writestr("nwot/a.json", json.dumps([record]))
    paths = {
        "naslib_nb301_archs": tmp_path / "archs.json",
        "naslib_nb301_nwot": tmp_path / "nwot.zip",
    }
    with pytest.raises(DataError, match=r"nwot.zip: record 0 is not of cell 0"):
        get_table("nasbench301").build(paths)
