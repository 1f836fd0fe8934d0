"""Looks that grey and the colour-blind tell apart, and that never run out."""

import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from nasutils import report
from nasutils.methods.base import METHODS, method, methods_of
from nasutils.report.drawing import draw_lines


def lab(rgb):
    """Return CIE L*, a*, b* of linear RGB."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ rgb / np.sum(matrix, axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def linear(colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def test_palette_is_readable_in_grey_and_by_the_colour_blind():
    colours = [linear(colour) for colour in report.PALETTE]
    lightness = sorted(lab(colour)[0] for colour in colours)
    assert np.diff(lightness).min() > 10
    # Viénot, Brettel and Mollon 1999: what a deuteranope and a protanope see.
    for matrix in (
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
        [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    ):
        seen = [lab(np.clip(np.array(matrix) @ colour, 0, 1)) for colour in colours]
        apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
        assert min(apart) > 20
    assert len(report.DASHES) == len(report.PALETTE)


def test_style_draws(tmp_path):
    with mpl.rc_context():
        report.use_style()
        figure, axes = plt.subplots(figsize=report.figure_size(0.5))
        lines = [axes.plot([0, 1], [n, 1])[0] for n in range(5)]
        figure.savefig(tmp_path / "x.png")
        plt.close(figure)
        assert [line.get_color() for line in lines] == list(report.PALETTE)
        assert len({str(line.get_linestyle()) for line in lines}) >= 4
        assert figure.get_size_inches()[0] == pytest.approx(report.WIDTH / 2)


def test_looks_never_run_out():
    found = report.looks(f"row {i}" for i in range(400))
    assert len(found) == 400
    distinct = [tuple(map(str, look.values())) for look in found.values()]
    assert len(set(distinct[:175])) == 175
    for first, second in itertools.pairwise(distinct):
        assert all(a != b for a, b in zip(first, second, strict=True))


def test_a_new_method_appears_in_a_plot_without_touching_it(monkeypatch):
    monkeypatch.setattr("nasutils.methods.base.METHODS", dict(METHODS))
    for i in range(30):
        method("baselines", f"Mine {i}")(lambda benchmark, split: len)
    rows = methods_of("baselines")
    assert "Mine 29" in rows
    _, ax = plt.subplots()
    draw_lines(ax, {name: pd.Series([0.1, 0.2], index=[39, 78]) for name in rows})
    ax.legend()
    assert [line.get_label() for line in ax.lines] == [*rows]
    # Not asked of the lines: matplotlib calls every dash of one's own "--".
    assert len({repr(look) for look in report.looks(rows).values()}) == len(rows)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [*rows]
