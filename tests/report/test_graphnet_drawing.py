from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from nasutils.report.graphnet_drawing import draw_graphnet_cell, draw_graphnet_sequence
from nasutils.report.style import figure_size
from nasutils.spaces.graphnet import OPS, GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell

CELL = GraphNetCell.from_string("|conv_3x3~0|+|skip~0|+|mbconv6_5x5~0~1|+|output~2~3|")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_cell_shows_every_operation_and_edge():
    _, ax = plt.subplots()
    draw_graphnet_cell(ax, CELL, "title")
    assert texts(ax) == ["in", "conv\n3×3", "skip", "mbconv6\n5×5", "out"]
    assert len(ax.patches) == sum(map(sum, CELL.adjacency)) == 6
    plt.gcf().canvas.draw()


def test_boxes_of_the_longest_names_do_not_overlap():
    longest = max(OPS, key=lambda op: len(op.partition("_")[0]))
    cell = GraphNetCell(np.triu(np.ones((8, 8), int), 1), [longest] * 3 + ["avg_pool_5x5"] * 3)
    fig, ax = plt.subplots(figsize=(figure_size()[0], 1.6))
    draw_graphnet_cell(ax, cell, "title")
    fig.canvas.draw()
    boxes = [text.get_bbox_patch().get_window_extent() for text in ax.texts]
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0


def test_a_sequence_shows_channels_strides_and_which_cells_are_alike():
    _, ax = plt.subplots()
    twin = GraphNetCell.from_string("|skip~0|+|conv_3x3~0|+|mbconv6_5x5~0~2|+|output~1~3|")
    other = GraphNetCell(np.eye(3, k=1), ["skip"])
    cells = [SizedCell(CELL, 8), SizedCell(other, 1024, 2), SizedCell(twin, 16)]
    draw_graphnet_sequence(ax, GraphNetSequence(cells))
    assert texts(ax) == ["8", "A", "1024", "B", "÷2", "16", "A"]
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == [1, 8, 2]
