"""How a network becomes a sequence of cells, the input of HyperNAS (Section 3.1).

A network is a sequence of N cells, of which only S are distinct: NAS-Bench-101 repeats one cell
nine times and has two alike reductions between. So a cell sequence holds the distinct cells, and an
order that says which of them stands at each position. Positions are counted from 0.

Sources: Lv et al., "HyperNAS", Section 4.1 (11 and 17 cells), Appendix B and C.2 (a stage of
MobileNetV3 as a cell). The reduction cells' graphs, the sequences of DARTS, AutoFormer and
NB201-Digits are ours: the paper does not give them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from nasutils.data import nasbench101 as nasbench101_table
from nasutils.errors import ArchitectureError, NasutilsError, UnknownNameError, lookup
from nasutils.spaces import autoformer, darts, nasbench101, nasbench201, ofa_mbv3

NORMAL, REDUCTION = KINDS = (0, 1)

ABSENT = -1  # label of a vertex that only fills up the array


@dataclass(frozen=True, slots=True)
class Cells:
    """One distinct cell of each of B architectures, or the one that all of them share."""

    adjacency: Tensor  #: upper-triangular, uint8 of shape (B, F, F), or (1, F, F) where shared
    #: positions in the sequence's vocabulary, int8 of shape (B, F) or (1, F); ``ABSENT`` where a
    #: cell has no such vertex
    labels: Tensor
    kind: int  #: ``NORMAL`` or ``REDUCTION``: which of the two GCNs encodes it
    shared: bool = False  #: whether it is the same in all architectures

    def __getitem__(self, rows: Any) -> "Cells":
        """Return the cells of some architectures; a shared cell stays as it is."""
        if self.shared:
            return self
        return replace(self, adjacency=self.adjacency[rows], labels=self.labels[rows])

    def to(self, device: torch.device | str) -> "Cells":
        """Return the cells on a device."""
        return replace(self, adjacency=self.adjacency.to(device), labels=self.labels.to(device))

    def one_hot(self, vocabulary: int) -> Tensor:
        """Return the labels as int64 of shape (B, F, K), zero for an absent vertex."""
        return F.one_hot((self.labels + 1).long(), vocabulary + 1)[..., 1:]  # ABSENT is cut off


@dataclass(frozen=True, slots=True)
class CellSequences:
    """B architectures of one space, as sequences of cells.

    Raises:
        ArchitectureError: If a label is not in the vocabulary or an edge leads to no vertex.
    """

    cells: tuple[Cells, ...]  #: the S distinct cells
    order: tuple[int, ...]  #: which distinct cell stands at each of the N positions
    vocabulary: tuple[str, ...]  #: what the labels mean
    size: int  #: the number of architectures, B

    def __post_init__(self) -> None:
        for cell in self.cells:
            _check(cell, self.vocabulary)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, rows: slice | Tensor | np.ndarray) -> "CellSequences":
        """Return some of the architectures, by a slice or integer positions."""
        size = len(torch.arange(self.size)[rows])
        return replace(self, cells=tuple(cell[rows] for cell in self.cells), size=size)


@dataclass(frozen=True, slots=True)
class _Graph:
    """A cell that is the same in every architecture of a space."""

    labels: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]

    def cells(self, vocabulary: tuple[str, ...]) -> Cells:
        adjacency = torch.zeros(1, len(self.labels), len(self.labels), dtype=torch.uint8)
        for source, target in self.edges:
            adjacency[0, source, target] = 1
        labels = torch.tensor([[vocabulary.index(name) for name in self.labels]], dtype=torch.int8)
        return Cells(adjacency, labels, REDUCTION, shared=True)


# One vertex for the whole reduction.
_NODE = _Graph(("input", "reduction", "output"), ((0, 1), (1, 2)))
_BLOCKS = {
    # A 2x2 max-pooling.
    "nasbench101": _Graph(("input", "max_pool_s2", "output"), ((0, 1), (1, 2))),
    # The residual block of stride 2.
    "nasbench201": _Graph(
        ("input", "conv_3x3_s2", "conv_3x3", "avg_pool_s2", "conv_1x1", "output"),
        ((0, 1), (1, 2), (0, 3), (3, 4), (2, 5), (4, 5)),
    ),
}

#: What stands at the positions of a fixed reduction: its operations, one vertex, or no cell.
REDUCTIONS = ("block", "node", "none")


def _graphs_of_values(architectures: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return adjacency (B, S, F, F) and labels (B, S, F) by the values' ``adjacency_and_ops``."""
    pairs = [architecture.adjacency_and_ops() for architecture in architectures]
    adjacency = np.array([pair[0] for pair in pairs])
    one_hot = np.array([pair[1] for pair in pairs])
    if adjacency.ndim == 3:  # one cell an architecture
        adjacency, one_hot = adjacency[:, None], one_hot[:, None]
    return adjacency, np.where(one_hot.any(-1), one_hot.argmax(-1), ABSENT)


@dataclass(frozen=True, slots=True)
class _Network:
    """The network that the cells of one space are put into."""

    architecture: type  # class of its values
    vocabulary: tuple[str, ...]  # labels of the cells that differ between architectures
    kinds: tuple[int, ...]  # of these cells
    order: tuple[int, ...]  # of a sequence, in which ``len(kinds)`` is the fixed reduction
    block: _Graph | None = None  # the fixed reduction, if there is one
    # From values to adjacency (B, S, F, F) and labels (B, S, F).
    graphs: Callable[[Sequence[Any]], tuple[np.ndarray, np.ndarray]] = _graphs_of_values


def cell_sequences(
    network: str,
    architectures: Sequence[Any],
    *,
    reduction: str = "block",
    cells_per_stage: int | None = None,
) -> CellSequences:
    """Return the cell sequences of architectures.

    Args:
        network: What the cells are put into, one of ``NETWORKS``.
        architectures: Values of its space, such as ``NASBench201Cell``.
        reduction: One of ``REDUCTIONS``, where reductions are fixed; others have none, or search
            them.
        cells_per_stage: Where not the benchmark's, of networks whose reductions are fixed.

    Raises:
        UnknownNameError: If there is no such network or reduction.
        ArchitectureError: If an architecture is not of its space.
        NasutilsError: If there is no architecture, or no such number of cells.
    """
    found = lookup("network of cells", network, NETWORKS)
    if not len(architectures):
        raise NasutilsError("there is no architecture to read.")
    wanted = found.architecture
    if foreign := [each for each in architectures if not isinstance(each, wanted)]:
        raise ArchitectureError(
            f"an architecture of {network} is a {wanted.__name__}, not {foreign[0]!r}"
        )
    return _assemble(found, *found.graphs(architectures), reduction, cells_per_stage)


def nasbench101_cell_sequences(
    frame: pd.DataFrame, *, reduction: str = "block", cells_per_stage: int | None = None
) -> CellSequences:
    """Read (a part of) the table ``nasbench101``, many cells at once; as ``cell_sequences``."""
    adjacency, labels = nasbench101_table.adjacency_and_ops(frame)
    arrays = adjacency[:, None], labels[:, None]
    return _assemble(NETWORKS["nasbench101"], *arrays, reduction, cells_per_stage)


def _assemble(
    network: _Network,
    adjacency: np.ndarray,
    labels: np.ndarray,
    reduction: str,
    cells_per_stage: int | None,
) -> CellSequences:
    if reduction not in REDUCTIONS:
        raise UnknownNameError("reduction", reduction, REDUCTIONS)
    vocabulary, order = network.vocabulary, network.order
    if cells_per_stage is not None:
        if network.block is None or cells_per_stage < 1:
            raise NasutilsError(f"no network of this kind has {cells_per_stage} cells a stage.")
        order = _three_stages(cells_per_stage)
    edges = torch.from_numpy(adjacency.astype(np.uint8))  # (B, S, F, F)
    codes = torch.from_numpy(labels.astype(np.int8))  # (B, S, F)
    cells = [Cells(edges[:, s], codes[:, s], kind) for s, kind in enumerate(network.kinds)]
    if network.block is not None and reduction == "none":
        order = tuple(s for s in order if s < len(network.kinds))
    elif network.block is not None:
        fixed = network.block if reduction == "block" else _NODE
        vocabulary += tuple(name for name in fixed.labels if name not in vocabulary)
        cells.append(fixed.cells(vocabulary))
    return CellSequences(tuple(cells), order, vocabulary, len(labels))


def _check(cell: Cells, vocabulary: tuple[str, ...]) -> None:
    batch, vertices = cell.labels.shape
    if cell.adjacency.shape != (batch, vertices, vertices):
        raise ArchitectureError(
            f"labels of shape {tuple(cell.labels.shape)} need an adjacency of shape "
            f"{(batch, vertices, vertices)}, not {tuple(cell.adjacency.shape)}"
        )
    unknown = (cell.labels < ABSENT) | (cell.labels >= len(vocabulary))
    if unknown.any():
        raise ArchitectureError(
            f"unknown operation {int(cell.labels[unknown][0])}. Valid: 0 to "
            f"{len(vocabulary) - 1}, for {', '.join(vocabulary)}."
        )
    touched = (cell.adjacency.sum(1) + cell.adjacency.sum(2)) > 0  # (B, F)
    if (touched & (cell.labels == ABSENT)).any():
        raise ArchitectureError("an edge leads to a vertex that the cell does not have")


_LAYER_LABELS = (
    *(f"embed_{width}" for width in autoformer.WIDTHS),
    *(f"heads_{heads}" for heads in autoformer.HEADS),
    *(f"ratio_{ratio}" for ratio in autoformer.MLP_RATIOS),
    "none",
    "output",
)


def _transformer_layers(
    networks: Sequence[autoformer.AutoFormerTiny],
) -> tuple[np.ndarray, np.ndarray]:
    """Make each layer a chain of width, attention, MLP and output; absent layers are of "none"."""
    adjacency = np.zeros((len(networks), autoformer.MAX_DEPTH, 4, 4))
    adjacency[..., [0, 1, 2], [1, 2, 3]] = 1
    labels = np.full((len(networks), autoformer.MAX_DEPTH, 4), _LAYER_LABELS.index("none"))
    labels[..., -1] = _LAYER_LABELS.index("output")
    for b, network in enumerate(networks):
        labels[b, :, 0] = _LAYER_LABELS.index(f"embed_{network.width}")
        for i, (heads, ratio) in enumerate(zip(network.heads, network.mlp_ratios, strict=True)):
            names = f"heads_{heads}", f"ratio_{ratio}"
            labels[b, i, 1:3] = [_LAYER_LABELS.index(name) for name in names]
    return adjacency, labels


def _three_stages(cells: int) -> tuple[int, ...]:
    """Return the order of three stages of so many cells, with the fixed reduction between."""
    stage = (0,) * cells
    return (*stage, 1, *stage, 1, *stage)


_NASBENCH201 = _Network(
    nasbench201.NASBench201Cell, nasbench201.VERTEX_LABELS, (NORMAL,), _three_stages(5),
    _BLOCKS["nasbench201"],
)  # fmt: skip

#: Search space, or ``network`` of a benchmark -> its network.
NETWORKS: dict[str, _Network] = {
    "nasbench101": _Network(
        nasbench101.NASBench101Cell, nasbench101.VERTEX_LABELS, (NORMAL,), _three_stages(3),
        _BLOCKS["nasbench101"],
    ),
    "nasbench201": _NASBENCH201,
    # The networks of our own benchmark have one cell a stage.
    "nb201_digits": replace(_NASBENCH201, order=_three_stages(1)),
    # A network in small: the searched reduction between searched normal cells.
    "darts": _Network(
        darts.DARTSGenotype, darts.VERTEX_LABELS, (NORMAL, REDUCTION), _three_stages(1)
    ),
    "ofa_mbv3": _Network(
        ofa_mbv3.OFAMobileNetV3, ofa_mbv3.VERTEX_LABELS, (NORMAL,) * ofa_mbv3.NUM_STAGES,
        tuple(range(ofa_mbv3.NUM_STAGES)),
    ),
    "autoformer": _Network(
        autoformer.AutoFormerTiny, _LAYER_LABELS, (NORMAL,) * autoformer.MAX_DEPTH,
        tuple(range(autoformer.MAX_DEPTH)), graphs=_transformer_layers,
    ),
}  # fmt: skip
