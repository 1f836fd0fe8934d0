"""Where kernels come from: K-shot, hypernetwork, or both; plain sharing is the super-net's own.

Every provider starts with kernels of He's scale, and a step of the optimiser moves a kernel about
as far as it would move a shared one: the factors sqrt(N) and 1 / sqrt(h) below see to both. Without
them a hypernetwork of width h learns h times as fast, and K-shot N times as slowly, as plain
sharing at the same learning rate.

Source: Zhuge et al., WANT@ICML 2024, Section 3.1; Su et al., "K-shot NAS", ICML 2021.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet.encoder import ArchitectureEncoder
from nasutils.networks.nasbench201_supernet import KernelProvider, KernelShape, SharedKernels
from nasutils.spaces.nasbench201 import EDGES, OPS


class KshotKernels(KernelProvider):
    """K-shot NAS: N kernels a convolution, mixed by the coefficients of a simplex-net.

    Args:
        shapes: Of the kernels.
        coefficients: Number N of kernels.
        hidden: Width of the simplex-net's hidden layer.
    """

    def __init__(self, shapes: Sequence[KernelShape], coefficients: int, hidden: int) -> None:
        super().__init__(shapes)
        self.kernels = nn.ParameterList(torch.randn(coefficients, *s) * s.he_std for s in shapes)
        self.simplex_net = nn.Sequential(
            nn.Flatten(0),
            nn.Linear(len(EDGES) * len(OPS), hidden),
            nn.ReLU(),
            nn.Linear(hidden, coefficients),
        )

    def forward(self, alpha: Tensor, convolutions: Sequence[int]) -> list[Tensor]:
        """Return the mixed kernels."""
        coefficients = self.simplex_net(alpha).softmax(-1)
        return [_mix(coefficients, self.kernels[i], self.uniform) for i in convolutions]


class HypernetworkKernels(KernelProvider):
    """Kernels generated from the features of the architecture (Eqs. 2 to 5).

    One encoder serves all convolutions; each has two linear maps, h to C_in * N and h to
    C_out * k * k. N = 1 is the hypernetwork alone (Eq. 2). Eq. 4 is linear in the first map, so
    the N first maps are mixed before anything is multiplied by them: one kernel is made, not N.

    Args:
        shapes: Of the kernels.
        coefficients: Number N of kernels in the weight dictionary.
        hidden: Width h.
        layers: Number of Mixer layers.
    """

    def __init__(
        self, shapes: Sequence[KernelShape], coefficients: int, hidden: int, layers: int = 2
    ) -> None:
        super().__init__(shapes)
        self.encoder = ArchitectureEncoder(hidden, coefficients, layers)
        self.first = nn.ParameterList(torch.randn(coefficients, hidden, s.c_in) for s in shapes)
        self.second = nn.ParameterList(
            torch.randn(hidden, s.c_out * s.size**2) * s.he_std for s in shapes
        )

    def forward(self, alpha: Tensor, convolutions: Sequence[int]) -> list[Tensor]:
        """Return the generated kernels."""
        z, coefficients = self.encoder(alpha)  # (h, h), (N,)
        scale = len(z) ** -0.5
        kernels = []
        for i in convolutions:
            shape = self.shapes[i]
            first = scale * z @ _mix(coefficients, self.first[i], self.uniform)  # (h, C_in)
            kernel = scale * first.T @ self.second[i]  # (C_in, C_out * k * k)
            kernel = kernel.view(shape.c_in, shape.c_out, shape.size, shape.size)
            kernels.append(kernel.transpose(0, 1))
        return kernels


def _mix(coefficients: Tensor, weights: Tensor, uniform: bool) -> Tensor:
    """Return sqrt(N) times the mean of N weights (N, ...) under their coefficients (N,)."""
    n = len(coefficients)
    if uniform:
        return n**-0.5 * weights.sum(0)
    return (n**0.5 * coefficients @ weights.flatten(1)).view(weights.shape[1:])


#: Row of Table 2 -> whether it takes N kernels, and what makes its provider of shapes, N, h.
PROVIDERS: dict[str, Callable[[Sequence[KernelShape], int, int], KernelProvider]] = {
    "shared": lambda shapes, n, h: SharedKernels(shapes),
    "kshot": KshotKernels,
    "hypernet": lambda shapes, n, h: HypernetworkKernels(shapes, 1, h),
    "kshot_hypernet": HypernetworkKernels,
}


def make_provider(
    name: str, shapes: Sequence[KernelShape], coefficients: int, hidden: int
) -> KernelProvider:
    """Return a provider of ``PROVIDERS`` by its name.

    Raises:
        UnknownNameError: If there is none.
        NasutilsError: If N or h is below one.
    """
    if name not in PROVIDERS:
        raise UnknownNameError("provider of kernels", name, PROVIDERS)
    if min(coefficients, hidden) < 1:
        raise NasutilsError(f"N = {coefficients} and h = {hidden}: both must be at least 1.")
    return PROVIDERS[name](shapes, coefficients, hidden)
