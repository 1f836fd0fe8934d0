"""An encoder in the style of graph hypernetworks, the baseline of HyperNAS-H (Figure 2b).

Source: Zhang et al., "Graph HyperNetworks for Neural Architecture Search", ICLR 2019,
https://arxiv.org/abs/1810.05749: gated updates of the vertices in the order of the computation,
forwards and then backwards. Each cell is read for itself; sizes are those of the other encoder.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from nasutils.methods.hypernas.graphs import Graphs


class GHNEncoder(nn.Module):
    """From sequences of cells to d = ``hidden`` features of their vertices, by sequential messages.

    Arguments as of ``CellSequenceEncoder``; messages pass so many rounds forwards and backwards.
    """

    def __init__(
        self, vocabulary: int, order: tuple[int, ...], *, hidden: int = 72, rounds: int = 1
    ) -> None:
        super().__init__()
        self.order, self.rounds = order, rounds
        self.embedding = nn.Linear(vocabulary, hidden, bias=False)
        self.message = nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.update = nn.GRUCell(hidden, hidden)

    def walk(self, cells: Sequence[Graphs]) -> Iterator[tuple[Tensor, Tensor]]:
        """Encode the cells of one replica under the normalisation ``raw``, each once.

        Yields:
            At each position the features of the vertices, (1, B, F, d), and their mean, (1, B, d).
        """
        encoded = [self._encode(cell) for cell in cells]
        for which in self.order:
            features = encoded[which]
            yield features, features.sum(2) * cells[which].inverse_size

    def _encode(self, cell: Graphs) -> Tensor:
        states = list(self.embedding(cell.one_hot[0]).unbind(1))  # F of (B, d)
        along, against = (cell.along > 0).float(), (cell.against > 0).float()
        for _ in range(self.rounds):
            for edges, order in (
                (against, range(len(states))),
                (along, reversed(range(len(states)))),
            ):
                for vertex in order:
                    sent = self.message(torch.stack(states, dim=1))  # (B, F, d)
                    received = (edges[:, vertex, :, None] * sent).sum(1)
                    states[vertex] = self.update(received, states[vertex])
        present = cell.one_hot.sum(-1, keepdim=True)  # (1, B, F, 1)
        return torch.stack(states, dim=1)[None] * present
