"""Layouts by t-SNE keep what is near together, and draw every architecture once."""

import matplotlib.pyplot as plt
import numpy as np

from nasutils.report.embeddings import draw_by_group, draw_by_rank, tsne


def features(seed):
    """Return two clouds of 20 points, far apart in five dimensions."""
    cloud = np.random.default_rng(seed).normal(size=(40, 5))
    return cloud + 50 * np.repeat([0, 1], 20)[:, None]


def test_layout_keeps_clouds_apart_and_is_the_same_in_every_run():
    plane = tsne(features(0))
    assert plane.shape == (40, 2)
    assert (plane == tsne(features(0))).all()
    middles = plane.reshape(2, 20, 2).mean(1)
    scatter = plane.reshape(2, 20, 2).std(1).max()
    assert np.linalg.norm(middles[0] - middles[1]) > 2 * scatter


def test_ranks_colour_the_dots():
    draw_by_rank({"a": features(0), "b": features(1)}, np.arange(40)[::-1])
    left, right, _ = plt.gcf().axes  # the last is the bar of colours
    assert [left.get_title(), right.get_title()] == ["a", "b"]
    assert left.collections[0].get_array().tolist() == list(range(39, -1, -1))


def test_groups_have_looks_of_their_own():
    draw_by_group({"a": features(0)}, ["first"] * 20 + ["second"] * 20)
    first, second = plt.gca().collections
    assert len(first.get_offsets()) == len(second.get_offsets()) == 20
    assert first.get_facecolor().tolist() != second.get_facecolor().tolist()
