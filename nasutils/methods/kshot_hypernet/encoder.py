"""From an architecture to features and coefficients: MLP-Mixer and coefficient attention block.

Source: Zhuge et al., WANT@ICML 2024, Section 3.1 (Eqs. 2 and 5, Figure 4); Tolstikhin et al.,
"MLP-Mixer", NeurIPS 2021; Woo et al., "CBAM", ECCV 2018, Eq. 2.
"""

import torch
from torch import Tensor, nn

from nasutils.spaces.nasbench201 import EDGES, OPS


class MixerLayer(nn.Module):
    """One layer of an MLP-Mixer: an MLP across tokens, then one across channels, both residual."""

    def __init__(self, tokens: int, channels: int) -> None:
        super().__init__()
        self.token_norm, self.channel_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.across_tokens, self.across_channels = _mlp(tokens), _mlp(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., tokens, channels) to the same shape."""
        x = x + self.across_tokens(self.token_norm(x).transpose(-1, -2)).transpose(-1, -2)
        return x + self.across_channels(self.channel_norm(x))


def _mlp(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))


class CoefficientAttention(nn.Module):
    """The coefficient attention block: CBAM's channel attention, with a coefficient as channel.

    ``y = x * sigmoid(MLP(mean of x) + MLP(max of x))``, mean and max over a coefficient's features,
    one MLP with a hidden ReLU layer for both; the mean of y over the features is the logit.

    Args:
        coefficients: Number of coefficients N.
        reduction: The hidden layer has N / reduction units, as in CBAM, at least one.
    """

    def __init__(self, coefficients: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(1, coefficients // reduction)
        self.mlp = nn.Sequential(
            nn.Linear(coefficients, hidden), nn.ReLU(), nn.Linear(hidden, coefficients)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., N, F) of N coefficients to their logits (..., N)."""
        attention = torch.sigmoid(self.mlp(x.mean(-1)) + self.mlp(x.amax(-1)))
        return attention * x.mean(-1)


class ArchitectureEncoder(nn.Module):
    """f(alpha): the features z that generate kernels, and the coefficients that mix them.

    The 6 x 5 matrix is mapped linearly to h tokens of h channels, and by Mixer layers to the
    features; these are normalised to z. A linear map to N channels, the coefficient attention block
    and a softmax make the coefficients (Eq. 5).

    What is learnt for all architectures, as Ha et al.'s z is, is added to the tokens. It is large
    at first: the kernels of two random cells then have a correlation of about .98 (without it,
    .57), so that training starts near plain weight sharing.

    Args:
        hidden: Width h.
        coefficients: Number N of coefficients.
        layers: Number of Mixer layers.
    """

    def __init__(self, hidden: int, coefficients: int, layers: int = 2) -> None:
        super().__init__()
        self.ops = nn.Linear(len(OPS), hidden)
        self.edges = nn.Linear(len(EDGES), hidden)
        self.common = nn.Parameter(torch.randn(hidden, hidden))
        self.mixer = nn.Sequential(*(MixerLayer(hidden, hidden) for _ in range(layers)))
        self.norm = nn.LayerNorm(hidden)
        self.to_coefficients = nn.Linear(hidden, coefficients)
        self.attention = CoefficientAttention(coefficients)

    def forward(self, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Encode an architecture (6, 5) as z (h, h) and coefficients (N,)."""
        x = self.common + self.edges(self.ops(alpha).T).T  # (h tokens, h channels)
        z = self.norm(self.mixer(x))
        return z, self.attention(self.to_coefficients(z).T).softmax(-1)
