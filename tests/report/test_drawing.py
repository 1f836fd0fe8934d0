import matplotlib.pyplot as plt
import pandas as pd

from nasutils.report import drawing
from nasutils.spaces.nasbench201 import NASBench201Cell

CELL = NASBench201Cell.from_string(
    "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|"
)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_cell_shows_every_operation_but_none():
    _, ax = plt.subplots()
    drawing.draw_cell(ax, CELL, "title")
    assert len(ax.patches) == 4
    assert sorted(texts(ax)) == sorted(
        ["in", "1", "2", "out", "conv 3×3", "skip", "conv 1×1", "pool"]
    )


def test_one_panel_a_title():
    axes = drawing.panels({"a": "A", "b": "B", "c": "C", "d": "D"}, columns=3)
    assert [ax.get_title() for ax in axes.values()] == list("ABCD")
    assert drawing.panels({}) == {}


def test_operations_have_one_look_in_every_plot():
    _, (left, right) = plt.subplots(1, 2)
    line = pd.Series([1, 2], index=[0, 1])
    drawing.draw_lines(left, {"pool": line, "skip": line}, drawing.OPERATION_LOOKS)
    drawing.draw_lines(right, {"skip": line, "sep_conv": line}, drawing.OPERATION_LOOKS)
    assert left.lines[1].get_color() == right.lines[0].get_color() != left.lines[0].get_color()
    assert right.lines[1].get_marker() == drawing.OPERATION_LOOKS["conv3x3"]["marker"]
