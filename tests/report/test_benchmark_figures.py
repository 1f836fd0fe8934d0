"""The benchmarks' chapter: figures by hand, and from what is published, or before anything is."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from nasutils.benchmarks.experiments import REAL
from nasutils.benchmarks.registry import get_benchmark
from nasutils.benchmarks.summaries import frame_of
from nasutils.paths import repository_root
from nasutils.report import PublishedResults
from nasutils.report import benchmark_figures as figures

SCALES = ("demo", "bench")


@pytest.fixture
def results():
    return PublishedResults("benchmarks", SCALES, repository_root())


def texts(ax):
    return [text.get_text() for text in ax.texts]


def axes():
    """Return the axes that show something, of the figure drawn last."""
    return [ax for ax in plt.gcf().axes if ax.axison]


def test_histogram_is_in_percent():
    _, ax = plt.subplots()
    figures.draw_histogram(ax, pd.Series([0.25, 0.75], index=[80, 85]), (80, 90))
    assert [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in ax.patches] == [
        (80, 5, 25),
        (85, 5, 75),
    ]


def test_profile_draws_the_best_so_far():
    _, ax = plt.subplots()
    profile = pd.DataFrame({"cost": [1, 2, 3], "median": [5, 6, 4], "best": [7, 9, 8]})
    figures.draw_profile(ax, profile)
    assert ax.lines[0].get_ydata().tolist() == [7, 9, 9]


def test_pairs_by_hand():
    _, ax = plt.subplots()
    figures.draw_pairs(ax, [1, 2, 3, 3], [10, 30, 20, 40], list("ABCD"))
    assert texts(ax) == ["+", "+", "−", "+", "+", "="]


def test_slopes_rank_both_lists():
    _, ax = plt.subplots()
    figures.draw_slopes(ax, [0.1, 0.9, 0.5], [70, 60, 80], list("ABC"))
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1, 2], [3, 1], [2, 3]]


def test_cells_are_drawn_with_their_accuracies():
    benchmark = get_benchmark("nb201-digits")
    figures.draw_cells(benchmark, {"best": [3, 4], "worst": [0, 1]})
    titles = [ax.get_title() for ax in plt.gcf().axes]
    assert titles[0] == f"best, 1: {benchmark.test_accuracy[3]:.1f} %"
    assert titles[-1] == f"worst, 2: {benchmark.test_accuracy[1]:.1f} %"


def test_a_panel_a_published_benchmark(results):
    figures.draw_distributions(results)
    assert [ax.get_title() for ax in axes()] == [
        get_benchmark(name).title for name in ("nb201-digits", *REAL)
    ]
    heights = [sum(bar.get_height() for bar in ax.patches) for ax in axes()]
    assert heights == pytest.approx([100] * 8, abs=1e-3)
    figures.draw_costs(results)
    assert len(axes()) == 4
    figures.draw_published_depth(results)
    assert len(axes()) == 6
    figures.draw_published_operations(results, ("nb101-test", "nb301-surrogate"))
    assert [ax.get_title() for ax in axes()] == ["NAS-Bench-101", "NAS-Bench-301"]


def test_published_taus_are_written_into_their_squares(results):
    figures.draw_feature_taus(results)
    taus = results.pivot("features", "kendall_tau")
    written = texts(plt.gca())
    assert f"{taus.loc['depth', 'mbv3-imagenet']:.2f}" in written
    figures.draw_agreement(results)
    [ax] = axes()
    assert [label.get_text() for label in ax.get_xticklabels()][1:] == [
        "CIFAR-10", "CIFAR-100", "ImageNet16",
    ]  # fmt: skip
    assert len(texts(ax)) == 12  # all but the diagonal


def test_live_figures_show_every_cell():
    cells = frame_of(get_benchmark("nb201-digits"))
    figures.draw_validation(cells)
    left, right = axes()
    assert len(left.collections[0].get_offsets()) == 1500
    assert len(right.collections[0].get_offsets()) == 150
    figures.draw_operations(cells)
    left, right = axes()
    assert len(left.lines) == 5
    assert len(right.lines) == 1


def test_rankings_put_the_best_first():
    figures.draw_rankings({"a": ([1, 2, 3], [3, 2, 1]), "b": ([1, 2], [5, 6])}, aspect=0.5)
    first, _ = axes()
    assert first.collections[0].get_offsets().tolist() == [[3, 1], [2, 2], [1, 3]]


def test_samples_are_drawn_with_their_intervals(results):
    band = pd.DataFrame({"tau_low": [0.1], "tau_median": [0.5], "tau_high": [0.8]}, index=[10])
    figures.draw_samples(band, 0.5, {10: (0.4, (0.2, 0.7))}, results)
    [ax] = axes()
    [bars] = ax.containers[0].get_children()[-1].get_segments()
    assert bars[:, 1].tolist() == pytest.approx([0.2, 0.7])
    assert [len(line.get_xdata()) for line in ax.lines[2:4]] == [7, 7]  # published, on real cells


def test_correlations_of_the_published_features_lie_near_the_normal_curve(results):
    figures.draw_correlations(results)
    tau, rho = axes()[0].collections[0].get_offsets().data.T
    curve = 6 / np.pi * np.arcsin(np.sin(np.pi * tau / 2) / 2)
    assert np.isfinite(tau).sum() > 40
    assert np.nanmax(np.abs(rho - curve)) < 0.1  # counts have ties, so that they lie beside it


def test_before_anything_is_published(tmp_path):
    nothing = PublishedResults("benchmarks", SCALES, tmp_path)
    figures.draw_distributions(nothing)
    figures.draw_published_operations(nothing, REAL)
    figures.draw_published_depth(nothing)
    figures.draw_feature_taus(nothing)
    figures.draw_costs(nothing)
    figures.draw_agreement(nothing)
    assert not plt.get_fignums()
    figures.draw_correlations(nothing)
    band = pd.DataFrame({"tau_low": [0.1], "tau_median": [0.5], "tau_high": [0.8]}, index=[10])
    figures.draw_samples(band, 0.5, {10: (0.4, (0.2, 0.7))}, nothing)
