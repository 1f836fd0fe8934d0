"""NAS-Bench-201 cells as GraphNet cells."""

import numpy as np
import pytest

from nasutils.methods.generative.other_tasks import graphnet_of
from nasutils.networks.graphnet import network_size
from nasutils.spaces.graphnet_sequence import GraphNetSequence
from nasutils.spaces.nasbench201 import NASBench201Cell, all_cells


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (
            "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|none~0|nor_conv_1x1~1|skip_connect~2|",
            "|conv_3x3~0|+|avg_pool_3x3~1|+|conv_1x1~1|+|skip~2|+|output~3~4|",
        ),
        # A vertex without a way to the output goes.
        (
            "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|none~2|",
            "|skip~0|+|output~1|",
        ),
    ],
)
def test_by_hand(cell, expected):
    assert str(graphnet_of(NASBench201Cell.from_string(cell)).canonical()) == expected


def test_none_where_no_signal_passes():
    rng = np.random.default_rng(0)
    cells = rng.permutation(np.array([*all_cells()], dtype=object))[:300]
    for cell in cells:
        assert (graphnet_of(cell) is None) == (not cell.is_connected)


def test_more_convolutions_more_parameters():
    """The parameters grow by convolutions alone, and are the same wherever they stand."""
    sizes = [
        network_size(GraphNetSequence.stacked(graphnet_of(NASBench201Cell.from_string(text))))
        for text in (
            "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
            "|skip_connect~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|avg_pool_3x3~2|",
            "|skip_connect~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|",
        )
    ]
    assert sizes[0].params == pytest.approx(sizes[1].params)
    assert sizes[1].params < sizes[2].params
