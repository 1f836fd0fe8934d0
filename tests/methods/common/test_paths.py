"""Dead vertices, and only they, are left out."""

import torch

from nasutils.methods.common.cell_sequences import ABSENT, cell_sequences
from nasutils.methods.common.paths import Paths, prune_dead
from nasutils.spaces.nasbench101 import NASBench101Cell
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3


def live_names(sequences, which=0, row=0):
    return [sequences.vocabulary[i] for i in sequences.cells[which].labels[row] if i != ABSENT]


def test_numbers_of_paths_by_hand():
    # 0 -> 1, 0 -> 2, 1 -> 2, 1 -> 3, 2 -> 3: three paths, of which vertices 1 and 2 see two.
    cell = NASBench101Cell.from_string("|conv3x3-bn-relu~0|+|maxpool3x3~0~1|+|output~1~2|")
    sequences = cell_sequences("nasbench101", [cell])
    paths = Paths.of(sequences.cells[0], sequences.vocabulary)
    assert paths.through[0].tolist() == [3, 2, 2, 3, 0, 0, 0]
    assert torch.equal(prune_dead(sequences).cells[0].labels, sequences.cells[0].labels)


def test_none_cuts_what_hangs_on_it():
    # Node 1 is fed by a convolution and leads nowhere; node 2 is fed by a skip alone.
    string = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"
    sequences = cell_sequences("nasbench201", [NASBench201Cell.from_string(string)])
    cut = prune_dead(sequences)
    assert live_names(cut) == ["input", "skip_connect", "nor_conv_1x1", "output"]
    assert cut.cells[0].adjacency[0].sum() == 3
    assert live_names(cut, 1) == live_names(sequences, 1)  # the reduction is as it was


def test_a_cell_without_path_keeps_input_and_output():
    nothing = NASBench201Cell(("none",) * 6)
    assert live_names(prune_dead(cell_sequences("nasbench201", [nothing]))) == ["input", "output"]


def test_inactive_blocks_go():
    network = OFAMobileNetV3((((3, 3),) * 2,) * 5)
    cut = prune_dead(cell_sequences("ofa_mbv3", [network]))
    assert live_names(cut, 4) == ["input", "mbconv_k3_e3", "mbconv_k3_e3", "output"]
