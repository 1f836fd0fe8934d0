"""The network that NAS-Bench-201 trains around a cell.

Stem, three stages of N cells with C, 2C and 4C channels, a residual reduction between stages,
batch norm, ReLU, global average pooling, linear classifier. The benchmark has C = 16, N = 5.

Source: Dong & Yang, "NAS-Bench-201", ICLR 2020, https://arxiv.org/abs/2001.00326, Figure 1.
"""

from torch import Tensor, nn

from nasutils.networks.ops import ResidualReduction, make_op
from nasutils.spaces.nasbench201 import EDGES, NASBench201Cell


class Cell(nn.Module):
    """Four nodes; each sums what the operations on its incoming edges make of earlier nodes."""

    def __init__(self, cell: NASBench201Cell, channels: int, *, replicas: int = 1) -> None:
        super().__init__()
        self.edges = nn.ModuleList(make_op(op, channels, replicas=replicas) for op in cell.ops)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        nodes = [x]
        for node in (1, 2, 3):
            incoming = [
                op(nodes[source])
                for (source, target), op in zip(EDGES, self.edges, strict=True)
                if target == node
            ]
            nodes.append(sum(incoming[1:], start=incoming[0]))
        return nodes[3]


class NASBench201Network(nn.Module):
    """The whole network around one cell, by default of the benchmark's size.

    There are N cells a stage (``cells_per_stage``), with C, 2C and 4C channels.

    With ``replicas`` = R it is R independent networks of the same cell in one, each with its own
    weights: training them together is exact, because no operation mixes their channels.
    """

    def __init__(
        self,
        cell: NASBench201Cell,
        num_classes: int = 10,
        *,
        channels: int = 16,
        cells_per_stage: int = 5,
        in_channels: int = 3,
        replicas: int = 1,
    ) -> None:
        super().__init__()
        self.replicas, self.num_classes = replicas, num_classes
        c, r = channels, replicas
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels * r, c * r, 3, padding=1, groups=r, bias=False),
            nn.BatchNorm2d(c * r),
        )
        stages: list[nn.Module] = []
        for stage in range(3):
            if stage:
                stages.append(ResidualReduction(c, 2 * c, replicas=r))
                c *= 2
            stages.extend(Cell(cell, c, replicas=r) for _ in range(cells_per_stage))
        self.stages = nn.Sequential(*stages)
        self.last_act = nn.Sequential(nn.BatchNorm2d(c * r), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        # A 1x1 convolution on pooled features is a linear layer a replica.
        self.classifier = nn.Conv2d(c * r, num_classes * r, 1, groups=r)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images (B, R * in_channels, H, W): one copy (or another batch) a replica.

        Returns logits (B, num_classes), or (B, R, num_classes) with R > 1 replicas.
        """
        x = self.last_act(self.stages(self.stem(x)))  # (B, R * 4C, H / 4, W / 4)
        logits = self.classifier(self.pool(x)).flatten(1)  # (B, R * classes)
        if self.replicas == 1:
            return logits
        return logits.view(-1, self.replicas, self.num_classes)
