import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch

from nasutils.report.darts_drawing import draw_darts_cell
from nasutils.report.schematic import draw_flow
from nasutils.spaces.darts import DARTSGenotype


def arrows(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_flow_joins_the_steps_and_goes_back():
    _, ax = plt.subplots()
    draw_flow(ax, ["a", "b", "c"], plain={"a"}, below=[(2, 0, "back")])
    assert texts(ax) == ["a", "b", "c", "back"]
    assert len(arrows(ax)) == 2 + 1


def test_darts_cell_shows_every_operation_and_all_nodes():
    cell = DARTSGenotype.from_numbers([3, 11, 6, 16, 4, 7, 1, 9, *[3, 10] * 4]).normal
    _, ax = plt.subplots()
    draw_darts_cell(ax, cell, "normal")
    assert len(arrows(ax)) == 8 + 4
    names = {"sep_conv_3x3": "sep 3×3", "sep_conv_5x5": "sep 5×5", "max_pool_3x3": "max pool",
             "avg_pool_3x3": "avg pool", "skip_connect": "skip", "dil_conv_3x3": "dil 3×3",
             "dil_conv_5x5": "dil 5×5"}  # fmt: skip
    nodes = ["k−2", "k−1", "out", "0", "1", "2", "3"]
    assert sorted(texts(ax)) == sorted([names[op] for op, _ in cell] + nodes)
    assert ax.get_title() == "normal"


def test_any_cell_can_be_drawn():
    rng = np.random.default_rng(0)
    for _ in range(5):
        _, ax = plt.subplots()
        draw_darts_cell(ax, DARTSGenotype.random(rng).reduce)
        ax.figure.canvas.draw()
